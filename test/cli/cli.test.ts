// SPDX-License-Identifier: GPL-3.0-or-later
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { groth16 } from "../../verifier/proofs/groth16/index.ts";
import { tensorcheck } from "../../verifier/proofs/tensorcheck/index.ts";
import { testAccount } from "../helpers/chain.ts";
import { mockPackageFiles, writeFiles } from "../helpers/packages.ts";
import { expectNear } from "../helpers/near.ts";

const MAIN = new URL("../../verifier/cli/main.ts", import.meta.url).pathname;
const EXAMPLE = new URL("../../examples/digits/", import.meta.url).pathname;

interface Run {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Compiled modules are kept between the runs, which halves the time of each. */
let compileCache = "";

function verigrad(args: readonly string[], options: { env?: Record<string, string> } = {}) {
  return new Promise<Run>((resolve, reject) => {
    const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", MAIN, ...args], {
      env: { PATH: process.env["PATH"], NODE_COMPILE_CACHE: compileCache, ...options.env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let stdout = "";
    let stderr = "";
    child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
    child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, stdout, stderr }));
  });
}

/** What every refusal looks like: exit code 2, one line on stderr, no stack trace, and with --json the code on stdout. */
function expectRefused({ code, stdout, stderr }: Run, expected: string): void {
  expect(stderr, "one line").to.match(/^verigrad: [^\n]+\n$/);
  expect(stderr.trimEnd(), "nothing that steers a terminal").to.not.match(/[\p{Cc}\p{Cf}]/u);
  expect(stderr, "no stack trace").to.not.match(/\bat .*:\d+:\d+|node:internal/);
  const last = stdout.trim().split("\n").at(-1) ?? "";
  const { error } = JSON.parse(last) as { error: { code: string; message: string } };
  expect(error.code).to.equal(expected);
  expect(stderr).to.contain(error.message);
  expect(code).to.equal(2);
}

describe("verigrad, the command", () => {
  let root: string;
  const at = (...parts: string[]): string => join(root, ...parts);
  const DEPLOYMENT = {
    chainId: 31337,
    market: `0x${"11".repeat(20)}`,
    registry: `0x${"22".repeat(20)}`,
    router: `0x${"33".repeat(20)}`,
    tokens: [`0x${"44".repeat(20)}`],
    fromBlock: 0,
  };

  before(async () => {
    root = await mkdtemp(join(tmpdir(), "verigrad-cli-"));
    compileCache = at("cache");
    await verigrad(["--help"]);
    await writeFiles(at("tiny"), mockPackageFiles());
    for (const [directory, proofSystem] of Object.entries({ bare: groth16, "bare-tensorcheck": tensorcheck })) {
      const files = mockPackageFiles({ proofSystem }).filter(({ path }) => !path.startsWith("setup/"));
      await writeFiles(at(directory), files);
    }
    await writeFiles(
      at("bare-mock"),
      mockPackageFiles().filter(({ path }) => !path.startsWith("setup/")),
    );
    await writeFiles(at("corrupt"), mockPackageFiles());
    await writeFile(at("corrupt/weights.bin"), new Uint8Array(24));
    await writeFiles(at("committed"), mockPackageFiles({ inputMode: "COMMITTED" }));
    await mkdir(at("empty"));
    const nodeFile = {
      rpc: "http://127.0.0.1:9",
      deployment: DEPLOYMENT,
      data: at("empty/data"),
      hub: at("empty/hub"),
      wallet: { keyEnv: "OPERATOR_KEY" },
      node: { models: "any", tokens: [{ token: DEPLOYMENT.tokens[0], minPrice: 1, maxCollateral: 1 }] },
    };
    const files: Record<string, string> = {
      "text.json": "{",
      "list.json": "[1, 2]",
      "escape.json": "\u001b[2J\u009b2J\u202e",
      "short.json": '{"input_data": [[1, 2, 3]]}',
      "large.json": '{"input_data": [[1, 2, 3, 17]]}',
      "null.json": '{"input_data": [[1, 2, 3, null]]}',
      "nan.json": '{"input_data": [[1, 2, 3, NaN]]}',
      "word.json": '{"input_data": [[1, 2, 3, "NaN"]]}',
      "many.json": '{"input_data": [[[1, 2, 3, 4], [1, 2, 3, 4]]]}',
      "good.json": '{"input_data": [[1, 2, 3, 4]]}',
      "deployment.json": JSON.stringify(DEPLOYMENT),
      "deployment-bad.json": JSON.stringify({ ...DEPLOYMENT, market: "0x12" }),
      "model.onnx": "this is no model",
      "node-empty.json": "{}",
      "node.json": JSON.stringify(nodeFile),
      "node-data.json": JSON.stringify({ ...nodeFile, wallet: { keyEnv: "K" }, data: at("good.json") }),
      "node-hub.json": JSON.stringify({ ...nodeFile, wallet: { keyEnv: "K" }, hub: at("good.json") }),
      "node-typo.json": JSON.stringify({
        rpc: "http://127.0.0.1:9",
        deployment: DEPLOYMENT,
        data: "d",
        hub: "h",
        wallet: {},
        node: { models: "any", tokens: [{ token: DEPLOYMENT.tokens[0], minPrice: 1, maxCollateral: 1 }], rescu: true },
      }),
      "proof.json": JSON.stringify({ format: "verigrad.proof.v1" }),
    };
    for (const [name, text] of Object.entries(files)) await writeFile(at(name), text);
  });
  after(() => rm(root, { recursive: true }));

  const prove = (input: string, ...more: string[]): string[] => [
    ...["prove", at("tiny"), "--input", at(input), "-o", at("out.json")],
    ...more,
  ];
  const compile = (model: string, calibration: string): string[] => [
    ...["compile", model, "--calibration", calibration, "-o", at("out")],
  ];
  const commit = (directory: string, opening: string): string[] => [
    ...["commit", at(directory), "--input", at("good.json"), "-o", opening],
  ];
  const chainArgs = (): string[] => ["--rpc", "http://127.0.0.1:9", "--deployment", at("deployment.json")];
  const JOB = `0x${"ab".repeat(32)}`;

  /** [what is wrong, arguments, code] */
  const cases: [string, () => string[], string][] = [
    ["an unknown command", () => ["frobnicate"], "USAGE"],
    ["an unknown option", () => ["compile", "x.onnx", "--fast"], "USAGE"],
    ["a missing option", () => ["compile", "x.onnx"], "USAGE"],
    ["a range that is none", () => ["compile", "x", "-o", at("out"), "--input-range", "1,0"], "USAGE"],
    ["a dimension without a size", () => ["compile", "x", "-o", at("out"), "--dim", "batch"], "USAGE"],
    ["a dimension of size 0", () => ["compile", "x", "-o", at("out"), "--dim", "batch=0"], "USAGE"],
    [
      "a dimension that the model lacks",
      () => ["compile", `${EXAMPLE}digits.onnx`, "-o", at("out"), "--input-range", "0,16", "--dim", "rows=2"],
      "ONNX_SYMBOLIC_DIM",
    ],
    [
      "a dimension beside a calibration.json",
      () => [...compile(`${EXAMPLE}digits.onnx`, `${EXAMPLE}calibration.json`), "--dim", "batch=1"],
      "CALIBRATION_INVALID",
    ],
    ["a range of one end", () => ["compile", "x", "-o", at("out"), "--input-range", "x=1"], "USAGE"],
    ["nothing to calibrate on", () => ["compile", `${EXAMPLE}digits.onnx`, "-o", at("out")], "CALIBRATION_MISSING"],
    [
      "a range of an input that the model lacks",
      () => ["compile", `${EXAMPLE}digits.onnx`, "-o", at("out"), "--input-range", "image=0,1"],
      "INPUT_RANGE",
    ],
    [
      "an error bound without samples to measure on",
      () => [...compile(`${EXAMPLE}digits.onnx`, `${EXAMPLE}calibration.json`), "--max-error", "0.1"],
      "CALIBRATION_MISSING",
    ],
    [
      "a width beside a calibration.json",
      () => [...compile(`${EXAMPLE}digits.onnx`, `${EXAMPLE}calibration.json`), "--weight-bits", "8"],
      "CALIBRATION_INVALID",
    ],
    ["too many arguments", () => ["verify", "a", "b", "c"], "USAGE"],
    ["a width that is no number", () => [...compile("x", "y"), "--weight-bits", "many"], "USAGE"],
    ["a type that does not exist", () => [...compile("x", "y"), "--output-type", "f32"], "USAGE"],
    ["a model that is not there", () => compile(at("no.onnx"), at("good.json")), "FILE_UNREADABLE"],
    ["a directory for a model", () => compile(root, at("good.json")), "FILE_UNREADABLE"],
    ["a model that is none", () => compile(at("model.onnx"), at("good.json")), "ONNX_MALFORMED"],
    ["no samples", () => compile(`${EXAMPLE}digits.onnx`, at("no.json")), "FILE_UNREADABLE"],
    ["samples that are not JSON", () => compile(`${EXAMPLE}digits.onnx`, at("text.json")), "INPUT_JSON"],
    ["samples of another shape", () => compile(`${EXAMPLE}digits.onnx`, at("good.json")), "INPUT_SHAPE"],
    [
      "an output that exists",
      () => ["compile", `${EXAMPLE}digits.onnx`, "--calibration", `${EXAMPLE}calibration.json`, "-o", at("tiny")],
      "OUTPUT_EXISTS",
    ],
    [
      "a proof system that does not exist",
      () => [...compile(`${EXAMPLE}digits.onnx`, `${EXAMPLE}calibration.json`), "--proof-system", "plonk"],
      "PROOF_SYSTEM_UNKNOWN",
    ],
    [
      "a name that is too long",
      () => [...compile(`${EXAMPLE}digits.onnx`, `${EXAMPLE}calibration.json`), "--name", "x".repeat(65)],
      "PACKAGE_NAME",
    ],
    ["a set-up of no package", () => ["setup", at("empty")], "PACKAGE_NOT_FOUND"],
    ["a set-up of a corrupt package", () => ["setup", at("corrupt")], "PACKAGE_CORRUPT"],
    ["a contribution without a ceremony", () => ["setup", at("bare"), "--contribution", "alice"], "SETUP_OPTIONS"],
    ["a ceremony without a beacon", () => ["setup", at("bare"), "--ptau", "p", "--contribution", "a"], "SETUP_OPTIONS"],
    ["a beacon that is not hex", () => ["setup", at("bare"), "--ptau", "p", "--beacon", "moon"], "USAGE"],
    ["a set-up of an unknown proof system", () => ["setup", at("bare-mock")], "PROOF_SYSTEM_UNKNOWN"],
    ["powers for groth16", () => ["setup", at("bare"), "--powers", "p"], "SETUP_OPTIONS"],
    [
      "a contribution to tensorcheck",
      () => ["setup", at("bare-tensorcheck"), "--ptau", "p", "--contribution", "a"],
      "SETUP_OPTIONS",
    ],
    ["a beacon for tensorcheck", () => ["setup", at("bare-tensorcheck"), "--beacon", "00ff"], "SETUP_OPTIONS"],
    ["two sources of powers", () => ["setup", at("bare-tensorcheck"), "--ptau", "p", "--powers", "p"], "SETUP_OPTIONS"],
    ["a hash of no powers of tau", () => ["setup", at("bare-tensorcheck"), "--ptau-blake2b", "00ff"], "SETUP_OPTIONS"],
    [
      "a ceremony's powers that are not there",
      () => ["setup", at("bare-tensorcheck"), "--ptau", at("no.ptau")],
      "FILE_UNREADABLE",
    ],
    ["a package without its program", () => ["setup", at("bare-tensorcheck")], "PACKAGE_FILE_MISSING"],
    [
      "powers of tau that are not there",
      () => ["setup", at("bare"), "--ptau", at("no.ptau"), "--contribution", "a", "--beacon", "00ff"],
      "FILE_UNREADABLE",
    ],
    [
      "a directory for powers of tau",
      () => ["setup", at("bare"), "--ptau", root, "--contribution", "a", "--beacon", "00ff"],
      "FILE_UNREADABLE",
    ],
    ["a set-up of a package that has keys", () => ["setup", at("tiny")], "OUTPUT_EXISTS"],
    [
      "powers of tau to check that are not there",
      () => ["setup", "verify", at("tiny"), "--ptau", at("no.ptau")],
      "FILE_UNREADABLE",
    ],
    [
      "a hub that is a file",
      () => ["audit", "job", JOB, ...chainArgs(), "--hub", at("good.json"), "-o", at("out")],
      "FILE_UNREADABLE",
    ],
    [
      "a hub to register into that is a file",
      () => ["register", at("tiny"), ...chainArgs(), "--key-env", "K", "--hub", at("good.json")],
      "OUTPUT_UNWRITABLE",
    ],
    [
      "an audit into a file",
      () => ["audit", "job", JOB, ...chainArgs(), "--package", at("tiny"), "-o", at("good.json/x")],
      "OUTPUT_EXISTS",
    ],
    [
      "a node whose data directory is a file",
      () => ["node", "run", "--config", at("node-data.json")],
      "OUTPUT_UNWRITABLE",
    ],
    ["a node whose hub is a file", () => ["node", "run", "--config", at("node-hub.json")], "OUTPUT_UNWRITABLE"],
    ["a set-up check of no package", () => ["setup", "verify", at("empty")], "PACKAGE_NOT_FOUND"],
    ["a proof without keys", () => ["prove", at("bare"), "--input", at("good.json"), "-o", "x"], "PACKAGE_NO_SETUP"],
    ["an input that is not there", () => prove("no.json"), "FILE_UNREADABLE"],
    ["an input that is not JSON", () => prove("text.json"), "INPUT_JSON"],
    ["an input that would steer the terminal", () => prove("escape.json"), "INPUT_JSON"],
    ["an input of another form", () => prove("list.json"), "INPUT_JSON"],
    ["an input of the wrong shape", () => prove("short.json"), "INPUT_SHAPE"],
    ["an input out of range", () => prove("large.json"), "INPUT_RANGE"],
    ["null in an input", () => prove("null.json"), "INPUT_NUMBER"],
    ["NaN in an input", () => prove("nan.json"), "INPUT_JSON"],
    ["a word in an input", () => prove("word.json"), "INPUT_NUMBER"],
    ["several samples for one proof", () => prove("many.json"), "INPUT_SHAPE"],
    ["an input mode that does not exist", () => [...compile("x", "y"), "--input-mode", "secret"], "USAGE"],
    ["neither input nor opening", () => ["prove", at("tiny"), "-o", at("out.json")], "OPTION_INVALID"],
    ["both input and opening", () => prove("good.json", "--opening", at("good.json")), "OPTION_INVALID"],
    [
      "an opening for public inputs",
      () => ["prove", at("tiny"), "--opening", at("good.json"), "-o", at("out.json")],
      "INPUT_MODE_MISMATCH",
    ],
    [
      "an input for committed inputs",
      () => ["prove", at("committed"), "--input", at("good.json"), "-o", at("out.json")],
      "INPUT_MODE_MISMATCH",
    ],
    [
      "an opening that is none",
      () => ["prove", at("committed"), "--opening", at("good.json"), "-o", at("out.json")],
      "OPENING_INVALID",
    ],
    ["a commitment to public inputs", () => commit("tiny", at("out.json")), "INPUT_MODE_MISMATCH"],
    ["an opening over another file", () => commit("committed", at("good.json")), "OUTPUT_EXISTS"],
    ["an opening in a package", () => commit("committed", at("committed/opening.json")), "OPENING_EXPOSED"],
    ["an opening in a package's report", () => commit("committed", at("committed/setup/..x")), "OPENING_EXPOSED"],
    ["an opening nowhere", () => commit("committed", at("no/opening.json")), "OUTPUT_UNWRITABLE"],
    [
      "a commitment to what is out of range",
      () => ["commit", at("committed"), "--input", at("large.json"), "-o", at("out.json")],
      "INPUT_RANGE",
    ],
    ["a context that is no number", () => prove("good.json", "--context", "abc"), "USAGE"],
    ["a context beyond the field", () => prove("good.json", "--context", `0x${"ff".repeat(32)}`), "USAGE"],
    ["a proof that is not there", () => ["verify", at("tiny"), at("no.json")], "FILE_UNREADABLE"],
    ["a proof that is none", () => ["verify", at("tiny"), at("proof.json")], "PROOF_FILE_INVALID"],
    [
      "a deployment that is none",
      () =>
        ["audit", "job", JOB, "--rpc", "http://127.0.0.1:9", "--deployment", at("deployment-bad.json")].concat([
          ...["--package", at("tiny"), "-o", at("out")],
        ]),
      "DEPLOYMENT_INVALID",
    ],
    ["a job id that is none", () => ["audit", "job", "12", ...chainArgs(), "--hub", "h", "-o", "x"], "OPTION_INVALID"],
    ["an audit without a package", () => ["audit", "job", JOB, ...chainArgs(), "-o", at("out")], "OPTION_INVALID"],
    ["an audit of nothing", () => ["audit", "directory", at("empty")], "AUDIT_CHAIN_DATA"],
    [
      "an RPC that is no URL",
      () => ["register", at("tiny"), "--rpc", "localhost", "--deployment", at("deployment.json"), "--key-env", "K"],
      "RPC_URL_INVALID",
    ],
    [
      "a royalty that is no number",
      () => ["register", at("tiny"), ...chainArgs(), "--royalty-bps", "5%"],
      "OPTION_INVALID",
    ],
    ["a node without a configuration", () => ["node", "run", "--config", at("node-empty.json")], "CONFIG_INVALID"],
    ["a mistyped configuration", () => ["node", "run", "--config", at("node-typo.json")], "CONFIG_INVALID"],
    ["a node without a key", () => ["node", "run", "--config", at("node.json")], "WALLET_INVALID"],
  ];

  it(`refuses bad input of ${cases.length} kinds with one line and exit code 2, and writes nothing`, async function () {
    this.timeout(480_000);
    const before = (await readdir(root)).sort();
    const pending = [...cases];
    const worker = async (): Promise<void> => {
      for (let next = pending.shift(); next !== undefined; next = pending.shift()) {
        const [what, args, code] = next;
        const run = await verigrad([...args(), "--json"], { env: { K: testAccount(3).privateKey } });
        try {
          expectRefused(run, code);
        } catch (error) {
          throw new Error(`${what}: ${JSON.stringify(run)}`, { cause: error });
        }
      }
    };
    await Promise.all([worker(), worker(), worker()]);
    expect((await readdir(root)).sort()).to.deep.equal(before);
  });

  it("never prints a private key, whatever is wrong with it", async () => {
    const { privateKey } = testAccount(3);
    const register = ["register", at("tiny"), ...chainArgs(), "--key-env", "OWNER_KEY", "--json"];
    for (const key of [privateKey, `${privateKey}ff`, privateKey.slice(2, 40)]) {
      const { code, stdout, stderr } = await verigrad(register, { env: { OWNER_KEY: key } });
      expect(code).to.not.equal(0);
      expect(stdout + stderr).to.not.contain(key.slice(4, 36));
    }
  });

  it("says that a chain does not answer, and fails with 1: the arguments were right", async () => {
    const { code, stderr } = await verigrad([
      "audit",
      "job",
      JOB,
      ...chainArgs(),
      "--package",
      at("tiny"),
      "-o",
      at("o"),
    ]);
    expect(stderr).to.match(/^verigrad: [^\n]+\[CHAIN_(UNREACHABLE|CALL_FAILED)\]\n$/);
    expect(code).to.equal(1);
  });

  it("shows help with examples for every command", async function () {
    this.timeout(60_000);
    const commands = [
      "compile",
      "fetch-ptau",
      "setup",
      "setup verify",
      "commit",
      "prove",
      "verify",
      "register",
      "node run",
      "audit job",
      "demo",
    ];
    for (const command of commands) {
      const { code, stdout, stderr } = await verigrad([...command.split(" "), "--help"]);
      expect(code, command).to.equal(0);
      expect(stdout, command).to.match(/Usage: verigrad/);
      expect(stdout, command).to.contain("Examples:\n  $ ");
      expect(stdout, command).to.contain("--json");
      expect(stderr, command).to.equal("");
    }
  });

  it("compiles a model into a package, the same bytes each time, and leaves no trace of a failure", async function () {
    this.timeout(120_000);
    const args = (output: string): string[] => [
      ...["compile", `${EXAMPLE}digits.onnx`, "--calibration", `${EXAMPLE}calibration.json`],
      ...["-o", at(output), "--json"],
    ];
    const [first, second] = [await verigrad(args("one")), await verigrad(args("two"))];
    expect(first.stderr + second.stderr).to.equal("");
    expect([first.code, second.code]).to.deep.equal([0, 0]);
    const result = JSON.parse(first.stdout.trim().split("\n").at(-1) ?? "") as { name: string; files: string[] };
    expect(result.name).to.equal("digits");
    expect(result.files).to.include.members(["manifest.json", "graph.json", "circuit/main.r1cs"]);
    for (const path of result.files) {
      expect((await readFile(at("one", path))).equals(await readFile(at("two", path))), path).to.equal(true);
    }
    expect((await readdir(root)).filter((name) => name.startsWith("."))).to.deep.equal([]);
  });

  it("takes no package's word for its set-up, and pins one if it is told to", async function () {
    this.timeout(180_000);
    const digits = at("universal");
    const run = async (args: readonly string[], expected = 0): Promise<Record<string, unknown>> => {
      const { code, stdout, stderr } = await verigrad([...args, "--json"]);
      expect(code, stderr).to.equal(expected);
      return { ...(JSON.parse(stdout.trim().split("\n").at(-1) ?? "") as Record<string, unknown>), stderr };
    };
    const source = ["compile", `${EXAMPLE}digits.onnx`, "--calibration", `${EXAMPLE}calibration.json`];
    await run([...source, "--proof-system", "tensorcheck", "-o", digits]);
    const setup = await run(["setup", digits]);
    expect(setup["verificationGas"]).to.be.within(370_000, 740_000); // the demo's settlement takes 373,977
    const { input_data } = JSON.parse(await readFile(`${EXAMPLE}heldout.json`, "utf8")) as { input_data: number[][][] };
    await writeFile(at("universal.json"), JSON.stringify({ input_data: [input_data[0]?.[0]] }));
    await run(["prove", digits, "--input", at("universal.json"), "-o", at("universal-proof.json")]);

    const verify = ["verify", digits, at("universal-proof.json")];
    const powers = at("universal/setup/powers.bin");
    const development = await run(verify);
    const { hash } = development["setup"] as { hash: string };
    expect(development).to.deep.include({ ok: true, insecure: true, setup: { hash, ceremony: null, pinned: false } });
    expect(development["stderr"]).to.contain("INSECURE: this key comes from a development set-up");

    // Whoever made the package can write that it comes from a ceremony.
    const transcript = at("universal/setup/transcript.json");
    const text = await readFile(transcript, "utf8");
    await writeFile(transcript, text.replace("INSECURE-development", "ceremony"));
    const claimed = await run(verify);
    expect(claimed).to.include({ ok: true, insecure: true });
    expect(claimed["stderr"]).to.contain("INSECURE: this key's set-up is no published ceremony's");
    const people = await verigrad(verify);
    expect(people.stdout).to.contain(`set-up ${hash}: not published (INSECURE)`);

    for (const pin of [hash, powers]) {
      const pinned = await run([...verify, "--setup", pin]);
      expect(pinned).to.deep.include({ ok: true, insecure: false, setup: { hash, ceremony: null, pinned: true } });
      expect(pinned["stderr"]).to.equal("");
    }
    const other = await run([...verify, "--setup", `0x${"11".repeat(32)}`], 3);
    expect(other).to.deep.include({ ok: false, code: "MalformedKey", insecure: true });
    await run([...verify, "--setup", at("universal.json")], 2);
    await run([...verify, "--setup", at("nothing")], 2);
  });

  it("calibrates on random samples of a declared range, and refuses what is less accurate than asked", async function () {
    this.timeout(120_000);
    const args = ["compile", `${EXAMPLE}digits.onnx`, "--input-range", "pixels=0,16", "--samples", "16", "--json"];
    const compiled = await verigrad([...args, "--max-error", "0.05", "-o", at("random")]);
    expect(compiled.stderr).to.equal("");
    const { accuracy } = JSON.parse(compiled.stdout.trim().split("\n").at(-1) ?? "") as {
      accuracy: { measuredOn: string; relativeError: number; nodes: { operator: string; relativeError: number }[] };
    };
    expect(accuracy.measuredOn).to.equal("calibration");
    expect(accuracy.relativeError).to.be.within(1e-6, 0.05);
    expect(accuracy.nodes.map(({ operator }) => operator)).to.deep.equal(["Gemm", "Relu", "Gemm"]);
    expectNear(accuracy.nodes.at(-1)?.relativeError, accuracy.relativeError, 1e-6);

    const refused = await verigrad([...args, "--max-error", "0.000001", "-o", at("inaccurate")]);
    expect(refused.code).to.equal(2);
    expect(refused.stdout).to.contain("ACCURACY_TOO_LOW").and.to.contain("Gemm");
    expect(await readdir(root)).to.not.contain("inaccurate");
  });

  it("keeps no powers-of-tau file but the published one, and replaces none", async () => {
    const server = createServer((_, response) => response.end("powers of tau that somebody knows"));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const from = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    const fetchPtau = (...args: string[]): Promise<Run> => verigrad(["fetch-ptau", ...args, "--json"]);
    expectRefused(await fetchPtau("14", at("pot.ptau"), "--from", from), "SETUP_PHASE1_MISMATCH");
    expectRefused(await fetchPtau("29", at("pot.ptau"), "--from", from), "SETUP_PHASE1_MISMATCH");
    expectRefused(await fetchPtau("1.5", at("pot.ptau"), "--from", from), "USAGE");
    expectRefused(await fetchPtau("14", at("pot.ptau"), "--from", "ftp://mirror/"), "USAGE");
    expectRefused(await fetchPtau("14", at("deployment.json"), "--from", from), "OUTPUT_EXISTS");
    server.close();
    const { code, stderr } = await fetchPtau("14", at("pot.ptau"), "--from", from);
    expect(code).to.equal(1);
    expect(stderr).to.match(/^verigrad: [^\n]+\[PTAU_UNREACHABLE\]\n$/);
    expect((await readdir(root)).filter((name) => name.includes("pot"))).to.deep.equal([]);
  });

  it("stops on Ctrl-C with 130, without a word or a stack trace", async () => {
    const server = createServer(() => undefined); // an RPC that never answers
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    const child = spawn(process.execPath, [
      ...[MAIN, "audit", "job", JOB, "--rpc", `http://127.0.0.1:${port}`, "--deployment", at("deployment.json")],
      ...["--package", at("tiny"), "-o", at("interrupted")],
    ]);
    let stderr = "";
    child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
    await once(server, "connection");
    child.kill("SIGINT");
    const [code] = (await once(child, "close")) as [number];
    server.closeAllConnections();
    server.close();
    expect(code).to.equal(130);
    expect(stderr).to.equal("");
    expect(await readdir(root)).to.not.contain("interrupted");
  });
});
