# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes functions.json: tables of real functions from an independent implementation (mpmath==1.4.1).

    python functions.py        (beside this file; the tests need no Python)

Each row is one function with parameters on one pair of grids: y = clamp(floor(f(q * 2^-e) * 2^E + 1/2), lo, hi).
Parameters are doubles, taken exactly. Outside of a function's domain: docs/spec/functions.md.
"""

import json
import random
from fractions import Fraction
from pathlib import Path

import mpmath
from mpmath import mp, mpf

INF = "+inf"
NEG_INF = "-inf"
# A value this close to a boundary of rounding, at each precision, is tried at the next; at the last it lies on it.
PRECISIONS = [320, 2600, 80000]


def m(x: Fraction) -> mpf:
    return mpf(x.numerator) / x.denominator


def floor(x: Fraction) -> int:
    return x.numerator // x.denominator


def trunc(x: Fraction) -> int:
    return floor(x) if x >= 0 else -floor(-x)


def even(x: Fraction) -> Fraction:
    return Fraction(round(x))  # Python rounds half to even


def sigmoid(x: mpf) -> mpf:
    return 1 / (1 + mp.exp(-x)) if x >= 0 else mp.exp(x) / (1 + mp.exp(x))


def softplus(x: mpf) -> mpf:
    return max(x, mpf(0)) + mp.log1p(mp.exp(-abs(x)))


def atanh(x: Fraction):
    return INF if x >= 1 else NEG_INF if x <= -1 else mp.atanh(m(x))


def pow_(x: Fraction, c: Fraction):
    if c == 0:
        return Fraction(1)
    if x == 0 or (x < 0 and c.denominator != 1):
        return Fraction(0) if c > 0 else INF
    sign = -1 if x < 0 and c.numerator % 2 == 1 else 1
    if c.denominator == 1 and abs(c) < 200:
        return x**c.numerator
    return sign * mp.power(m(abs(x)), m(c))


def mod(x: Fraction, d: Fraction) -> Fraction:
    return x - d * floor(x / d)


def clip(x, lo, hi):
    return min(hi, max(lo, x))


def shrink(x: Fraction, bias: Fraction, lambd: Fraction) -> Fraction:
    return x + bias if x < -lambd else x - bias if x > lambd else Fraction(0)


FUNCTIONS = {
    "abs": lambda x: abs(x),
    "sign": lambda x: Fraction((x > 0) - (x < 0)),
    "floor": lambda x: Fraction(floor(x)),
    "ceil": lambda x: Fraction(-floor(-x)),
    "trunc": lambda x: Fraction(trunc(x)),
    "round": even,
    "softsign": lambda x: x / (1 + abs(x)),
    "reciprocal": lambda x: INF if x == 0 else 1 / x,
    "hardSwish": lambda x: x * clip((x + 3) / 6, Fraction(0), Fraction(1)),
    "hardSigmoid": lambda x, alpha, beta: clip(alpha * x + beta, Fraction(0), Fraction(1)),
    "leakyRelu": lambda x, alpha: x if x >= 0 else alpha * x,
    "thresholdedRelu": lambda x, alpha: x if x > alpha else Fraction(0),
    "shrink": shrink,
    "quotient": lambda x, divisor: Fraction(trunc(x / divisor)),
    "mod": lambda x, divisor: mod(x, divisor),
    "fmod": lambda x, divisor: x - divisor * trunc(x / divisor),
    "sigmoid": lambda x: sigmoid(m(x)),
    "tanh": lambda x: mp.tanh(m(x)),
    "erf": lambda x: mp.erf(m(x)),
    "softplus": lambda x: softplus(m(x)),
    "mish": lambda x: m(x) * mp.tanh(softplus(m(x))),
    "swish": lambda x, alpha: m(x) * sigmoid(m(alpha * x)),
    "gelu": lambda x: m(x) / 2 * mp.erfc(-m(x) / mp.sqrt(2)),
    "geluTanh": lambda x: m(x) * sigmoid(2 * mp.sqrt(2 / mp.pi) * m(x + Fraction(44715, 10**6) * x**3)),
    "elu": lambda x, alpha: x if x >= 0 else m(alpha) * mp.expm1(m(x)),
    "selu": lambda x, alpha, gamma: gamma * x if x >= 0 else m(alpha * gamma) * mp.expm1(m(x)),
    "celu": lambda x, alpha: x if x >= 0 else m(alpha) * mp.expm1(m(x / alpha)),
    "exp": lambda x: mp.exp(m(x)),
    "exponential": lambda x, base: pow_(base, x),
    "log": lambda x: NEG_INF if x <= 0 else mp.log(m(x)),
    "sqrt": lambda x: Fraction(0) if x <= 0 else mp.sqrt(m(x)),
    "rsqrt": lambda x: INF if x <= 0 else 1 / mp.sqrt(m(x)),
    "pow": lambda x, exponent: pow_(x, exponent),
    "sin": lambda x: mp.sin(m(x)),
    "cos": lambda x: mp.cos(m(x)),
    "tan": lambda x: mp.tan(m(x)),
    "asin": lambda x: mp.asin(m(clip(x, Fraction(-1), Fraction(1)))),
    "acos": lambda x: mp.acos(m(clip(x, Fraction(-1), Fraction(1)))),
    "atan": lambda x: mp.atan(m(x)),
    "sinh": lambda x: mp.sinh(m(x)),
    "cosh": lambda x: mp.cosh(m(x)),
    "asinh": lambda x: mp.asinh(m(x)),
    "acosh": lambda x: Fraction(0) if x <= 1 else mp.acosh(m(x)),
    "atanh": atanh,
}

PARAMETERS = {
    "hardSigmoid": [{"alpha": 0.2, "beta": 0.5}, {"alpha": -1.25, "beta": 0.5}],
    "leakyRelu": [{"alpha": 0.01}, {"alpha": -0.5}],
    "thresholdedRelu": [{"alpha": 1.0}, {"alpha": 0.3}],
    "shrink": [{"bias": 0.0, "lambd": 0.5}, {"bias": 0.3, "lambd": 0.25}],
    "quotient": [{"divisor": 3.0}, {"divisor": -0.7}],
    "mod": [{"divisor": 3.0}, {"divisor": -0.7}],
    "fmod": [{"divisor": 3.0}, {"divisor": -0.7}],
    "swish": [{"alpha": 1.0}, {"alpha": -1.702}, {"alpha": 0.0}],
    "elu": [{"alpha": 1.0}, {"alpha": 0.3}, {"alpha": 0.0}],
    "selu": [{"alpha": 1.6732631921768188, "gamma": 1.0507010221481323}, {"alpha": -0.5, "gamma": 2.0}],
    "celu": [{"alpha": 1.0}, {"alpha": 2.7}],
    "exponential": [{"base": 2.0}, {"base": 0.3}, {"base": 9.0}, {"base": 1.0}],
    "pow": [{"exponent": c} for c in (2.0, 3.0, 0.5, -1.0, -1.5, 0.25, 1 / 3, 1000.0, 0.0, 2.0**60)],
}


def scaled(value, exponent: int):
    """value * 2^E + 1/2 as a Fraction or mpf."""
    half = Fraction(1, 2)
    factor = Fraction(2) ** exponent
    return value * factor + half if isinstance(value, Fraction) else mp.ldexp(value, exponent) + mpf(half)


def rounded(f, q: int, e: int, exponent: int, lo: int, hi: int) -> tuple[int, float]:
    """The entry, and its distance from a boundary of rounding."""
    x = Fraction(q) / Fraction(2) ** e
    for precision in PRECISIONS:
        mp.prec = precision
        value = f(x)
        if value in (INF, NEG_INF):
            return (hi if value == INF else lo), 1.0
        z = scaled(value, exponent)
        if isinstance(z, Fraction):
            return clip(floor(z), lo, hi), 1.0
        if abs(z) > mpf(2) ** 130:
            return (hi if z > 0 else lo), 1.0
        nearest = int(mp.nint(z))
        distance = abs(z - nearest)
        if distance > mpf(2) ** -(precision - 200):
            return clip(int(mp.floor(z)), lo, hi), float(distance)
    return clip(nearest, lo, hi), 0.0


def row(name: str, parameters: dict, e: int, exponent: int, bits: int, qs: list[int]) -> dict:
    exact = {key: Fraction(value) for key, value in parameters.items()}
    lo, hi = -(2 ** (bits - 1)), 2 ** (bits - 1) - 1
    f = lambda x: FUNCTIONS[name](x, **exact)
    qs = sorted(set(qs))
    ys = [rounded(f, q, e, exponent, lo, hi)[0] for q in qs]
    return {
        "function": name,
        "parameters": parameters,
        "inputExponent": e,
        "outputExponent": exponent,
        "bits": bits,
        "q": [str(q) for q in qs],
        "y": [str(y) for y in ys],
    }


def hardest(name: str, parameters: dict, e: int, exponent: int, rng: random.Random) -> list[int]:
    """Of many arguments those whose values lie closest to a boundary of rounding."""
    exact = {key: Fraction(value) for key, value in parameters.items()}
    f = lambda x: FUNCTIONS[name](x, **exact)
    tried = rng.sample(range(-(2**17), 2**17), 600)
    big = 2**62
    distances = sorted((rounded(f, q, e, exponent, -big, big)[1], q) for q in tried)
    return [q for _, q in distances[:12]]


def main() -> None:
    rng = random.Random(20)
    rows = []
    for name in FUNCTIONS:
        for parameters in PARAMETERS.get(name, [{}]):
            ends = lambda b: [-(2 ** (b - 1)), 2 ** (b - 1) - 1, -1, 0, 1, 2, 3, 4, -2]
            draw = lambda b, n: rng.sample(range(-(2 ** (b - 1)), 2 ** (b - 1)), n) + ends(b)
            squares = [k * k << 8 for k in range(1, 6)]
            # 8-bit activations; 16-bit ones; fine grids, where values near 0 almost tie; coarse and huge arguments
            rows.append(row(name, parameters, 4, 5, 8, draw(8, 25) + [16, -16, 32]))
            rows.append(row(name, parameters, 12, 13, 16, draw(16, 25) + [4096, -4096, 2048] + squares))
            rows.append(row(name, parameters, 30, 29, 64, draw(32, 12) + [2**30, -(2**30), 9, -5, 12345, -777]))
            rows.append(row(name, parameters, 40, 60, 64, draw(44, 5) + [2**40, -(2**40)]))
            # Not further out: e^-x^3 would need millions of bits to be told from 0 here.
            rows.append(row(name, parameters, 0, -1, 16, rng.sample(range(-56, 57), 12) + [57, -57, 31, 0, 1]))
            rows.append(row(name, parameters, -9, -3, 32, draw(12, 5)))
            rows.append(row(name, parameters, 14, 11, 32, hardest(name, parameters, 14, 11, rng)))
    lines = ",\n".join(json.dumps(r, separators=(",", ":")) for r in rows)
    Path(__file__).with_suffix(".json").write_text("[\n" + lines + "\n]\n")


if __name__ == "__main__":
    main()
