// SPDX-License-Identifier: GPL-3.0-or-later
// From a graph to its numbered program and the bytes that stand for it in a package. Deterministic.
import type { GraphPort, IntegerGraph } from "../../graph/types.ts";
import type { WorkOptions } from "../types.ts";
import { chooseProgram } from "./choose.ts";
import { commitPre } from "./commit.ts";
import { encodeKey, encodeProgram, type KeySpecs } from "./encode.ts";
import type { NumberedProgram } from "./numbered.ts";
import type { Powers } from "./powers.ts";

export interface CompiledGraph {
  readonly specs: KeySpecs;
  readonly numbered: NumberedProgram;
  /** circuit/program.bin */
  readonly bytes: Uint8Array;
}

/** Errors: TENSORCHECK_*. */
export function compileGraph(graph: IntegerGraph): CompiledGraph {
  const specsOf = (ports: readonly GraphPort[]): KeySpecs["inputs"] => ports.map(({ spec }) => spec);
  const specs = { inputs: specsOf(graph.inputs), outputs: specsOf(graph.outputs) };
  const numbered = chooseProgram(graph);
  return { specs, numbered, bytes: encodeProgram(specs, numbered) };
}

/** The key of a program under a set-up. Errors: POWERS_TOO_FEW, ABORTED. */
export async function keyOf(
  { specs, numbered }: CompiledGraph,
  powers: Powers,
  options: WorkOptions = {},
): Promise<Uint8Array> {
  const commitments = await commitPre(numbered, powers, options);
  return encodeKey({ specs, numbered, commitments, tau2: powers.tau2 });
}
