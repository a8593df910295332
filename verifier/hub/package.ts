// SPDX-License-Identifier: GPL-3.0-or-later
// A package on disk, opened: every listed file re-hashed, the graph read back, its specs compared.
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { VerigradError } from "../errors.ts";
import { canonicalText, parseJson, type Canonical } from "../graph/canonical-json.ts";
import { parseGraph } from "../graph/serialize.ts";
import type { IntegerGraph } from "../graph/types.ts";
import { keccakHex, type Hex } from "../hash.ts";
import { SETUP_KINDS, setupHashOf, type SetupKind } from "../proofs/transcript.ts";
import { INPUT_MODES } from "../proofs/types.ts";
import { specListHash, type TensorSpec } from "../tensor/spec.ts";
import { listFiles } from "./cid.ts";
import { corrupt, isListed, MANIFEST_PATH, parseManifest, type Manifest } from "./manifest.ts";

export const KEY_PATH = "setup/key.bin";
export const TRANSCRIPT_PATH = "setup/transcript.json";

/** An opened package. Only `directory` can change after it was opened. */
export interface Package {
  readonly directory: string;
  readonly manifest: Manifest;
  readonly graph: IntegerGraph;
  readonly inputSpecs: readonly TensorSpec[];
  readonly outputSpecs: readonly TensorSpec[];
}

/** What a set-up adds to a package: the key, and how it came to be. */
export interface PackageSetup {
  readonly key: Uint8Array;
  readonly keyHash: Hex;
  /** 0 for an INSECURE development set-up, else the hash of the transcript */
  readonly setupHash: Hex;
  readonly insecure: boolean;
}

/**
 * Opens a package and checks all of it but its set-up. Errors: PACKAGE_NOT_FOUND, PACKAGE_MANIFEST, PACKAGE_CORRUPT
 * naming the file, PACKAGE_FILE_REFUSED, GRAPH_MALFORMED.
 */
export async function openPackage(directory: string): Promise<Package> {
  const manifest = await readManifest(directory);
  const present = new Set(await listFiles(directory));
  for (const [path, { bytes, keccak256 }] of Object.entries(manifest.files)) {
    if (!present.has(path)) throw corrupt(path, "is missing");
    // The size first, so that a wrong file of any length costs nothing to refuse.
    if ((await stat(join(directory, path))).size !== bytes)
      throw corrupt(path, "has another length than the manifest says");
    if (keccakHex(await readFile(join(directory, path))) !== keccak256)
      throw corrupt(path, "is not what the manifest says");
  }
  for (const path of present) {
    if (isListed(path) && !Object.hasOwn(manifest.files, path)) throw corrupt(path, "is not in the manifest");
  }
  const graph = parseGraph(
    await readFile(join(directory, "graph.json")),
    await readFile(join(directory, "weights.bin")),
  );
  const inputSpecs = manifest.inputs.map(({ spec }) => spec);
  const outputSpecs = manifest.outputs.map(({ spec }) => spec);
  const portsOf = (ports: Manifest["inputs"] | IntegerGraph["inputs"]): string =>
    canonicalText(ports.map(({ name, spec }) => ({ name, spec: { ...spec } })));
  if (portsOf(graph.inputs) !== portsOf(manifest.inputs) || portsOf(graph.outputs) !== portsOf(manifest.outputs)) {
    throw corrupt(MANIFEST_PATH, "states other specs than the graph has");
  }
  if (
    manifest.graphHash !== manifest.files["graph.json"]?.keccak256 ||
    manifest.weightsHash !== manifest.files["weights.bin"]?.keccak256
  ) {
    throw corrupt(MANIFEST_PATH, "states other graph or weight hashes than its list of files");
  }
  return { directory, manifest, graph, inputSpecs, outputSpecs };
}

async function readManifest(directory: string): Promise<Manifest> {
  const bytes = await readFile(join(directory, MANIFEST_PATH)).catch(() => {
    throw new VerigradError("PACKAGE_NOT_FOUND", `${directory} is not a package: it has no ${MANIFEST_PATH}`);
  });
  return parseManifest(bytes);
}

/** Byte of a key that says its input mode, whatever its proof system (docs/spec/formats.md, section 5). */
const INPUT_MODE_AT = 4;

/**
 * Errors: PACKAGE_CORRUPT unless the key takes inputs as the manifest says.
 * SAFETY: what proofs are about follows from the key; a manifest of the other mode would pass a commitment off as the input.
 */
export function assertInputMode({ inputMode }: Manifest, key: Uint8Array): void {
  if (key[INPUT_MODE_AT] !== INPUT_MODES.indexOf(inputMode))
    throw corrupt(KEY_PATH, `does not take ${inputMode} inputs, as the manifest says`);
}

/** Reads a package's set-up. Errors: PACKAGE_NO_SETUP when it has none, PACKAGE_NOT_FOUND, PACKAGE_MANIFEST, PACKAGE_CORRUPT. */
export async function openSetup(directory: string): Promise<PackageSetup> {
  const read = (path: string): Promise<Buffer> =>
    readFile(join(directory, path)).catch(() => {
      throw new VerigradError("PACKAGE_NO_SETUP", `the package has no ${path}: run "verigrad setup" first`);
    });
  const key = await read(KEY_PATH);
  assertInputMode(await readManifest(directory), key);
  const transcriptBytes = await read(TRANSCRIPT_PATH);
  const kind = kindOf(transcriptBytes);
  return {
    key,
    keyHash: keccakHex(key),
    setupHash: setupHashOf(kind, transcriptBytes),
    insecure: kind !== "ceremony",
  };
}

/** The kind of set-up that a transcript tells of. What else it says is its proof system's matter. */
function kindOf(transcript: Uint8Array): SetupKind {
  try {
    const value = parseJson(transcript);
    // SAFETY: setupHash is the hash of the canonical form, so no other form may stand in its place.
    if (canonicalText(value as Canonical) === new TextDecoder().decode(transcript)) {
      const { kind } = value as Record<string, unknown>;
      const known = SETUP_KINDS.find((each) => each === kind);
      if (known !== undefined) return known;
    }
  } catch {
    // said below
  }
  throw corrupt(TRANSCRIPT_PATH, "is not a canonical transcript that names its kind of set-up");
}

/** inputSpecHash and outputSpecHash of a package (docs/spec/formats.md, section 1). */
export function specHashesOf(opened: Package): { inputSpecHash: Hex; outputSpecHash: Hex } {
  const hex = (bytes: Uint8Array): Hex => `0x${Buffer.from(bytes).toString("hex")}`;
  return {
    inputSpecHash: hex(specListHash(opened.inputSpecs)),
    outputSpecHash: hex(specListHash(opened.outputSpecs)),
  };
}
