// SPDX-License-Identifier: GPL-3.0-or-later
// The prover: the messages of docs/spec/tensorcheck.md, section 3, on the engine. What it sends is byte for byte what reference.ts
// sends; how it gets there is in rows.ts, contraction.ts and engine-chunks.ts.
import { VerigradError } from "../../../errors.ts";
import { decodeTensors } from "../../../tensor/codec.ts";
import { checkAborted } from "../../files.ts";
import type { WorkOptions } from "../../types.ts";
import type { Points as Bases, TensorcheckEngine, Vector } from "../engine/types.ts";
import type { NumberedProgram } from "../numbered.ts";
import type { Cells, Column } from "../program.ts";
import { contractionSummands } from "./contraction.ts";
import { Chunks } from "./engine-chunks.ts";
import { openOnEngine } from "./engine-opening.ts";
import { inverse, mod, powersOf } from "./field.ts";
import { coordinateValue, evaluate, padded, type Points } from "./multilinear.ts";
import { prepareLookups, rowSummand, type PreparedBlock } from "./rows.ts";
import { transcriptOf, type Statement } from "./statement.ts";
import type { Summand } from "./summand.ts";
import { Messages } from "./transcript.ts";
import { Values } from "./values.ts";

export type { Statement } from "./statement.ts";

const HALF = inverse(2n);

/** A program whose key is in the engine's memory, ready to prove one execution after the other. */
export class Prover {
  readonly #engine: TensorcheckEngine;
  readonly #numbered: NumberedProgram;
  readonly #bases: Bases;
  readonly #values: Values;
  readonly #chunks: Chunks;

  /** `bases`: [τ^i]_1, at least 2^n of them. Weights stay in the engine's memory until its arena is released. */
  constructor(engine: TensorcheckEngine, numbered: NumberedProgram, bases: Bases) {
    this.#engine = engine;
    this.#numbered = numbered;
    this.#bases = bases;
    this.#values = new Values(engine, numbered);
    this.#chunks = new Chunks(engine, numbered, this.#values);
  }

  /**
   * The seal of one execution: its witness is the program's for the execution's trace. One at a time. Errors: PROVE_FAILED
   * (ESCALATE) where the witness breaks an equation; ABORTED; TENSOR_* for bad input or output bytes; ENGINE_MEMORY.
   */
  async prove(
    witness: ReadonlyMap<Column, Cells>,
    statement: Statement,
    options: WorkOptions = {},
  ): Promise<Uint8Array> {
    const inputs = decodeTensors(statement.specs.inputs, statement.input);
    const outputs = decodeTensors(statement.specs.outputs, statement.output);
    const mark = this.#engine.mark();
    try {
      this.#values.begin(witness, inputs);
      this.#chunks.begin();
      return await this.#run(new Messages(transcriptOf(statement)), outputs, options);
    } finally {
      this.#values.end();
      this.#engine.release(mark);
    }
  }

  async #run(messages: Messages, outputs: readonly Float64Array[], options: WorkOptions): Promise<Uint8Array> {
    const { K, R, program, blocks, claims } = this.#numbered;
    const step = (name: string): void => {
      options.onProgress?.(name);
      checkAborted(options);
    };

    step("commit to the witness");
    messages.sendPoints(await this.#chunks.commitments("wit", this.#bases));
    const [beta, gamma] = [messages.draw(), messages.draw()];

    step("look-ups");
    const prepared: PreparedBlock[] = [];
    for (const block of blocks) {
      const helpOf = ({ help }: { help: number }): Vector =>
        this.#chunks.help((this.#values.factor(help) as { column: Column }).column);
      prepared.push(await prepareLookups(this.#engine, this.#values, block, { beta, gamma }, helpOf));
      checkAborted(options);
    }
    step("commit to the look-ups");
    messages.sendPoints(await this.#chunks.commitments("help", this.#bases));
    const rho = messages.drawPoint(R);
    const alphas = powersOf(messages.draw(), program.equations + 1);

    step("equations");
    const summands = await this.#summands(prepared, { rho, r: [] }, alphas, options);
    this.#check(summands, outputs, { rho, r: [] }, alphas);
    const r = await this.#proveBlocks(summands, K, messages, options);
    const points = { rho, r };

    step("claims");
    const values: bigint[] = [];
    for (const { claims, upper } of this.#numbered.entities) {
      for (const claim of claims) values.push(await this.#chunks.evaluate(claim, upper, points));
    }
    messages.sendScalars(values);
    const deltas = powersOf(messages.draw(), claims.length);

    step("one point");
    await openOnEngine(
      this.#engine,
      this.#numbered,
      this.#chunks,
      this.#bases,
      { values, deltas, points },
      messages,
      step,
    );
    return messages.seal();
  }

  /** Every block's summands, all alive until sumcheck A ends. */
  async #summands(
    prepared: readonly PreparedBlock[],
    points: Points,
    alphas: readonly bigint[],
    options: WorkOptions,
  ): Promise<Summand[]> {
    const summands: Summand[] = [];
    for (const each of prepared) {
      checkAborted(options);
      if (each.block.eq) summands.push(await rowSummand(this.#engine, this.#values, each, points, alphas));
      else summands.push(...(await contractionSummands(this.#engine, this.#values, each.block, points, alphas)));
    }
    return summands;
  }

  /** Errors: PROVE_FAILED where the summands' sums are not what the outputs give. */
  #check(
    summands: readonly Summand[],
    outputs: readonly Float64Array[],
    points: Points,
    alphas: readonly bigint[],
  ): void {
    const sum = summands.reduce((total, { claim }) => total + claim, 0n);
    const claimed = this.#numbered.outputs.reduce((total, { equation, axes }, port) => {
      const at = axes.flatMap(({ coordinates }) => coordinates).map((each) => coordinateValue(each, points));
      return total + (alphas[equation] as bigint) * evaluate(padded(outputs[port] as Float64Array, axes), at);
    }, 0n);
    if (mod(sum - claimed) !== 0n) {
      throw new VerigradError("PROVE_FAILED", "the witness breaks an equation", { consequence: "ESCALATE" });
    }
  }

  /** Sumcheck A. Returns r. */
  async #proveBlocks(
    summands: readonly Summand[],
    K: number,
    messages: Messages,
    options: WorkOptions,
  ): Promise<bigint[]> {
    const halves = powersOf(HALF, K + 1);
    const drawn: bigint[] = [];
    for (let t = K - 1; t >= 0; t--) {
      checkAborted(options);
      options.onProgress?.("equations", 1 - (t + 1) / K);
      const sums = new Array<bigint>(this.#numbered.D + 1).fill(0n);
      for (const summand of summands) {
        // Before its turn a summand is constant: half of its sum belongs to either half of the cube.
        const polynomial = summand.variables > t ? await summand.round() : [summand.claim];
        const weight = halves[K - Math.max(summand.variables, t)] as bigint;
        // A term of factors in different variables has less than a degree for each: the coefficients beyond D are 0.
        sums.forEach((sum, i) => (sums[i] = sum + weight * (polynomial[i] ?? 0n)));
      }
      const [constant, , ...rest] = sums.map(mod);
      messages.sendScalars([constant as bigint, ...rest]);
      const challenge = messages.draw();
      drawn.push(challenge);
      for (const summand of summands) if (summand.variables > t) await summand.bind(challenge);
    }
    return drawn.reverse();
  }
}
