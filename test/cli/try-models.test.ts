// SPDX-License-Identifier: GPL-3.0-or-later
import { spawn } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import type { Result } from "../../scripts/try-models/types.ts";
import { onnxOf, PERCEPTRON, type TestModel } from "../onnx/model.ts";

const SCRIPT = new URL("../../scripts/try-models.ts", import.meta.url).pathname;

function tryModels(...args: readonly string[]) {
  return new Promise<{ code: number | null; stdout: string; stderr: string }>((resolve, reject) => {
    const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", SCRIPT, ...args]);
    let stdout = "";
    let stderr = "";
    child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
    child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, stdout, stderr }));
  });
}

describe("scripts/try-models", () => {
  let root: string;
  before(async () => {
    root = await mkdtemp(join(tmpdir(), "verigrad-try-"));
    const add = async (name: string, model: TestModel, input: unknown): Promise<void> => {
      await mkdir(join(root, name));
      await writeFile(join(root, name, "network.onnx"), onnxOf(model));
      await writeFile(join(root, name, "input.json"), JSON.stringify(input));
    };
    const logits = { ...PERCEPTRON, nodes: PERCEPTRON.nodes.slice(0, 3), outputs: ["y"] };
    await add("perceptron", logits, { input_data: [[[0.3, -0.8, 0.5]]] });
    await add(
      "unsupported",
      { ...logits, nodes: [{ op: "Mystery", name: "m", in: ["x"], out: ["y"] }] },
      {
        input_data: [[1, 2, 3]],
      },
    );
    await mkdir(join(root, "empty"));
    await writeFile(join(root, "stray.txt"), "");
  });
  after(() => rm(root, { recursive: true }));

  it("reports each model, compiled or why not, and fails unless all agree", async () => {
    const { code, stdout, stderr } = await tryModels(root, "--json");
    const { models } = JSON.parse(stdout) as { models: Result[] };
    expect(models.map(({ name }) => name)).to.deep.equal(["perceptron", "unsupported"]);
    const [perceptron, unsupported] = models as [Result, Result];
    expect(perceptron).to.include({ compiled: true, reason: null, sameClass: true, groth16: true });
    if (perceptron.compiled) {
      expect(perceptron.relError).to.be.within(1e-6, 0.02);
      expect(perceptron.maxError).to.be.greaterThan(perceptron.relError); // outputs are well above 1
    }
    expect(unsupported).to.deep.equal({
      name: "unsupported",
      compiled: false,
      reason: 'Mystery "m": operator not supported',
    });
    expect(stderr)
      .to.match(/^ok {3}perceptron/m)
      .and.to.match(/^FAIL unsupported/m);
    expect(code).to.equal(1);
  }).timeout(60_000);

  it("--only takes one model, and exits with 0 if it agrees", async () => {
    const { code, stdout } = await tryModels(root, "--only", "perceptron");
    expect(stdout).to.match(/^1 of 1 models/);
    expect(code).to.equal(0);
  }).timeout(60_000);

  it("a missing folder, one without models, an unknown name or option is an error", async () => {
    for (const args of [[], [join(root, "none")], [join(root, "empty")], [root, "--only", "x"], [root, "--fast"]]) {
      const { code, stdout, stderr } = await tryModels(...args);
      expect(stderr, args.join(" ")).to.match(/^try-models: [^\n]+\n$/);
      expect(stdout).to.equal("");
      expect(code).to.equal(2);
    }
  }).timeout(60_000);
});
