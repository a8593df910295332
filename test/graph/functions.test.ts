// SPDX-License-Identifier: GPL-3.0-or-later
// Function tables against vectors of another implementation (test/vectors/functions.py) and against properties.
import { readFileSync } from "node:fs";
import { expect } from "chai";
import fc from "fast-check";
import { evaluate } from "../../verifier/graph/functions/evaluate.ts";
import type { Interval } from "../../verifier/graph/functions/interval.ts";
import { precisionOf, type Precision } from "../../verifier/graph/functions/precision.ts";
import { dyadic, ofDouble } from "../../verifier/graph/functions/rational.ts";
import { FUNCTION_NAMES, functionOf, type FunctionName } from "../../verifier/graph/functions/registry.ts";
import type { IrrationalFunction } from "../../verifier/graph/functions/types.ts";
import { decide, tableOf, type Grid } from "../../verifier/graph/functions/table.ts";
import { codeOf } from "./codes.ts";

interface Row {
  readonly function: FunctionName;
  readonly parameters: Record<string, number>;
  readonly inputExponent: number;
  readonly outputExponent: number;
  readonly bits: number;
  readonly q: string[];
  readonly y: string[];
}

const rows = JSON.parse(readFileSync("test/vectors/functions.json", "utf8")) as Row[];

/** The grid of signed integers of some bits. */
const grid = (exponent: number, bits: number): Grid => ({
  exponent,
  lo: -(1n << BigInt(bits - 1)),
  hi: (1n << BigInt(bits - 1)) - 1n,
});

/** Parameters with which every function is tried. */
const SOME: Record<string, number> = {
  alpha: 1.67,
  beta: 0.5,
  gamma: 1.05,
  bias: 0.25,
  lambd: 0.5,
  exponent: 1.5,
  base: 2.5,
  divisor: 3,
};
const someParameters = (name: FunctionName): Record<string, number> =>
  Object.fromEntries(functionOf(name).parameters.map((key) => [key, SOME[key] as number]));

describe("graph/functions: vectors", () => {
  for (const name of FUNCTION_NAMES) {
    it(name, () => {
      const own = rows.filter((row) => row.function === name);
      expect(own.length).to.be.greaterThan(5);
      for (const { parameters, inputExponent, outputExponent, bits, q, y } of own) {
        const actual = q.map((text) => {
          const at = BigInt(text);
          const input = { exponent: inputExponent, lo: at, hi: at };
          return tableOf(name, parameters, input, grid(outputExponent, bits)).join();
        });
        expect(actual, JSON.stringify({ parameters, inputExponent, outputExponent })).to.deep.equal(y);
      }
    });
  }
});

describe("graph/functions: properties", () => {
  const signed = (name: FunctionName, e: number, E: number, bits = 16) =>
    tableOf(name, someParameters(name), grid(e, 9), grid(E, bits));

  it("are within a step of what doubles give, where those are finite", () => {
    for (const name of FUNCTION_NAMES) {
      const parameters = someParameters(name);
      for (const [e, E] of [
        [5, 8],
        [7, 20],
        [-1, 3],
      ] as const) {
        const { lo, hi } = grid(E, 40);
        tableOf(name, parameters, grid(e, 9), grid(E, 40)).forEach((y, i) => {
          const float = evaluate(name, parameters, (i - 256) * 2 ** -e);
          if (!Number.isFinite(float)) return;
          const exact = Math.min(Number(hi), Math.max(Number(lo), float * 2 ** E));
          expect(Math.abs(Number(y) - exact), `${name} at ${(i - 256) * 2 ** -e}`).to.be.at.most(
            0.5 + Math.abs(exact) * 2 ** -45 + 2 ** -20,
          );
        });
      }
    }
  });

  it("keep the order of monotone functions", () => {
    const rising: FunctionName[] = ["sigmoid", "tanh", "erf", "exp", "log", "sqrt", "softplus", "softsign", "elu"];
    rising.push("asin", "atan", "sinh", "asinh", "acosh", "atanh", "selu", "celu", "leakyRelu", "hardSigmoid");
    rising.push("exponential", "pow", "floor", "ceil", "round", "trunc", "sign");
    fc.assert(
      fc.property(
        fc.constantFrom(...rising),
        fc.integer({ min: -2, max: 20 }),
        fc.integer({ min: -3, max: 40 }),
        (name, e, E) => {
          const table = signed(name, e, E, 24);
          for (let i = 1; i < table.length; i++) {
            if ((table[i] as bigint) < (table[i - 1] as bigint)) expect.fail(`${name} falls at entry ${i}`);
          }
        },
      ),
      { numRuns: 150 },
    );
  });

  it("keep symmetry: odd functions negate but for ties, even ones repeat", () => {
    const odd: FunctionName[] = ["tanh", "erf", "sin", "tan", "asin", "atan", "sinh", "asinh", "softsign", "atanh"];
    for (const e of [3, 9]) {
      for (const name of odd) {
        const table = signed(name, e, 11);
        for (let q = 1; q < 256; q++) {
          const sum = (table[256 + q] as bigint) + (table[256 - q] as bigint);
          // Half up: an odd function's ties round apart; irrational values have none, and a clamp has one step more below.
          const clamped = [table[256 - q], table[256 + q]].includes(-32768n);
          expect(clamped || sum === 0n || (name === "softsign" && sum === 1n), `${name} at ${q}`).to.equal(true);
        }
      }
      for (const name of ["cos", "cosh", "abs"] as const) {
        const table = signed(name, e, 9, 40);
        for (let q = 1; q < 256; q++) expect(table[256 + q]).to.equal(table[256 - q]);
      }
    }
  });

  it("obey identities: 1 = s(x) + s(-x) but for ties, softplus(x) = x + softplus(-x), relu = (x + |x|) / 2", () => {
    const sigmoids = signed("sigmoid", 5, 12);
    const soft = signed("softplus", 5, 5);
    const absolute = signed("abs", 5, 5);
    for (let q = -255; q <= 255; q++) {
      expect((sigmoids[256 + q] as bigint) + (sigmoids[256 - q] as bigint)).to.equal(4096n);
      expect((soft[256 + q] as bigint) - (soft[256 - q] as bigint)).to.equal(BigInt(q));
      expect(((absolute[256 + q] as bigint) + BigInt(q)) / 2n).to.equal(BigInt(Math.max(0, q)));
    }
  });

  it("a part of a table is the part of the table, at any clamp", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...FUNCTION_NAMES),
        fc.integer({ min: -40, max: 40 }),
        fc.integer({ min: 0, max: 40 }),
        fc.integer({ min: -200, max: 200 }),
        (name, lo, size, clamp) => {
          const input = { exponent: 4, lo: BigInt(lo), hi: BigInt(lo + size) };
          const output = { exponent: 6, lo: BigInt(Math.min(0, clamp)), hi: BigInt(Math.max(0, clamp)) };
          const whole = tableOf(name, someParameters(name), { exponent: 4, lo: -40n, hi: 80n }, grid(6, 64));
          const expected = whole
            .slice(lo + 40, lo + 41 + size)
            .map((y) => (y < output.lo ? output.lo : y > output.hi ? output.hi : y));
          expect(tableOf(name, someParameters(name), input, output)).to.deep.equal(expected);
        },
      ),
      { numRuns: 200 },
    );
  });

  it("enclosures hold: at few bits they contain what many bits give", () => {
    const names = FUNCTION_NAMES.filter((name) => "enclose" in functionOf(name));
    expect(names).to.have.length(28);
    fc.assert(
      fc.property(
        fc.constantFrom(...names),
        fc.integer({ min: -(2 ** 20), max: 2 ** 20 }),
        fc.integer({ min: -4, max: 30 }),
        fc.integer({ min: 31, max: 90 }),
        (name, q, e, bits) => {
          const f = functionOf(name) as IrrationalFunction;
          const exact = Object.fromEntries(Object.entries(someParameters(name)).map(([k, v]) => [k, ofDouble(v)]));
          const x = dyadic(BigInt(q), e);
          if (f.rational(x, exact) !== undefined) return;
          const coarse = f.enclose(x, exact, precisionOf(bits));
          const fine = f.enclose(x, exact, precisionOf(320));
          const scale = BigInt(320 - bits);
          expect(fine.lo >= coarse.lo << scale && fine.hi <= coarse.hi << scale, `${name} ${q} ${e} ${bits}`).to.equal(
            true,
          );
        },
      ),
      { numRuns: 6000 },
    );
  });

  it("beside an asymptote that is a boundary of rounding, the side is right however close", () => {
    const at = (name: FunctionName, parameters: Record<string, number>, q: bigint, E: number): bigint | undefined =>
      tableOf(name, parameters, { exponent: 0, lo: q, hi: q }, grid(E, 32))[0];
    // x * (1 - tiny) at half a step: 16383.5 - 2^-47000 is below the boundary, log(1 + e^x) above it.
    expect(at("swish", { alpha: 1 }, 32767n, -1)).to.equal(16383n);
    expect(at("mish", {}, 32767n, -1)).to.equal(16383n);
    expect(at("gelu", {}, 32767n, -1)).to.equal(16383n);
    expect(at("geluTanh", {}, 32767n, -1)).to.equal(16383n);
    expect(at("softplus", {}, 32767n, -1)).to.equal(16384n);
    expect(at("elu", { alpha: 1 }, -32767n, -1)).to.equal(0n); // -0.5 + tiny
    expect(at("elu", { alpha: 3 }, -32767n, -1)).to.equal(-1n); // -1.5 + tiny
    expect(at("sigmoid", {}, 32767n, -1)).to.equal(0n);
    expect(at("tanh", {}, 32767n, -1)).to.equal(0n);
    expect(at("tanh", {}, -32767n, -1)).to.equal(0n);
    expect(at("erf", {}, 32767n, -1)).to.equal(0n);
    expect(at("leakyRelu", { alpha: 0.5 }, -1n, 0)).to.equal(0n); // a tie
    expect(at("leakyRelu", { alpha: 0.5 }, -3n, 0)).to.equal(-1n);
  });

  it("hostile exponents and parameters end", () => {
    for (const name of FUNCTION_NAMES) {
      for (const value of [2 ** -64, -(2 ** -64), 2 ** 64, 1 + 2 ** -52, -1]) {
        const parameters = Object.fromEntries(functionOf(name).parameters.map((key) => [key, value]));
        for (const [e, E] of [
          [127, 127],
          [-128, -128],
          [-128, 127],
          [127, -128],
          [3, 2],
        ] as const) {
          try {
            const table = tableOf(name, parameters, { exponent: e, lo: -3n, hi: 3n }, grid(E, 64));
            expect(table).to.have.length(7);
          } catch (error) {
            expect(
              codeOf(() => {
                throw error;
              }),
              `${name} ${value} ${e} ${E}`,
            ).to.equal("FUNCTION_INVALID");
          }
        }
      }
    }
  });
});

describe("graph/functions: refusals", () => {
  const table = (name: FunctionName, parameters: Record<string, number>, input = grid(4, 8), output = grid(4, 8)) =>
    codeOf(() => tableOf(name, parameters, input, output));

  it("parameters that are missing, unknown, not finite or not allowed", () => {
    expect(table("elu", {})).to.equal("FUNCTION_INVALID");
    expect(table("elu", { alpha: 1, beta: 1 })).to.equal("FUNCTION_INVALID");
    expect(table("elu", { beta: 1 })).to.equal("FUNCTION_INVALID");
    expect(table("elu", { alpha: NaN })).to.equal("FUNCTION_INVALID");
    expect(table("elu", { alpha: Infinity })).to.equal("FUNCTION_INVALID");
    expect(table("swish", { alpha: 5e-324 })).to.equal("FUNCTION_INVALID");
    expect(table("leakyRelu", { alpha: -(2 ** 65) })).to.equal("FUNCTION_INVALID");
    expect(table("celu", { alpha: 0 })).to.equal("FUNCTION_INVALID");
    expect(table("exponential", { base: -2 })).to.equal("FUNCTION_INVALID");
    expect(table("mod", { divisor: 0 })).to.equal("FUNCTION_INVALID");
    expect(table("fmod", { divisor: -0 })).to.equal("FUNCTION_INVALID");
  });

  it("grids that are empty, too large or out of bounds", () => {
    expect(table("exp", {}, { exponent: 0, lo: 1n, hi: 0n })).to.equal("FUNCTION_INVALID");
    expect(table("exp", {}, { exponent: 0, lo: 0n, hi: 65536n })).to.equal("FUNCTION_INVALID");
    expect(table("exp", {}, { exponent: 128, lo: 0n, hi: 1n })).to.equal("FUNCTION_INVALID");
    expect(table("exp", {}, { exponent: 0.5, lo: 0n, hi: 1n })).to.equal("FUNCTION_INVALID");
    expect(table("exp", {}, grid(4, 8), { exponent: -129, lo: 0n, hi: 1n })).to.equal("FUNCTION_INVALID");
    expect(table("exp", {}, grid(4, 8), { exponent: 0, lo: 0n, hi: 2n ** 63n })).to.equal("FUNCTION_INVALID");
    expect(tableOf("exp", {}, { exponent: 0, lo: 0n, hi: 0n }, grid(4, 8))).to.deep.equal([16n]);
  });

  it("a value that no precision decides", () => {
    const straddling = ({ one }: Precision): Interval => ({ lo: one / 2n - 1n, hi: one / 2n + 1n });
    expect(codeOf(() => decide("exp", straddling, grid(0, 8), 64))).to.equal("FUNCTION_UNDECIDED");
    // Ending on the boundary is no doubt: the value itself is never there.
    expect(decide("exp", ({ one }) => ({ lo: one / 2n - 1n, hi: one / 2n }), grid(0, 8), 64)).to.equal(0n);
    expect(decide("exp", ({ one }) => ({ lo: one / 2n, hi: one / 2n + 1n }), grid(0, 8), 64)).to.equal(1n);
  });
});

describe("graph/functions: exactness", () => {
  it("doubles are taken exactly", () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (v) => {
        const { num, den } = ofDouble(v);
        // A quotient of two exact doubles of up to 53 bits each, scaled: rounds to v again.
        const shift = Math.max(0, den.toString(2).length - 1 - 1000);
        expect((Number(num) / Number(den >> BigInt(shift))) * 2 ** -shift + 0).to.equal(v + 0);
      }),
    );
    expect(ofDouble(0.1)).to.deep.equal({ num: 0x1999999999999an, den: 1n << 56n });
    expect(ofDouble(5e-324)).to.deep.equal({ num: 1n, den: 1n << 1074n });
    expect(ofDouble(-3)).to.satisfy(({ num, den }: { num: bigint; den: bigint }) => num === -3n * den);
  });

  it("no table calls what machines may answer differently: Math's approximations", () => {
    const exact = ["abs", "ceil", "floor", "max", "min", "sign", "trunc"];
    const saved = Object.getOwnPropertyDescriptors(Math);
    const traps = Object.keys(saved).filter((key) => typeof saved[key as "sin"].value === "function");
    const input = { exponent: 3, lo: -20n, hi: 20n };
    const output = grid(29, 40); // no other test has this one: nothing is known yet
    const expected = FUNCTION_NAMES.map((name) => () => tableOf(name, someParameters(name), input, output));
    try {
      for (const key of traps.filter((name) => !exact.includes(name))) {
        Object.defineProperty(Math, key, {
          configurable: true,
          value: () => {
            throw new Error(`Math.${key}`);
          },
        });
      }
      expect(() => Math.exp(1)).to.throw("Math.exp");
      expected.forEach((table) => table());
    } finally {
      Object.defineProperties(Math, saved);
    }
    expect(Math.exp(0)).to.equal(1);
  });
});
