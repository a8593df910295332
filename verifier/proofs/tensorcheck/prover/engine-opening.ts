// SPDX-License-Identifier: GPL-3.0-or-later
// Sumcheck C and the opening on the engine (docs/spec/tensorcheck.md, section 3).
import type { Points as Bases, TensorcheckEngine, Vector } from "../engine/types.ts";
import type { Entity, NumberedProgram } from "../numbered.ts";
import type { Chunks } from "./engine-chunks.ts";
import { inverses, mod, powersOf } from "./field.ts";
import { coordinateValue, type Points } from "./multilinear.ts";
import { openingPoints } from "./opening.ts";
import { DenseSummand } from "./summand.ts";
import type { Messages } from "./transcript.ts";

/** All claims: values, weights, and where they are evaluated. */
interface Claims {
  readonly values: readonly bigint[];
  readonly deltas: readonly bigint[];
  readonly points: Points;
}

/** Sends everything from the rounds of sumcheck C on. */
export async function openOnEngine(
  engine: TensorcheckEngine,
  numbered: NumberedProgram,
  chunks: Chunks,
  bases: Bases,
  { deltas, points }: Claims,
  messages: Messages,
  step: (name: string) => void,
): Promise<void> {
  const { entities, placement } = numbered;
  const { n } = placement;
  const f = engine.vector(2 ** n);
  const mark = engine.mark();
  const vectors: Vector[] = [];
  let first = 0;
  for (const entity of entities) {
    const cells = engine.vector(2 ** n);
    engine.fill(cells, 0n);
    await chunks.addEntity(cells, 1n, entity, points);
    vectors.push(
      await weightsOf(engine, entity, deltas.slice(first, (first += entity.claims.length)), points, n),
      cells,
    );
  }
  const terms = entities.map((_, e) => ({ coefficient: 1n, factors: [2 * e, 2 * e + 1] }));
  const summand = await DenseSummand.create(engine, n, { vectors, terms });
  const drawn: bigint[] = [];
  for (let round = 0; round < n; round++) {
    const [constant = 0n, , square = 0n] = await summand.round();
    messages.sendScalars([constant, square]);
    drawn.push(messages.draw());
    await summand.bind(drawn.at(-1) as bigint);
  }
  const s = drawn.reverse();
  messages.sendScalars(entities.map((_, e) => summand.boundValue(2 * e + 1)));
  engine.release(mark);

  step("opening");
  engine.fill(f, 0n);
  const etas = powersOf(messages.draw(), entities.length);
  for (const [e, entity] of entities.entries()) await chunks.addEntity(f, etas[e] as bigint, entity, points);

  const folds = [f];
  for (const u of s.slice(0, -1)) {
    const above = folds.at(-1) as Vector;
    const next = engine.vector(above.length / 2);
    await engine.foldPairs(next, above, u);
    folds.push(next);
  }
  const committed = [];
  for (const fold of folds.slice(1)) committed.push(await engine.msm(bases, fold));
  messages.sendPoints(committed);

  const at = openingPoints(messages.draw(), n);
  const negated: bigint[] = [];
  for (const [j, fold] of folds.entries()) negated.push(await engine.evaluate(fold, mod(-(at[j] as bigint))));
  messages.sendScalars(negated);
  step("quotients");
  const nus = powersOf(messages.draw(), 2 * n);
  const quotient = await firstQuotient(engine, folds, at, nus);
  messages.sendPoints([await engine.msm(bases, quotient)]);

  const z = messages.draw();
  const denominators = inverses(at.flatMap((x) => [mod(z - x), mod(z + x)]));
  for (const [j, fold] of folds.entries()) {
    const [near, far] = [0, 1].map((side) => (nus[2 * j + side] as bigint) * (denominators[2 * j + side] as bigint));
    await engine.axpy(engine.slice(quotient, 0, fold.length), mod(-(near as bigint) - (far as bigint)), fold);
  }
  // k_0 would change the remainder only.
  const second = engine.slice(quotient, 0, quotient.length - 1);
  engine.divide(second, quotient, z);
  messages.sendPoints([await engine.msm(bases, second)]);
}

/** E_e = Σ δ^i eq((block ‖ coordinates), ·). */
async function weightsOf(
  engine: TensorcheckEngine,
  { claims }: Entity,
  deltas: readonly bigint[],
  points: Points,
  n: number,
): Promise<Vector> {
  const out = engine.vector(2 ** n);
  engine.fill(out, 0n);
  const mark = engine.mark();
  for (const [i, { bits, block, coordinates }] of claims.entries()) {
    const at = coordinates.map((coordinate) => coordinateValue(coordinate, points));
    const part = engine.slice(out, block * 2 ** bits, (block + 1) * 2 ** bits);
    await engine.add(part, part, await engine.eqTable(at, deltas[i]));
    engine.release(mark);
  }
  return out;
}

/** Q = Σ_j ν^(2j) (f_j − f_j(r_j))/(X − r_j) + ν^(2j+1) (f_j − f_j(−r_j))/(X + r_j), its highest coefficient 0. */
async function firstQuotient(
  engine: TensorcheckEngine,
  folds: readonly Vector[],
  at: readonly bigint[],
  nus: readonly bigint[],
): Promise<Vector> {
  const sum = engine.vector((folds[0] as Vector).length);
  engine.fill(sum, 0n);
  const mark = engine.mark();
  for (const [j, fold] of folds.entries()) {
    const part = engine.vector(fold.length - 1);
    for (const [side, x] of [at[j] as bigint, mod(-(at[j] as bigint))].entries()) {
      engine.divide(part, fold, x);
      await engine.axpy(engine.slice(sum, 0, part.length), nus[2 * j + side] as bigint, part);
    }
    engine.release(mark);
  }
  return sum;
}
