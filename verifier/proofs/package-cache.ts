// SPDX-License-Identifier: GPL-3.0-or-later
// What proofs need of a package, in memory: a second proof of a model reads nothing from disk.
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { VerigradError } from "../errors.ts";

/** Packages held in memory, the least recently used leaves first. */
const MAX_HELD = 4;

/**
 * What `load` makes of a package, made again when one of the files has changed. Errors: PACKAGE_FILE_MISSING, and those of
 * `load`.
 */
export function packageCache<T>(
  files: readonly string[],
  load: (directory: string) => Promise<T>,
): (directory: string) => Promise<T> {
  const held = new Map<string, { readonly stamp: string; readonly loaded: T }>();
  return async (directory) => {
    const stamps = files.map(async (path) => {
      const { size, mtimeMs, ino } = await stat(join(directory, path)).catch((cause: unknown) => {
        throw new VerigradError("PACKAGE_FILE_MISSING", `package ${directory} has no readable ${path}`, { cause });
      });
      return `${size}:${mtimeMs}:${ino}`;
    });
    const stamp = (await Promise.all(stamps)).join(" ");
    const known = held.get(directory);
    held.delete(directory);
    const found = known?.stamp === stamp ? known : { stamp, loaded: await load(directory) };
    held.set(directory, found);
    for (const oldest of held.keys()) {
      if (held.size <= MAX_HELD) break;
      held.delete(oldest);
    }
    return found.loaded;
  };
}
