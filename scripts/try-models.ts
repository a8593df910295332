// SPDX-License-Identifier: GPL-3.0-or-later
// Compiles a folder of other people's models and compares each with onnxruntime.
//   ./dev try-models <dir> [--json] [--prove] [--only <name>]...     each subfolder with network.onnx and input.json is a model
// The range of each input is declared (integers: those of input.json; real numbers: the powers of two around them) and
// calibration sees random samples of it, never the values of input.json. Heads (Softmax, ArgMax) are kept.
// With --prove each is calibrated for tensorcheck, and the execution of input.json's first sample is proven and verified on a
// simulated chain (INSECURE set-up); a model that is not is named with its reason.
// A model is all right if it is within 2 % of its largest output, or has the same class, and with --prove is proven. It is
// refused if something says no and names the node, the operator and the reason; all else is a failure. Exit code 0: with
// --prove if none fails (who runs it sees how many are refused, and for what), else if all are all right.
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { Measured, Refused, Result, Shortfall } from "./try-models/types.ts";

const MAX_RELATIVE_ERROR = 0.02;
const TIME_LIMIT_MS = 600_000;
const HEAP_MIB = 2048;
const CHILD = new URL("try-models/model.ts", import.meta.url).pathname;

/** Runs one model in a process of its own, which is killed when it takes too long. */
function tryModel(folder: string, cache: string | undefined): Promise<Measured | Refused> {
  return new Promise((resolve) => {
    const child = spawn(
      process.execPath,
      [
        `--max-old-space-size=${HEAP_MIB}`,
        "--disable-warning=ExperimentalWarning",
        CHILD,
        folder,
        ...(cache === undefined ? [] : [cache]),
      ],
      { stdio: ["ignore", "pipe", "pipe"] },
    );
    let output = "";
    let errors = "";
    child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
    child.stderr.on("data", (chunk: Buffer) => (errors = (errors + chunk.toString()).slice(-2000)));
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      child.kill("SIGKILL");
    }, TIME_LIMIT_MS);
    child.on("close", (code, signal) => {
      clearTimeout(timer);
      const last = output.trim().split("\n").at(-1) ?? "";
      if (last.startsWith("{")) return resolve(JSON.parse(last) as Measured | Refused);
      const heap = errors.includes("heap out of memory") ? `needs more than ${HEAP_MIB} MiB` : null;
      const ended = late ? `takes more than ${TIME_LIMIT_MS / 1000} s` : `ended with ${signal ?? `code ${code}`}`;
      resolve({ compiled: false, reason: heap ?? ended });
    });
  });
}

type Outcome = "ok" | "refused" | "failed";

function outcomeOf(result: Result): Outcome {
  const named = ({ refusals = [] }: Shortfall): Outcome => (refusals.length > 0 ? "refused" : "failed");
  if (!result.compiled) return named(result);
  const { relError, sameClass, proof } = result;
  if (relError > MAX_RELATIVE_ERROR && sameClass !== true) return "failed";
  return proof?.proven === false ? named(proof) : "ok";
}

const MARKS: Readonly<Record<Outcome, string>> = { ok: "ok  ", refused: "no  ", failed: "FAIL" };

function lineOf(result: Result): string {
  const mark = MARKS[outcomeOf(result)];
  if (!result.compiled) return `${mark} ${result.name.padEnd(28)} ${result.reason}`;
  const { name, relError, sameClass, calibrateMs, compileMs, nodes } = result;
  const error = `${(100 * relError).toPrecision(3)} %`.padStart(9);
  const proof =
    result.proof === undefined
      ? ""
      : result.proof.proven
        ? `; proven in ${result.proof.proveMs} ms, verified for ${result.proof.verifyGas} gas`
        : `; NOT PROVEN: ${result.proof.reason}`;
  const same = sameClass === null ? "" : sameClass ? ", same class" : ", other class";
  return `${mark} ${name.padEnd(28)} ${error}${same}; ${nodes} nodes, calibrated in ${calibrateMs} ms, compiled in ${compileMs} ms${proof}`;
}

function fail(message: string): never {
  console.error(`try-models: ${message}`);
  process.exit(2);
}

function argumentsOf(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        json: { type: "boolean", default: false },
        prove: { type: "boolean", default: false },
        only: { type: "string", multiple: true },
        help: { type: "boolean", default: false },
      },
    });
  } catch (error) {
    return fail(error instanceof Error ? error.message : String(error));
  }
}

const { values, positionals } = argumentsOf(process.argv.slice(2));
if (values.help) {
  console.log("usage: ./dev try-models <dir> [--json] [--prove] [--only <name>]...");
  process.exit();
}
const [directory, ...others] = positionals;
if (directory === undefined || others.length > 0) fail("give one folder of models");
if (!existsSync(directory)) fail(`${directory}: no such folder`);
const models = readdirSync(directory)
  .filter((name) => ["network.onnx", "input.json"].every((file) => existsSync(join(directory, name, file))))
  .sort();
if (models.length === 0) fail(`${directory}: no subfolder has a network.onnx and an input.json`);
const unknown = values.only?.find((name) => !models.includes(name));
if (unknown !== undefined) fail(`${directory}: no model "${unknown}"`);

let cache: string | undefined;
if (values.prove) {
  const built = spawnSync("hardhat", ["build", "--no-tests", "--quiet"], { stdio: "inherit" });
  if (built.status !== 0) process.exit(2);
  const made = mkdtempSync(join(tmpdir(), "verigrad-powers-"));
  process.on("exit", () => rmSync(made, { recursive: true, force: true }));
  cache = made;
}
const results: Result[] = [];
for (const name of values.only === undefined ? models : models.filter((model) => values.only?.includes(model))) {
  const result = { name, ...(await tryModel(join(directory, name), cache)) };
  results.push(result);
  console.error(lineOf(result));
}
const of = (outcome: Outcome): string[] =>
  results.filter((result) => outcomeOf(result) === outcome).map(({ name }) => name);
const [ok, refused, failed] = [of("ok"), of("refused"), of("failed")];
const listed = (names: readonly string[]): string =>
  `${names.length}${names.length > 0 ? ` (${names.join(", ")})` : ""}`;
const done = values.prove ? "proven" : "compiled, in agreement with onnxruntime:";
if (values.json)
  console.log(JSON.stringify({ models: results, summary: { of: results.length, ok: ok.length, refused, failed } }));
else console.log(`${done} ${ok.length} of ${results.length}, refused ${listed(refused)}, failed ${listed(failed)}`);
process.exitCode = (values.prove ? failed.length === 0 : ok.length === results.length) ? 0 : 1;
