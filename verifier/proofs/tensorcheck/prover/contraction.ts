// SPDX-License-Identifier: GPL-3.0-or-later
// Blocks without eq: products of matrices, convolutions, views. Each term becomes a summand of its own.
import type { TensorcheckEngine, Vector } from "../engine/types.ts";
import type { NumberedBlock, NumberedTerm } from "../numbered.ts";
import { mod } from "./field.ts";
import { bindFirst, coordinateValue, onCube, variableOf, type Points } from "./multilinear.ts";
import { constantSummand, DenseSummand, type Summand } from "./summand.ts";
import { combineColumns, combineRows } from "./integers.ts";
import { areDisjoint, indicesIn, productOf, spread, tableOf, type Structured, type Table } from "./tables.ts";
import { allVariables, wide, type Values } from "./values.ts";

/** Below so many variables a convolution is cheaper cell by cell. */
const SMALL = 8;

/** The summands of a block's terms; `alphas[c]` is the weight of equation c. */
export async function contractionSummands(
  engine: TensorcheckEngine,
  values: Values,
  { variables, terms }: NumberedBlock,
  points: Points,
  alphas: readonly bigint[],
): Promise<Summand[]> {
  const summands: Summand[] = [];
  for (const term of terms) {
    const coefficient = mod((alphas[term.equation] as bigint) * term.coefficient);
    summands.push(await termSummand(engine, values, term, variables, coefficient, points));
  }
  return summands;
}

async function termSummand(
  engine: TensorcheckEngine,
  values: Values,
  { factors }: NumberedTerm,
  variables: number,
  coefficient: bigint,
  points: Points,
): Promise<Summand> {
  const isStructured = (value: number): boolean => !["column", "input"].includes(values.factor(value).kind);
  const columns = factors.filter((value) => !isStructured(value));
  const tables = factors.filter(isStructured).map((value) => tableOf(values.factor(value) as Structured, points));
  const isConvolution = tables.some(({ free }) => free.length > 0) && columns.length === 2 && variables > SMALL;
  const split = isConvolution ? splitConvolution(values, columns, tables, variables) : null;
  if (split !== null) return Convolution.create(engine, values, split, variables, coefficient, points);

  const all = allVariables(variables);
  const vectors: Vector[] = [];
  for (const value of columns) vectors.push(wide(engine, await values.read(value, points), all));
  for (const table of merged(tables)) vectors.push(engine.fromBigints(spread(table, all)));
  const term = { coefficient, factors: vectors.map((_, i) => i) };
  if (vectors.length === 0) return constantSummand(coefficient * 2n ** BigInt(variables));
  return DenseSummand.create(engine, variables, { vectors, terms: [term] });
}

/** As few polynomials as products of disjoint ones allow. */
function merged(tables: readonly Table[]): Table[] {
  const groups: Table[][] = [];
  for (const table of tables) {
    const group = groups.find((others) => others.every((other) => areDisjoint(other.free, table.free)));
    if (group === undefined) groups.push([table]);
    else group.push(table);
  }
  return groups.map(productOf);
}

/**
 * W(upper) · x(shared, lower) · Π windows · Π others, the lower variables below all of the upper ones, of which `shared` are some.
 */
interface Split {
  readonly weights: number;
  readonly operand: number;
  readonly upper: readonly number[];
  readonly lower: readonly number[];
  readonly shared: readonly number[];
  /** disjoint, over lower variables and those of the upper ones that are not shared: the taps */
  readonly windows: readonly Table[];
  /** over upper variables */
  readonly others: readonly Table[];
}

function splitConvolution(
  values: Values,
  columns: readonly number[],
  tables: readonly Table[],
  variables: number,
): Split | null {
  const ascending = (list: readonly number[]): number[] => [...list].sort((a, b) => a - b);
  for (const [weights, operand] of [columns, columns.toReversed()] as [number, number][]) {
    const upper = ascending(values.variablesOf(weights));
    const read = ascending(values.variablesOf(operand));
    const lower = read.filter((t) => !upper.includes(t));
    const shared = read.filter((t) => upper.includes(t));
    const isOrdered = upper.every((t) => lower.every((below) => below < t));
    const taps = upper.filter((t) => !shared.includes(t));
    const [others, windows] = [true, false].map((isUpper) =>
      tables.filter(({ free }) => free.every((t) => upper.includes(t)) === isUpper),
    ) as [Table[], Table[]];
    const isCovered = windows.every(({ free }) => free.every((t) => lower.includes(t) || taps.includes(t)));
    const areApart = merged(windows).length === 1;
    const all = upper.length + lower.length === variables && lower.length > 0 && upper.length > 0;
    if (isOrdered && isCovered && areApart && all) return { weights, operand, upper, lower, shared, windows, others };
  }
  return null;
}

/**
 * Two phases, each of two factors: first channels and taps, W · G with G = Σ over the lower variables of windows · x, then the lower
 * variables. It costs a product for every weight, and one for every tap and cell of the operand.
 */
class Convolution implements Summand {
  readonly variables: number;
  readonly #engine: TensorcheckEngine;
  readonly #values: Values;
  readonly #split: Split;
  readonly #points: Points;
  readonly #coefficient: bigint;
  /** r_t of the variables bound so far */
  readonly #bound = new Map<number, bigint>();
  readonly #first: DenseSummand;
  #phase: Summand;

  private constructor(
    engine: TensorcheckEngine,
    values: Values,
    split: Split,
    variables: number,
    coefficient: bigint,
    points: Points,
    first: DenseSummand,
  ) {
    this.variables = variables;
    this.#engine = engine;
    this.#values = values;
    this.#split = split;
    this.#points = points;
    this.#coefficient = coefficient;
    this.#first = first;
    this.#phase = first;
  }

  static async create(
    engine: TensorcheckEngine,
    values: Values,
    split: Split,
    variables: number,
    coefficient: bigint,
    points: Points,
  ): Promise<Summand> {
    const weights = await values.read(split.weights, points);
    const gathered = engine.fromBigints(await gather(engine, values, split, points));
    const others = merged(split.others).map((table) => engine.fromBigints(spread(table, split.upper)));
    const first = await DenseSummand.create(engine, split.upper.length, {
      vectors: [weights.vector, gathered, ...others],
      terms: [{ coefficient, factors: [0, 1, ...others.map((_, i) => i + 2)] }],
    });
    return new Convolution(engine, values, split, variables, coefficient, points, first);
  }

  get claim(): bigint {
    return this.#phase.claim;
  }

  round(): Promise<readonly bigint[]> {
    return this.#phase.round();
  }

  async bind(challenge: bigint): Promise<void> {
    await this.#phase.bind(challenge);
    const { upper, lower } = this.#split;
    const isFirst = this.#bound.size < upper.length;
    if (!isFirst) return;
    this.#bound.set(upper.at(-1 - this.#bound.size) as number, challenge);
    if (this.#bound.size < upper.length) return;
    // All factors of the first phase but G, which the second one sums up.
    const bound = [0, ...merged(this.#split.others).map((_, i) => i + 2)];
    const coefficient = bound.reduce((product, i) => mod(product * this.#first.boundValue(i)), this.#coefficient);
    const vectors = [await productVector(this.#engine, this.#windowsBelow(), lower), await this.#operandBelow()];
    this.#phase = await DenseSummand.create(this.#engine, lower.length, {
      vectors,
      terms: [{ coefficient, factors: [0, 1] }],
    });
  }

  /** The windows in the lower variables, their taps bound. */
  #windowsBelow(): Table[] {
    return this.#split.windows.map(({ free, cells }): Table => {
      let [left, rest] = [cells, free];
      // From the most significant variable down: taps lie above what they read.
      while (rest.length > 0 && !this.#split.lower.includes(rest.at(-1) as number)) {
        left = bindFirst(left, this.#bound.get(rest.at(-1) as number) as bigint);
        rest = rest.slice(0, -1);
      }
      return { free: rest, cells: left };
    });
  }

  /** x in the lower variables, all others bound. */
  async #operandBelow(): Promise<Vector> {
    const { operand, lower } = this.#split;
    const { parts, rows } = this.#values.matrix(operand, lower);
    const out = this.#engine.vector(2 ** lower.length);
    const mark = this.#engine.mark();
    const weights = await this.#engine.eqTable(
      rows.map((coordinate) => {
        const t = variableOf(coordinate);
        return t === undefined ? coordinateValue(coordinate, this.#points) : (this.#bound.get(t) as bigint);
      }),
    );
    await combineRows(this.#engine, out, weights, parts);
    this.#engine.release(mark);
    return out;
  }
}

/** G: for every channel and tap the operand's cells, weighted by the windows. */
async function gather(engine: TensorcheckEngine, values: Values, split: Split, points: Points): Promise<bigint[]> {
  const { operand, upper, lower, shared, windows } = split;
  const taps = upper.filter((t) => !shared.includes(t));
  const { parts, rows } = values.matrix(operand, lower);
  const ofWindow = windows.map(({ free }) =>
    indicesIn(
      free.filter((t) => taps.includes(t)),
      taps,
    ),
  );
  const perTap: (readonly bigint[] | null)[] = [];
  for (let tap = 0; tap < 2 ** taps.length; tap++) {
    // A window's taps are its most significant variables: each tap has a piece of its cells.
    const pieces = windows.map(({ free, cells }, w): Table => {
      const below = free.filter((t) => lower.includes(t));
      const from = (ofWindow[w]?.[tap] as number) * 2 ** below.length;
      return { free: below, cells: cells.slice(from, from + 2 ** below.length) };
    });
    if (pieces.some(({ cells }) => cells.every((cell) => cell === 0n))) {
      perTap.push(null);
      continue;
    }
    const mark = engine.mark();
    const sums = engine.vector(2 ** rows.length);
    await combineColumns(engine, sums, await productVector(engine, pieces, lower), parts);
    const renamed = rows.map((coordinate) => (shared.includes(coordinate) ? shared.indexOf(coordinate) : coordinate));
    perTap.push(onCube(engine.toBigints(sums), renamed, shared.length, points));
    engine.release(mark);
  }
  const [ofTaps, ofShared] = [indicesIn(taps, upper), indicesIn(shared, upper)];
  return Array.from(ofTaps, (tap, i) => perTap[tap]?.[ofShared[i] as number] ?? 0n);
}

/** The product of disjoint tables over `variables`, all of which they read. */
async function productVector(
  engine: TensorcheckEngine,
  tables: readonly Table[],
  variables: readonly number[],
): Promise<Vector> {
  const stacked = tables.toSorted((a, b) => (a.free[0] ?? -1) - (b.free[0] ?? -1));
  const isStacked = stacked.flatMap(({ free }) => free).join() === variables.join();
  const [lowest, ...above] = stacked;
  if (!isStacked || lowest === undefined) return engine.fromBigints(spread(productOf(tables), variables));
  let product = engine.fromBigints(lowest.cells);
  for (const { cells } of above) {
    const wider = engine.vector(cells.length * product.length);
    await engine.outer(wider, engine.fromBigints(cells), product);
    product = wider;
  }
  return product;
}
