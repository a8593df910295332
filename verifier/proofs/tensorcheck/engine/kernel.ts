// SPDX-License-Identifier: GPL-3.0-or-later
// eslint-disable-next-line @typescript-eslint/triple-slash-reference -- ambient declarations cannot be imported
/// <reference path="./webassembly.d.ts" />
// The WebAssembly module that scripts/kernels.ts compiles from kernels/bn254.
import { readFile } from "node:fs/promises";
import { VerigradError } from "../../../errors.ts";

/** Bytes of scratch a thread needs; SCRATCH_BYTES of kernels/bn254/memory.ts. */
export const SCRATCH_BYTES = 0x100000;

/** Arguments are addresses, counts and flags; see kernels/bn254 for each. */
export const KERNELS = [
  ...[
    "frAllCanonical",
    "frDivide",
    "frDotRows",
    "frEqTable",
    "frEvaluate",
    "frMatrix",
    "frOuter",
    "frRound",
    "frVecAdd",
  ],
  ...["frVecAddScalar", "frVecAxpy", "frVecFill", "frVecFold", "frVecFoldPairs", "frVecFromIntegers"],
  ...["frVecFromMontgomery", "frVecInvert", "frVecMul", "frVecScale", "frVecSub", "frVecToMontgomery"],
  ...["fqVecFromMontgomery", "fqVecToMontgomery", "msmIntegerBits", "msmIntegers", "msmScalars", "msmWindow"],
  ...["msmWorkBytes", "reverseBytes", "setThread", "sumCombine"],
] as const;

export type KernelName = (typeof KERNELS)[number];
export type Kernels = Readonly<Record<KernelName, (...args: number[]) => number>>;

/** Compiles the module: once a process, threads share it. ENGINE_KERNEL if it has not been built. */
export async function compileKernels(): Promise<WebAssembly.Module> {
  const file = new URL("./kernel.wasm", import.meta.url);
  const bytes = await readFile(file).catch((cause: unknown) => {
    throw new VerigradError("ENGINE_KERNEL", "the kernels are not built: run `npm run build`", {
      consequence: "ESCALATE",
      cause,
    });
  });
  return WebAssembly.compile(new Uint8Array(bytes));
}

/** The kernels of thread number `thread`; `scratch` is the first thread's. */
export function instantiateKernels(
  module: WebAssembly.Module,
  memory: WebAssembly.Memory,
  thread: number,
  scratch: number,
): Kernels {
  const { exports } = new WebAssembly.Instance(module, { env: { memory } });
  const kernels = {} as Record<KernelName, (...args: number[]) => number>;
  for (const name of KERNELS) {
    const kernel = exports[name];
    if (typeof kernel !== "function") {
      throw new VerigradError("ENGINE_KERNEL", `the kernels lack ${name}: build them again`, {
        consequence: "ESCALATE",
      });
    }
    kernels[name] = kernel as (...args: number[]) => number;
  }
  kernels.setThread(thread, scratch + thread * SCRATCH_BYTES);
  return kernels;
}
