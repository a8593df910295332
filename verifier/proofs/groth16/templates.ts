// SPDX-License-Identifier: GPL-3.0-or-later
// The templates of circuits/ that an emitted circuit carries, as one text.
import { readdirSync, readFileSync } from "node:fs";
import { VerigradError } from "../../errors.ts";
import { OPS } from "../../graph/nodes/registry.ts";
import type { GraphNode } from "../../graph/types.ts";
import type { InputMode } from "../types.ts";
import { poseidonTemplates } from "./circomlib.ts";

/** Folder of the templates: beside the sources, or one level further up from compiled JavaScript. */
function templateFolder(): URL {
  for (const path of ["../../../circuits/", "../../../../circuits/"]) {
    const folder = new URL(path, import.meta.url);
    try {
      readdirSync(new URL("lib/", folder));
      return folder;
    } catch {
      // not here
    }
  }
  throw new VerigradError("CIRCUIT_TEMPLATES_MISSING", "the folder circuits/ is missing from this installation", {
    consequence: "ESCALATE",
  });
}

/** Ops whose templates every circuit carries; those of others stand only in the circuits that use them. */
const ALWAYS_EMITTED: readonly GraphNode["op"][] = ["fullyConnected", "weightedSum", "requantize"];

/** The files of layers/ that hold the templates of an op. */
function layerFiles(op: GraphNode["op"]): readonly string[] {
  if (op === "requantize") return ["requantizeTensor.circom"];
  return op === "maximum" || op === "minimum" ? ["step.circom", "extremum.circom"] : [`${op}.circom`];
}

/** The file of lib/ that only circuits with committed inputs carry. */
const COMMITMENT = "commitment.circom";

/**
 * Templates as one text, lib before layers: what an emitted circuit starts with, so that it stands alone. With `ops`,
 * without the layers of other ops, all otherwise; with circomlib's Poseidon first where inputs are COMMITTED.
 * Errors: CIRCUIT_TEMPLATES_MISSING.
 */
export function circuitTemplates({
  ops = OPS,
  inputMode = "PUBLIC",
}: {
  readonly ops?: Iterable<GraphNode["op"]>;
  readonly inputMode?: InputMode;
} = {}): string {
  const layers = new Set([...ALWAYS_EMITTED, ...ops].flatMap(layerFiles));
  const folder = templateFolder();
  const files = ["lib/", "layers/"].flatMap((part) =>
    readdirSync(new URL(part, folder))
      .filter((name) => name.endsWith(".circom") && (part === "lib/" || layers.has(name)))
      .filter((name) => name !== COMMITMENT || inputMode === "COMMITTED")
      .sort()
      .map((name) => part + name),
  );
  const bodies = files.map((file) => {
    const lines = readFileSync(new URL(file, folder), "utf8").split(/\r?\n/); // the same text from any checkout
    const kept = lines.filter((line) => !/^(\/\/ SPDX|pragma |include )/.test(line));
    return `// ---- circuits/${file}\n${kept.join("\n").trim()}\n`;
  });
  return [...(inputMode === "COMMITTED" ? [poseidonTemplates()] : []), ...bodies].join("\n");
}
