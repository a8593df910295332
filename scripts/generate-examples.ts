// SPDX-License-Identifier: GPL-3.0-or-later
// Hashes of the examples' packages, in test/vectors/examples.json: what compiling gives on any machine.
//   node scripts/generate-examples.ts           writes them
//   node scripts/generate-examples.ts --check   fails if one is not what compiling gives
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { buildExample, EXAMPLES, hashesOf } from "../test/helpers/examples.ts";

const VECTORS = new URL("../test/vectors/examples.json", import.meta.url);

const hashes: Record<string, unknown> = {};
for (const name of EXAMPLES) hashes[name] = await hashesOf((await buildExample(name)).files);
const want = `${JSON.stringify(hashes, null, 2)}\n`;
const have = existsSync(VECTORS) ? readFileSync(VECTORS, "utf8") : "";
if (have !== want) {
  if (process.argv.includes("--check")) {
    console.error('test/vectors/examples.json is stale: run "node scripts/generate-examples.ts"');
    process.exitCode = 1;
  } else {
    writeFileSync(VECTORS, want);
    console.error("wrote test/vectors/examples.json");
  }
}
