// SPDX-License-Identifier: GPL-3.0-or-later
// Proving as jobs and trials do it: what the prover gives is checked before anybody relies on it.
import { toHex } from "../chain/hashes.ts";
import type { Hex } from "../chain/types.ts";
import { VerigradError } from "../errors.ts";
import { sameBytes } from "../graph/canonical-json.ts";
import type { ProofSystem, Statement, WorkOptions } from "../proofs/types.ts";
import type { Models, ServedModel } from "./models.ts";
import type { Prover } from "./prover.ts";
import type { Clock } from "./types.ts";

/** Milliseconds before what failed so many times is tried again: it may need a moment (memory, a disk). */
export const pauseAfter = (failures: number): number => 10_000 * 4 ** (failures - 1);

export interface Proof {
  readonly output: Hex;
  readonly seal: Hex;
}

/**
 * Proves a statement of a model, checks the proof and notes the time that it took. `claimed` is the input of the claim:
 * canonical bytes, or the commitment. Errors: those of the prover; PROVE_FAILED, which is ESCALATE where output or seal
 * do not hold; those of `alsoHolds`, which looks at what holds here before it counts as proven.
 */
export type Prove = (
  model: ServedModel,
  statement: Statement,
  claimed: Uint8Array,
  work: WorkOptions,
  alsoHolds?: (proof: Proof) => Promise<void>,
) => Promise<Proof>;

export function openProving(deps: {
  readonly models: Models;
  readonly prover: Prover;
  readonly proofSystem: ProofSystem;
  readonly clock: Clock;
}): Prove {
  const { models, prover, proofSystem, clock } = deps;
  return async (model, statement, claimed, work, alsoHolds) => {
    const expected = models.execute(model, statement.input);
    if (typeof expected === "string") throw new VerigradError("PROVE_FAILED", expected);
    const started = clock.now();
    const { output, seal } = await prover.prove(model.package.directory, statement, work);
    // SAFETY: nothing is submitted that the strict verifier would refuse, or that is not what the graph gives.
    if (!sameBytes(output, expected)) {
      throw new VerigradError("PROVE_FAILED", "the prover's output is not the executor's", { consequence: "ESCALATE" });
    }
    const { context } = statement;
    const verdict = await proofSystem.verify(model.setup.key, { context, input: claimed, output }, seal);
    if (!verdict.ok) {
      throw new VerigradError("PROVE_FAILED", `the proof does not verify: ${verdict.code}`, {
        consequence: "ESCALATE",
      });
    }
    const seconds = (clock.now() - started) / 1000;
    const proof = { output: toHex(output), seal: toHex(seal) };
    await alsoHolds?.(proof);
    // A clock that was set back has measured nothing.
    models.measured(model, seconds < 0 ? model.provingSeconds : seconds);
    return proof;
  };
}
