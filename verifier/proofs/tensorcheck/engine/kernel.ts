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
  ...["msmWorkBytes", "multiplesRow", "multiplesSum", "prepareField", "reverseBytes", "setThread", "sumCombine"],
] as const;

export type KernelName = (typeof KERNELS)[number];
export type Kernels = Readonly<Record<KernelName, (...args: number[]) => number>>;

/** With fused multiply-add, which is faster, or for every machine; they compute the same. */
export type KernelVariant = "fused" | "portable";

/** What tells fused multiply-add from a product that is rounded before it is added to: kernels/bn254 squares it. */
const PROBE = 1 + 2 ** -30;

/** Compiles the fastest module that this machine runs, or the one that is named. ENGINE_KERNEL if it is not built. */
export async function compileKernels(variant?: KernelVariant): Promise<WebAssembly.Module> {
  if (variant !== "portable") {
    const bytes = await readKernels("./kernel-fused.wasm");
    // Where relaxed SIMD is unknown, this does not compile; where it is known, the machine may still round twice.
    const module = await WebAssembly.compile(bytes).catch(() => undefined);
    if (module !== undefined && fuses(module)) return module;
    if (variant === "fused") throw new VerigradError("ENGINE_KERNEL", "this machine has no fused multiply-add");
  }
  return WebAssembly.compile(await readKernels("./kernel.wasm"));
}

async function readKernels(file: string): Promise<Uint8Array> {
  return readFile(new URL(file, import.meta.url)).catch((cause: unknown) => {
    throw new VerigradError("ENGINE_KERNEL", "the kernels are not built: run `npm run build`", {
      consequence: "ESCALATE",
      cause,
    });
  });
}

function fuses(module: WebAssembly.Module): boolean {
  const pages = 2 + SCRATCH_BYTES / 65536;
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
  return instantiateKernels(module, memory, 0, 64).prepareField(PROBE) === 1;
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
  kernels.prepareField(PROBE);
  return kernels;
}
