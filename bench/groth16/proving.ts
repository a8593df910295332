// SPDX-License-Identifier: GPL-3.0-or-later
// Set-up, proofs and verification of one graph with groth16, in this process.
import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { writePackage } from "../../test/helpers/circuit-models.ts";
import type { IntegerGraph } from "../../verifier/graph/types.ts";
import { groth16, readR1csHeader, setupDevelopment } from "../../verifier/proofs/groth16/index.ts";
import type { Claim } from "../../verifier/proofs/types.ts";
import { median, round, timed } from "../timing.ts";

export interface Groth16Proving {
  readonly constraints: number;
  readonly publicSignals: number;
  /** milliseconds: package (circom included), development key, first proof; medians of `runs` later ones; of `runs` verdicts */
  readonly times: Readonly<Record<"compileMs" | "setupMs" | "proveColdMs" | "proveMs" | "verifyMs", number>>;
  readonly key: Uint8Array;
  readonly claim: Claim;
  readonly seal: Uint8Array;
}

/** Proves `input` (canonical bytes) under `context`: once for the first time, then `runs` times. Throws if a proof is refused. */
export async function proveWithGroth16(
  graph: IntegerGraph,
  { context, input, runs }: { readonly context: bigint; readonly input: Uint8Array; readonly runs: number },
): Promise<Groth16Proving> {
  const [directory, compileMs] = await timed(() => writePackage(graph));
  try {
    const [, setupMs] = await timed(() => setupDevelopment(directory));
    const { constraints, publicSignals } = readR1csHeader(await readFile(join(directory, "circuit/main.r1cs")));
    const [{ output, seal }, proveColdMs] = await timed(() => groth16.prove(directory, { context, input }));
    const key = await readFile(join(directory, "setup/key.bin"));
    const claim = { context, input, output };
    const proving: number[] = [];
    const verifying: number[] = [];
    for (let run = 0; run < runs; run++) {
      proving.push((await timed(() => groth16.prove(directory, { context, input })))[1]);
      const [verdict, ms] = await timed(() => groth16.verify(key, claim, seal));
      if (!verdict.ok) throw new Error(verdict.code);
      verifying.push(ms);
    }
    const times = { compileMs, setupMs, proveColdMs, proveMs: median(proving), verifyMs: median(verifying) };
    const rounded = Object.fromEntries(Object.entries(times).map(([name, ms]) => [name, round(ms)])) as typeof times;
    return { constraints, publicSignals, times: rounded, key, claim, seal };
  } finally {
    await rm(directory, { recursive: true });
  }
}
