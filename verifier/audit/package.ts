// SPDX-License-Identifier: GPL-3.0-or-later
// The package that an audit looks at: from anybody, so that reading it must not lead anywhere.
import { VerigradError } from "../errors.ts";
import { listFiles } from "../hub/cid.ts";
import { openPackage, type Package } from "../hub/package.ts";
import { Refuted, Undecided } from "./checks.ts";

export const PACKAGE_DIRECTORY = "package";

/** SAFETY: a link or a pipe in a package that somebody sent could lead anywhere, or never end. */
export async function assertPlain(directory: string): Promise<void> {
  await listFiles(directory).catch((error: unknown) => {
    if (error instanceof VerigradError) throw error;
    throw new Refuted(`there is no ${PACKAGE_DIRECTORY}/ that can be read`);
  });
}

/** The package, for checks that read it; a package that does not open is package-files' finding, not theirs. */
export async function needPackage(directory: string): Promise<Package> {
  return openPackage(directory).catch((error: unknown) => {
    throw new Undecided(`needs a package that opens (${error instanceof Error ? error.message : String(error)})`);
  });
}
