// SPDX-License-Identifier: GPL-3.0-or-later
// Forged witnesses: compile a template with every wire kept (--O0), take an honest witness, and try to move wires.
import { wtns } from "snarkjs";
import { readFileSync } from "node:fs";
import { compileCircom } from "../../verifier/proofs/groth16/circom.ts";
import { circuitTemplates } from "../../verifier/proofs/groth16/templates.ts";
import { readR1cs, readWitness, type LinearCombination, type R1cs } from "../../verifier/proofs/groth16/r1cs.ts";
import type { InputMode } from "../../verifier/proofs/types.ts";
import { SCALAR_FIELD as r } from "../../verifier/tensor/packing.ts";

export const modR = (value: bigint): bigint => ((value % r) + r) % r;

/** base^exponent modulo r. */
export function powR(base: bigint, exponent: bigint): bigint {
  let result = 1n;
  for (base = modR(base); exponent > 0n; exponent >>= 1n) {
    if (exponent & 1n) result = (result * base) % r;
    base = (base * base) % r;
  }
  return result;
}

export const invR = (value: bigint): bigint => powR(value, r - 2n);

/** An integer in (-r/2, r/2] for a field element. */
export const signed = (value: bigint): bigint => (value > r / 2n ? value - r : value);

export interface Circuit {
  readonly r1cs: R1cs;
  /** wire of a full signal name, such as main.y[0] */
  readonly wires: ReadonlyMap<string, number>;
  readonly names: readonly string[];
  /** rows by wire */
  readonly touching: readonly (readonly number[])[];
  witness(inputs: Readonly<Record<string, unknown>>): Promise<bigint[]>;
}

/**
 * Compiles `body` (templates and main) after the library's templates, or after a fixture's instead of them. With
 * inputMode COMMITTED, Poseidon is among the templates.
 */
export async function compileForTest(
  body: string,
  options: { readonly fixture?: string; readonly inputMode?: InputMode } = {},
): Promise<Circuit> {
  const templates =
    options.fixture === undefined
      ? circuitTemplates({ inputMode: options.inputMode ?? "PUBLIC" })
      : readFileSync(new URL(`../circuits/fixtures/${options.fixture}`, import.meta.url), "utf8").replace(
          /^pragma .*$/m,
          "",
        );
  return compileSource(`pragma circom 2.2.0;\n${templates}\n${body}`);
}

/** Compiles a whole circuit with every wire kept. */
export async function compileSource(source: string): Promise<Circuit> {
  const compiled = await compileCircom(source, { simplification: 0, symbols: true });
  const r1cs = readR1cs(compiled.r1cs);
  const wires = new Map<string, number>();
  for (const line of (compiled.symbols as string).trim().split("\n")) {
    const [, wire, , name] = line.split(",") as [string, string, string, string];
    if (wire !== "-1") wires.set(name, Number(wire));
  }
  const names = Array.from({ length: r1cs.wires }, () => "one");
  for (const [name, wire] of wires) names[wire] = name;
  const touching: number[][] = Array.from({ length: r1cs.wires }, () => []);
  r1cs.rows.forEach((row, i) =>
    new Set(row.flatMap((side) => [...side.keys()])).forEach((wire) => touching[wire]?.push(i)),
  );
  return {
    r1cs,
    wires,
    names,
    touching,
    async witness(inputs) {
      const target: { type: "mem"; data?: Uint8Array } = { type: "mem" };
      await wtns.calculate(inputs, compiled.wasm, target);
      return readWitness(target.data as Uint8Array);
    },
  };
}

const evaluate = (side: LinearCombination, witness: readonly bigint[]): bigint => {
  let sum = 0n;
  for (const [wire, factor] of side) sum += factor * (witness[wire] as bigint);
  return sum % r;
};

const rowHolds = ([a, b, c]: R1cs["rows"][number], witness: readonly bigint[]): boolean =>
  (evaluate(a, witness) * evaluate(b, witness) - evaluate(c, witness)) % r === 0n;

/** Numbers of the rows that a witness breaks. */
export function brokenRows(circuit: Circuit, witness: readonly bigint[]): number[] {
  return circuit.r1cs.rows.flatMap((row, i) => (rowHolds(row, witness) ? [] : [i]));
}

/** A copy of the witness with some wires (by full name) moved. Throws for a name that is no wire. */
export function forge(
  circuit: Circuit,
  witness: readonly bigint[],
  values: Readonly<Record<string, bigint>>,
): bigint[] {
  const forged = [...witness];
  for (const [name, value] of Object.entries(values)) {
    const wire = circuit.wires.get(name);
    if (wire === undefined) throw new Error(`no wire ${name}; there are ${circuit.names.join(" ")}`);
    forged[wire] = modR(value);
  }
  return forged;
}

/** What a wire is moved by: small steps, powers of two, their inverses (which move a sum by one), a wrap of the field. */
const DELTAS: readonly bigint[] = [
  1n,
  -1n,
  ...[1n, 2n, 3n, 4n, 6n, 8n, 12n, 16n, 62n].flatMap((k) => [2n ** k, -(2n ** k), invR(2n ** k), -invR(2n ** k)]),
  (r - 1n) / 2n,
];

/** Wires, other than the given inputs, that can move alone without breaking a row, with the delta. */
export function movableWires(
  circuit: Circuit,
  witness: readonly bigint[],
  inputs: (name: string) => boolean,
): string[] {
  const moved: string[] = [];
  const forged = [...witness];
  for (let wire = 1; wire < circuit.r1cs.wires; wire++) {
    const name = circuit.names[wire] as string;
    if (inputs(name)) continue;
    for (const delta of DELTAS) {
      forged[wire] = modR((witness[wire] as bigint) + delta);
      const caught = (circuit.touching[wire] as number[]).some(
        (row) => !rowHolds(circuit.r1cs.rows[row] as R1cs["rows"][number], forged),
      );
      if (!caught) moved.push(`${name} by ${signed(modR(delta))}`);
    }
    forged[wire] = witness[wire] as bigint;
  }
  return moved;
}

/**
 * Wires that some first-order motion of the witness moves while the inputs stand still: those on which the Jacobian of
 * the constraints at the witness does not have full column rank. Gaussian elimination modulo r on sparse rows.
 */
export function freeWires(circuit: Circuit, witness: readonly bigint[], inputs: (name: string) => boolean): string[] {
  const pivots = new Map<number, Map<number, bigint>>(); // pivot column -> reduced row with 1 there
  for (const [a, b, c] of circuit.r1cs.rows) {
    const [atA, atB] = [evaluate(a, witness), evaluate(b, witness)];
    const row = new Map<number, bigint>();
    const accumulate = (side: LinearCombination, factor: bigint): void => {
      for (const [wire, value] of side) {
        if (wire === 0 || inputs(circuit.names[wire] as string)) continue;
        row.set(wire, modR((row.get(wire) ?? 0n) + factor * value));
      }
    };
    accumulate(a, atB);
    accumulate(b, atA);
    accumulate(c, -1n);
    for (;;) {
      for (const [wire, value] of row) if (value === 0n) row.delete(wire);
      const known = [...row.keys()].find((wire) => pivots.has(wire));
      if (known === undefined) break;
      const factor = row.get(known) as bigint;
      for (const [wire, value] of pivots.get(known) as Map<number, bigint>) {
        row.set(wire, modR((row.get(wire) ?? 0n) - factor * value));
      }
    }
    const [first] = row;
    if (first === undefined) continue;
    const [pivot, value] = first;
    const scale = invR(value);
    for (const [wire, entry] of row) row.set(wire, (entry * scale) % r);
    for (const other of pivots.values()) {
      const factor = other.get(pivot);
      if (factor === undefined) continue;
      for (const [wire, entry] of row) {
        const next = modR((other.get(wire) ?? 0n) - factor * entry);
        if (next === 0n) other.delete(wire);
        else other.set(wire, next);
      }
    }
    pivots.set(pivot, row);
  }
  // A column without a pivot is free, and so is every pivot whose reduced row mentions a free column.
  const columns = circuit.names.flatMap((name, wire) => (wire === 0 || inputs(name) ? [] : [wire]));
  const free = new Set(columns.filter((wire) => !pivots.has(wire)));
  for (const [pivot, row] of pivots) if ([...row.keys()].some((wire) => wire !== pivot)) free.add(pivot);
  return [...free].map((wire) => circuit.names[wire] as string);
}
