// SPDX-License-Identifier: GPL-3.0-or-later
// Fetches a prepared powers-of-tau file of the published ceremony, and checks its published blake2b hash.
//   ./dev fetch-ptau <power> <file> [--from <url>]      2^power powers; --from: a mirror of the same files
import { existsSync } from "node:fs";
import { parseArgs } from "node:util";
import { VerigradError } from "../verifier/errors.ts";
import { fetchPtau, PUBLISHED_PTAU_AT } from "../verifier/proofs/fetch-ptau.ts";

const USAGE = `usage: ./dev fetch-ptau <power> <file> [--from <url>]      2^power powers, 8 to 28; from ${PUBLISHED_PTAU_AT}`;

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { from: { type: "string" }, help: { type: "boolean", default: false } },
  });
  if (values.help) return console.log(USAGE);
  const [power, path, ...others] = positionals;
  if (power === undefined || path === undefined || others.length > 0) throw new Error(USAGE);
  if (existsSync(path)) throw new Error(`${path} is there already`);
  const hash = await fetchPtau(Number(power), path, values.from === undefined ? {} : { from: values.from });
  console.log(`${path}: blake2b ${hash.slice(2)}`);
}

main().catch((error: unknown) => {
  console.error(error instanceof VerigradError ? `${error.code}: ${error.message}` : String(error));
  process.exitCode = 2;
});
