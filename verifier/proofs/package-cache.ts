// SPDX-License-Identifier: GPL-3.0-or-later
// What proofs need of a package, in memory: a second proof of a model reads nothing from disk.
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { VerigradError } from "../errors.ts";

export interface PackageCacheOptions<T> {
  /** packages held in memory, of which the least recently used leaves first; default: 4 */
  readonly most?: number;
  /** told of what leaves */
  readonly dispose?: (loaded: T) => void;
}

/**
 * What `load` makes of a package, made again when one of the files has changed. Errors: PACKAGE_FILE_MISSING, and those of
 * `load`.
 */
export function packageCache<T>(
  files: readonly string[],
  load: (directory: string) => Promise<T>,
  { most = 4, dispose = () => undefined }: PackageCacheOptions<T> = {},
): (directory: string) => Promise<T> {
  interface Held {
    readonly stamp: string;
    readonly loaded: Promise<T>;
  }
  const held = new Map<string, Held>();
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
    const drop = ({ loaded }: Held): void => void loaded.then(dispose, () => undefined);
    if (known !== undefined && known.stamp !== stamp) drop(known);
    const found = known?.stamp === stamp ? known : { stamp, loaded: load(directory) };
    held.set(directory, found);
    for (const [oldest, leaving] of held) {
      if (held.size <= most) break;
      held.delete(oldest);
      drop(leaving);
    }
    // What could not be loaded is tried again.
    found.loaded.catch(() => held.get(directory) === found && held.delete(directory));
    return found.loaded;
  };
}
