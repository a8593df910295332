// SPDX-License-Identifier: GPL-3.0-or-later
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import fc from "fast-check";
import { VerigradError } from "../../verifier/errors.ts";
import { parseCalibration } from "../../verifier/graph/calibration.ts";
import { compileModel } from "../../verifier/graph/compile.ts";
import { drawModel } from "../../verifier/graph/draw.ts";
import type { InspectedNode } from "../../verifier/graph/inspect.ts";
import { compileCircom } from "../../verifier/proofs/groth16/circom.ts";
import { emitCircuit } from "../../verifier/proofs/groth16/emit.ts";
import { readR1csHeader } from "../../verifier/proofs/groth16/r1cs.ts";
import { tensorcheck } from "../../verifier/proofs/tensorcheck/index.ts";
import { inspectFile } from "../../verifier/cli/commands/inspect.ts";
import { inspectionLines, type InspectionReport } from "../../verifier/cli/inspection.ts";
import { COMPARE_CASES } from "../calibrate/compare-cases.ts";
import { CONV_CASES } from "../calibrate/conv-cases.ts";
import { RANK_CASES } from "../calibrate/rank-cases.ts";
import { rejectionOf } from "../graph/codes.ts";
import { onnxOf, PERCEPTRON, type TestModel, type TestNode } from "../onnx/model.ts";
import { expectNear } from "../helpers/near.ts";

const MAIN = new URL("../../verifier/cli/main.ts", import.meta.url).pathname;
const DIGITS = "examples/digits/";

const inspected = async (model: TestModel, options = {}): Promise<InspectionReport> =>
  (await inspectFile(onnxOf(model), options, null)).report;

const chain = (operators: readonly string[], more: Partial<TestModel> = {}): TestModel => ({
  nodes: operators.map((op, i): TestNode => ({
    ...{ op, name: `n${i}`, in: [i === 0 ? "x" : `v${i}`] },
    out: [i === operators.length - 1 ? "y" : `v${i + 1}`],
  })),
  inputs: { x: [1, 3] },
  outputs: ["y"],
  ...more,
});

describe("verigrad inspect", () => {
  it("tells of each node what it is, holds, costs and may be", async () => {
    const report = await inspected(PERCEPTRON, { inputRange: [{ name: null, lo: -2, hi: 2 }] });
    const [fc1, relu, fc2, softmax] = report.nodes as [InspectedNode, InspectedNode, InspectedNode, InspectedNode];
    expect(fc1).to.deep.include({ status: "compiled", operator: "Gemm", kinds: ["linear"], parameters: 8, macs: 6 });
    expect(relu).to.deep.include({ status: "compiled", kinds: ["look-up"], parameters: 0, requantizations: 2 });
    expect(fc2).to.deep.include({ kinds: ["linear"], parameters: 4, macs: 4 });
    expect(softmax).to.deep.include({ status: "dropped", kinds: [], parameters: 0, macs: 0 });
    // x in [-2, 2], weights [1, -2, 3] and [0, 5, -6], biases 7 and -8, all of them exact at 8 bits.
    expect(fc1.outputs[0]).to.deep.include({ shape: [1, 2], type: "float32" });
    const [lo, hi] = fc1.outputs[0]?.range ?? [NaN, NaN];
    expectNear(lo, -30, 0.4);
    expectNear(hi, 19, 12.4); // one range for both rows: 14 and 19
    expect(report.totals).to.deep.include({ parameters: 12, macs: 10, tableEntries: 0 });
    expect(report.inputs).to.deep.equal([
      { name: "x", type: "float32", shape: [1, 3], range: [-2, 2], assumed: false },
    ]);
    expect(report.unsupported).to.deep.equal([]);
    expect(report.notices.join()).to.match(/dropped Softmax/);
  });

  it("by a calibration.json: ranges are the graph's, and constraints those that circom makes", async () => {
    const onnx = readFileSync(`${DIGITS}digits.onnx`);
    const calibration = parseCalibration(readFileSync(`${DIGITS}calibration.json`));
    const { report } = await inspectFile(onnx, { calibration: "calibration.json" }, calibration);
    const { graph } = compileModel(onnx, calibration);
    const { constraints } = readR1csHeader((await compileCircom(emitCircuit(graph))).r1cs);
    const { nodes, ports } = tensorcheck.cost(graph);
    const cells = nodes.reduce((sum: number, cost) => sum + (cost ?? NaN), ports);
    expect(report.totals.cost).to.deep.equal({ groth16: constraints, tensorcheck: cells });
    expect(report.proofSystems.map(({ name, unit }) => [name, unit])).to.deep.equal([
      ["groth16", "constraints"],
      ["tensorcheck", "cells"],
    ]);
    expect(report.calibration).to.equal("calibration.json");
    const first = graph.tensors[1] as (typeof graph.tensors)[number];
    const unit = 2 ** -first.exponent;
    expect(report.nodes[0]?.outputs[0]?.range).to.deep.equal([Number(first.lo) * unit, Number(first.hi) * unit]);
    const other = onnxOf(PERCEPTRON);
    expect(await rejectionOf(inspectFile(other, {}, calibration))).to.equal("CALIBRATION_MISMATCH");
  }).timeout(60_000);

  it("goes on behind what is not supported, and names every reason", async () => {
    const report = await inspected(chain(["Relu", "Mystery", "Relu", "Loop", "Relu"]));
    expect(report.nodes.map(({ status }) => status)).to.deep.equal([
      ...["compiled", "unsupported", "unknown", "unsupported", "unknown"],
    ]);
    expect(report.unsupported).to.deep.equal([
      { node: "n1", operator: "Mystery", reason: "operator not supported" },
      { node: "n3", operator: "Loop", reason: "operator not supported" },
    ]);
    expect(report.totals.cost).to.deep.equal({ groth16: null, tensorcheck: null });
    const lines = inspectionLines(report);
    expect(lines.join("\n")).to.match(/2 nodes cannot be compiled:\n {2}Mystery "n1"/);
    // A folded node, and one that nothing reads.
    const folded = await inspected({
      ...chain(["Relu"]),
      nodes: [
        { op: "Neg", name: "folded", in: ["c"], out: ["d"] },
        { op: "Relu", name: "idle", in: ["x"], out: ["i"] },
        { op: "Add", name: "sum", in: ["x", "d"], out: ["y"] },
      ],
      constants: { c: { dims: [3], values: [1, 2, 3] } },
    });
    expect(folded.nodes.map(({ status }) => status)).to.deep.equal(["constant", "unused", "compiled"]);
    expect(folded.totals.parameters).to.equal(3);
  });

  it("what only proven ranges show is a reason, too: an accumulator beyond 2^62", async () => {
    const wide = { dims: [3, 3], values: [1, -2, 3, 4, 5, -6, 7, 8, 9] };
    const nodes = ["Mul", "Mul"].map((op, i): TestNode => ({
      ...{ op, name: `n${i}`, in: i === 0 ? ["x", "x"] : ["v", "v"], out: [i === 0 ? "v" : "y"] },
    }));
    const report = await inspected(
      { nodes, inputs: { x: [1, 3] }, inputType: 6, outputs: ["y"], constants: { wide } },
      { inputRange: [{ name: null, lo: -(2 ** 31), hi: 2 ** 31 - 1 }] },
    );
    expect(report.unsupported.map(({ node }) => node)).to.deep.equal(["n1"]);
    expect(report.unsupported[0]?.reason).to.match(/2\^62/);
    expect(report.nodes.map(({ status }) => status)).to.deep.equal(["compiled", "unsupported"]);
  });

  it("assumed ranges are said so; a range for an input that the model lacks is refused", async () => {
    const bytes = await inspected(
      chain(["Relu"], { inputType: 2, nodes: [{ op: "Cast", in: ["x"], out: ["y"], attributes: { to: 1 } }] }),
    );
    expect(bytes.inputs[0]).to.deep.include({ type: "uint8", range: [0, 255], assumed: true });
    expect(inspectionLines(bytes)[0]).to.match(/assumed/);
    const stranger = { inputRange: [{ name: "z", lo: 0, hi: 1 }] };
    expect(await rejectionOf(inspected(PERCEPTRON, stranger))).to.equal("INPUT_RANGE");
    expect(await rejectionOf(inspected(PERCEPTRON, { dim: { z: 1 } }))).to.equal("ONNX_SYMBOLIC_DIM");
    expect((await inspected(PERCEPTRON, { dim: { batch: 2 } })).inputs[0]?.shape).to.deep.equal([2, 3]);
  });

  it("the table fits 100 columns whatever names a model has", async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ minLength: 1, maxLength: 60, unit: "grapheme-ascii" }), async (name) => {
        const [first, ...rest] = PERCEPTRON.nodes as [TestNode, ...TestNode[]];
        const report = await inspected({ ...PERCEPTRON, nodes: [{ ...first, name, op: "Gemm" }, ...rest] });
        for (const line of inspectionLines(report)) expect(line.length, line).to.be.at.most(100);
      }),
      { numRuns: 25 },
    );
  });

  it("long chains are inspected in seconds, one too long for a graph and one too large to lower, too", async () => {
    const started = process.cpuUsage();
    const long = await inspected(chain(new Array<string>(10_000).fill("Neg")));
    expect(long.nodes).to.have.length(10_000);
    expect(long.unsupported).to.deep.equal([]);
    const longer = await inspected(chain(new Array<string>(66_000).fill("Neg")));
    expect(longer.nodes.every(({ status }) => status === "compiled")).to.equal(true);
    expect(longer.unsupported.map(({ reason }) => reason).join()).to.match(/more than 65536 nodes/);
    const large = { ...chain(["MatMul"]), nodes: [{ op: "MatMul", name: "m", in: ["x", "z"], out: ["y"] }] };
    const heavy = await inspected({ ...large, inputs: { x: [2048, 2048], z: [2048, 2048] } });
    expect(heavy.calibration).to.equal(null);
    expect(heavy.nodes[0]).to.deep.include({ status: "compiled", kinds: [] });
    expect(heavy.nodes[0]?.outputs[0]?.shape).to.deep.equal([2048, 2048]);
    const { user, system } = process.cpuUsage(started);
    expect((user + system) / 1e6).to.be.below(30);
  }).timeout(120_000);

  it("changed bytes of models with many operators: a report or a VerigradError, never anything else", async () => {
    const files = [
      PERCEPTRON,
      ...[...COMPARE_CASES, ...CONV_CASES, ...RANK_CASES].map(({ x, ...rest }) => ({
        ...{ inputs: { x }, outputs: ["y"] },
        ...rest,
      })),
    ].map((model) => onnxOf(model as TestModel));
    const change = fc.tuple(fc.nat(), fc.oneof(fc.constantFrom(0, 1, 0x7f, 0x80, 0xff), fc.nat(255)));
    await fc.assert(
      fc.asyncProperty(fc.nat(), fc.array(change, { minLength: 1, maxLength: 4 }), async (which, changes) => {
        const bytes = Uint8Array.from(files[which % files.length] as Uint8Array);
        for (const [at, value] of changes) bytes[at % bytes.length] = value;
        try {
          const { model, report } = await inspectFile(bytes, {}, null);
          drawModel(model, report);
          JSON.stringify(report);
        } catch (error) {
          if (!(error instanceof VerigradError)) throw error;
        }
      }),
      { numRuns: 600 },
    );
  }).timeout(120_000);

  describe("as a command", () => {
    let root: string;
    before(() => {
      root = mkdtempSync(join(tmpdir(), "verigrad-inspect-"));
    });
    after(() => rmSync(root, { recursive: true }));
    const run = (...args: readonly string[]) =>
      spawnSync(process.execPath, ["--disable-warning=ExperimentalWarning", MAIN, "inspect", ...args], {
        encoding: "utf8",
      });

    it("prints a table, or JSON, and draws; exit code 3 names what cannot be compiled", () => {
      const svg = join(root, "digits.svg");
      const table = run(`${DIGITS}digits.onnx`, "--input-range", "0,16", "--svg", svg);
      expect(table.status, table.stderr).to.equal(0);
      expect(table.stdout)
        .to.match(/^fc1 +Gemm +1x32 +linear +2\.1k +2\.0k/m)
        .and.to.match(/groth16: about \d+ constraints/);
      expect(readFileSync(svg, "utf8")).to.match(/^<svg /);
      const bad = join(root, "bad.onnx");
      writeFileSync(bad, onnxOf(chain(["Relu", "Mystery"])));
      const json = run(bad, "--json");
      expect(json.status).to.equal(3);
      const report = JSON.parse(json.stdout) as InspectionReport;
      expect(report.format).to.equal("verigrad.inspection.v1");
      expect(report.unsupported.map(({ node }) => node)).to.deep.equal(["n1"]);
    }).timeout(60_000);

    it("bad files, sizes and options: one line and exit code 2", () => {
      const file = join(root, "broken.onnx");
      writeFileSync(file, onnxOf(PERCEPTRON).subarray(0, 50));
      for (const [args, code] of [
        [[file], "ONNX_MALFORMED"],
        [[join(root, "none.onnx")], "FILE_UNREADABLE"],
        [
          [`${DIGITS}digits.onnx`, "--calibration", `${DIGITS}calibration.json`, "--heads", "keep"],
          "CALIBRATION_INVALID",
        ],
        [[`${DIGITS}digits.onnx`, "--svg", join(root, "no", "where.svg")], "OUTPUT_UNWRITABLE"],
      ] as const) {
        const { status, stderr } = run(...args);
        expect(stderr).to.match(new RegExp(`^verigrad: [^\\n]+ \\[${code}\\]\\n$`));
        expect(status).to.equal(2);
      }
    }).timeout(60_000);
  });
});
