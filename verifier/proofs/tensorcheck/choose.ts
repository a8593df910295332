// SPDX-License-Identifier: GPL-3.0-or-later
// What proving and verifying a program cost, and the sizes that cost least: of chunks (2^n cells) and of tables.
//
// Larger chunks are fewer, and the verifier pays one point multiplication for each; but the prover opens one polynomial of a
// chunk's size, whatever the model. Larger tables take fewer limbs, hence fewer columns, but every proof commits to them.
import { VerigradError } from "../../errors.ts";
import type { IntegerGraph } from "../../graph/types.ts";
import { workOf } from "./limits.ts";
import { lowerGraph } from "./lower/index.ts";
import { numberProgram } from "./number.ts";
import type { NumberedProgram } from "./numbered.ts";
import { MAX_CHUNK_BITS, placeColumns } from "./place.ts";
import type { Program } from "./program.ts";

/**
 * Gas of `verify` and its calldata, by the yellow paper's prices: 16 a byte, 6,150 a point multiplied and added; `work` is what
 * a value of the input, a tap of a window at one position, an entry of a pick or a chunk of a fold takes, tables included.
 */
const GAS = {
  ...{ fixed: 250_000, chunk: 6_600, sent: 1_100, round: 10_500, scalar: 700, claim: 1_500, factor: 100 },
  work: 150,
};
/** Microseconds of one core: a commitment to one small integer, to one field element with its sumchecks, a weight bound. */
const MICROSECONDS = { wit: 2, help: 14, pre: 0.01, opened: 30, fixed: 50_000 };
/** A second of one core is worth as much as this much gas of each proof. */
const GAS_PER_SECOND = 120_000;

const MIN_CHUNK_BITS = 4;
/** No verifier takes more than 2^12 chunks: smaller ones are not worth a trial. */
const MAX_CHUNK_COUNT_BITS = 12;
const TABLE_BITS = [8, 10, 12, 14, 16] as const;

/** Gas that verifying a proof costs, the transaction's calldata included; an estimate. */
export function verifierGas(numbered: NumberedProgram): number {
  const { placement, K, D, entities, claims, blocks } = numbered;
  const { n, chunks } = placement;
  const sent = chunks.wit + chunks.help;
  const factors = blocks.flatMap(({ terms, lookups }) => [
    ...terms.map((term) => term.factors.length),
    ...lookups.flatMap(({ fractions }) => fractions.map(({ linear }) => 2 * linear.length + 2)),
  ]);
  return (
    GAS.fixed +
    GAS.chunk * (chunks.pre + sent) +
    GAS.sent * sent +
    GAS.round * n +
    GAS.scalar * (K * D + entities.length) +
    GAS.claim * claims.length +
    GAS.factor * factors.reduce((sum, count) => sum + count, 0) +
    GAS.work * workOf(numbered).reduce((sum, work) => sum + work, 0)
  );
}

/** Seconds of one core that a proof takes; an estimate. */
export function proverSeconds({ placement, program }: Pick<NumberedProgram, "placement" | "program">): number {
  const cells = { pre: 0, wit: 0, help: 0 };
  for (const column of program.columns) cells[column.class] += 2 ** column.bits;
  const { fixed, opened, pre, wit, help } = MICROSECONDS;
  return (fixed + opened * 2 ** placement.n + pre * cells.pre + wit * cells.wit + help * cells.help) / 1e6;
}

const costOf = (numbered: NumberedProgram): number => verifierGas(numbered) + GAS_PER_SECOND * proverSeconds(numbered);

/**
 * The candidate of least cost among those that keep the limits of keys. Errors: TENSORCHECK_TOO_LARGE where none does, the last
 * one's; any other error of any of them.
 */
function cheapest(candidates: readonly (() => NumberedProgram)[]): NumberedProgram {
  let best: { readonly numbered: NumberedProgram; readonly cost: number } | undefined;
  let refusal: VerigradError | undefined;
  for (const candidate of candidates) {
    try {
      const numbered = candidate();
      const cost = costOf(numbered);
      if (best === undefined || cost < best.cost) best = { numbered, cost };
    } catch (error) {
      if (!(error instanceof VerigradError && error.code === "TENSORCHECK_TOO_LARGE")) throw error;
      refusal = error;
    }
  }
  if (best === undefined) throw refusal as VerigradError;
  return best.numbered;
}

/** The program with the chunk size of least cost. Errors: as numberProgram, where no size keeps the limits. */
export function chooseN(program: Program): NumberedProgram {
  const cells = program.columns.reduce((sum, { bits }) => sum + 2 ** bits, 1);
  const least = Math.max(MIN_CHUNK_BITS, Math.ceil(Math.log2(cells)) - MAX_CHUNK_COUNT_BITS);
  const first = Math.min(least, MAX_CHUNK_BITS);
  return cheapest(
    Array.from(
      { length: MAX_CHUNK_BITS - first + 1 },
      (_, i) => () => numberProgram(program, placeColumns(program, first + i)),
    ),
  );
}

/** A graph's program with the sizes of chunks and tables of least cost. Errors: TENSORCHECK_*. */
export const chooseProgram = (graph: IntegerGraph): NumberedProgram =>
  cheapest(TABLE_BITS.map((tableBits) => () => chooseN(lowerGraph(graph, { tableBits }))));
