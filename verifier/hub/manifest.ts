// SPDX-License-Identifier: GPL-3.0-or-later
// manifest.json: what a package is and the hash of every file that follows from the ONNX file and calibration.json
// (docs/spec/package.md). Canonical JSON, so that the same model gives the same bytes on any machine.
import { z } from "zod";
import { VerigradError } from "../errors.ts";
import { canonicalJson, parseJson, sameBytes } from "../graph/canonical-json.ts";
import type { IntegerGraph } from "../graph/types.ts";
import { keccakHex, type Hex } from "../hash.ts";
import { INPUT_MODES, type InputMode, type PackageFile } from "../proofs/types.ts";
import { assertSpec, TENSOR_TYPES } from "../tensor/spec.ts";

export const PACKAGE_FORMAT = "verigrad.package.v1";
export const MANIFEST_PATH = "manifest.json";
/** Files below these are not in the manifest: random (keys), or measured on some machine (reports). */
export const UNLISTED = ["setup/", "report/"] as const;
/** Files that every package has besides the manifest. */
export const REQUIRED_FILES = ["calibration.json", "graph.json", "model.onnx", "weights.bin"] as const;

const hash = z
  .string()
  .regex(/^0x[0-9a-f]{64}$/)
  .transform((text) => text as Hex);
const tensorSpec = z.strictObject({
  shape: z.array(z.int()),
  type: z.enum(TENSOR_TYPES),
  exponent: z.int(),
  lo: z.int(),
  hi: z.int(),
});
const port = z.strictObject({ name: z.string(), spec: tensorSpec });
const schema = z.strictObject({
  format: z.literal(PACKAGE_FORMAT),
  name: z.string().refine((name) => isModelName(name), "must be 1 to 64 bytes"),
  proofSystem: z.strictObject({
    name: z.string().regex(/^[a-z0-9-]{1,32}$/),
    selector: z
      .string()
      .regex(/^0x[0-9a-f]{8}$/)
      .transform((text) => text as Hex),
  }),
  inputMode: z.enum(INPUT_MODES),
  inputs: z.array(port).min(1),
  outputs: z.array(port).min(1),
  graphHash: hash,
  weightsHash: hash,
  files: z.record(z.string(), z.strictObject({ bytes: z.int().nonnegative(), keccak256: hash })),
});

/** What a package says about itself. */
export type Manifest = Readonly<z.output<typeof schema>>;

/** Whether a name fits the registry: 1 to 64 bytes of UTF-8. */
export function isModelName(name: string): boolean {
  const length = new TextEncoder().encode(name).length;
  return length >= 1 && length <= 64;
}

/** Whether a path belongs into the manifest's list. */
export function isListed(path: string): boolean {
  return path !== MANIFEST_PATH && !UNLISTED.some((prefix) => path.startsWith(prefix));
}

/** The manifest of a package's files. */
export function makeManifest(options: {
  readonly name: string;
  readonly proofSystem: { readonly name: string; readonly selector: Hex };
  /** default: PUBLIC */
  readonly inputMode?: InputMode;
  readonly graph: IntegerGraph;
  readonly files: readonly PackageFile[];
}): Manifest {
  const files = Object.fromEntries(
    options.files
      .filter(({ path }) => isListed(path))
      .map(({ path, bytes }) => [path, { bytes: bytes.length, keccak256: keccakHex(bytes) }]),
  );
  const hashOf = (path: string): Hex => {
    const entry = files[path];
    if (entry === undefined) throw corrupt(path, "is missing");
    return entry.keccak256;
  };
  const ports = (list: IntegerGraph["inputs"]) =>
    list.map(({ name, spec: { shape, type, exponent, lo, hi } }) => ({
      name,
      spec: { shape: [...shape], type, exponent, lo, hi },
    }));
  return {
    format: PACKAGE_FORMAT,
    name: options.name,
    proofSystem: { name: options.proofSystem.name, selector: options.proofSystem.selector },
    inputMode: options.inputMode ?? "PUBLIC",
    inputs: ports(options.graph.inputs),
    outputs: ports(options.graph.outputs),
    graphHash: hashOf("graph.json"),
    weightsHash: hashOf("weights.bin"),
    files,
  };
}

/** Canonical bytes of a manifest. */
export function serializeManifest(manifest: Manifest): Uint8Array {
  return canonicalJson(manifest);
}

/** Reads a manifest strictly: exactly the bytes that serializeManifest writes. Errors: PACKAGE_MANIFEST. */
export function parseManifest(bytes: Uint8Array): Manifest {
  let value: unknown;
  try {
    value = parseJson(bytes);
  } catch (cause) {
    throw new VerigradError("PACKAGE_MANIFEST", "manifest.json is not JSON", { cause });
  }
  const result = schema.safeParse(value);
  if (!result.success) {
    const issue = result.error.issues[0];
    throw new VerigradError(
      "PACKAGE_MANIFEST",
      `manifest.json, field ${issue?.path.join(".") ?? ""}: ${issue?.message ?? "malformed"}`,
    );
  }
  const manifest = result.data;
  for (const path of REQUIRED_FILES) {
    if (!Object.hasOwn(manifest.files, path)) throw new VerigradError("PACKAGE_MANIFEST", `manifest lists no ${path}`);
  }
  for (const path of Object.keys(manifest.files)) {
    if (!isPlainPath(path) || !isListed(path)) {
      throw new VerigradError("PACKAGE_MANIFEST", `manifest lists a path that cannot be: ${path.slice(0, 80)}`);
    }
  }
  [...manifest.inputs, ...manifest.outputs].forEach(({ spec }) => assertSpec(spec));
  if (!sameBytes(serializeManifest(manifest), bytes)) {
    throw new VerigradError("PACKAGE_MANIFEST", "manifest.json is not in canonical form");
  }
  return manifest;
}

/** Relative, with `/`, and no part that leads elsewhere. */
export function isPlainPath(path: string): boolean {
  return /^[A-Za-z0-9_-][A-Za-z0-9._-]*(\/[A-Za-z0-9_-][A-Za-z0-9._-]*)*$/.test(path);
}

/** PACKAGE_CORRUPT about one file. */
export function corrupt(path: string, why: string): VerigradError {
  return new VerigradError("PACKAGE_CORRUPT", `${path} ${why}`, { data: { path } });
}
