// SPDX-License-Identifier: GPL-3.0-or-later
// Makes (or, with --check, compares) every generated file that is checked in: bindings, hashes of the examples' packages
// and gas snapshots.
import { spawnSync } from "node:child_process";

const GENERATORS = [
  "scripts/generate-abis.ts",
  "scripts/generate-examples.ts",
  "bench/gas-proofs.ts",
  "bench/gas-market.ts",
  "bench/gas-consumers.ts",
];

if (process.argv.includes("--help")) {
  console.log(
    "usage: ./dev generate [--check]      writes generated files and gas snapshots, or compares them with what is there",
  );
  process.exit();
}
const check = process.argv.includes("--check") ? ["--check"] : [];
for (const script of GENERATORS) {
  const { status } = spawnSync("node", [script, ...check], { stdio: "inherit" });
  if (status !== 0) process.exitCode = 1;
}
