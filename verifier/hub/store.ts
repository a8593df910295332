// SPDX-License-Identifier: GPL-3.0-or-later
// The local hub: packages by CID in a directory. Nothing gets in, or out, whose bytes are not those of its CID.
import { randomUUID } from "node:crypto";
import { cp, mkdir, readdir, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { VerigradError } from "../errors.ts";
import { cidToBytes, directoryCid } from "./cid.ts";

export interface Hub {
  /** Copies a directory in and returns its CID. Errors: PACKAGE_FILE_REFUSED. */
  add(directory: string): Promise<string>;
  /** Copies in a directory that somebody sent as `cid`. Errors: CID_INVALID, PACKAGE_CID_MISMATCH, PACKAGE_FILE_REFUSED. */
  receive(cid: string, directory: string): Promise<void>;
  /** The directory of a package, re-checked. Errors: CID_INVALID, PACKAGE_NOT_FOUND, PACKAGE_CID_MISMATCH. */
  get(cid: string): Promise<string>;
  has(cid: string): Promise<boolean>;
  list(): Promise<string[]>;
  remove(cid: string): Promise<void>;
}

/** Opens (and makes) a hub under `root`. Readers see whole packages only: each arrives by one rename. */
export async function openHub(root: string): Promise<Hub> {
  const packages = join(root, "packages");
  const incoming = join(root, "incoming");
  await mkdir(packages, { recursive: true });
  await mkdir(incoming, { recursive: true });

  // SAFETY: only a canonical CID becomes a path, so no name can lead outside of `packages`.
  const pathOf = (cid: string): string => {
    cidToBytes(cid);
    return join(packages, cid);
  };

  const has = async (cid: string): Promise<boolean> => isDirectory(pathOf(cid));

  /** The copy is what is hashed, so that a source that changes meanwhile cannot slip in. */
  const take = async (directory: string, expected?: string): Promise<string> => {
    const copy = join(incoming, randomUUID());
    try {
      await cp(directory, copy, { recursive: true, dereference: false, errorOnExist: true });
      const cid = await directoryCid(copy);
      if (expected !== undefined) assertSame(expected, cid);
      const target = pathOf(cid);
      if (!(await intact(target, cid))) {
        await rm(target, { recursive: true, force: true });
        await rename(copy, target);
      }
      return cid;
    } finally {
      await rm(copy, { recursive: true, force: true });
    }
  };

  return {
    add: (directory) => take(directory),
    receive: async (cid, directory) => {
      pathOf(cid);
      await take(directory, cid);
    },
    get: async (cid) => {
      const path = pathOf(cid);
      if (!(await isDirectory(path))) {
        throw new VerigradError("PACKAGE_NOT_FOUND", `the hub has no package ${cid}`, {
          consequence: "RETRY",
          data: { cid },
        });
      }
      assertSame(cid, await directoryCid(path));
      return path;
    },
    has,
    list: async () => (await readdir(packages)).sort(),
    remove: async (cid) => rm(pathOf(cid), { recursive: true, force: true }),
  };
}

async function isDirectory(path: string): Promise<boolean> {
  return stat(path).then(
    (info) => info.isDirectory(),
    () => false,
  );
}

async function intact(path: string, cid: string): Promise<boolean> {
  return (await isDirectory(path)) && (await directoryCid(path).catch(() => "")) === cid;
}

function assertSame(expected: string, actual: string): void {
  if (expected === actual) return;
  throw new VerigradError("PACKAGE_CID_MISMATCH", `package ${expected} has the bytes of ${actual}`, {
    data: { expected, actual },
  });
}
