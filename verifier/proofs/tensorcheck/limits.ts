// SPDX-License-Identifier: GPL-3.0-or-later
// What keys can say and verifiers will do (docs/spec/tensorcheck.md, section 6), and which node passes it.
import { VerigradError } from "../../errors.ts";
import { degreeOf } from "./check-program.ts";
import type { NumberedBlock, NumberedProgram } from "./numbered.ts";
import type { Block, Factor } from "./program.ts";

const LIMITS = {
  K: 30,
  R: 30,
  D: 6,
  values: 0xffff,
  terms: 0xffff,
  equations: 0xffff,
  work: 2 ** 22,
} as const;
type Limited = keyof typeof LIMITS;

/** A verifier's work on what grows faster than a key's bytes: of each block, that on what no block before it reads. */
export function workOf({ blocks, values, claims, entities }: NumberedProgram): number[] {
  const folds = entities.flatMap((entity) => entity.claims.map(() => entity));
  const done = new Set<unknown>();
  const once = (key: unknown, work: number): number => {
    if (done.has(key)) return 0;
    done.add(key);
    return work;
  };
  const of = (value: number): number => {
    const factor = values[value];
    if (factor === undefined) return 0; // the constant 1
    if (value >= claims.length) return once(factor, workOfFactor(factor));
    const { upper } = folds[value] as NumberedProgram["entities"][number];
    return upper.length === 0 ? 0 : once(folds[value], 2 ** upper.length);
  };
  return blocks.map((block) => valuesOf(block).reduce((sum, value) => sum + of(value), 0));
}

function workOfFactor(factor: Factor): number {
  switch (factor.kind) {
    case "input":
      return factor.axes.reduce((cells, { size }) => cells * size, 1);
    case "window":
      return factor.positions * factor.taps;
    case "pick":
      return factor.entries.length;
    default:
      return 0;
  }
}

const valuesOf = ({ terms, lookups }: NumberedBlock): number[] => [
  ...terms.flatMap(({ factors }) => factors),
  ...lookups.flatMap(({ help, fractions }) => [
    help,
    ...fractions.flatMap(({ numerator, linear }) => [numerator, ...linear.flatMap(({ value, mask }) => [value, mask])]),
  ]),
];

/** Errors: TENSORCHECK_TOO_LARGE, data.refusals naming the node that takes most, where there is one. */
export function assertWithinLimits(numbered: NumberedProgram): void {
  const { program, values, K, R, D } = numbered;
  const { blocks } = program;
  const work = workOf(numbered);
  const variables = blocks.map((block) => block.variables);
  const terms = blocks.map((block) => block.terms.length);
  const most = (sizes: readonly number[]): number => sizes.reduce((large, size) => Math.max(large, size), 0);
  const sizes: Readonly<Record<Limited, number>> = {
    ...{ K, R, D, values: values.length, terms: most(terms), equations: program.equations },
    work: work.reduce((sum, each) => sum + each, 0),
  };
  const byBlock: Partial<Record<Limited, () => readonly number[]>> = {
    ...{ K: () => variables, D: () => blocks.map(degreeOf), terms: () => terms, work: () => work },
  };
  for (const name of Object.keys(LIMITS) as Limited[]) {
    if (sizes[name] <= LIMITS[name]) continue;
    const each = byBlock[name]?.();
    throw tooLarge(name, sizes[name], each === undefined ? undefined : blocks[each.indexOf(most(each))]);
  }
}

function tooLarge(name: Limited, size: number, largest: Block | undefined): VerigradError {
  const reason = `the program's ${name} is ${size}, above ${LIMITS[name]}`;
  if (largest === undefined) return new VerigradError("TENSORCHECK_TOO_LARGE", reason);
  const { node, operator } = largest.origin ?? { node: largest.name, operator: "block" };
  return new VerigradError("TENSORCHECK_TOO_LARGE", `${reason}; most of it for ${operator} "${node}"`, {
    data: { refusals: [{ node, operator, reason }] },
  });
}
