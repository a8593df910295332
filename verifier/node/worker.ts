// SPDX-License-Identifier: GPL-3.0-or-later
// A prover process: loads one proof system and proves what its parent asks for, one statement after another.
import { VerigradError } from "../errors.ts";
import type { ProofSystem } from "../proofs/types.ts";
import type { FromWorker, ToWorker } from "./prover.ts";

let system: ProofSystem | undefined;
const tell = (message: FromWorker): void => {
  process.send?.(message);
};

async function load(module: string, name: string): Promise<ProofSystem> {
  const exports = (await import(module)) as Record<string, unknown>;
  const found = exports[name];
  if (typeof found !== "object" || found === null || !("prove" in found)) {
    throw new VerigradError("PROOF_SYSTEM_UNKNOWN", `${name} is no proof system`);
  }
  return found as ProofSystem;
}

async function handle(message: ToWorker): Promise<void> {
  if (message.kind === "load") {
    system = await load(message.module, message.name);
    tell({ kind: "ready" });
    return;
  }
  const { id, directory } = message;
  try {
    if (system === undefined) throw new VerigradError("INTERNAL", "asked to prove before loading");
    const { context, input, salt } = message;
    const statement = {
      context: BigInt(context),
      input: Buffer.from(input, "base64"),
      ...(salt === null ? {} : { salt: BigInt(salt) }),
    };
    const { output, seal } = await system.prove(directory, statement, {
      onProgress: (step, fraction) => tell({ kind: "progress", id, step, fraction: fraction ?? null }),
    });
    const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64");
    tell({ kind: "proved", id, output: text(output), seal: text(seal) });
  } catch (error) {
    const known = error instanceof VerigradError;
    tell({
      kind: "failed",
      id,
      code: known ? error.code : "PROVE_FAILED",
      message: error instanceof Error ? error.message : String(error),
      consequence: known ? error.consequence : "RETRY",
    });
  }
}

process.on("message", (message: ToWorker) => {
  handle(message).catch((error: unknown) => {
    tell({ kind: "broken", message: error instanceof Error ? error.message : String(error) });
    process.exit(1);
  });
});
// The parent is gone: nobody waits for a proof any more.
process.on("disconnect", () => process.exit(0));
