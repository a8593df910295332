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
    const { models, summary } = JSON.parse(stdout) as { models: Result[]; summary: unknown };
    expect(summary).to.deep.equal({ of: 2, ok: 1, refused: ["unsupported"], failed: [] });
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
      code: "ONNX_UNSUPPORTED",
      reason: 'Mystery "m": operator not supported',
      refusals: [{ node: "m", operator: "Mystery", reason: "operator not supported" }],
    });
    expect(stderr)
      .to.match(/^ok {3}perceptron/m)
      .and.to.match(/^no {3}unsupported/m);
    expect(code).to.equal(1);
  }).timeout(60_000);

  it("--prove: a refusal by name is counted, and is no failure; an input file that does not fit is one", async () => {
    const constant = join(root, "constant");
    const broken = join(root, "broken");
    const nodes = [{ op: "Add", name: "sum", in: ["a", "a"], out: ["y"] }];
    const constants = { a: { dims: [3], values: [1, 2, 3] } };
    try {
      await mkdir(constant);
      await writeFile(join(constant, "network.onnx"), onnxOf({ nodes, inputs: {}, outputs: ["y"], constants }));
      await writeFile(join(constant, "input.json"), JSON.stringify({ input_data: [[]] }));
      const only = ["constant", "perceptron", "unsupported"].flatMap((name) => ["--only", name]);
      const { code, stdout, stderr } = await tryModels(root, "--prove", "--json", ...only);
      const { models, summary } = JSON.parse(stdout) as { models: Result[]; summary: unknown };
      expect(summary, stderr).to.deep.equal({ of: 3, ok: 1, refused: ["constant", "unsupported"], failed: [] });
      const [empty, perceptron] = models as [Result, Result];
      expect(empty.compiled && empty.proof).to.deep.include({
        ...{ proven: false, code: "PROOF_SYSTEM_UNSUPPORTED" },
        refusals: [
          { node: "graph", operator: "signature", reason: "the model has no input: there is nothing to prove" },
        ],
      });
      expect(perceptron.compiled && perceptron.proof).to.include({ proven: true });
      expect(code).to.equal(0);

      await mkdir(broken);
      await writeFile(join(broken, "network.onnx"), "none");
      await writeFile(join(broken, "input.json"), "{}");
      const failing = await tryModels(root, "--prove", "--only", "broken", "--only", "unsupported");
      expect(failing.stdout).to.match(/^proven 0 of 2, refused 1 \(unsupported\), failed 1 \(broken\)$/m);
      expect(failing.stderr).to.match(/^FAIL broken/m);
      expect(failing.code).to.equal(1);
    } finally {
      await rm(constant, { recursive: true, force: true });
      await rm(broken, { recursive: true, force: true });
    }
  }).timeout(300_000);

  it("--only takes one model, and exits with 0 if it agrees", async () => {
    const { code, stdout } = await tryModels(root, "--only", "perceptron");
    expect(stdout).to.match(/: 1 of 1, refused 0, failed 0$/m);
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
