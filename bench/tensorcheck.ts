// SPDX-License-Identifier: GPL-3.0-or-later
// Times, memory and gas of tensorcheck, time and gas of each model at one chunk size.
//   ./dev bench:tensorcheck [--json] [--write] [--only <model>]... [--slopes]
// --write puts the result into bench/snapshots/tensorcheck.json; --slopes adds how time and memory grow. Each model runs in a
// process of its own: first proofs are not counted, times are medians of 5, workers started and key loaded.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { cpus, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { ContractTransactionResponse } from "ethers";
import hre, { network } from "hardhat";
import { developmentPowers, encodePowers } from "../verifier/proofs/tensorcheck/powers.ts";
import { readUint } from "../verifier/proofs/points.ts";
import { BENCH_MODELS, SLOPE_MODELS } from "./tensorcheck/models.ts";

const SNAPSHOT = new URL("snapshots/tensorcheck.json", import.meta.url);
const MEASURE = new URL("tensorcheck/measure.ts", import.meta.url).pathname;
/** Powers of tau, 2^this of them: the largest chunk that any model of the benchmark takes. */
const POWER = 16;

interface Measured {
  readonly name: string;
  readonly proveMs: number;
  readonly peakMB: number;
  readonly [key: string]: unknown;
}

interface SavedClaim {
  readonly key: string;
  readonly context: string;
  readonly input: string;
  readonly output: string;
  readonly seal: string;
}

const { values } = parseArgs({
  options: {
    json: { type: "boolean", default: false },
    write: { type: "boolean", default: false },
    slopes: { type: "boolean", default: false },
    only: { type: "string", multiple: true },
  },
});

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
const system = await ethers.deployContract("TensorcheckProofSystem", [tau2]);

/** Gas inside the call to verify, storage and key cold; and of registerKey's transaction. */
async function gasOf(claim: SavedClaim): Promise<{ verifyGas: number; registerKeyGas: number }> {
  const keyHash = ethers.keccak256(claim.key);
  const sent = (await system.getFunction("registerKey")(claim.key)) as ContractTransactionResponse;
  const gasUsed = (await sent.wait())?.gasUsed ?? 0n;
  const data = system.interface.encodeFunctionData("verify", [
    keyHash,
    claim.context,
    claim.input,
    claim.output,
    claim.seal,
  ]);
  const call = { from: sender, to: await system.getAddress(), data };
  await ethers.provider.call(call); // reverts where the proof is refused
  const bytes = Buffer.from(data.slice(2), "hex");
  const zeros = bytes.filter((byte) => byte === 0).length;
  const trace = (await ethers.provider.send("debug_traceCall", [
    call,
    "latest",
    { disableStorage: true, disableStack: true, disableMemory: true },
  ])) as { gas: string | number };
  // What a transaction costs before its first instruction (EIP-2028) is no part of the call.
  return {
    verifyGas: Number(trace.gas) - 21_000 - 4 * zeros - 16 * (bytes.length - zeros),
    registerKeyGas: Number(gasUsed),
  };
}

function measure(name: string, claimPath: string): Measured {
  const run = spawnSync(
    process.execPath,
    ["--disable-warning=ExperimentalWarning", MEASURE, powersPath, name, claimPath],
    { stdio: ["ignore", "pipe", "inherit"], maxBuffer: 2 ** 24 },
  );
  if (run.status !== 0) throw new Error(`${name}: ended with ${run.signal ?? `code ${run.status}`}`);
  return JSON.parse(run.stdout.toString().trim().split("\n").at(-1) as string) as Measured;
}

const models: Measured[] = [];
for (const { name } of BENCH_MODELS) {
  if (values.only !== undefined && !values.only.includes(name)) continue;
  const claimPath = join(directory, "claim.json");
  const measured = measure(name, claimPath);
  const gas = await gasOf(JSON.parse(readFileSync(claimPath, "utf8")) as SavedClaim);
  models.push({ ...measured, ...gas });
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

const slopes = !values.slopes
  ? undefined
  : Object.fromEntries(
      Object.entries(SLOPE_MODELS).map(([kind, sizes]) => {
        const points = sizes.map(({ bits }) => {
          const { proveMs, peakMB } = measure(`${kind} 2^${bits}`, join(directory, "claim.json"));
          console.error(`${kind} 2^${bits}: ${proveMs} ms, ${peakMB} MB`);
          return { bits, proveMs, peakMB };
        });
        const of = (key: "proveMs" | "peakMB"): number => slope(points.map((point) => [2 ** point.bits, point[key]]));
        return [kind, { points, time: of("proveMs"), memory: of("peakMB") }];
      }),
    );

const result = {
  machine: `${cpus().length} cores, ${cpus()[0]?.model.trim()}, Node ${process.versions.node}, load average ${loadavg()[0]?.toFixed(1)}`,
  method:
    "development powers of tau; a process a model; proveMs (execution, witness and proof) and verifyMs are medians of 5 after one that is not counted, key loaded and workers started; verifyGas is inside the call, key cold",
  models,
  ...(slopes === undefined ? {} : { slopes }),
};
if (values.write) writeFileSync(SNAPSHOT, `${JSON.stringify(result, null, 2)}\n`);
if (values.json) console.log(JSON.stringify(result));
else console.table(models.map(({ phases: _phases, chunks: _chunks, ...rest }) => rest));
