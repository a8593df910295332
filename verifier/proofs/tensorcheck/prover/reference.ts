// SPDX-License-Identifier: GPL-3.0-or-later
// The prover word by word from docs/spec/tensorcheck.md, on BigInts, every polynomial spelled out cell by cell: the oracle of the
// fast prover, and with its hooks the tool of dishonest ones. For programs of some thousand cells.
import { VerigradError } from "../../../errors.ts";
import { decodeTensors } from "../../../tensor/codec.ts";
import { concat } from "../../points.ts";
import { CONSTANT, type Entity, type NumberedProgram } from "../numbered.ts";
import type { Cells, Column, Factor } from "../program.ts";
import { blockValue, phiOf, valuesOf } from "./blocks.ts";
import { chunksOf, commit } from "./chunks.ts";
import { eq, inverses, mod, power, powersOf } from "./field.ts";
import {
  bindFirst,
  coordinateValue,
  elements,
  eqCells,
  evaluate,
  factorCells,
  onCube,
  padded,
  type Points,
  type Sources,
} from "./multilinear.ts";
import { firstQuotient, folds, horner, openingPoints, secondQuotient } from "./opening.ts";
import { sumcheckOfBlocks, sumcheckOfProducts, type Product, type Summand } from "./sumcheck.ts";
import { transcriptOf, type Statement } from "./statement.ts";
import { scalarBytes, type Transcript } from "./transcript.ts";

/** Messages of the table in section 3, in order; rounds are counted from 0. */
export const MESSAGES = [
  "wit",
  "help",
  "blockRound",
  "claims",
  "productRound",
  "entities",
  "folds",
  "negated",
  "Q",
  "W",
] as const;
export type Message = (typeof MESSAGES)[number];

export type Challenge = "beta" | "gamma" | "rho" | "alpha" | "r" | "delta" | "s" | "eta" | "zeta" | "nu" | "z";

/** What a dishonest prover does otherwise. With hooks nothing is checked. */
export interface Hooks {
  /** cells to commit to, of a wit or help column, in place of the right ones */
  readonly column?: (column: Column, cells: readonly bigint[]) => readonly bigint[];
  /** what to send and absorb in place of a message */
  readonly send?: (message: Message, bytes: Uint8Array, round: number) => Uint8Array;
  /** what to absorb in place of what is sent */
  readonly absorb?: (message: Message, bytes: Uint8Array, round: number) => Uint8Array;
  /** sees every challenge; challenges of one name in the order in which they are drawn */
  readonly challenge?: (name: Challenge, value: bigint) => void;
}

/**
 * The seal of one execution. `powers`: [τ^i]_1, at least 2^n of them, affine as ffjavascript holds them. Errors: PROVE_FAILED
 * (ESCALATE) where the witness breaks an equation, unless there are hooks; TENSOR_* for bad input or output bytes.
 */
export async function proveReference(
  numbered: NumberedProgram,
  witness: ReadonlyMap<Column, Cells>,
  statement: Statement,
  powers: Uint8Array,
  hooks?: Hooks,
): Promise<Uint8Array> {
  return new Reference(numbered, witness, statement, powers, hooks).prove();
}

class Reference {
  readonly #numbered: NumberedProgram;
  readonly #powers: Uint8Array;
  readonly #hooks: Hooks | undefined;
  readonly #transcript: Transcript;
  readonly #sent: Uint8Array[] = [];
  readonly #columns = new Map<Column, readonly bigint[]>();
  readonly #sources: Sources;
  readonly #outputs: readonly Float64Array[];

  constructor(
    numbered: NumberedProgram,
    witness: ReadonlyMap<Column, Cells>,
    statement: Statement,
    powers: Uint8Array,
    hooks: Hooks | undefined,
  ) {
    this.#numbered = numbered;
    this.#transcript = transcriptOf(statement);
    this.#powers = powers;
    this.#hooks = hooks;
    for (const column of numbered.program.columns) {
      if (column.class === "pre") this.#columns.set(column, elements(column.cells as Cells));
      if (column.class === "wit") this.#setColumn(column, elements(witness.get(column) as Cells));
    }
    const inputs = decodeTensors(statement.specs.inputs, statement.input);
    this.#outputs = decodeTensors(statement.specs.outputs, statement.output);
    this.#sources = {
      column: (column) => this.#columns.get(column) as readonly bigint[],
      input: (port) => inputs[port] as Float64Array,
    };
  }

  async prove(): Promise<Uint8Array> {
    const { chunks } = this.#numbered.placement;
    await this.#sendCommitments("wit", this.#chunks(chunks.pre, chunks.wit));
    const beta = this.#draw("beta");
    const gamma = this.#draw("gamma");

    this.#setHelps(beta, gamma);
    await this.#sendCommitments("help", this.#chunks(chunks.pre + chunks.wit, chunks.help));
    const rho = this.#drawPoint("rho", this.#numbered.R);
    const alpha = this.#draw("alpha");

    const points = { rho, r: this.#proveBlocks(rho, alpha, beta, gamma) };
    const values = this.#numbered.claims.map((_, i) => this.#valueAt(i, points));
    this.#send("claims", scalarBytes(values));
    const delta = this.#draw("delta");

    await this.#open(points, delta);
    return concat(this.#sent);
  }

  #setColumn(column: Column, cells: readonly bigint[]): void {
    this.#columns.set(column, this.#hooks?.column?.(column, cells) ?? cells);
  }

  #send(message: Message, bytes: Uint8Array, round = 0): void {
    const sent = this.#hooks?.send?.(message, bytes, round) ?? bytes;
    this.#sent.push(sent);
    this.#transcript.absorb(this.#hooks?.absorb?.(message, sent, round) ?? sent);
  }

  #draw(name: Challenge): bigint {
    const value = this.#transcript.challenge();
    this.#hooks?.challenge?.(name, value);
    return value;
  }

  /** Drawn from the most significant coordinate down; [t] is that of bit t. */
  #drawPoint(name: Challenge, bits: number): bigint[] {
    return Array.from({ length: bits }, () => this.#draw(name)).reverse();
  }

  /** `count` chunks from `first` on. */
  #chunks(first: number, count: number): bigint[][] {
    return chunksOf(this.#numbered.placement, first, count, (column) => this.#sources.column(column));
  }

  async #sendCommitments(message: Message, polynomials: readonly (readonly bigint[])[]): Promise<void> {
    const points: Uint8Array[] = [];
    for (const cells of polynomials) points.push(await commit(cells, this.#powers));
    this.#send(message, concat(points));
  }

  /** The value's cells on the cube of a block's variables. */
  #onCube(value: number, variables: number, points: Points): readonly bigint[] {
    if (value === CONSTANT) return new Array<bigint>(2 ** variables).fill(1n);
    const { cells, coordinates } = factorCells(this.#numbered.values[value] as Factor, this.#sources);
    return onCube(cells, coordinates, variables, points);
  }

  /** The value at r and ρ. */
  #valueAt(value: number, points: Points): bigint {
    const { cells, coordinates } = factorCells(this.#numbered.values[value] as Factor, this.#sources);
    return evaluate(
      cells,
      coordinates.map((coordinate) => coordinateValue(coordinate, points)),
    );
  }

  /** h = Σ ± num/φ in every cell. Fractions read no ρ, which is not drawn yet. */
  #setHelps(beta: bigint, gamma: bigint): void {
    const points = { rho: [], r: [] };
    for (const { variables, lookups } of this.#numbered.blocks) {
      for (const { help, fractions } of lookups) {
        const parts = fractions.map((fraction) => {
          const read = (value: number): readonly bigint[] => this.#onCube(value, variables, points);
          const linear = fraction.linear.map((term) => ({ value: read(term.value), mask: read(term.mask) }));
          const numerator = read(fraction.numerator);
          const phis = numerator.map((_, x) =>
            phiOf(
              fraction,
              linear.map(({ value, mask }) => (value[x] as bigint) * (mask[x] as bigint)),
              beta,
              gamma,
            ),
          );
          const sign = fraction.negative ? -1n : 1n;
          return inverses(phis).map((inverse, x) => sign * (numerator[x] as bigint) * inverse);
        });
        const cells = Array.from({ length: 2 ** variables }, (_, x) =>
          mod(parts.reduce((sum, part) => sum + (part[x] as bigint), 0n)),
        );
        this.#setColumn((this.#numbered.values[help] as Extract<Factor, { kind: "column" }>).column, cells);
      }
    }
  }

  /** Sumcheck A. Returns r. */
  #proveBlocks(rho: readonly bigint[], alpha: bigint, beta: bigint, gamma: bigint): bigint[] {
    const { blocks, K, D, outputs, program } = this.#numbered;
    const points = { rho, r: [] };
    const alphas = powersOf(alpha, program.equations + 1);
    const summands = blocks.map((block): Summand => {
      const helps = block.lookups.map(({ help }) => help);
      const names = [...new Set([...valuesOf(block), ...helps])];
      const weights = block.eq ? [eqCells(rho.slice(0, block.variables).reverse())] : [];
      return {
        variables: block.variables,
        polynomials: [...names.map((name) => this.#onCube(name, block.variables, points)), ...weights],
        at: (values) => {
          const named = new Map(names.map((name, i) => [name, values[i] as bigint]));
          return blockValue(block, (name) => named.get(name) ?? 1n, block.eq ? (values.at(-1) as bigint) : 1n, {
            alphas,
            beta,
            gamma,
          });
        },
      };
    });

    let claim = 0n;
    outputs.forEach(({ equation, axes }, port) => {
      const coordinates = axes.flatMap((axis) => axis.coordinates);
      const at = coordinates.map((coordinate) => coordinateValue(coordinate, points));
      const value = evaluate(padded(this.#outputs[port] as Float64Array, axes), at);
      claim = mod(claim + (alphas[equation] as bigint) * value);
    });
    const drawn: bigint[] = [];
    sumcheckOfBlocks(summands, K, D, (coefficients) => {
      this.#send("blockRound", scalarBytes(coefficients), drawn.length);
      const challenge = this.#draw("r");
      drawn.push(challenge);
      const [constant = 0n, ...rest] = coefficients;
      const linear = rest.reduce((sum, c) => sum - c, claim - 2n * constant);
      claim = horner([constant, mod(linear), ...rest], challenge);
      return challenge;
    });
    const r = drawn.toReversed();
    if (this.#hooks === undefined && claim !== this.#blocksAt({ rho, r }, alphas, beta, gamma)) {
      throw new VerigradError("PROVE_FAILED", "the witness breaks an equation", { consequence: "ESCALATE" });
    }
    return r;
  }

  /** Σ_blocks 2^−(K − k) f(r_{k−1..0}). */
  #blocksAt(points: Points, alphas: readonly bigint[], beta: bigint, gamma: bigint): bigint {
    const { blocks, K } = this.#numbered;
    const half = inverses([2n])[0] as bigint;
    return blocks.reduce((sum, block) => {
      const { rho, r } = points;
      const read = (name: number): bigint => (name === CONSTANT ? 1n : this.#valueAt(name, points));
      const equal = block.eq
        ? rho.slice(0, block.variables).reduce((product, value, t) => mod(product * eq(value, r[t] as bigint)), 1n)
        : 1n;
      const value = blockValue(block, read, equal, { alphas, beta, gamma });
      return mod(sum + power(half, BigInt(K - block.variables)) * value);
    }, 0n);
  }

  /** Sumcheck C and the opening. */
  async #open(points: Points, delta: bigint): Promise<void> {
    const { entities, placement } = this.#numbered;
    const { n, chunks } = placement;
    const deltas = powersOf(delta, this.#numbered.claims.length);
    const all = this.#chunks(0, chunks.pre + chunks.wit + chunks.help);
    let numberOfClaims = 0;
    const products = entities.map((entity): Product => {
      const weight = new Array<bigint>(2 ** n).fill(0n);
      for (const { bits, block, coordinates } of entity.claims) {
        const scale = deltas[numberOfClaims++] as bigint;
        eqCells(coordinates.map((coordinate) => coordinateValue(coordinate, points))).forEach((cell, i) => {
          const at = block * 2 ** bits + i;
          weight[at] = mod((weight[at] as bigint) + scale * cell);
        });
      }
      return { weight, cells: foldChunks(all, entity, points) };
    });

    const drawn: bigint[] = [];
    const ends = sumcheckOfProducts(products, n, (coefficients) => {
      this.#send("productRound", scalarBytes(coefficients), drawn.length);
      drawn.push(this.#draw("s"));
      return drawn.at(-1) as bigint;
    });
    const s = drawn.toReversed();
    this.#send("entities", scalarBytes(ends));
    const eta = this.#draw("eta");

    const etas = powersOf(eta, entities.length);
    const f = Array.from({ length: 2 ** n }, (_, i) =>
      mod(products.reduce((sum, { cells }, e) => sum + (etas[e] as bigint) * (cells[i] as bigint), 0n)),
    );
    const polynomials = folds(f, s);
    await this.#sendCommitments("folds", polynomials.slice(1));
    const at = openingPoints(this.#draw("zeta"), n);
    this.#send("negated", scalarBytes(polynomials.map((poly, j) => horner(poly, mod(-(at[j] as bigint))))));
    const nu = this.#draw("nu");
    const first = firstQuotient(polynomials, at, nu);
    await this.#sendCommitments("Q", [first]);
    await this.#sendCommitments("W", [secondQuotient(polynomials, first, at, nu, this.#draw("z"))]);
  }
}

/** A chunk, or Σ_j eq(upper, j) · chunk_{chunk+j}. */
function foldChunks(all: readonly (readonly bigint[])[], { chunk, upper }: Entity, points: Points): bigint[] {
  const size = (all[0] as readonly bigint[]).length;
  const joined = all.slice(chunk, chunk + 2 ** upper.length).flat();
  const folded = upper.reduce<readonly bigint[]>((cells, u) => bindFirst(cells, coordinateValue(u, points)), joined);
  return folded.slice(0, size);
}
