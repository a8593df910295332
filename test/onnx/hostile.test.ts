// SPDX-License-Identifier: GPL-3.0-or-later
// Files made to exhaust their reader, each read in a process with little memory and little time.
import { spawnSync } from "node:child_process";
import { expect } from "chai";
import { BOMBS } from "./bombs.ts";

/** Prints one line of JSON a bomb: its name, the error's code, milliseconds of a core. A crash leaves lines out. */
const READER = `
  const { BOMBS } = await import("./test/onnx/bombs.ts");
  const { parseModel } = await import("./verifier/onnx/parse.ts");
  const { analyse } = await import("./verifier/graph/analyse.ts");
  for (const [name, make] of Object.entries(BOMBS)) {
    const bytes = make();
    const started = process.cpuUsage();
    let code = "none";
    try { analyse(parseModel(bytes)); } catch (error) { code = error.code ?? String(error); }
    const { user, system } = process.cpuUsage(started);
    console.log(JSON.stringify({ name, code, ms: (user + system) / 1000 }));
  }`;

interface Read {
  readonly name: string;
  readonly code: string;
  readonly ms: number;
}

describe("onnx/hostile", () => {
  it("small files that claim much are refused soon, within 256 MiB of heap", () => {
    const { stdout, stderr } = spawnSync(
      process.execPath,
      ["--max-old-space-size=256", "--disable-warning=ExperimentalWarning", "--input-type=module", "-e", READER],
      { timeout: 110_000, encoding: "utf8" },
    );
    const reads = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Read);
    expect(
      reads.map(({ name }) => name),
      stderr.slice(0, 300),
    ).to.deep.equal(Object.keys(BOMBS));
    for (const { name, code, ms } of reads) {
      expect(code, name).to.match(/^ONNX_(MALFORMED|UNSUPPORTED)$/);
      expect(ms, name).to.be.below(8_000);
    }
  });
});
