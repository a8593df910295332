// SPDX-License-Identifier: GPL-3.0-or-later
// The tensorcheck proof system (docs/spec/tensorcheck.md): sumchecks over committed tensors, one universal set-up.
import { assertGraph } from "../../graph/validate.ts";
import { sameBytes } from "../../graph/canonical-json.ts";
import type { IntegerGraph } from "../../graph/types.ts";
import { readPackageFile } from "../files.ts";
import { findPtau, NO_PTAU } from "../ptau.ts";
import { failureOf } from "../setup-checks.ts";
import type { CircuitOptions, InputMode, PackageFile, ProofSystem, Refusal } from "../types.ts";
import { compileGraph } from "./compile.ts";
import { SELECTOR } from "./encode.ts";
import { cellsOf } from "./estimate.ts";
import { tensorcheckRefusals } from "./lower/index.ts";
import { PATHS } from "./paths.ts";
import { prove } from "./prove.ts";
import { powersNeeded, setupOf, verifySetup } from "./setup.ts";
import { parseTranscript } from "./transcript.ts";
import { verificationCost } from "./verification-cost.ts";
import { verify } from "./verify/verify.ts";

export { developmentPowers, decodePowers, encodePowers, checkPowers, type Powers } from "./powers.ts";
export { setupCeremony, setupDevelopment, setupFromPowers, tau2Hash, verifySetup } from "./setup.ts";
export { parseTranscript, type Transcript } from "./transcript.ts";

export const tensorcheck: ProofSystem = {
  name: "tensorcheck",
  selector: SELECTOR,
  unsupported,
  cost: cellsOf,
  build,
  prove,
  checkSetup,
  verifySetup: (directory, options) => verifySetup(directory, options),
  powersNeeded,
  setupOf,
  verificationCost,
  verify: (key, claim, seal) => verify(key, claim, seal),
};

function unsupported(graph: IntegerGraph, inputMode: InputMode = "PUBLIC"): Refusal[] {
  const reason = "tensorcheck is not zero-knowledge: inputs are public";
  const committed = graph.inputs.map(({ name }) => ({ node: name, operator: "input", reason }));
  const nothing = { node: "graph", operator: "signature", reason: "the model has no input: there is nothing to prove" };
  return [
    ...(graph.inputs.length === 0 ? [nothing] : []),
    ...(inputMode === "PUBLIC" ? [] : committed),
    ...tensorcheckRefusals(graph),
  ];
}

/** circuit/program.bin. Errors: GRAPH_*, TENSORCHECK_*, INPUT_MODE_MISMATCH. */
async function build(graph: IntegerGraph, options: CircuitOptions = {}): Promise<PackageFile[]> {
  assertGraph(graph);
  options.onProgress?.("compile program", 0);
  const { bytes } = compileGraph(graph);
  options.onProgress?.("compile program", 1);
  return [{ path: PATHS.program, bytes }];
}

/** Makes program and key again. Errors: GRAPH_*, TENSORCHECK_*, PACKAGE_FILE_MISSING, SETUP_TRANSCRIPT_INVALID. */
async function checkSetup(directory: string, graph: IntegerGraph, ptau: readonly string[]): Promise<string | null> {
  const compiled = compileGraph(graph);
  if (!sameBytes(await readPackageFile(directory, PATHS.program), compiled.bytes))
    return `${PATHS.program} is not what the graph compiles to`;
  const transcript = parseTranscript(await readPackageFile(directory, PATHS.transcript));
  const ceremony = transcript.kind === "ceremony" ? await findPtau(ptau, transcript.ptau) : undefined;
  if (transcript.kind === "ceremony" && ceremony === undefined) return NO_PTAU;
  return failureOf(await verifySetup(directory, { compiled, ...(ceremony === undefined ? {} : { ptau: ceremony }) }));
}
