// SPDX-License-Identifier: GPL-3.0-or-later
// The statement of a program without commitments and sumchecks: docs/spec/tensorcheck.md, section 2, computed in BigInt
// from all cells. What fails here fails in every proof, and what holds here is proven by any sound argument.
import { keccak_256 } from "@noble/hashes/sha3.js";
import type {
  Axis,
  Block,
  Cells,
  Column,
  Coordinate,
  Factor,
  Fraction,
  Program,
  Run,
} from "../../../verifier/proofs/tensorcheck/program.ts";

export const ORDER = 21888242871839275222246405745257275088548364400416034343698204186575808495617n;
const mod = (v: bigint): bigint => ((v % ORDER) + ORDER) % ORDER;

export interface Assignment {
  /** of the wit columns */
  readonly cells: ReadonlyMap<Column, Cells>;
  readonly inputs: readonly ArrayLike<number>[];
  readonly outputs: readonly ArrayLike<number>[];
}

/** Field elements that follow from a seed. */
function newDraw(seed: number): () => bigint {
  let count = 0;
  return () => {
    const hash = keccak_256(new TextEncoder().encode(`${seed} ${count++}`));
    return mod(hash.reduce((v, byte) => v * 256n + BigInt(byte), 0n));
  };
}

const inverse = (v: bigint): bigint => {
  let [a, b, x, y] = [mod(v), ORDER, 1n, 0n];
  if (a === 0n) throw new Error("no inverse of 0");
  while (b !== 0n) {
    const q = a / b;
    [a, b, x, y] = [b, a % b, y, x - q * y];
  }
  return mod(x);
};

const runOf = ({ low, bits }: Run): Coordinate[] => Array.from({ length: bits }, (_, i) => low + bits - 1 - i);

/** What does not hold: numbers of equations, "look-ups", "sum". Nothing where the program accepts. */
export function failuresOf(program: Program, assignment: Assignment, seed = 1): string[] {
  const draw = newDraw(seed);
  const rho = Array.from({ length: 30 }, draw);
  const [beta, gamma, alpha] = [draw(), draw(), draw()];
  const cellsOf = (column: Column): Cells => {
    const cells = column.class === "pre" ? column.cells : assignment.cells.get(column);
    if (cells?.length !== 2 ** column.bits) throw new Error(`column ${column.name}: no cells, or a wrong number`);
    return cells;
  };
  /** The multilinear extension of cells at coordinates, for every x of k bits. */
  const extend = (cells: Cells, coordinates: readonly Coordinate[], k: number): readonly bigint[] => {
    if (cells.length !== 2 ** coordinates.length) throw new Error("as many coordinates as bits");
    // Folds every coordinate that is not r's, the most significant first.
    let folded: bigint[] = Array.from(cells as ArrayLike<number | bigint>, (v) => mod(BigInt(v)));
    const left: number[] = [];
    coordinates.forEach((coordinate) => {
      const groups = 2 ** left.length;
      if (coordinate < 0x40) return void left.push(coordinate);
      const u = coordinate === 0x80 ? 0n : coordinate === 0x81 ? 1n : (rho[coordinate - 0x40] as bigint);
      const size = folded.length / groups / 2;
      folded = Array.from({ length: groups * size }, (_, i) => {
        const at = Math.floor(i / size) * 2 * size + (i % size);
        const [a, b] = [folded[at] as bigint, folded[at + size] as bigint];
        return mod(a + u * (b - a));
      });
    });
    return Array.from({ length: 2 ** k }, (_, x) => {
      const index = left.reduce((sum, t) => 2 * sum + (Math.floor(x / 2 ** t) % 2), 0);
      return folded[index] as bigint;
    });
  };
  const at = (coordinate: Coordinate, x: number): bigint =>
    coordinate < 0x40 ? BigInt(Math.floor(x / 2 ** coordinate) % 2) : (rho[coordinate - 0x40] as bigint);
  /** eq of a run's coordinates and an integer. */
  const eq = (run: Run, x: number, v: number): bigint =>
    runOf(run).reduce((product, coordinate, i) => {
      const u = at(coordinate, x);
      return mod(product * (Math.floor(v / 2 ** (run.bits - 1 - i)) % 2 === 1 ? u : 1n - u));
    }, 1n);
  const padded = (values: ArrayLike<number>, axes: readonly Axis[], k: number): readonly bigint[] => {
    const coordinates = axes.flatMap((axis) => axis.coordinates);
    const cells = new Float64Array(2 ** coordinates.length);
    if (axes.reduce((product, { size }) => product * size, 1) !== values.length) throw new Error("axes of other size");
    for (let i = 0; i < values.length; i++) {
      let [rest, cell, scale] = [i, 0, 1];
      for (const { size, coordinates: own } of axes.toReversed()) {
        cell += (rest % size) * scale;
        rest = Math.floor(rest / size);
        scale *= 2 ** own.length;
      }
      cells[cell] = values[i] as number;
    }
    return extend(cells, coordinates, k);
  };
  const evaluate = (factor: Factor, x: number): bigint => {
    switch (factor.kind) {
      case "select":
        return factor.axes.reduce((product, { size, run }) => {
          let sum = 0n;
          for (let i = 0; i < size; i++) sum += eq(run, x, i);
          return mod(product * sum);
        }, 1n);
      case "window": {
        let sum = 0n;
        for (let p = 0; p < factor.positions; p++)
          for (let t = 0; t < factor.taps; t++) {
            const q = factor.stride * p + factor.dilation * t - factor.pad;
            if (q >= 0 && q < factor.size) sum += eq(factor.p, x, p) * eq(factor.k, x, t) * eq(factor.q, x, q);
          }
        return mod(sum);
      }
      case "pick":
        return mod(
          factor.entries.reduce((sum, q, p) => (q < 0 ? sum : sum + eq(factor.p, x, p) * eq(factor.q, x, q)), 0n),
        );
      case "index":
        return mod(runOf(factor.run).reduce((sum, coordinate) => 2n * sum + at(coordinate, x), 0n));
      case "steps":
        return mod(
          factor.steps.reduce(
            (sum, { bits, index, value }) =>
              sum + value * eq({ low: factor.run.low + bits, bits: factor.run.bits - bits }, x, index),
            0n,
          ),
        );
      default:
        throw new Error("tabulated");
    }
  };
  const helps = new Map<Column, bigint[]>();
  const tables = new Map<Factor, readonly bigint[]>();
  const tabulate = (factor: Factor | undefined, k: number): readonly bigint[] => {
    if (factor === undefined) return new Array<bigint>(2 ** k).fill(1n);
    const known = tables.get(factor);
    if (known?.length === 2 ** k) return known;
    const table =
      factor.kind === "column"
        ? extend(helps.get(factor.column) ?? cellsOf(factor.column), factor.coordinates, k)
        : factor.kind === "input"
          ? padded(assignment.inputs[factor.port] as ArrayLike<number>, factor.axes, k)
          : Array.from({ length: 2 ** k }, (_, x) => evaluate(factor, x));
    tables.set(factor, table);
    return table;
  };

  const sums = new Array<bigint>(program.equations + 1).fill(0n);
  const balance = new Map<string, bigint>();
  let total = 0n;
  const add = (c: number, v: bigint): void => void (sums[c] = mod((sums[c] as bigint) + v));
  const denominators = ({ linear, negative, numerator }: Fraction, k: number, count: boolean) => {
    const num = tabulate(numerator, k).map((v) => (negative ? mod(-v) : v));
    const terms = linear.map(({ power, coefficient, value, mask }) => {
      const [values, masks] = [tabulate(value, k), tabulate(mask, k)];
      return { power, cells: values.map((v, i) => mod(coefficient * v * (masks[i] as bigint))) };
    });
    const phi = num.map((n, x) => {
      const powers = [0n, 0n, 0n, 0n];
      for (const { power, cells } of terms) powers[power] = mod((powers[power] as bigint) + (cells[x] as bigint));
      const key = powers.join();
      if (count && n !== 0n) balance.set(key, mod((balance.get(key) ?? 0n) + n));
      return mod(gamma - powers.reduceRight((sum, v) => sum * beta + v, 0n));
    });
    return { num, phi };
  };
  const blockSum = (block: Block): bigint => {
    const k = block.variables;
    const f = new Array<bigint>(2 ** k).fill(0n);
    const point = { low: 0x40, bits: k };
    const weights = f.map((_, x) => (block.eq ? eq(point, 0, x) : 1n));
    const power = (c: number): bigint => {
      let v = 1n;
      for (let i = 0; i < c; i++) v = mod(v * alpha);
      return v;
    };
    for (const { equation, coefficient, factors } of block.terms) {
      if (equation < 1 || equation > program.equations) throw new Error("no such equation");
      const values = factors.map((factor) => tabulate(factor, k));
      const weight = power(equation);
      for (let x = 0; x < f.length; x++) {
        const v = values.reduce((product, table) => mod(product * (table[x] as bigint)), mod(coefficient));
        add(equation, v * (weights[x] as bigint));
        f[x] = mod((f[x] as bigint) + weight * v * (weights[x] as bigint));
      }
    }
    if (!block.eq && block.lookups.length > 0) throw new Error("look-ups need eq");
    for (const { equation, help, fractions } of block.lookups) {
      const parts = fractions.map((fraction) => denominators(fraction, k, true));
      const weight = power(equation);
      const h = f.map((_, x) =>
        mod(parts.reduce((sum, { num, phi }) => sum + (num[x] as bigint) * inverse(phi[x] as bigint), 0n)),
      );
      helps.set(help, h);
      for (let x = 0; x < f.length; x++) {
        let claim = h[x] as bigint;
        for (const { phi } of parts) claim = mod(claim * (phi[x] as bigint));
        parts.forEach(({ num }, j) => {
          let product = num[x] as bigint;
          parts.forEach(({ phi }, i) => {
            if (i !== j) product = mod(product * (phi[x] as bigint));
          });
          claim = mod(claim - product);
        });
        add(equation, claim * (weights[x] as bigint));
        f[x] = mod((f[x] as bigint) + weight * claim * (weights[x] as bigint) + (h[x] as bigint));
      }
    }
    return f.reduce((a, b) => a + b, 0n);
  };
  for (const block of program.blocks) total = mod(total + blockSum(block));
  program.outputs.forEach(({ equation, axes }, port) => {
    const [value] = padded(assignment.outputs[port] as ArrayLike<number>, axes, 0) as [bigint];
    add(equation, -value);
    let weight = 1n;
    for (let i = 0; i < equation; i++) weight = mod(weight * alpha);
    total = mod(total - weight * value);
  });
  const failures = sums.flatMap((v, c) => (v === 0n ? [] : [`equation ${c}`]));
  if ([...balance.values()].some((v) => v !== 0n)) failures.push("look-ups");
  if (total !== 0n) failures.push("sum");
  return failures;
}
