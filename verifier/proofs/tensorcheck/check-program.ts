// SPDX-License-Identifier: GPL-3.0-or-later
// What a program must be so that it can be numbered, and its sizes: degrees and coordinates of ρ.
import { VerigradError } from "../../errors.ts";
import { SCALAR_FIELD } from "../../tensor/packing.ts";
import {
  ONE,
  ZERO,
  atRho,
  coordinatesOf,
  coordinatesOfFactor,
  type Block,
  type Coordinate,
  type Factor,
  type Fraction,
  type Program,
} from "./program.ts";

const RHO = atRho(0);
const isR = (coordinate: Coordinate): boolean => coordinate >= 0 && coordinate < RHO;
const isRho = (coordinate: Coordinate): boolean => coordinate >= RHO && coordinate < ZERO;

const factorsOfFraction = ({ numerator, linear }: Fraction): (Factor | undefined)[] => [
  numerator,
  ...linear.flatMap(({ value, mask }) => [value, mask]),
];

const factorsOfBlock = ({ terms, lookups }: Block): Factor[] =>
  [
    ...terms.flatMap((term) => term.factors),
    ...lookups.flatMap((lookup) => lookup.fractions).flatMap(factorsOfFraction),
  ].filter((factor) => factor !== undefined);

/** How many coordinates of ρ a program reads: those of its values and outputs and those of eq(ρ, r). */
export function usedRho({ blocks, outputs }: Pick<Program, "blocks" | "outputs">): number {
  const named = [
    ...blocks.flatMap(factorsOfBlock).flatMap(coordinatesOfFactor),
    ...outputs.flatMap(({ axes }) => axes.flatMap((axis) => axis.coordinates)),
  ];
  const ofEq = blocks.filter((block) => block.eq).map((block) => block.variables);
  const ofNames = named.filter(isRho).map((coordinate) => coordinate - RHO + 1);
  return [...ofEq, ...ofNames].reduce((most, count) => Math.max(most, count), 0);
}

/** A block's largest degree in one variable (docs/spec/tensorcheck.md, section 2). */
export function degreeOf(block: Block): number {
  return Math.max(0, ...Array.from({ length: block.variables }, (_, t) => degreeIn(block, t)));
}

function degreeIn({ eq, terms, lookups }: Block, variable: Coordinate): number {
  const of = (factor: Factor | undefined): number =>
    factor === undefined ? 0 : coordinatesOfFactor(factor).filter((coordinate) => coordinate === variable).length;
  const sum = (degrees: readonly number[]): number => degrees.reduce((total, degree) => total + degree, 0);
  const lookupDegrees = lookups.flatMap(({ fractions }) => {
    const phi = fractions.map(({ linear }) => Math.max(0, ...linear.map(({ value, mask }) => of(value) + of(mask))));
    // h is a column of the block's own variables.
    const products = fractions.map(({ numerator }, j) => of(numerator) + sum(phi) - (phi[j] as number));
    return [1 + sum(phi), ...products];
  });
  return (eq ? 1 : 0) + Math.max(0, ...terms.map(({ factors }) => sum(factors.map(of))), ...lookupDegrees);
}

/** Errors: TENSORCHECK_PROGRAM_INVALID (ESCALATE): the lowering wrote what no key can say. */
export function assertProgram(program: Program): void {
  const { columns, blocks, outputs, equations } = program;
  const fail = (why: string): never => {
    throw new VerigradError("TENSORCHECK_PROGRAM_INVALID", `program: ${why}`, { consequence: "ESCALATE" });
  };
  const known = new Set(columns);
  if (known.size !== columns.length) fail("a column stands twice");
  for (const { class: name, bits, cells, name: label } of columns) {
    if ((name === "pre") !== (cells !== undefined)) fail(`column "${label}": only pre columns have cells`);
    if (cells !== undefined && cells.length !== 2 ** bits) fail(`column "${label}" has not 2^${bits} cells`);
  }
  const equation = (c: number): void => {
    if (!Number.isInteger(c) || c < 1 || c > equations) fail(`equation ${c} is none of 1..${equations}`);
  };
  const coefficient = (value: bigint): void => {
    if (value <= -SCALAR_FIELD || value >= SCALAR_FIELD) fail("a coefficient is not below r");
  };
  const helps = new Set<unknown>();
  for (const block of blocks) {
    const at = `block "${block.name}"`;
    for (const factor of factorsOfBlock(block)) {
      if (factor.kind === "column") {
        if (!known.has(factor.column)) fail(`${at} reads a column that is not listed`);
        if (factor.coordinates.length !== factor.column.bits)
          fail(`${at} reads "${factor.column.name}" at no point of it`);
      }
      for (const coordinate of coordinatesOfFactor(factor)) {
        const legal = isRho(coordinate) || coordinate === ZERO || coordinate === ONE;
        if (!legal && !(isR(coordinate) && coordinate < block.variables)) fail(`${at} has no coordinate ${coordinate}`);
      }
      axesOf(factor).forEach(({ size, coordinates }) => {
        if (size < 1 || size > 2 ** coordinates.length)
          fail(`${at}: an axis of ${size} has ${coordinates.length} bits`);
      });
    }
    block.terms.forEach((term) => (equation(term.equation), coefficient(term.coefficient)));
    if (block.lookups.length > 0 && !block.eq) fail(`${at} has look-ups without eq`);
    for (const lookup of block.lookups) {
      equation(lookup.equation);
      if (lookup.help.class !== "help" || !known.has(lookup.help))
        fail(`${at}: "${lookup.help.name}" is no help column`);
      if (lookup.help.bits !== block.variables) fail(`${at}: "${lookup.help.name}" is of another size`);
      if (helps.has(lookup.help)) fail(`${at}: "${lookup.help.name}" belongs to two look-ups`);
      helps.add(lookup.help);
      if (lookup.fractions.length < 1 || lookup.fractions.length > 3) fail(`${at}: a look-up has 1 to 3 fractions`);
      lookup.fractions.forEach(({ linear }) => linear.forEach((term) => coefficient(term.coefficient)));
    }
  }
  for (const { equation: c, axes } of outputs) {
    equation(c);
    for (const { size, coordinates } of axes) {
      if (size < 1 || size > 2 ** coordinates.length)
        fail(`an output's axis of ${size} has ${coordinates.length} bits`);
      if (coordinates.some(isR)) fail("an output is read at a coordinate of r");
    }
  }
}

const axesOf = (factor: Factor): { size: number; coordinates: readonly Coordinate[] }[] => {
  if (factor.kind === "input") return [...factor.axes];
  if (factor.kind === "select") return factor.axes.map(({ size, run }) => ({ size, coordinates: coordinatesOf(run) }));
  return [];
};
