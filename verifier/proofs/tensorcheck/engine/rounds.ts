// SPDX-License-Identifier: GPL-3.0-or-later
// A round of a sumcheck, as tasks.
import type { Arena } from "./arena.ts";
import { fault, MUL_MS, partsOf } from "./parts.ts";
import type { Task } from "./tasks.ts";
import type { Summand, Vector } from "./types.ts";

const MAXIMUM_DEGREE = 8;
/** What a thread's scratch holds: blocks of values and differences, and sums. */
const MAXIMUM_VECTORS = 256;
const MAXIMUM_SUMS = 8192;
/** Pairs of a task at least; a multiple of a kernel's block. */
const GRAIN = 256;

/**
 * The tasks of a round. Each writes `degree` values into `partials`, whose sums over the tasks are the round's. Allocates
 * what they read: to be released afterwards.
 */
export function roundTasks(
  { vectors, common, terms, degree }: Summand,
  arena: Arena,
  fromBigints: (values: readonly bigint[]) => Vector,
  threads: number,
): { tasks: Task[]; ms: number; partials: Vector } {
  const length = vectors[0]?.length ?? 0;
  const half = length / 2;
  if (length < 2 || length % 2 !== 0 || vectors.some((vector) => vector.length !== length)) {
    throw fault("the vectors of a round have one even length");
  }
  if (vectors.length > MAXIMUM_VECTORS) throw fault(`${vectors.length} vectors in a round: at most ${MAXIMUM_VECTORS}`);
  if (!(degree >= 1 && degree <= MAXIMUM_DEGREE)) throw fault(`no degree of a round: ${degree}`);
  if (terms.length * degree > MAXIMUM_SUMS) throw fault(`${terms.length} terms in a round of degree ${degree}`);
  const lists = terms.map(({ factors }) => (common === undefined ? factors : [common, ...factors]));
  for (const list of lists) {
    if (list.length > degree) throw fault(`a term of ${list.length} factors in a round of degree ${degree}`);
    for (const index of list) if (vectors[index] === undefined) throw fault(`no vector ${index} in a round`);
  }

  const addresses = arena.allocate(4 * vectors.length);
  arena.uint32(addresses, vectors.length).set(vectors.map(({ address }) => address));
  const stream = lists.flatMap((list) => [list.length, ...list]);
  const streamAt = arena.allocate(4 * stream.length);
  arena.uint32(streamAt, stream.length).set(stream);
  const coefficients = fromBigints(terms.map(({ coefficient }) => coefficient));

  const parts = partsOf(half, GRAIN, threads);
  const partials = { address: arena.allocate(32 * degree * parts.length), length: degree * parts.length };
  const tasks = parts.map(([from, count], i): Task => {
    const out = partials.address + 32 * degree * i;
    const summand = [addresses, vectors.length, half, streamAt, coefficients.address, terms.length, degree];
    return ["frRound", out, ...summand, from, from + count];
  });
  const products = lists.reduce((sum, list) => sum + Math.max(list.length - 1, 0.2), 0) + 0.2 * vectors.length;
  return { tasks, ms: half * degree * products * MUL_MS, partials };
}
