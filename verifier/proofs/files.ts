// SPDX-License-Identifier: GPL-3.0-or-later
// Files of a package that every proof system reads and writes (docs/spec/formats.md, section 11).
import { randomBytes } from "node:crypto";
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { VerigradError } from "../errors.ts";
import { parseGraph } from "../graph/serialize.ts";
import type { IntegerGraph } from "../graph/types.ts";
import type { WorkOptions } from "./types.ts";

export const GRAPH_PATHS = { graph: "graph.json", weights: "weights.bin" } as const;

/** A file of a package. Errors: PACKAGE_FILE_MISSING. */
export async function readPackageFile(directory: string, path: string): Promise<Uint8Array> {
  try {
    return await readFile(join(directory, path));
  } catch (cause) {
    throw new VerigradError("PACKAGE_FILE_MISSING", `package ${directory} has no readable ${path}`, {
      cause,
      data: { path },
    });
  }
}

/** Writes a file so that nobody ever reads half of it; nothing is left of one that cannot be written. */
export async function writeWhole(path: string, bytes: Uint8Array): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const partial = `${path}.${randomBytes(6).toString("hex")}.partial`;
  try {
    await writeFile(partial, bytes);
    await rename(partial, path);
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
  }
}

/** The package's integer graph. Errors: PACKAGE_FILE_MISSING, GRAPH_*. */
export async function readGraph(directory: string): Promise<IntegerGraph> {
  return parseGraph(
    await readPackageFile(directory, GRAPH_PATHS.graph),
    await readPackageFile(directory, GRAPH_PATHS.weights),
  );
}

/** Errors: ABORTED once the caller has asked for it. */
export function checkAborted({ signal }: WorkOptions): void {
  if (signal?.aborted) throw new VerigradError("ABORTED", "the work was aborted", { cause: signal.reason });
}
