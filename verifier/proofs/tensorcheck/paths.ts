// SPDX-License-Identifier: GPL-3.0-or-later
// Where tensorcheck's files stand in a package (docs/spec/formats.md, section 11).
import { GRAPH_PATHS } from "../files.ts";

export const PATHS = {
  ...GRAPH_PATHS,
  program: "circuit/program.bin",
  powers: "setup/powers.bin",
  key: "setup/key.bin",
  transcript: "setup/transcript.json",
} as const;
