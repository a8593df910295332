// SPDX-License-Identifier: GPL-3.0-or-later
// circomlib's Poseidon as text, with the constants of one width only: emitted circuits stand alone, and circomlib's file
// of constants has 1.9 MB.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { VerigradError } from "../../errors.ts";
import { SPONGE_RATE } from "../commitment.ts";

const WIDTH = SPONGE_RATE + 1;
/** sha256 of the text that circomlib 2.0.5 gives: circuits must not change with what happens to be installed. */
const DIGEST = "28ce335544711d897e7bbbd8ccb3a574791f7aea1fd6d09f9b93d0720c2c6dc8";

const LICENCE = `// circomlib 2.0.5, Copyright 0KIMS association, GPL-3.0: Poseidon, and its constants for width ${WIDTH}`;

/** Text of circomlib's Poseidon templates and functions. Errors: CIRCUIT_TEMPLATES_MISSING. */
export function poseidonTemplates(): string {
  const { resolve } = createRequire(import.meta.url);
  const read = (name: string): string => {
    try {
      const lines = readFileSync(resolve(`circomlib/circuits/${name}`), "utf8").split(/\r?\n/);
      return lines.filter((line) => !/^(pragma |include )/.test(line)).join("\n");
    } catch (cause) {
      throw new VerigradError("CIRCUIT_TEMPLATES_MISSING", `circomlib's ${name} is missing`, {
        consequence: "ESCALATE",
        cause,
      });
    }
  };
  const constants = read("poseidon_constants.circom");
  const functions = ["C", "M", "P", "S"].map((name) => {
    const start = constants.indexOf(`function POSEIDON_${name}(t)`);
    const branch = constants.indexOf(`t==${WIDTH})`, start);
    const table = constants.slice(constants.indexOf("[", branch), constants.indexOf(";", branch)).trim();
    return `function POSEIDON_${name}(t) {\n    assert(t == ${WIDTH});\n    return ${table};\n}`;
  });
  const text = `${LICENCE}\n${functions.join("\n")}\n\n${read("poseidon.circom").trim()}\n`;
  const digest = createHash("sha256").update(text).digest("hex");
  if (digest !== DIGEST) {
    const message = `circomlib is not version 2.0.5: its Poseidon is another (sha256 ${digest})`;
    throw new VerigradError("CIRCUIT_TEMPLATES_MISSING", message, { consequence: "ESCALATE" });
  }
  return text;
}
