// SPDX-License-Identifier: GPL-3.0-or-later
// TensorLib over its whole domain, against fractions of big integers.
import { expect } from "chai";
import fc from "fast-check";
import { network } from "hardhat";

const ROUNDINGS = ["Floor", "Ceil", "Trunc", "HalfUp", "HalfEven"] as const;
type Rounding = (typeof ROUNDINGS)[number];

const MAX = 2n ** 127n - 1n;
const MIN = -(2n ** 127n);

function floorDiv(n: bigint, d: bigint): bigint {
  return n / d - (n % d !== 0n && n < 0n ? 1n : 0n);
}

/** n / d as an integer, by the definition of each mode; d > 0. */
function round(n: bigint, d: bigint, rounding: Rounding): bigint {
  const floor = floorDiv(n, d);
  const twice = 2n * (n - floor * d); // of [0, 2d)
  if (twice === 0n) return floor;
  switch (rounding) {
    case "Floor":
      return floor;
    case "Ceil":
      return floor + 1n;
    case "Trunc":
      return n < 0n ? floor + 1n : floor;
    case "HalfUp":
      return twice >= d ? floor + 1n : floor;
    case "HalfEven":
      return twice > d || (twice === d && floor % 2n !== 0n) ? floor + 1n : floor;
  }
}

/** round(value * 2^twos * 10^tens), undefined when it takes more than 128 bits. */
function scaled(value: bigint, twos: bigint, tens: bigint, rounding: Rounding): bigint | undefined {
  const power = (base: bigint, exponent: bigint): bigint => (exponent > 0n ? base ** exponent : 1n);
  const n = value * power(2n, twos) * power(10n, tens);
  const d = power(2n, -twos) * power(10n, -tens);
  const result = round(n, d, rounding);
  return result > MAX || result < MIN ? undefined : result;
}

/** Values of every size, the edges, and what lies near powers of two and ten. */
const value = fc.oneof(
  fc.bigInt({ min: MIN, max: MAX }),
  fc.bigInt({ min: -(2n ** 31n), max: 2n ** 31n - 1n }),
  fc.bigInt({ min: -20n, max: 20n }),
  fc.constantFrom(MIN, MIN + 1n, MAX - 1n, MAX),
  fc
    .tuple(fc.constantFrom(2n, 5n, 10n), fc.bigInt({ min: 0n, max: 54n }), fc.bigInt({ min: -2n, max: 2n }))
    .map(([base, exponent, off]) => base ** exponent + off)
    .filter((v) => v <= MAX),
);
const exponent = fc.oneof(fc.bigInt({ min: -128n, max: 127n }), fc.constantFrom(-128n, -127n, 0n, 126n, 127n));
const decimals = fc.oneof(
  fc.bigInt({ min: -170n, max: 170n }),
  fc.bigInt({ min: 0n, max: 20n }),
  fc.constantFrom(-39n, -38n, 38n, 39n, 55n, 56n, 110n, 111n, 127n, 128n, -110n, -111n),
);
const rounding = fc.constantFrom(...ROUNDINGS);

describe("TensorLib, whole domain", function () {
  this.timeout(120_000);
  let harness: Awaited<ReturnType<Awaited<ReturnType<typeof network.create>>["ethers"]["deployContract"]>>;

  before(async () => {
    const { ethers } = await network.create();
    harness = await ethers.deployContract("ConsumerHarness");
  });

  /** What the contract says, or the name of its error. */
  async function ask(method: string, args: unknown[]): Promise<bigint | string> {
    try {
      const answer = (await harness.getFunction(method).staticCall(...args)) as bigint | { value: bigint };
      return typeof answer === "bigint" ? answer : answer.value;
    } catch (error) {
      const parsed = harness.interface.parseError((error as { data: string }).data);
      if (parsed === null) throw error;
      return parsed.name;
    }
  }

  it("toFixedPoint is value * 2^exponent / 10^decimals, rounded once", async () => {
    await fc.assert(
      fc.asyncProperty(value, decimals, exponent, rounding, async (v, d, e, mode) => {
        const expected = scaled(v, e, -d, mode) ?? "FixedPointOverflow";
        expect(await ask("toFixedPoint", [[v, d], e, ROUNDINGS.indexOf(mode)])).to.equal(expected);
      }),
      { numRuns: 1_500 },
    );
  });

  it("fromFixedPoint is q * 10^decimals / 2^exponent, rounded once", async () => {
    await fc.assert(
      fc.asyncProperty(value, decimals, exponent, rounding, async (q, d, e, mode) => {
        const expected = scaled(q, -e, d, mode) ?? "NumberOverflow";
        expect(await ask("fromFixedPoint", [q, e, d, ROUNDINGS.indexOf(mode)])).to.equal(expected);
      }),
      { numRuns: 1_500 },
    );
  });

  it("halves, in every mode, at every place where an exponent makes them", async () => {
    for (let e = 1n; e <= 127n; e += 9n) {
      for (const odd of [-5n, -3n, -1n, 1n, 3n, 5n]) {
        const q = odd * 2n ** (e - 1n); // odd / 2
        if (q > MAX || q < MIN) continue;
        for (const [index, mode] of ROUNDINGS.entries()) {
          expect(await ask("fromFixedPoint", [q, e, 0n, index]), `${odd}/2, ${mode}`).to.equal(round(odd, 2n, mode));
        }
      }
    }
  });

  it("at the edge of 128 bits, one more or one less decides", async () => {
    for (const e of [-128n, -3n, 0n, 3n, 100n]) {
      for (const d of [-38n, -2n, 1n, 2n, 37n]) {
        for (const edge of [MAX, MAX + 1n, MIN, MIN - 1n]) {
          const power = (base: bigint, exponent: bigint): bigint => (exponent > 0n ? base ** exponent : 1n);
          const near = (edge * power(10n, d) * power(2n, -e)) / (power(2n, e) * power(10n, -d));
          for (const v of [near - 1n, near, near + 1n]) {
            if (v > MAX || v < MIN) continue;
            for (const [index, mode] of ROUNDINGS.entries()) {
              expect(await ask("toFixedPoint", [[v, d], e, index])).to.equal(
                scaled(v, e, -d, mode) ?? "FixedPointOverflow",
              );
            }
          }
        }
      }
    }
  });
});
