// SPDX-License-Identifier: GPL-3.0-or-later
// Each example as its README has it: the command is run, and every number in its tables is measured again.
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect } from "chai";
import type { Accuracy } from "../../verifier/calibrate/accuracy.ts";
import { indexOfLargest } from "../../verifier/tensor/largest.ts";
import type { IntegerGraph } from "../../verifier/graph/types.ts";
import { parseGraph } from "../../verifier/graph/serialize.ts";
import { readR1csHeader } from "../../verifier/proofs/groth16/index.ts";
import { sizeOf } from "../../verifier/tensor/spec.ts";
import {
  differencesOf,
  EXAMPLES,
  exampleFile,
  hashesOf,
  outputsOf,
  readExample,
  type Example,
  type ExampleName,
  type Outputs,
  type PackageHashes,
} from "../helpers/examples.ts";
import { expectNear } from "../helpers/near.ts";

const MAIN = new URL("../../verifier/cli/main.ts", import.meta.url).pathname;
const ROOT = new URL("../../", import.meta.url).pathname;
/** Constraints that an example may have. */
const MAX_CONSTRAINTS = 30_000;

/** Rows of all tables by their first cell: the other cells. */
function rowsOf(markdown: string): Map<string, readonly string[]> {
  const rows = [...markdown.matchAll(/^\|(.+)\|$/gm)].map(([, row = ""]) => row.split("|").map((cell) => cell.trim()));
  return new Map(rows.map(([key = "", ...cells]) => [key, cells]));
}

const percent = (share: number): string => `${(100 * share).toFixed(2)} %`;
const signed = (value: number, digits: number): string => value.toFixed(digits).replace("-", "−");
const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
const firstsOf = (outputs: readonly Float64Array[]): number[] => outputs.map((values) => values[0] as number);

/** What a classifier's README says, by row. */
function classifierFigures({ labels }: Example, { float, integer }: Outputs): Record<string, readonly string[]> {
  const top1 = (outputs: readonly Float64Array[]): number =>
    mean(outputs.map((values, s) => (indexOfLargest(values) === labels[s] ? 1 : 0)));
  return {
    "float model (onnxruntime)": [percent(top1(float))],
    "integer graph (what is proven)": [percent(top1(integer))],
    "same class": [
      percent(mean(float.map((values, s) => (indexOfLargest(values) === indexOfLargest(integer[s] ?? []) ? 1 : 0)))),
    ],
  };
}

/** What a regression's README says, by row: mean absolute error and share of the variance that is explained. */
function regressionFigures({ labels }: Example, { float, integer }: Outputs): Record<string, readonly string[]> {
  const average = mean(labels);
  const quality = (outputs: readonly Float64Array[]): readonly string[] => {
    const errors = firstsOf(outputs).map((value, s) => value - (labels[s] as number));
    const explained = 1 - mean(errors.map((e) => e ** 2)) / mean(labels.map((v) => (v - average) ** 2));
    return [mean(errors.map(Math.abs)).toFixed(2), explained.toFixed(4)];
  };
  return {
    "float model (onnxruntime)": quality(float),
    "integer graph (what is proven)": quality(integer),
  };
}

for (const name of EXAMPLES.filter((example) => example !== "digits")) {
  describe(`examples/${name}`, function () {
    this.timeout(240_000);
    let directory: string;
    let readme: string;
    let example: Example;
    let graph: IntegerGraph;
    let outputs: Outputs;
    const built = (path: string): Promise<Buffer> => readFile(join(directory, path));

    before(async () => {
      readme = (await exampleFile(name, "README.md")).toString();
      example = await readExample(name);
      directory = join(await mkdtemp(join(tmpdir(), "verigrad-example-")), name);
      await compileAsWritten(name, readme, directory);
      graph = parseGraph(await built("graph.json"), await built("weights.bin"));
      outputs = await outputsOf(example, graph);
    });
    after(() => rm(join(directory, ".."), { recursive: true, force: true }));

    it("the committed calibration.json is what the README's command chooses", async () => {
      expect((await built("calibration.json")).toString()).to.equal(
        (await exampleFile(name, "calibration.json")).toString(),
      );
    });

    it("samples are apart, and input.json is the first that was held out", async () => {
      const rows = async (file: string): Promise<string[]> =>
        (JSON.parse((await exampleFile(name, file)).toString()) as { input_data: unknown[][] }).input_data.flatMap(
          (list) => list.map((row) => JSON.stringify(row)),
        );
      const seen = new Set(await rows("calibration-samples.json"));
      const heldOut = await rows("heldout.json");
      expect(heldOut.filter((row) => seen.has(row))).to.deep.equal([]);
      expect(await rows("input.json")).to.deep.equal(heldOut.slice(0, 1));
    });

    it("integers lose next to nothing on what was held out", async () => {
      const { largest, mean: average } = differencesOf(outputs);
      const accuracy = JSON.parse((await built("report/accuracy.json")).toString()) as Accuracy;
      expect(accuracy.samples).to.equal(example.labels.length);
      expectNear(accuracy.maxAbsError, largest, 1e-9);
      expect(accuracy.meanAbsError).to.be.at.most(largest);
      if (isRegression(graph)) {
        // A regression: within 1 % of the range of what it tells.
        expect(largest).to.be.at.most(0.01 * (Math.max(...example.labels) - Math.min(...example.labels)));
        expect(accuracy.integerTop1).to.equal(null);
        return;
      }
      const { floatTop1, integerTop1 } = accuracy;
      expect(floatTop1).to.be.greaterThan(0.9);
      expect(integerTop1).to.be.at.least((floatTop1 as number) - 0.003);
      expect(average).to.be.below(largest);
    });

    it("the README's numbers are the measured ones", async () => {
      const { largest, mean: average } = differencesOf(outputs);
      const values = outputs.float.flatMap((list) => [...list]);
      const { constraints, publicSignals } = readR1csHeader(await built("circuit/main.r1cs"));
      expect(constraints).to.be.at.most(MAX_CONSTRAINTS);
      const figures = {
        ...(isRegression(graph) ? regressionFigures(example, outputs) : classifierFigures(example, outputs)),
        "largest difference": [largest.toFixed(4)],
        "mean difference": [average.toFixed(4)],
        "range of the float model": [`${signed(Math.min(...values), 1)} to ${signed(Math.max(...values), 1)}`],
        constraints: [constraints.toLocaleString("en-US")],
        "public signals": [String(publicSignals)],
      };
      const rows = rowsOf(readme);
      expect(Object.fromEntries(Object.keys(figures).map((key) => [key, rows.get(key)]))).to.deep.equal(figures);
    });

    it("has the bytes that test/vectors/examples.json commits to", async () => {
      const vectors = JSON.parse(await readFile(join(ROOT, "test/vectors/examples.json"), "utf8")) as Record<
        ExampleName,
        PackageHashes
      >;
      const { files } = JSON.parse((await built("manifest.json")).toString()) as { files: Record<string, unknown> };
      const paths = [...Object.keys(files), "manifest.json"];
      const hashes = await hashesOf(await Promise.all(paths.map(async (path) => ({ path, bytes: await built(path) }))));
      expect(hashes).to.deep.equal(vectors[name]);
    });
  });
}

/** A single output value has no classes. */
const isRegression = ({ outputs }: IntegerGraph): boolean => sizeOf(outputs[0]?.spec.shape ?? []) === 1;

/** Runs the README's `verigrad compile`, in the example's folder, into another directory. */
async function compileAsWritten(name: ExampleName, readme: string, directory: string): Promise<void> {
  const words = /^.*\bverigrad (compile .+)$/m.exec(readme)?.[1]?.split(" ") ?? [];
  expect(words.at(-2), "the README's command ends with where the package goes").to.equal("-o");
  await promisify(execFile)(
    process.execPath,
    ["--disable-warning=ExperimentalWarning", MAIN, ...words.slice(0, -1), directory],
    { cwd: join(ROOT, "examples", name) },
  );
}
