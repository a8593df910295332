// SPDX-License-Identifier: GPL-3.0-or-later
import { expect } from "chai";
import { numberProgram } from "../../../verifier/proofs/tensorcheck/number.ts";
import { CONSTANT } from "../../../verifier/proofs/tensorcheck/numbered.ts";
import { placeColumns } from "../../../verifier/proofs/tensorcheck/place.ts";
import {
  atR,
  atRho,
  ONE,
  ZERO,
  type Block,
  type Column,
  type Factor,
  type Lookup,
  type Program,
} from "../../../verifier/proofs/tensorcheck/program.ts";
import { codeOf } from "../../helpers/errors.ts";
import { own, tinyProgram } from "./programs.ts";

const numbered = (program: Program, n = 3) => numberProgram(program, placeColumns(program, n));
const empty: Program = { columns: [], blocks: [], outputs: [], equations: 9, witness: () => new Map() };
const block = (parts: Partial<Block>): Block => ({
  name: "b",
  variables: 2,
  eq: true,
  terms: [],
  lookups: [],
  ...parts,
});
const term = (...factors: Factor[]) => ({ equation: 1, coefficient: 1n, factors });
const wit = (name: string, bits = 2): Column => ({ class: "wit", name, bits });
const help = (name: string, bits = 2): Column => ({ class: "help", name, bits });

describe("tensorcheck/number", () => {
  it("numbers claims by entity, then publics, then structured values, and sizes the sumcheck", () => {
    const { K, R, D, claims, entities, values, blocks, publics, structured } = numbered(tinyProgram());
    expect({ K, R, D }).to.deep.equal({ K: 2, R: 2, D: 3 });
    expect(claims.map(({ column }) => column.name)).to.deep.equal(["W", "y", "m", "h", "g"]);
    expect(entities.map(({ chunk }) => chunk)).to.deep.equal([0, 1, 2]);
    expect(values.map(({ kind }) => kind)).to.deep.equal([..."ccccc"].map(() => "column").concat("input", "index"));
    expect([publics.length, structured.length]).to.deep.equal([1, 1]);
    // The select of the axis of two, which has no pads, is gone.
    expect(blocks[1]?.terms.map(({ factors }) => factors)).to.deep.equal([[1], [1]]);
    expect(blocks[1]?.lookups[0]?.fractions[0]?.numerator).to.equal(CONSTANT);
  });

  it("makes one claim of the same evaluation, and two of two points", () => {
    const x = wit("x");
    const flipped: Factor = { kind: "column", column: x, coordinates: [atR(0), atR(1)] };
    const { claims, blocks } = numbered({
      ...empty,
      columns: [x],
      blocks: [block({ terms: [term(own(x), own(x), flipped)] })],
    });
    expect(claims.map(({ coordinates }) => coordinates)).to.deep.equal([
      [1, 0],
      [0, 1],
    ]);
    expect(blocks[0]?.terms[0]?.factors).to.deep.equal([0, 0, 1]);
  });

  it("folds a column of several chunks once for each upper point", () => {
    const x = wit("x", 3);
    const at = (...coordinates: number[]): Factor => ({ kind: "column", column: x, coordinates });
    const program = {
      ...empty,
      columns: [wit("other", 4), x],
      blocks: [block({ terms: [term(at(ONE, 1, 0), at(atRho(3), 1, 0), at(ONE, ZERO, 0))] })],
    };
    const { entities, values, R } = numbered(program, 2);
    expect(entities.map(({ chunk, upper, claims }) => [chunk, upper, claims.length])).to.deep.equal([
      [4, [ONE], 2],
      [4, [atRho(3)], 1],
    ]);
    expect(values.map((value) => value.kind === "column" && value.coordinates)).to.deep.equal([
      [ONE, 1, 0],
      [ONE, ZERO, 0],
      [atRho(3), 1, 0],
    ]);
    expect(R).to.equal(4);
  });

  it("computes the degree in each variable", () => {
    const [x, h] = [wit("x"), help("h")];
    const low: Factor = { kind: "index", run: { low: 0, bits: 1 } };
    const degree = (...blocks: Block[]): number => numbered({ ...empty, columns: [x, h], blocks }).D;
    expect(degree(block({ eq: false, terms: [term(own(x))] }))).to.equal(2);
    expect(degree(block({ terms: [term(own(x), own(x), own(x))] }))).to.equal(4);
    // A point may name a variable twice.
    const diagonal: Factor = { kind: "column", column: x, coordinates: [1, 1] };
    expect(degree(block({ terms: [term(diagonal, low)] }))).to.equal(3);
    const linear = [{ power: 1, coefficient: 1n, value: own(x), mask: low } as const];
    const fraction = { negative: false, linear };
    const lookup = (fractions: Lookup["fractions"]): Block => block({ lookups: [{ equation: 1, help: h, fractions }] });
    expect(degree(lookup([fraction]))).to.equal(4);
    expect(degree(lookup([fraction, fraction]))).to.equal(6);
    expect(
      degree(
        lookup([
          { ...fraction, numerator: own(x) },
          { ...fraction, linear: [] },
        ]),
      ),
    ).to.equal(4);
  });

  it("refuses programs beyond a key's limits", async () => {
    const x = wit("x", 0);
    const of = (parts: Partial<Program>) => codeOf(() => numbered({ ...empty, columns: [x], ...parts }));
    expect(await of({ blocks: [block({ variables: 31, eq: false })] })).to.equal("TENSORCHECK_TOO_LARGE");
    const six = [own(wit("y"))].flatMap((factor) => new Array<Factor>(6).fill(factor));
    const y = (six[0] as Extract<Factor, { kind: "column" }>).column;
    expect(await of({ columns: [y], blocks: [block({ terms: [term(...six)] })] })).to.equal("TENSORCHECK_TOO_LARGE");
    expect(await of({ blocks: [block({ variables: 30, terms: [term(own(x))] })] })).to.equal("none");
  });

  it("refuses programs that say nothing", async () => {
    const [x, h] = [wit("x"), help("h")];
    const pre: Column = { class: "pre", name: "W", bits: 1, cells: Int8Array.of(1, 2, 3) };
    const good: Lookup = { equation: 1, help: h, fractions: [{ negative: false, linear: [] }] };
    const lookups = (lookup: Partial<Lookup>) => ({
      columns: [x, h],
      blocks: [block({ lookups: [{ ...good, ...lookup }] })],
    });
    const reads = (factor: Factor) => ({ columns: [x], blocks: [block({ terms: [term(factor)] })] });
    const bad: Readonly<Record<string, Partial<Program>>> = {
      "a column twice": { columns: [x, x] },
      "cells of another size": { columns: [pre] },
      "cells of a wit column": { columns: [{ ...x, cells: Int8Array.of(1, 2, 3, 4) }] },
      "an unlisted column": { columns: [], blocks: [block({ terms: [term(own(x))] })] },
      "a point of another size": reads({ kind: "column", column: x, coordinates: [0] }),
      "a variable that the block has not": reads({ kind: "column", column: x, coordinates: [atR(2), 0] }),
      "no coordinate": reads({ kind: "column", column: x, coordinates: [0x82, 0] }),
      "an axis larger than its bits": reads({ kind: "input", port: 0, axes: [{ size: 3, coordinates: [0] }] }),
      "equation 0": { blocks: [block({ terms: [{ ...term(), equation: 0 }] })] },
      "an equation too many": { blocks: [block({ terms: [{ ...term(), equation: 10 }] })] },
      "a coefficient of r": {
        blocks: [
          block({
            terms: [
              {
                ...term(),
                coefficient: 21888242871839275222246405745257275088548364400416034343698204186575808495617n,
              },
            ],
          }),
        ],
      },
      "a help of another class": lookups({ help: x }),
      "an unlisted help": lookups({ help: help("other") }),
      "a help of another size": { columns: [h], blocks: [block({ variables: 1, lookups: [good] })] },
      "a help of two look-ups": { columns: [h], blocks: [block({ lookups: [good, good] })] },
      "no fraction": lookups({ fractions: [] }),
      "four fractions": lookups({ fractions: new Array(4).fill(good.fractions[0]) as Lookup["fractions"] }),
      "look-ups without eq": { columns: [h], blocks: [block({ eq: false, lookups: [good] })] },
      "an output at r": { outputs: [{ equation: 1, axes: [{ size: 2, coordinates: [atR(0)] }] }] },
      "an output's axis too large": { outputs: [{ equation: 1, axes: [{ size: 3, coordinates: [atRho(0)] }] }] },
    };
    for (const [why, program] of Object.entries(bad)) {
      expect(await codeOf(() => numbered({ ...empty, ...program })), why).to.equal("TENSORCHECK_PROGRAM_INVALID");
    }
    expect(await codeOf(() => numbered({ ...empty, ...lookups({}) }))).to.equal("none");
  });
});
