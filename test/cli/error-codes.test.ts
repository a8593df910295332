// SPDX-License-Identifier: GPL-3.0-or-later
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";

const ROOT = new URL("../../", import.meta.url).pathname;

/** Upper-case literals of the source that are not codes of ours: other libraries' and operating systems' words. */
const FOREIGN = new Set([
  ...["CALL_EXCEPTION", "INSUFFICIENT_FUNDS", "NETWORK_ERROR", "SERVER_ERROR", "DOMAIN_JOB", "TIMEOUT"],
  ...["RETRY", "REJECT", "ESCALATE", "PUBLIC", "COMMITTED", "SAME_UPPER", "SAME_LOWER", "SOFTMAX_ZERO"],
]);
/** Codes of one word, which no underscore gives away. */
const SINGLE = /"(ABORTED|INTERNAL|USAGE)"/g;

describe("docs/error-codes.md", () => {
  it("lists every code of the source, and no other, each with a consequence and advice", async () => {
    const source = new Set<string>();
    for (const name of await readdir(join(ROOT, "verifier"), { recursive: true })) {
      if (!name.endsWith(".ts") || name.startsWith("chain/abi/")) continue;
      const text = await readFile(join(ROOT, "verifier", name), "utf8");
      for (const match of text.matchAll(/"([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)"/g)) source.add(match[1] as string);
      for (const match of text.matchAll(SINGLE)) source.add(match[1] as string);
    }
    const page = await readFile(join(ROOT, "docs/error-codes.md"), "utf8");
    const listed = new Map<string, string[]>();
    for (const line of page.split("\n")) {
      const cells = line.split("|").map((cell) => cell.trim());
      const [, code = ""] = cells;
      if (!/^[A-Z][A-Z0-9_]+$/.test(code) || FOREIGN.has(code)) continue;
      expect(listed.has(code), `${code} is listed twice`).to.equal(false);
      listed.set(code, cells);
    }
    const codes = [...source].filter((code) => !FOREIGN.has(code)).sort();
    expect(codes.length).to.be.greaterThan(50);
    expect([...listed.keys()].sort()).to.deep.equal(codes);
    for (const [code, [, , consequence, meaning, advice]] of listed) {
      expect(consequence, code).to.match(/RETRY|REJECT|ESCALATE/);
      expect(meaning?.length, code).to.be.greaterThan(10);
      expect(advice?.length, code).to.be.greaterThan(3);
    }
  });
});
