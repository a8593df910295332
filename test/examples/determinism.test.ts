// SPDX-License-Identifier: GPL-3.0-or-later
// ONNX file and calibration.json give the same bytes: in other processes, directories, time zones and languages.
import { execFile } from "node:child_process";
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect } from "chai";
import { calibrate } from "../../verifier/calibrate/calibrate.ts";
import { serializeCalibration } from "../../verifier/graph/calibration.ts";
import { listFiles } from "../../verifier/hub/cid.ts";
import { hashesOf, type ExampleName, type PackageHashes } from "../helpers/examples.ts";
import { onnxOf } from "../onnx/model.ts";

const MAIN = new URL("../../verifier/cli/main.ts", import.meta.url).pathname;
const COMPILE_GRAPH = new URL("../helpers/compile-graph.ts", import.meta.url).pathname;

/** Two machines as far apart as environments are: what may leak into a compiler, and must not. */
const ENVIRONMENTS = [
  { TZ: "UTC", LANG: "C", LC_ALL: "C", HOME: "/", TMPDIR: "" },
  { TZ: "Pacific/Apia", LANG: "tr_TR.UTF-8", LC_ALL: "tr_TR.UTF-8", HOME: "/nowhere", TMPDIR: "deep/er" },
];

describe("determinism", function () {
  this.timeout(240_000);
  let root: string;
  /** Where each process works: one beside its files, one far from them. */
  let places: string[];

  before(async () => {
    root = await mkdtemp(join(tmpdir(), "verigrad-determinism-"));
    places = [join(root, "a"), join(root, "b", "İ ı", "c")];
    for (const place of places) await mkdir(join(place, "deep/er"), { recursive: true });
  });
  after(() => rm(root, { recursive: true, force: true }));

  /** Runs a script in each place, with nothing of this process's environment but the path. */
  const runInEach = (script: string, argumentsOf: (i: number) => readonly string[]): Promise<string[]> =>
    Promise.all(
      ENVIRONMENTS.map(async ({ TMPDIR, ...environment }, i) => {
        const cwd = places[i] as string;
        const { stdout } = await promisify(execFile)(
          process.execPath,
          ["--disable-warning=ExperimentalWarning", script, ...argumentsOf(i)],
          { cwd, env: { PATH: process.env["PATH"], ...environment, TMPDIR: join(cwd, TMPDIR) }, maxBuffer: 1 << 26 },
        );
        return stdout;
      }),
    );

  it("of a package with a circuit: every file but keys and reports", async () => {
    const name: ExampleName = "diabetes";
    for (const place of places) {
      for (const file of [`${name}.onnx`, "calibration.json"])
        await copyFile(new URL(`../../examples/${name}/${file}`, import.meta.url), join(place, file));
    }
    // The same files by a relative path and by an absolute one.
    await runInEach(MAIN, (i) => {
      const at = (file: string): string => (i === 0 ? file : join(places[i] as string, file));
      return ["compile", at(`${name}.onnx`), "--calibration", at("calibration.json"), "-o", at("package")];
    });
    const packages = await Promise.all(
      places.map(async (place) => {
        const paths = await listFiles(join(place, "package"));
        return Promise.all(paths.map(async (path) => ({ path, bytes: await readFile(join(place, "package", path)) })));
      }),
    );
    const [first = [], second = []] = packages;
    expect(first.map(({ path }) => path)).to.include.members(["graph.json", "circuit/main.r1cs", "circuit/main.wasm"]);
    expect(first.map(({ path }) => path)).to.deep.equal(second.map(({ path }) => path));
    first.forEach(({ path, bytes }, i) => expect(bytes.equals(second[i]?.bytes as Buffer), path).to.equal(true));
    const vectors = JSON.parse(await readFile(new URL("../vectors/examples.json", import.meta.url), "utf8")) as Record<
      ExampleName,
      PackageHashes
    >;
    expect(await hashesOf(first)).to.deep.equal(vectors[name]);
  });

  it("of a graph with look-ups: tables are the same integers", async () => {
    const values = (length: number, step: number) => Array.from({ length }, (_, i) => Math.sin(step * (i + 1)));
    const onnx = onnxOf({
      nodes: [
        { op: "Gemm", in: ["x", "w1", "b1"], out: ["z"] },
        { op: "Sigmoid", in: ["z"], out: ["s"] },
        { op: "Gemm", in: ["s", "w2", "b2"], out: ["t"] },
        { op: "Softmax", in: ["t"], out: ["y"], attributes: { axis: -1 } },
      ],
      inputs: { x: [1, 4] },
      outputs: ["y"],
      constants: {
        w1: { dims: [4, 6], values: values(24, 1) },
        b1: { dims: [6], values: values(6, 2) },
        w2: { dims: [6, 3], values: values(18, 3) },
        b2: { dims: [3], values: values(3, 4) },
      },
    });
    const samples = Array.from({ length: 16 }, (_, s) => [values(4, s + 0.5)]);
    const { calibration } = await calibrate(onnx, samples, { target: "tensorcheck", heads: "keep" });
    await writeFile(join(root, "model.onnx"), onnx);
    await writeFile(join(root, "calibration.json"), serializeCalibration(calibration));
    const graphs = await runInEach(COMPILE_GRAPH, () => [join(root, "model.onnx"), join(root, "calibration.json")]);
    const [first = "", second] = graphs;
    const { json } = JSON.parse(first) as { json: string };
    expect(
      json.match(/"op":"table"/g) ?? [],
      "Sigmoid, and Softmax's exponential and reciprocal",
    ).to.have.length.at.least(3);
    expect(second).to.equal(first);
  });
});
