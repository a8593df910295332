// SPDX-License-Identifier: GPL-3.0-or-later
// Content ids of packages: the UnixFS CIDv1 that `ipfs add -r --cid-version=1 --raw-leaves --chunker=size-262144` gives
// (docs/spec/formats.md, sections 8 and 11), so that any IPFS tool can pin, fetch and check a package.
import { createReadStream } from "node:fs";
import { lstat, readdir } from "node:fs/promises";
import { join } from "node:path";
import { BlackHoleBlockstore } from "blockstore-core/black-hole";
import { importer, type ImportCandidateStream } from "ipfs-unixfs-importer";
import { CID } from "multiformats/cid";
import { VerigradError } from "../errors.ts";
import type { PackageFile } from "../proofs/types.ts";

const DAG_PB = 0x70;
const SHA2_256 = 0x12;
/** Binary CIDs on chain: 0x01 dag-pb sha2-256, and a digest of 32 bytes. */
const BINARY_LENGTH = 36;

/** Paths of all files below a directory, relative, with `/`, sorted by code unit. Errors: PACKAGE_FILE_REFUSED. */
export async function listFiles(directory: string): Promise<string[]> {
  return (await walk(directory, "")).filter((entry) => !entry.directory).map((entry) => entry.path);
}

interface Entry {
  readonly path: string;
  readonly directory: boolean;
}

/** Everything below a directory. What IPFS tools would skip or treat otherwise (dot files, links) is refused. */
async function walk(root: string, prefix: string): Promise<Entry[]> {
  const entries: Entry[] = [];
  const names = (await readdir(join(root, prefix))).sort(byCodeUnit);
  for (const name of names) {
    const path = prefix === "" ? name : `${prefix}/${name}`;
    const info = await lstat(join(root, path));
    if (name.startsWith(".") || !(info.isFile() || info.isDirectory())) {
      throw new VerigradError("PACKAGE_FILE_REFUSED", `${path}: a package holds plain files and directories only`, {
        data: { path },
      });
    }
    entries.push({ path, directory: info.isDirectory() });
    if (info.isDirectory()) entries.push(...(await walk(root, path)));
  }
  return entries;
}

const byCodeUnit = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** CID of a directory on disk, as canonical base32 text. Files are streamed. Errors: PACKAGE_FILE_REFUSED. */
export async function directoryCid(directory: string): Promise<string> {
  const entries = await walk(directory, "");
  return cidOf(
    (function* candidates() {
      for (const { path, directory: isDirectory } of entries) {
        if (isDirectory) yield { path: `package/${path}` };
        else yield { path: `package/${path}`, content: createReadStream(join(directory, path)) };
      }
    })(),
  );
}

/** CID of files in memory, as `directoryCid` gives after they are written. */
export async function filesCid(files: readonly PackageFile[]): Promise<string> {
  return cidOf(files.map(({ path, bytes }) => ({ path: `package/${path}`, content: bytes })));
}

async function cidOf(candidates: ImportCandidateStream): Promise<string> {
  const candidatesAndRoot = (async function* source() {
    yield { path: "package" }; // an empty package is a directory too
    yield* candidates;
  })();
  let root: CID | undefined;
  for await (const entry of importer(candidatesAndRoot, new BlackHoleBlockstore(), {
    profile: "unixfs-v0-2015", // chunks of 262,144 bytes, 174 links a node
    cidVersion: 1,
    rawLeaves: true,
    fileImportConcurrency: 1, // bounds memory and open files
  })) {
    if (entry.path === "package") root = entry.cid;
  }
  if (root === undefined) throw new VerigradError("INTERNAL", "the importer gave no root", { consequence: "ESCALATE" });
  return root.toString();
}

/** The 36 bytes that the chain stores. Errors: CID_INVALID unless canonical text of a dag-pb, sha2-256 CIDv1. */
export function cidToBytes(cid: string): Uint8Array {
  let parsed: CID;
  try {
    parsed = CID.parse(cid);
  } catch (cause) {
    throw new VerigradError("CID_INVALID", "not a CID", { cause });
  }
  if (parsed.toString() !== cid) throw new VerigradError("CID_INVALID", "not in canonical base32 form");
  return assertPackageCid(parsed).bytes;
}

/** Text form of the 36 bytes that the chain stores. Errors: CID_INVALID. */
export function cidFromBytes(bytes: Uint8Array): string {
  let parsed: CID;
  try {
    parsed = CID.decode(bytes);
  } catch (cause) {
    throw new VerigradError("CID_INVALID", "not the bytes of a CID", { cause });
  }
  return assertPackageCid(parsed).toString();
}

function assertPackageCid(cid: CID): CID {
  if (
    cid.version !== 1 ||
    cid.code !== DAG_PB ||
    cid.multihash.code !== SHA2_256 ||
    cid.bytes.length !== BINARY_LENGTH
  ) {
    throw new VerigradError("CID_INVALID", "a package's CID is version 1, dag-pb, sha2-256");
  }
  return cid;
}
