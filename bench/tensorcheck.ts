// SPDX-License-Identifier: GPL-3.0-or-later
// Times, memory and gas of tensorcheck, time and gas of each model at one chunk size, and groth16 beside it where it applies.
// ./dev bench:tensorcheck --help says how it is called. Each model runs in a process of its own: first proofs are not counted,
// times are medians of 5, workers started and key loaded.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { BaseContract, ContractTransactionResponse } from "ethers";
import hre, { network } from "hardhat";
import { developmentPowers, encodePowers } from "../verifier/proofs/tensorcheck/powers.ts";
import { readUint } from "../verifier/proofs/points.ts";
import type { SavedClaim } from "./tensorcheck/claim.ts";
import { BENCH_MODELS, SLOPE_MODELS } from "./tensorcheck/models.ts";
import { gasInside } from "./inside.ts";
import { machine } from "./timing.ts";

const SNAPSHOT = new URL("snapshots/tensorcheck.json", import.meta.url);
const MEASURE = new URL("tensorcheck/measure.ts", import.meta.url).pathname;
const MEASURE_GROTH16 = new URL("tensorcheck/measure-groth16.ts", import.meta.url).pathname;
/** Powers of tau, 2^this of them: the largest chunk that any model of the benchmark takes. */
const POWER = 16;

interface Measured {
  readonly name: string;
  readonly proveMs: number;
  readonly peakMB: number;
  readonly [key: string]: unknown;
}

/** groth16 on the same model in the same run, or why it is not measured. */
type Groth16Measured =
  | { readonly reason: string }
  | { readonly constraints: number; readonly proveMs: number; readonly [key: string]: unknown };

const { values } = parseArgs({
  options: {
    json: { type: "boolean", default: false },
    write: { type: "boolean", default: false },
    slopes: { type: "boolean", default: false },
    only: { type: "string", multiple: true },
    help: { type: "boolean", default: false },
  },
});
const names = BENCH_MODELS.map(({ name }) => name);
if (values.help) {
  console.log(`Usage: ./dev bench:tensorcheck [--json] [--slopes] [--write | --only <model>...]

Times, memory and gas of tensorcheck, and groth16 beside it where it applies; minutes.

  --json          one JSON object instead of a table
  --slopes        also how time and memory grow with weights and with look-up rows
  --only <model>  this one; may be given again. Models: ${names.join(", ")}
  --write         measures all of it and writes bench/snapshots/tensorcheck.json`);
  process.exit();
}

if (values.write && values.only !== undefined) throw new Error("--write measures every model: it takes no --only");

const before = machine();
await hre.tasks.getTask("build").run({ quiet: true, noTests: true });
const directory = mkdtempSync(join(tmpdir(), "verigrad-bench-"));
process.on("exit", () => rmSync(directory, { recursive: true, force: true }));
const powers = await developmentPowers(POWER);
const powersPath = join(directory, "powers.bin");
writeFileSync(powersPath, encodePowers(powers));

const { ethers } = await network.create();
const [signer] = await ethers.getSigners();
if (signer === undefined) throw new Error("the simulated network has no accounts");
const sender = signer.address;
const tau2 = [0, 1, 2, 3].map((i) => readUint(powers.tau2, 32 * i));
const tensorcheck = await ethers.deployContract("TensorcheckProofSystem", [tau2]);
const groth16 = await ethers.deployContract("Groth16ProofSystem");

/** Of the saved claim, gas inside the call to verify, storage and key cold; and of registerKey's transaction. */
async function gasOf(system: BaseContract, path: string): Promise<{ verifyGas: number; registerKeyGas: number }> {
  const claim = JSON.parse(readFileSync(path, "utf8")) as SavedClaim;
  const keyHash = ethers.keccak256(claim.key);
  const sent = (await system.getFunction("registerKey")(claim.key)) as ContractTransactionResponse;
  const gasUsed = (await sent.wait())?.gasUsed ?? 0n;
  const args = [keyHash, claim.context, claim.input, claim.output, claim.seal];
  return {
    verifyGas: await gasInside(ethers.provider, sender, system, "verify", args), // throws where the proof is refused
    registerKeyGas: Number(gasUsed),
  };
}

/** What a script prints of a model as its last line. */
function child<T>(name: string, script: string, args: readonly string[]): T {
  const run = spawnSync(process.execPath, ["--disable-warning=ExperimentalWarning", script, ...args], {
    stdio: ["ignore", "pipe", "inherit"],
    maxBuffer: 2 ** 24,
  });
  if (run.status !== 0) throw new Error(`${name}: ended with ${run.signal ?? `code ${run.status}`}`);
  return JSON.parse(run.stdout.toString().trim().split("\n").at(-1) as string) as T;
}

const claimPath = join(directory, "claim.json");
const measure = (name: string): Measured => child(name, MEASURE, [powersPath, name, claimPath]);

async function measureGroth16(name: string): Promise<Groth16Measured> {
  const measured = child<Groth16Measured>(name, MEASURE_GROTH16, [name, claimPath]);
  return "reason" in measured ? measured : { ...measured, ...(await gasOf(groth16, claimPath)) };
}

const unknown = values.only?.find((name) => !names.includes(name));
if (unknown !== undefined) throw new Error(`no model "${unknown}"; there are: ${names.join(", ")}`);

const models: (Measured & { readonly groth16: Groth16Measured })[] = [];
for (const name of names) {
  if (values.only !== undefined && !values.only.includes(name)) continue;
  const measured = measure(name);
  const gas = await gasOf(tensorcheck, claimPath);
  models.push({ ...measured, ...gas, groth16: await measureGroth16(name) });
  console.error(JSON.stringify(models.at(-1)));
}

/** Least-squares slope of log y over log x. */
function slope(points: readonly (readonly [number, number])[]): number {
  const logs = points.map(([x, y]) => [Math.log(x), Math.log(y)] as const);
  const mean = (k: 0 | 1): number => logs.reduce((sum, point) => sum + point[k], 0) / logs.length;
  const [mx, my] = [mean(0), mean(1)];
  const above = logs.reduce((sum, [x, y]) => sum + (x - mx) * (y - my), 0);
  return Math.round((100 * above) / logs.reduce((sum, [x]) => sum + (x - mx) ** 2, 0)) / 100;
}

const slopes = !(values.slopes || values.write)
  ? undefined
  : Object.fromEntries(
      Object.entries(SLOPE_MODELS).map(([kind, sizes]) => {
        const points = sizes.map(({ bits }) => {
          const { proveMs, peakMB } = measure(`${kind} 2^${bits}`);
          console.error(`${kind} 2^${bits}: ${proveMs} ms, ${peakMB} MB`);
          return { bits, proveMs, peakMB };
        });
        const of = (key: "proveMs" | "peakMB"): number => slope(points.map((point) => [2 ** point.bits, point[key]]));
        return [kind, { points, time: of("proveMs"), memory: of("peakMB") }];
      }),
    );

const result = {
  machine: before,
  method:
    "development powers of tau; a process a model; proveMs (execution, witness and proof) and verifyMs are medians of 5 after one that is not counted, key loaded and workers started; verifyGas is inside the call, key cold; groth16: the same graph and input, circom's work in compileMs, a development key in setupMs",
  models,
  ...(slopes === undefined ? {} : { slopes }),
};
if (values.write) writeFileSync(SNAPSHOT, `${JSON.stringify(result, null, 2)}\n`);
if (values.json) console.log(JSON.stringify(result));
else
  console.table(
    models.map(({ phases: _phases, chunks: _chunks, groth16, ...rest }) => ({
      ...rest,
      ...("reason" in groth16 ? {} : { "groth16 proveMs": groth16.proveMs, "groth16 verifyGas": groth16["verifyGas"] }),
    })),
  );
for (const { name, groth16 } of values.json ? [] : models)
  if ("reason" in groth16) console.log(`${name}: groth16 ${groth16.reason}`);
