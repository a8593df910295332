// SPDX-License-Identifier: GPL-3.0-or-later
// Templates of the nodes: equal to their specification, and no wire that a prover could choose.
import { expect } from "chai";
import {
  brokenRows,
  compileForTest,
  forge,
  freeWires,
  invR,
  movableWires,
  signed,
  type Circuit,
} from "../helpers/circuit-harness.ts";
import { integers } from "../helpers/circuit-models.ts";

const list = (values: readonly (number | bigint)[]): string => `[${values.join(", ")}]`;

/** Values of main.<name>[0], [1], .. */
const read = (circuit: Circuit, witness: readonly bigint[], name: string, count: number): bigint[] =>
  Array.from({ length: count }, (_, i) => signed(witness[circuit.wires.get(`main.${name}[${i}]`) as number] as bigint));

const isInput = (name: string): boolean => /^main\.[abx]\[/.test(name);

/** No row is broken, and no wire but those named moves alone or to first order. */
function expectPinned(circuit: Circuit, witness: readonly bigint[], free: RegExp = /^$/): void {
  expect(brokenRows(circuit, witness)).to.deep.equal([]);
  const moved = movableWires(circuit, witness, isInput).map((name) => name.replace(/ by .*/, ""));
  expect(moved.filter((name) => !free.test(name))).to.deep.equal([]);
  expect(freeWires(circuit, witness, isInput).filter((name) => !free.test(name))).to.deep.equal([]);
}

describe("circuits: Gather", () => {
  it("picks, repeats and fills; every wire is pinned", async () => {
    const circuit = await compileForTest("component main = Gather(6, 4, [3, -1, 0, 0, 2, -1], -9);");
    const witness = await circuit.witness({ x: [10n, -20n, 30n, -40n] });
    expect(read(circuit, witness, "y", 6)).to.deep.equal([-40n, -9n, 10n, 10n, 30n, -9n]);
    expectPinned(circuit, witness);
  });

  it("two values exchanged: no", async () => {
    const circuit = await compileForTest("component main = Gather(2, 2, [0, 1], 0);");
    const witness = await circuit.witness({ x: [1n, 2n] });
    expect(brokenRows(circuit, forge(circuit, witness, { "main.y[0]": 2n, "main.y[1]": 1n }))).to.have.lengthOf(2);
  });
});

describe("circuits: Convolution", () => {
  interface Window {
    readonly name: string;
    readonly batch: number;
    readonly group: number;
    readonly outs: number;
    readonly ins: number;
    readonly input: readonly [number, number, number];
    readonly kernel: readonly [number, number, number];
    readonly stride: readonly [number, number, number];
    readonly dilation: readonly [number, number, number];
    readonly begin: readonly [number, number, number];
    readonly end: readonly [number, number, number];
  }

  const plain = {
    batch: 1,
    group: 1,
    outs: 1,
    ins: 1,
    stride: [1, 1, 1],
    dilation: [1, 1, 1],
    begin: [0, 0, 0],
    end: [0, 0, 0],
  } as const;

  const WINDOWS: readonly Window[] = [
    { ...plain, name: "one axis", outs: 2, ins: 3, input: [1, 1, 5], kernel: [1, 1, 3], stride: [1, 1, 2] },
    { ...plain, name: "padding on each side", input: [1, 3, 4], kernel: [1, 2, 3], begin: [0, 1, 2], end: [0, 1, 0] },
    { ...plain, name: "a window that meets padding only", input: [1, 1, 1], kernel: [1, 1, 1], begin: [0, 0, 2] },
    { ...plain, name: "groups and batches", batch: 2, group: 2, outs: 4, ins: 2, input: [1, 2, 3], kernel: [1, 2, 2] },
    { ...plain, name: "dilation", input: [1, 5, 5], kernel: [1, 2, 3], dilation: [1, 3, 2], begin: [0, 1, 0] },
    { ...plain, name: "three axes", input: [3, 2, 3], kernel: [2, 2, 2], stride: [1, 2, 1], end: [1, 0, 0] },
    { ...plain, name: "more taps than a chunk", ins: 5, input: [1, 4, 4], kernel: [1, 3, 3], begin: [0, 1, 1] },
  ];

  const outputOf = (w: Window): number[] =>
    w.input.map((size, a) => {
      const [begin, end, dilation] = [w.begin[a], w.end[a], w.dilation[a]] as [number, number, number];
      const span = size + begin + end - dilation * ((w.kernel[a] as number) - 1) - 1;
      return Math.floor(span / (w.stride[a] as number)) + 1;
    });

  /** integer-graph-nodes.md, word for word: pads a copy of x, then slides. */
  function reference(
    w: Window,
    x: readonly number[],
    weights: readonly (readonly number[])[],
    bias: readonly number[],
  ) {
    const [oz, oy, ox] = outputOf(w) as [number, number, number];
    const [iz, iy, ix] = w.input;
    const [kz, ky, kx] = w.kernel;
    const z: bigint[] = [];
    const value = (n: number, c: number, place: readonly number[]): number =>
      place.some((v, a) => v < 0 || v >= (w.input[a] as number))
        ? 0
        : (x[
            ((n * w.group * w.ins + c) * iz + (place[0] as number)) * iy * ix +
              (place[1] as number) * ix +
              (place[2] as number)
          ] as number);
    for (let n = 0; n < w.batch; n++)
      for (let m = 0; m < w.outs; m++)
        for (let a = 0; a < oz; a++)
          for (let b = 0; b < oy; b++)
            for (let d = 0; d < ox; d++) {
              let sum = bias[m] as number;
              const g = Math.floor(m / (w.outs / w.group));
              for (let c = 0; c < w.ins; c++)
                for (let e = 0; e < kz; e++)
                  for (let f = 0; f < ky; f++)
                    for (let h = 0; h < kx; h++) {
                      const [p, k] = [
                        [a, b, d],
                        [e, f, h],
                      ];
                      const place = [0, 1, 2].map(
                        (i) =>
                          (p[i] as number) * (w.stride[i] as number) +
                          (k[i] as number) * (w.dilation[i] as number) -
                          (w.begin[i] as number),
                      );
                      const tap = ((c * kz + e) * ky + f) * kx + h;
                      sum += (weights[m]?.[tap] as number) * value(n, g * w.ins + c, place);
                    }
              z.push(BigInt(sum));
            }
    return z;
  }

  for (const w of WINDOWS) {
    it(`${w.name}: equals the specification; every wire is pinned`, async () => {
      const draw = integers(31);
      const count = (length: number, bound: number): number[] => Array.from({ length }, () => draw(-bound, bound));
      const inner = w.ins * w.kernel.reduce((a, b) => a * b);
      const weights = Array.from({ length: w.outs }, () => count(inner, 127));
      const bias = count(w.outs, 5000);
      const x = count(w.batch * w.group * w.ins * w.input.reduce((a, b) => a * b), 255);
      const window = [w.input, outputOf(w), w.kernel, w.stride, w.dilation, w.begin].map(list).join(", ");
      const matrix = `[${weights.map(list).join(", ")}]`;
      const circuit = await compileForTest(
        `component main = Convolution(${w.batch}, ${w.group}, ${w.outs}, ${w.ins}, ${window}, ${matrix}, ${list(bias)});`,
      );
      const expected = reference(w, x, weights, bias);
      const witness = await circuit.witness({ x });
      expect(read(circuit, witness, "z", expected.length)).to.deep.equal(expected);
      expect(circuit.r1cs.rows).to.have.lengthOf(expected.length);
      expectPinned(circuit, witness);
    });
  }
});

describe("circuits: Multiply and MatMul", () => {
  it("multiplies value by value, one constraint each", async () => {
    const circuit = await compileForTest("component main = Multiply(4);");
    const witness = await circuit.witness({ a: [0n, -3n, 2n ** 100n, -1n], b: [7n, -5n, -(2n ** 100n), 1n] });
    expect(read(circuit, witness, "z", 4)).to.deep.equal([0n, 15n, -(2n ** 200n), -1n]);
    expect(circuit.r1cs.rows).to.have.lengthOf(4);
    expectPinned(circuit, witness);
  });

  it("multiplies matrices, batch by batch", async () => {
    const circuit = await compileForTest("component main = MatMul(2, 2, 3, 1);");
    const a = [1n, 2n, 3n, -4n, 5n, -6n, 7n, 0n, 9n, 1n, 1n, 1n];
    const b = [1n, -1n, 2n, 3n, 5n, -8n];
    const witness = await circuit.witness({ a, b });
    expect(read(circuit, witness, "z", 4)).to.deep.equal([5n, -21n, 21n - 72n, 0n]);
    expectPinned(circuit, witness);
  });

  it("one product more, the next one less in turn: no", async () => {
    const circuit = await compileForTest("component main = MatMul(1, 1, 2, 1);");
    const witness = await circuit.witness({ a: [2n, 3n], b: [5n, 7n] });
    for (const moved of [{ "main.partial[0][0]": 11n }, { "main.partial[0][1]": 32n, "main.z[0]": 32n }]) {
      expect(brokenRows(circuit, forge(circuit, witness, moved))).to.have.length.greaterThan(0);
    }
  });
});

describe("circuits: Step", () => {
  const RANGES: readonly (readonly [bigint, bigint])[] = [
    [-100n, 100n],
    [-1n, 0n],
    [-1n, 1n],
    [-128n, 127n],
    [-129n, 3n],
    [-3n, 128n],
    [0n, 50n],
    [-50n, -1n],
    [-(2n ** 200n), 2n ** 200n],
  ];
  const [lo, hi] = [RANGES.map(([v]) => v), RANGES.map(([, v]) => v)];
  let circuit: Circuit;

  before(async () => {
    circuit = await compileForTest(`component main = StepTensor(${RANGES.length}, ${list(lo)}, ${list(hi)});`);
  });

  it("is 1 from 0 on, at every edge; every wire is pinned", async () => {
    for (const pick of [-1n, 0n, 1n, lo, hi]) {
      const x = RANGES.map(([least, most], i) => {
        const v = Array.isArray(pick) ? (pick[i] as bigint) : pick;
        return v < least ? least : v > most ? most : v;
      });
      const witness = await circuit.witness({ x });
      expect(read(circuit, witness, "y", x.length)).to.deep.equal(x.map((v) => (v >= 0n ? 1n : 0n)));
      expect(brokenRows(circuit, witness)).to.deep.equal([]);
    }
    // Jacobian rank on the narrow ranges; the wide one has the same template
    const small = await compileForTest(
      `component main = StepTensor(8, ${list(lo.slice(0, 8))}, ${list(hi.slice(0, 8))});`,
    );
    for (const x of [lo.slice(0, 8), hi.slice(0, 8)]) expectPinned(small, await small.witness({ x }));
  });

  it("has no witness for an x outside its range that needs more bits", async () => {
    for (const outside of [128n, -129n]) {
      let refused = false;
      await circuit.witness({ x: lo.map((v, i) => (i === 3 ? outside : v)) }).catch(() => (refused = true));
      expect(refused, `${outside}`).to.equal(true);
    }
  });

  it("sign flipped, its weight put into the bit below, or wrapped around the field: no", async () => {
    const witness = await circuit.witness({ x: lo.map((v, i) => (i === 3 ? 5n : v)) });
    expect(read(circuit, witness, "y", 4)[3]).to.equal(1n);
    const claim = { "main.y[3]": 0n, "main.each[3].y": 0n };
    // x + 2^7 = 133: bit 7 down, bit 6 up by 2
    const moves = [
      claim,
      { ...claim, "main.each[3].sum.upper[6]": 0n },
      { ...claim, "main.each[3].sum.upper[6]": 0n, "main.each[3].sum.upper[5]": 2n },
      { ...claim, "main.each[3].sum.upper[6]": 0n, "main.each[3].sum.in": -123n },
    ];
    for (const move of moves) expect(brokenRows(circuit, forge(circuit, witness, move))).to.have.length.greaterThan(0);
  });
});

describe("circuits: Extremum", () => {
  // Ranges of a - b; in the last three they say which of the two it is.
  const RANGES = [
    [-255n, 255n],
    [-1n, 1n],
    [-128n, 127n],
    [-129n, 3n],
    [-3n, 128n],
    [0n, 50n],
    [-50n, 0n],
    [-7n, -2n],
  ] as const;
  const [lo, hi] = [RANGES.map(([v]) => v), RANGES.map(([, v]) => v)];
  const circuits = new Map<1 | 0, Circuit>();
  const B = 1000n;

  before(async () => {
    for (const greatest of [1, 0] as const) {
      const main = `component main = ExtremumTensor(${greatest}, ${RANGES.length}, ${list(lo)}, ${list(hi)});`;
      circuits.set(greatest, await compileForTest(main));
    }
  });

  for (const greatest of [1, 0] as const) {
    it(`${greatest === 1 ? "maximum" : "minimum"}: at ties and at the ends; every wire is pinned`, async () => {
      const circuit = circuits.get(greatest) as Circuit;
      for (const pick of [-1n, 0n, 1n, lo, hi]) {
        const difference = RANGES.map(([least, most], i) => {
          const v = Array.isArray(pick) ? (pick[i] as bigint) : pick;
          return v < least ? least : v > most ? most : v;
        });
        const b = difference.map((_, i) => (i % 2 === 0 ? B : -B));
        const a = difference.map((d, i) => d + (b[i] as bigint));
        const witness = await circuit.witness({ a, b });
        const expected = a.map((v, i) => (v > (b[i] as bigint) === (greatest === 1) ? v : (b[i] as bigint)));
        expect(read(circuit, witness, "y", a.length)).to.deep.equal(expected);
        expectPinned(circuit, witness);
      }
    });

    it(`${greatest === 1 ? "maximum" : "minimum"}: the other one, or one in between: no`, async () => {
      const circuit = circuits.get(greatest) as Circuit;
      const a = [1200n, ...lo.slice(1).map((v) => v + B)];
      const witness = await circuit.witness({ a, b: a.map(() => B) });
      expect(read(circuit, witness, "y", 1)).to.deep.equal([greatest === 1 ? 1200n : B]);
      const inner = "main.each[0].atLeast";
      expect(signed(witness[circuit.wires.get(`${inner}.x`) as number] as bigint)).to.equal(200n);
      for (const flag of [0n, invR(2n)]) {
        const claimed = greatest === 1 ? B + flag * 200n : 1200n - flag * 200n;
        const claim = { "main.y[0]": claimed, "main.each[0].y": claimed };
        // 200 + 2^8 = 456: the top bit down, the one below up by 2; or a difference of another sign
        const moves = [
          claim,
          { ...claim, [`${inner}.y`]: flag },
          { ...claim, [`${inner}.y`]: flag, [`${inner}.sum.upper[7]`]: flag, [`${inner}.sum.upper[6]`]: 3n },
          { ...claim, [`${inner}.y`]: flag, [`${inner}.sum.upper[7]`]: flag, [`${inner}.x`]: -56n },
        ];
        for (const move of moves) expect(brokenRows(circuit, forge(circuit, witness, move))).to.have.length.above(0);
      }
    });
  }

  it("has no witness for a difference outside its range that needs more bits", async () => {
    const circuit = circuits.get(1) as Circuit;
    for (const outside of [256n, -257n]) {
      let refused = false;
      const a = lo.map((v, i) => B + (i === 0 ? outside : v));
      await circuit.witness({ a, b: a.map(() => B) }).catch(() => (refused = true));
      expect(refused, `${outside}`).to.equal(true);
    }
  });
});

describe("circuits: IsZero", () => {
  const CIRCUIT = "component main = IsZeroTensor(5, [-3, 0, 0, 1, -9], [3, 5, 0, 4, -1]);";
  let circuit: Circuit;
  const hint = (i: number): string => {
    const found = circuit.names.filter((name) => name.endsWith(".inverse"))[i] as string;
    return found.replace(/inverse$/, "");
  };

  before(async () => {
    circuit = await compileForTest(CIRCUIT);
  });

  it("is 1 at 0 alone; every wire is pinned but the inverse of zero, that nothing reads", async () => {
    for (const x of [
      [-3n, 0n, 0n, 1n, -9n],
      [0n, 5n, 0n, 4n, -1n],
      [1n, 1n, 0n, 2n, -2n],
    ]) {
      const witness = await circuit.witness({ x });
      expect(read(circuit, witness, "y", 5)).to.deep.equal(x.map((v) => (v === 0n ? 1n : 0n)));
      expectPinned(circuit, witness, x[0] === 0n || x[1] === 0n ? /\.inverse$/ : /^$/);
      for (const name of freeWires(circuit, witness, isInput)) {
        expect(witness[circuit.wires.get(name.replace(/inverse$/, "x")) as number]).to.equal(0n);
      }
    }
  });

  it("flag up, down or at half, with the inverse that suits the first constraint: no", async () => {
    const attempt = async (x: bigint, claimed: bigint, inverse: bigint): Promise<number> => {
      const witness = await circuit.witness({ x: [x, 1n, 0n, 1n, -9n] });
      const prefix = circuit.names.some((name) => name === `${hint(0)}y`) ? hint(0) : "";
      const moves = { "main.y[0]": claimed, [`${prefix}y`]: claimed, [`${prefix}inverse`]: inverse };
      expect(witness[circuit.wires.get(`${prefix}x`) as number]).to.equal(
        witness[circuit.wires.get("main.x[0]") as number],
      );
      return brokenRows(circuit, forge(circuit, witness, moves)).length;
    };
    expect(await attempt(2n, 1n, 0n)).to.be.greaterThan(0);
    expect(await attempt(2n, invR(2n), invR(4n))).to.be.greaterThan(0);
    for (const inverse of [0n, 1n, 7n]) expect(await attempt(0n, 0n, inverse)).to.be.greaterThan(0);
    expect(await attempt(2n, 0n, invR(2n))).to.equal(0); // the honest witness, by the same path
  });
});
