// SPDX-License-Identifier: GPL-3.0-or-later
// The circom compiler (npm package circom2, WebAssembly) in a child process: it is synchronous and may take seconds.
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { VerigradError } from "../../errors.ts";

const CIRCOM = createRequire(import.meta.url).resolve("circom2/cli.js");
const MAX_OUTPUT = 16 * 2 ** 20;

export interface CompiledCircuit {
  readonly r1cs: Uint8Array;
  /** the witness generator */
  readonly wasm: Uint8Array;
  /** wire names, when asked for */
  readonly symbols: string | null;
}

export interface CompileOptions {
  /** 0 keeps every wire and constraint (soundness tests), 1 is what is proven (docs/spec/groth16.md, section 3). Default 1. */
  readonly simplification?: 0 | 1 | 2;
  readonly symbols?: boolean;
  readonly signal?: AbortSignal;
}

/**
 * Compiles one self-contained circom text. The same text gives the same bytes on any machine: the compiler sees
 * relative paths only. Errors: CIRCUIT_COMPILE_FAILED (ESCALATE) with the compiler's words; ABORTED.
 */
export async function compileCircom(source: string, options: CompileOptions = {}): Promise<CompiledCircuit> {
  const directory = await mkdtemp(join(tmpdir(), "verigrad-circom-"));
  try {
    await writeFile(join(directory, "main.circom"), source);
    const flags = ["--r1cs", "--wasm", `--O${options.simplification ?? 1}`, ...(options.symbols ? ["--sym"] : [])];
    await promisify(execFile)(process.execPath, [CIRCOM, "main.circom", ...flags], {
      cwd: directory,
      maxBuffer: MAX_OUTPUT,
      ...(options.signal === undefined ? {} : { signal: options.signal }),
    });
    return {
      r1cs: await readFile(join(directory, "main.r1cs")),
      wasm: await readFile(join(directory, "main_js", "main.wasm")),
      symbols: options.symbols ? await readFile(join(directory, "main.sym"), "utf8") : null,
    };
  } catch (cause) {
    if (options.signal?.aborted) throw new VerigradError("ABORTED", "compilation was aborted", { cause });
    const { stdout, stderr } = cause as { stdout?: string; stderr?: string };
    throw new VerigradError(
      "CIRCUIT_COMPILE_FAILED",
      `circom: ${`${stdout ?? ""}${stderr ?? ""}`.trim().slice(-2000)}`,
      {
        consequence: "ESCALATE",
        cause,
      },
    );
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
