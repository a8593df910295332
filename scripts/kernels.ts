// SPDX-License-Identifier: GPL-3.0-or-later
// Compiles the AssemblyScript kernels below kernels/ to the WebAssembly modules that the tensorcheck prover chooses from: one
// for machines with fused multiply-add, one for all. They are made by `./dev build` and by `./dev` when they are missing or
// older than their sources, shipped in dist/, and never checked in.
//   node scripts/kernels.ts [folder]     writes there instead, such as into dist/
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fieldKernels } from "./kernels/montgomery.ts";

/** What is used of the compiler's programming interface. */
interface Compiler {
  main(
    options: readonly string[],
    host: {
      readFile(name: string): Promise<string | null>;
      writeFile(name: string, contents: string | Uint8Array): void;
      listFiles(): readonly string[];
      readonly stderr: { toString(): string };
    },
  ): Promise<{ readonly error: Error | null }>;
  createMemoryStream(): { toString(): string };
}

/** No literal, so that TypeScript does not find its types: they declare globals, such as an Array.at that is never undefined. */
const COMPILER: string = "assemblyscript/asc";
const { default: asc } = (await import(COMPILER)) as { readonly default: Compiler };

const ROOT = join(import.meta.dirname, "..");
const FOLDER = process.argv[2] ?? join(ROOT, "verifier/proofs/tensorcheck/engine");
const R = 21888242871839275222246405745257275088548364400416034343698204186575808495617n;
const Q = 21888242871839275222246405745257275088696311157297823662689037894645226208583n;

/** 64 KiB pages: 4 GiB − 64 KiB; the engine's own bound is lower and is set when the memory is made. */
const MAXIMUM_PAGES = 65535;

const OPTIONS = [
  ...["kernels/bn254/index.ts", "--outFile", "kernel.wasm"],
  ...["-O3", "--converge", "--noAssert", "--runtime", "stub"],
  ...[
    "--importMemory",
    "--noExportMemory",
    "--sharedMemory",
    "--initialMemory",
    "1",
    "--maximumMemory",
    `${MAXIMUM_PAGES}`,
  ],
  ...["--enable", "threads", "--enable", "simd", "--enable", "bulk-memory"],
];

async function compile(fused: boolean): Promise<Uint8Array> {
  let wasm: Uint8Array | undefined;
  const stderr = asc.createMemoryStream();
  const { error } = await asc.main([...OPTIONS, ...(fused ? ["--enable", "relaxed-simd"] : [])], {
    readFile: async (name) => {
      if (name.endsWith("kernels/bn254/field.ts")) return fieldKernels(R, Q, fused);
      return readFile(join(ROOT, name), "utf8").catch(() => null);
    },
    writeFile: (_name, contents) => {
      wasm = typeof contents === "string" ? new TextEncoder().encode(contents) : contents;
    },
    listFiles: () => [],
    stderr,
  });
  if (error !== null || wasm === undefined) throw new Error(`kernels: ${stderr.toString()}`, { cause: error });
  return wasm;
}

await mkdir(FOLDER, { recursive: true });
for (const fused of [true, false]) {
  const file = join(FOLDER, fused ? "kernel-fused.wasm" : "kernel.wasm");
  const wasm = await compile(fused);
  // Renamed into place: two builds side by side never leave half a module.
  await writeFile(`${file}.${process.pid}`, wasm);
  await rename(`${file}.${process.pid}`, file);
}
