// SPDX-License-Identifier: GPL-3.0-or-later
// Re-checks one settlement from a directory that holds chain.json and package/, and nothing else (docs/audit.md).
import { cp, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { ChainReader } from "../chain/client.ts";
import { jobIdOf, modelIdOf, toBytes } from "../chain/hashes.ts";
import { toJson, type Hex } from "../chain/types.ts";
import { keccakHex } from "../hash.ts";
import { buildPackage } from "../compile/build.ts";
import { parseCalibration } from "../graph/calibration.ts";
import { sameBytes } from "../graph/canonical-json.ts";
import { cidFromBytes, directoryCid } from "../hub/cid.ts";
import { isListed, MANIFEST_PATH, parseManifest } from "../hub/manifest.ts";
import { KEY_PATH, openPackage, openSetup, specHashesOf } from "../hub/package.ts";
import { INSECURE_SETUP_HASH } from "../proofs/transcript.ts";
import type { PackageFile, WorkOptions } from "../proofs/types.ts";
import {
  CHAIN_DATA_PATH,
  collectChainData,
  isProven,
  parseChainData,
  readChainData,
  serializeChainData,
  type ChainData,
} from "./chain-data.ts";
import {
  demand,
  demandEqual,
  runCheck,
  Undecided,
  verdictOf,
  type AuditCheck,
  type AuditDependencies,
  type Named,
  type Verdict,
} from "./checks.ts";
import { executionChecks } from "./execution.ts";
import { moneyChecks } from "./money.ts";
import { assertPlain, needPackage, PACKAGE_DIRECTORY } from "./package.ts";

export interface AuditReport {
  readonly jobId: Hex;
  readonly modelId: Hex;
  readonly verdict: Verdict;
  /** false: the settlement rests on a proposal that nobody challenged, not on a proof */
  readonly proven: boolean;
  readonly checks: readonly AuditCheck[];
  /** what a reader must know whatever the verdict: above all, INSECURE keys */
  readonly notices: readonly string[];
}

/** Makes an audit directory: chain.json and a copy of the package. */
export async function writeAuditDirectory(directory: string, data: ChainData, packageDirectory: string): Promise<void> {
  await mkdir(directory, { recursive: true });
  await cp(packageDirectory, join(directory, PACKAGE_DIRECTORY), { recursive: true, errorOnExist: true, force: false });
  await writeFile(join(directory, CHAIN_DATA_PATH), serializeChainData(data));
}

/**
 * Audits a directory. Every check is made, whatever the others found. Errors: AUDIT_CHAIN_DATA only; everything else is
 * a check that fails.
 */
export async function auditDirectory(
  directory: string,
  deps: AuditDependencies,
  work: WorkOptions = {},
): Promise<AuditReport> {
  const data = await readChainData(directory);
  const packageDirectory = join(directory, PACKAGE_DIRECTORY);
  const checks: AuditCheck[] = [];
  const bodies = [
    chainDataCheck(data, deps.chain),
    ...commitmentChecks(data, packageDirectory),
    ...rebuildChecks(data, packageDirectory, deps, work),
    ...executionChecks(data, packageDirectory, deps),
    ...moneyChecks(data),
  ];
  for (const [i, [name, body]] of bodies.entries()) {
    work.onProgress?.(name, i / bodies.length);
    checks.push(await runCheck(name, body));
  }
  const notices: string[] = [];
  if (data.model.spec.setupHash === INSECURE_SETUP_HASH) {
    notices.push(
      "INSECURE: this model's key comes from a development set-up; whoever made it can prove anything. " +
        "A valid verdict says that the proof is right for this key, not that the key can be trusted.",
    );
  }
  const proven = isProven(data);
  if (!proven) {
    notices.push(
      "UNPROVEN: this job settled on a proposal that nobody challenged (OPTIMISTIC). A valid verdict says that the market's " +
        "rules were kept and that the output is right when it is computed again; no proof says so.",
    );
  }
  return { jobId: data.jobId, modelId: data.model.modelId, verdict: verdictOf(checks), proven, checks, notices };
}

/** chain.json against the chain: without it, everything below is about a settlement that may never have happened. */
function chainDataCheck(data: ChainData, chain: ChainReader | undefined): Named {
  return [
    "chain-data",
    async () => {
      if (chain === undefined) throw new Undecided("needs an RPC to read the chain again");
      const found = parseChainData(serializeChainData(await collectChainData(chain, data.jobId)));
      for (const field of Object.keys(found) as (keyof ChainData)[]) {
        demandEqual(toJson(data[field]), toJson(found[field]), `${CHAIN_DATA_PATH}, ${field}`);
      }
      return `the chain at this RPC says the same`;
    },
  ];
}

/** Ids and hashes: what was registered and asked for is what the chain says it is, and what the package holds. */
function commitmentChecks(data: ChainData, directory: string): Named[] {
  const { spec } = data.model;
  return [
    [
      "model-id",
      () => {
        demandEqual(modelIdOf(data.model.owner, spec), data.model.modelId, "hash of the commitments");
        demandEqual(data.settlement.modelId, data.model.modelId, "settled model");
        demandEqual(data.request.modelId, data.model.modelId, "requested model");
        return data.model.modelId;
      },
    ],
    [
      "job-id",
      () => {
        demandEqual(jobIdOf(data.chainId, data.market, data.request), data.jobId, "hash of the request");
        return data.jobId;
      },
    ],
    [
      "package-cid",
      async () => {
        await assertPlain(directory);
        const cid = await directoryCid(directory);
        demandEqual(cid, cidFromBytes(toBytes(spec.cid)), "CID of package/");
        return cid;
      },
    ],
    [
      "package-files",
      async () => {
        const { manifest } = await openPackage(directory);
        demandEqual(manifest.graphHash, spec.graphHash, "hash of graph.json");
        demandEqual(manifest.weightsHash, spec.weightsHash, "hash of weights.bin");
        demandEqual(manifest.proofSystem.selector, spec.proofSystem, "proof system");
        return `${Object.keys(manifest.files).length} files are what the manifest says`;
      },
    ],
    [
      "specs",
      async () => {
        const { inputSpecHash, outputSpecHash } = specHashesOf(await needPackage(directory));
        demandEqual(inputSpecHash, spec.inputSpecHash, "inputSpecHash");
        demandEqual(outputSpecHash, spec.outputSpecHash, "outputSpecHash");
        return "input and output specs are the registered ones";
      },
    ],
    [
      "key",
      async () => {
        demandEqual(keccakHex(toBytes(data.key)), spec.keyHash, "hash of the registered key");
        await assertPlain(directory);
        const held = await readFile(join(directory, KEY_PATH)).catch(() => undefined);
        demand(held !== undefined, `the package holds no ${KEY_PATH}`);
        demand(sameBytes(held, toBytes(data.key)), `${KEY_PATH} is not the registered key`);
        return spec.keyHash;
      },
    ],
  ];
}

/** The package made again from the ONNX file and calibration.json, and the key from the set-up's transcript. */
function rebuildChecks(data: ChainData, directory: string, deps: AuditDependencies, work: WorkOptions): Named[] {
  let rebuilt: Promise<readonly PackageFile[]> | undefined;
  const rebuild = async (): Promise<readonly PackageFile[]> => {
    const read = (path: string): Promise<Buffer> =>
      readFile(join(directory, path)).catch(() => {
        throw new Undecided(`needs ${path}`);
      });
    const { name, inputMode } = parseManifest(await read(MANIFEST_PATH));
    const built = await buildPackage(
      {
        onnx: await read("model.onnx"),
        calibration: parseCalibration(await read("calibration.json")),
        name,
        proofSystem: deps.proofSystem,
        inputMode,
      },
      work.signal === undefined ? {} : { signal: work.signal },
    );
    return built.files;
  };
  const compare = async (which: (path: string) => boolean): Promise<string> => {
    await assertPlain(directory);
    rebuilt ??= rebuild();
    const files = (await rebuilt).filter(({ path }) => which(path));
    for (const { path, bytes } of files) {
      const held = await readFile(join(directory, path)).catch(() => undefined);
      demand(held !== undefined && sameBytes(held, bytes), `${path} is not what the ONNX file compiles to`);
    }
    return `${files.map(({ path }) => path).join(", ")}: the same bytes`;
  };
  const isGraph = (path: string): boolean => ["graph.json", "weights.bin"].includes(path);
  return [
    ["graph-recompiled", () => compare(isGraph)],
    ["circuit-recompiled", () => compare((path) => isListed(path) && !isGraph(path))],
    [
      "key-rebuilt",
      async () => {
        await assertPlain(directory);
        const { setupHash } = await openSetup(directory);
        demandEqual(setupHash, data.model.spec.setupHash, "setupHash");
        const isCeremony = setupHash !== INSECURE_SETUP_HASH;
        if (isCeremony && deps.ptau === undefined) {
          throw new Undecided("needs the powers-of-tau file of the ceremony");
        }
        const parts = await deps.proofSystem.verifySetup(directory, deps.ptau === undefined ? {} : { ptau: deps.ptau });
        const failed = parts.filter(({ ok }) => !ok);
        demand(failed.length === 0, failed.map(({ name, detail }) => `${name}: ${detail}`).join("; "));
        return parts.map(({ name, detail }) => `${name}: ${detail}`).join("; ");
      },
    ],
  ];
}
