// SPDX-License-Identifier: GPL-3.0-or-later
// Where groth16's files stand in a package (docs/spec/formats.md, section 11).
import { GRAPH_PATHS } from "../files.ts";

export const PATHS = {
  ...GRAPH_PATHS,
  circuit: "circuit/main.circom",
  r1cs: "circuit/main.r1cs",
  wasm: "circuit/main.wasm",
  key: "setup/key.bin",
  zkey: "setup/proving.zkey",
  transcript: "setup/transcript.json",
  phase1: "setup/phase1.ptau",
} as const;
