// SPDX-License-Identifier: GPL-3.0-or-later
// The TypeScript side of contracts/mocks/proofs/MockProofSystem.sol: a seal is the hash of its claim. It proves nothing;
// it lets the node be tested without circuits. Loaded by prover processes too, hence a module of its own.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { AbiCoder, getBytes, keccak256, toUtf8Bytes } from "ethers";
import { VerigradError } from "../../verifier/errors.ts";
import { execute } from "../../verifier/graph/execute.ts";
import { parseGraph } from "../../verifier/graph/serialize.ts";
import type { IntegerGraph } from "../../verifier/graph/types.ts";
import { commitInputs, commitmentBytes } from "../../verifier/proofs/commitment.ts";
import {
  INPUT_MODES,
  type Claim,
  type Hex,
  type InputMode,
  type ProofSystem,
  type Statement,
  type Verdict,
} from "../../verifier/proofs/types.ts";
import { decodeTensors, encodeTensors } from "../../verifier/tensor/codec.ts";
import { encodeSpecList } from "../../verifier/tensor/spec.ts";

export const MOCK_SELECTOR = keccak256(toUtf8Bytes("verigrad.mock.v1")).slice(0, 10) as Hex;
const DOMAIN_MOCK = keccak256(toUtf8Bytes("verigrad.mock.v1"));

/** A key of the mock: the head of docs/spec/formats.md, section 5, and 32 free bytes. */
export function mockKey(graph: IntegerGraph, salt = 0, inputMode: InputMode = "PUBLIC"): Uint8Array {
  const list = (ports: IntegerGraph["inputs"]): Buffer => {
    const specs = encodeSpecList(ports.map(({ spec }) => spec));
    return Buffer.concat([Buffer.from([specs.length >> 8, specs.length & 255]), specs]);
  };
  return Buffer.concat([
    getBytes(MOCK_SELECTOR),
    Buffer.from([INPUT_MODES.indexOf(inputMode)]),
    list(graph.inputs),
    list(graph.outputs),
    Buffer.alloc(32, salt),
  ]);
}

export function mockSeal(key: Uint8Array, { context, input, output }: Claim): Uint8Array {
  const encoded = AbiCoder.defaultAbiCoder().encode(
    ["bytes32", "bytes32", "uint256", "bytes32", "bytes32"],
    [DOMAIN_MOCK, keccak256(key), context, keccak256(input), keccak256(output)],
  );
  return getBytes(keccak256(encoded));
}

async function prove(directory: string, { context, input, salt }: Statement) {
  const read = (path: string): Promise<Buffer> => readFile(join(directory, path));
  const graph = parseGraph(await read("graph.json"), await read("weights.bin"));
  const specs = graph.inputs.map(({ spec }) => spec);
  const values = decodeTensors(specs, input);
  const claimed = salt === undefined ? input : commitmentBytes(await commitInputs(specs, values, salt));
  const output = encodeTensors(
    graph.outputs.map(({ spec }) => spec),
    execute(graph, values),
  );
  return { output, seal: mockSeal(await read("setup/key.bin"), { context, input: claimed, output }) };
}

async function verify(key: Uint8Array, claim: Claim, seal: Uint8Array): Promise<Verdict> {
  if (seal.length !== 32) return { ok: false, code: "MalformedSeal", message: "32 bytes expected" };
  if (keccak256(seal) === keccak256(mockSeal(key, claim))) return { ok: true };
  return { ok: false, code: "InvalidProof", message: "not the claim's hash" };
}

export const mockProofs: ProofSystem = {
  name: "mock",
  selector: MOCK_SELECTOR,
  unsupported: () => [],
  cost: ({ nodes }) => ({ unit: "constraints", nodes: nodes.map(() => 1), ports: 1 }),
  build: async () => [{ path: "circuit/mock.txt", bytes: toUtf8Bytes("no circuit") }],
  prove,
  checkSetup: async () => null,
  verifySetup: async () => [],
  powersNeeded: async () => 0,
  setupOf: () => null,
  verificationCost: async () => ({ gas: 100_000, sealLength: 32 }),
  verify,
};

/** Dies in the middle of every proof. */
export const crashingProofs: ProofSystem = { ...mockProofs, prove: async () => process.exit(7) };

/** Dies in the middle of every proof about an input that begins with 16. */
export const pickyProofs: ProofSystem = {
  ...mockProofs,
  prove: async (directory, statement) => (statement.input[0] === 16 ? process.exit(7) : prove(directory, statement)),
};

/** Proves once, and then hears no more. */
export const deafProofs: ProofSystem = {
  ...mockProofs,
  prove: async (directory, statement) => {
    const proven = await prove(directory, statement);
    // After the answer is out.
    setTimeout(() => process.removeAllListeners("disconnect").disconnect(), 100);
    setTimeout(() => undefined, 5_000);
    return proven;
  },
};

/** Never finishes a proof, and holds its process busy so that only a kill ends it. */
export const hangingProofs: ProofSystem = {
  ...mockProofs,
  prove: async () => {
    await new Promise((resolve) => setTimeout(resolve, 200)); // lets the first progress message out
    const until = Date.now() + 600_000;
    while (Date.now() < until);
    throw new VerigradError("PROVE_FAILED", "unreachable");
  },
};

/** Gives another output than the model's, with a seal that fits it. */
export const lyingProofs: ProofSystem = {
  ...mockProofs,
  prove: async (directory, statement) => {
    const { output } = await prove(directory, statement);
    output[output.length - 1] = (output[output.length - 1] as number) ^ 1;
    const key = await readFile(join(directory, "setup/key.bin"));
    return { output, seal: mockSeal(key, { ...statement, output }) };
  },
};

/** Gives the right output with a seal that proves nothing. */
export const unsoundProofs: ProofSystem = {
  ...mockProofs,
  prove: async (directory, statement) => ({ ...(await prove(directory, statement)), seal: new Uint8Array(32) }),
};

/** Crashes the first time a package is proven with (a file beside it remembers), works from then on. */
export const flakyProofs: ProofSystem = {
  ...mockProofs,
  prove: async (directory, statement) => {
    const { existsSync, writeFileSync } = await import("node:fs");
    const memory = `${directory}.crashed`;
    if (!existsSync(memory)) {
      writeFileSync(memory, "");
      process.exit(9);
    }
    return prove(directory, statement);
  },
};
