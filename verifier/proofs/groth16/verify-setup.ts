// SPDX-License-Identifier: GPL-3.0-or-later
// Whether a package's key is the outcome of the ceremony that its transcript tells of (docs/ceremony.md).
import { access, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { zKey } from "snarkjs";
import { sameBytes } from "../../graph/canonical-json.ts";
import { keccakHex } from "../../hash.ts";
import { isPlainName } from "../../onnx/names.ts";
import { demand, runSetupChecks } from "../setup-checks.ts";
import type { SetupCheck } from "../types.ts";
import { withWorkers } from "../curve.ts";
import { readGraph, readPackageFile } from "../files.ts";
import { PATHS } from "./paths.ts";
import { encodeKey, interfaceOf, keyFromZkey, parseKey } from "./key.ts";
import { PUBLISHED_PTAU } from "../published-ptau.ts";
import { blake2bHex } from "../ptau.ts";
import { parseTranscript, readContributions } from "./transcript.ts";

const MAX_PTAU_IN_MEMORY = 2 ** 30;

/** As ProofSystem.verifySetup. */
export async function verifySetup(
  directory: string,
  options: { readonly ptau?: string } = {},
): Promise<readonly SetupCheck[]> {
  const read = (path: string): Promise<Uint8Array> => readPackageFile(directory, path);
  const transcript = async (): Promise<ReturnType<typeof parseTranscript>> =>
    parseTranscript(await read(PATHS.transcript));
  const ptau = options.ptau ?? join(directory, PATHS.phase1);

  return runSetupChecks({
    transcript: async () => {
      const { kind } = await transcript();
      return kind === "ceremony" ? "ceremony" : "INSECURE development set-up: whoever made it can forge proofs";
    },
    key: async () => {
      const blob = await read(PATHS.key);
      await parseKey(blob);
      demand(keccakHex(blob) === (await transcript()).key, "key.bin is not the key that the transcript names");
      return keccakHex(blob);
    },
    "key of the proving key": async () => {
      const zkey = await read(PATHS.zkey);
      demand(
        keccakHex(zkey) === (await transcript()).provingKey,
        "proving.zkey is not the one that the transcript names",
      );
      const key = await keyFromZkey(zkey, interfaceOf(await readGraph(directory), await read(PATHS.r1cs)));
      demand(sameBytes(encodeKey(key), await read(PATHS.key)), "proving.zkey gives another key than key.bin");
      return "key.bin follows from proving.zkey and the graph's specs";
    },
    circuit: async () => {
      const hash = keccakHex(await read(PATHS.r1cs));
      demand(hash === (await transcript()).circuit.r1cs, "main.r1cs is not the circuit that the transcript names");
      return hash;
    },
    "phase 1": async () => {
      const { kind, phase1 } = await transcript();
      await access(ptau).catch(() => demand(false, "needs the .ptau file of the ceremony"));
      demand((await blake2bHex(ptau)) === phase1.blake2b, `${ptau} is not the file that the transcript names`);
      const published = Object.entries(PUBLISHED_PTAU).find(([, hash]) => `0x${hash}` === phase1.blake2b);
      if (published) return `Perpetual Powers of Tau, power ${published[0]}`;
      // SAFETY: whoever made an unpublished file knows its secrets: that the package holds it says nothing for it.
      demand(kind !== "ceremony" || options.ptau !== undefined, "not a published file: give the one that you trust");
      return "not a published file: whoever made it can forge proofs";
    },
    contributions: async () => {
      const { circuit, contributions } = await transcript();
      const inZkey = await readContributions(await read(PATHS.zkey));
      demand(
        JSON.stringify(inZkey) === JSON.stringify({ initial: circuit.initial, contributions }),
        "the transcript tells of other contributions than proving.zkey",
      );
      const people = contributions.filter(({ beacon }) => beacon === null);
      demand(people.length > 0, "nobody has contributed");
      demand(contributions.at(-1)?.beacon !== null, "the last contribution is not a beacon");
      // Names are what contributors typed: quoted and counted, so that one cannot pass for several.
      const names = people.map(({ name }) => name);
      demand(names.every(isPlainName), "a contributor's name has control characters");
      return `${names.length} by ${names.map((name) => JSON.stringify(name)).join(", ")}, then a beacon`;
    },
    "proving key": async () => {
      const faults: string[] = [];
      const note = (message: string): void => void faults.push(message);
      const logger = { debug: () => {}, info: () => {}, warn: note, error: note };
      const [r1cs, zkey] = [await read(PATHS.r1cs), await read(PATHS.zkey)];
      await access(ptau).catch(() => demand(false, "needs the .ptau file of the ceremony"));
      // snarkjs never closes a file that it reads here: it gets bytes wherever they fit into memory.
      const source = (await stat(ptau)).size > MAX_PTAU_IN_MEMORY ? ptau : await readFile(ptau);
      const valid = await withWorkers(() => zKey.verifyFromR1cs(r1cs, source, zkey, logger));
      demand(valid, `proving.zkey does not follow from circuit, phase 1 and contributions: ${faults.join("; ")}`);
      return "follows from circuit, phase 1, each contribution and the beacon";
    },
  });
}
