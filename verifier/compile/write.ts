// SPDX-License-Identifier: GPL-3.0-or-later
// Packages on disk arrive whole or not at all: written beside their place, then renamed into it.
import { chmod, mkdir, mkdtemp, readdir, rename, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { VerigradError } from "../errors.ts";
import { isPlainPath } from "../hub/manifest.ts";
import type { PackageFile } from "../proofs/types.ts";

/**
 * Writes files as a directory, atomically. `directory` must not exist, or be empty: nothing that is there is ever
 * replaced. Errors: OUTPUT_EXISTS, OUTPUT_UNWRITABLE, PACKAGE_FILE_REFUSED for a path that leads elsewhere.
 */
export async function writePackage(directory: string, files: readonly PackageFile[]): Promise<void> {
  const target = resolve(directory);
  for (const { path } of files) {
    if (!isPlainPath(path)) throw new VerigradError("PACKAGE_FILE_REFUSED", `not a plain relative path: ${path}`);
  }
  await assertFree(target);
  let temporary: string | undefined;
  try {
    await mkdir(dirname(target), { recursive: true });
    temporary = await mkdtemp(join(dirname(target), `.${basename(target)}-`));
    for (const { path, bytes } of files) {
      await mkdir(dirname(join(temporary, path)), { recursive: true });
      await writeFile(join(temporary, path), bytes, { flag: "wx" });
    }
    await chmod(temporary, 0o755);
    await rename(temporary, target);
  } catch (cause) {
    throw new VerigradError("OUTPUT_UNWRITABLE", `cannot write ${directory}`, { cause });
  } finally {
    if (temporary !== undefined) await rm(temporary, { recursive: true, force: true });
  }
}

/** Errors: OUTPUT_EXISTS unless there is nothing at `target`, or an empty directory. */
export async function assertFree(target: string): Promise<void> {
  try {
    if ((await readdir(target)).length === 0) return;
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === "ENOENT") return;
    if (code !== "ENOTDIR") throw new VerigradError("OUTPUT_UNWRITABLE", `cannot read ${target}`, { cause: error });
  }
  throw new VerigradError("OUTPUT_EXISTS", `${target} exists and is not empty: choose another place, or remove it`);
}
