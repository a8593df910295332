// SPDX-License-Identifier: GPL-3.0-or-later
// The whole of groth16 on small models: build, development set-up, prove, verify, and what must fail.
import { chmod, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { groth16 as snarkjs, zKey } from "snarkjs";
import { execute } from "../../../verifier/graph/execute.ts";
import { withWorkers } from "../../../verifier/proofs/curve.ts";
import {
  createGroth16,
  encodeKey,
  groth16,
  keyFromZkey,
  parseKey,
  publicSignalCount,
  setupDevelopment,
  verifySetup,
} from "../../../verifier/proofs/groth16/index.ts";
import { developmentPhase1 } from "../../../verifier/proofs/groth16/development-phase1.ts";
import { initialZkey } from "../../../verifier/proofs/groth16/phase2.ts";
import { readR1cs } from "../../../verifier/proofs/groth16/r1cs.ts";
import { circuitPower } from "../../../verifier/proofs/groth16/setup.ts";
import { decodeTensors, encodeTensors } from "../../../verifier/tensor/codec.ts";
import { VerigradError } from "../../../verifier/errors.ts";
import { rejectionOf } from "../../graph/codes.ts";
import { perceptron, writePackage } from "../../helpers/circuit-models.ts";
import { powersOfTau } from "snarkjs";

const graph = perceptron([6, 3, 2], { seed: 3 });
const inputSpecs = graph.inputs.map((port) => port.spec);
const outputSpecs = graph.outputs.map((port) => port.spec);
const input = encodeTensors(inputSpecs, [[0, 16, 3, 9, 1, 12]]);
const context = 0x1234567890abcdefn;

describe("groth16: one model", function () {
  let directory: string;
  let cacheDir: string;
  let key: Uint8Array;
  let output: Uint8Array;
  let seal: Uint8Array;

  before(async () => {
    directory = await writePackage(graph);
    cacheDir = join(directory, "..", `${directory}-cache`);
    const result = await setupDevelopment(directory, { cacheDir });
    expect(result).to.include({ insecure: true, cached: false, setupHash: `0x${"00".repeat(32)}` });
    key = await readFile(join(directory, "setup/key.bin"));
    ({ output, seal } = await groth16.prove(directory, { context, input }));
  });

  after(async () => {
    await rm(directory, { recursive: true });
    await rm(cacheDir, { recursive: true });
  });

  it("proves what the executor says, and verifies", async () => {
    const expected = execute(graph, decodeTensors(inputSpecs, input));
    expect(decodeTensors(outputSpecs, output)).to.deep.equal(expected);
    expect(await groth16.verify(key, { context, input, output }, seal)).to.deep.equal({ ok: true });
  });

  it("refuses the proof when any public value is another", async () => {
    const other = async (claim: { context: bigint; input: Uint8Array; output: Uint8Array }): Promise<void> => {
      expect(await groth16.verify(key, claim, seal)).to.include({ ok: false, code: "InvalidProof" });
    };
    await other({ context: context + 1n, input, output });
    const values = decodeTensors(inputSpecs, input)[0] as Float64Array;
    for (let i = 0; i < values.length; i++) {
      const changed = values.map((v, at) => (at === i ? (v + 1) % 17 : v));
      await other({ context, input: encodeTensors(inputSpecs, [changed]), output });
    }
    const logits = decodeTensors(outputSpecs, output)[0] as Float64Array;
    for (let i = 0; i < logits.length; i++) {
      const changed = logits.map((v, at) => (at === i ? v + 1 : v));
      await other({ context, input, output: encodeTensors(outputSpecs, [changed]) });
    }
  });

  it("keeps context and every public signal in the constraint system", async () => {
    const r1cs = readR1cs(await readFile(join(directory, "circuit/main.r1cs")));
    expect(r1cs.publicSignals).to.equal(
      publicSignalCount({ inputMode: "PUBLIC", inputs: inputSpecs, outputs: outputSpecs }),
    );
    const squared = r1cs.rows.filter(([a, b]) => a.has(1) && b.has(1));
    expect(squared).to.have.lengthOf(1);
    for (let wire = 1; wire <= r1cs.publicSignals; wire++) {
      expect(r1cs.rows.some((row) => row.some((side) => side.has(wire)))).to.equal(true);
    }
  });

  it("builds the same bytes again", async () => {
    for (const { path, bytes } of await groth16.build(graph)) {
      expect(Buffer.compare(bytes, await readFile(join(directory, path))), path).to.equal(0);
    }
  });

  it("takes the key of a known circuit from the cache", async () => {
    expect(await setupDevelopment(directory, { cacheDir })).to.include({ cached: true });
    expect(Buffer.compare(key, await readFile(join(directory, "setup/key.bin")))).to.equal(0);
  });

  it("refuses a context that is no scalar, values outside the range, a wrong length, an aborted call", async () => {
    const r = 21888242871839275222246405745257275088548364400416034343698204186575808495617n;
    expect(await rejectionOf(groth16.prove(directory, { context: r, input }))).to.equal("PROVE_FAILED");
    expect(await rejectionOf(groth16.prove(directory, { context, input: input.map(() => 17) }))).to.equal(
      "TENSOR_RANGE",
    );
    expect(await rejectionOf(groth16.prove(directory, { context, input: input.slice(1) }))).to.equal("TENSOR_LENGTH");
    expect(await rejectionOf(groth16.prove(directory, { context, input }, { signal: AbortSignal.abort() }))).to.equal(
      "ABORTED",
    );
    expect(await rejectionOf(groth16.build(graph, { signal: AbortSignal.abort() }))).to.equal("ABORTED");
    expect(await rejectionOf(groth16.prove(`${directory}-none`, { context, input }))).to.equal("PACKAGE_FILE_MISSING");
  });

  it("escalates when a package's circuit is not its graph's", async () => {
    const other = await writePackage(perceptron([6, 3, 2], { seed: 4 }));
    await setupDevelopment(other, { cacheDir });
    await writeFile(join(other, "circuit/main.wasm"), await readFile(join(directory, "circuit/main.wasm")));
    try {
      await groth16.prove(other, { context, input });
      expect.fail("proved");
    } catch (error) {
      expect(error).to.be.instanceOf(VerigradError);
      expect(error).to.include({ code: "PROVE_FAILED", consequence: "ESCALATE" });
    }
    await rm(other, { recursive: true });
  });

  it("takes an external prover that speaks rapidsnark's command line", async () => {
    const prover = join(directory, "prover");
    const snarkjsPath = createRequire(import.meta.url).resolve("snarkjs");
    const script = `#!${process.execPath}\nconst { groth16 } = require(${JSON.stringify(snarkjsPath)});
      const [zkey, wtns, proof, signals] = process.argv.slice(2);
      groth16.prove(zkey, wtns).then((result) => {
        require("fs").writeFileSync(proof, JSON.stringify(result.proof) + "\\0");
        require("fs").writeFileSync(signals, JSON.stringify(result.publicSignals));
        process.exit(0);
      });`;
    await writeFile(prover, script);
    await chmod(prover, 0o755);
    const result = await createGroth16({ rapidsnark: prover }).prove(directory, { context, input });
    expect(await groth16.verify(key, { context, input, output: result.output }, result.seal)).to.deep.equal({
      ok: true,
    });
    const missing = createGroth16({ rapidsnark: join(directory, "no-such-prover") });
    expect(await rejectionOf(missing.prove(directory, { context, input }))).to.equal("PROVE_FAILED");
  });

  it("verifies its own set-up, and names what was tampered with", async () => {
    const failing = async (): Promise<string[]> =>
      (await verifySetup(directory)).filter(({ ok }) => !ok).map(({ name }) => name);
    expect(await failing()).to.deep.equal([]);
    const tamper = async (path: string, edit: (bytes: Buffer) => Buffer, expected: string[]): Promise<void> => {
      const honest = await readFile(join(directory, path));
      await writeFile(join(directory, path), edit(Buffer.from(honest)));
      expect(await failing(), path).to.include.members(expected);
      await writeFile(join(directory, path), honest);
    };
    const flipLast = (bytes: Buffer): Buffer => {
      bytes[bytes.length - 1] = (bytes.at(-1) as number) ^ 1;
      return bytes;
    };
    const replace = (from: string, to: string) => (bytes: Buffer) =>
      Buffer.from(bytes.toString("latin1").replace(from, to), "latin1");
    await tamper("setup/transcript.json", replace("INSECURE development", "Alice and her friends"), ["contributions"]);
    await tamper("setup/transcript.json", replace('"kind":"INSECURE-development"', '"kind" :"ceremony"'), [
      "transcript",
    ]);
    await tamper("setup/key.bin", (bytes) => bytes.subarray(1), ["key", "key of the proving key"]);
    await tamper("setup/proving.zkey", replace("INSECURE development", "secure development.."), [
      "key of the proving key",
    ]);
    await tamper("setup/phase1.ptau", flipLast, ["phase 1"]);
    await tamper("circuit/main.r1cs", flipLast, ["circuit"]);
  });

  it("takes a development key for no ceremony, whatever its transcript and package say", async () => {
    const path = join(directory, "setup/transcript.json");
    const honest = await readFile(path, "utf8");
    await writeFile(path, honest.replace('"kind":"INSECURE-development"', '"kind":"ceremony"'));
    const failing = (await verifySetup(directory)).filter(({ ok }) => !ok).map(({ name }) => name);
    await writeFile(path, honest);
    expect(failing).to.deep.equal(["phase 1"]);
  });

  it("takes no other circuit's key from the cache under this circuit's name", async () => {
    const other = await writePackage(perceptron([3, 2, 2], { seed: 99, pixelMax: 3 }));
    const own = await writePackage(perceptron([3, 2, 2], { seed: 97, pixelMax: 3 }));
    const cache = await mkdtemp(join(tmpdir(), "verigrad-poisoned-"));
    try {
      await setupDevelopment(other, { cacheDir: cache });
      const [entry] = await readdir(cache);
      const poison = await readFile(join(cache, entry as string));
      await setupDevelopment(own, { cacheDir: cache });
      for (const name of await readdir(cache)) await writeFile(join(cache, name), poison);
      expect(await setupDevelopment(own, { cacheDir: cache })).to.include({ cached: false });
      expect((await verifySetup(own)).filter(({ ok }) => !ok)).to.deep.equal([]);
    } finally {
      for (const path of [other, own, cache]) await rm(path, { recursive: true });
    }
  });

  it("makes a key anew when its cached one is damaged", async () => {
    const [entry] = (await readdir(cacheDir)).filter((name) => name.endsWith(".setup"));
    const path = join(cacheDir, entry as string);
    const bytes = await readFile(path);
    bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] as number) ^ 1;
    for (const name of await readdir(cacheDir)) await writeFile(join(cacheDir, name), bytes);
    expect(await setupDevelopment(directory, { cacheDir })).to.include({ cached: false });
    expect((await verifySetup(directory)).filter(({ ok }) => !ok)).to.deep.equal([]);
  });
});

describe("groth16: development powers of tau", () => {
  it("are a file that snarkjs powersoftau verify accepts", async () => {
    expect(await withWorkers(() => developmentPhase1(3).then((ptau) => powersOfTau.verify(ptau)))).to.equal(true);
  });

  it("are refused for circuits that need minutes", async () => {
    expect(await rejectionOf(developmentPhase1(19))).to.equal("GROTH16_CIRCUIT_TOO_LARGE");
  });
});

describe("groth16: a key that nobody contributed to (T7)", () => {
  it("lets anybody forge under a bare verifier, and is refused by the strict one", async () => {
    const files = await groth16.build(graph);
    const r1cs = files.find(({ path }) => path.endsWith(".r1cs"))?.bytes as Uint8Array;
    const zkey = await initialZkey(r1cs, await developmentPhase1(circuitPower(r1cs)));
    const key = await keyFromZkey(zkey, { inputMode: "PUBLIC", inputs: inputSpecs, outputs: outputSpecs });
    const blob = encodeKey(key);
    let fault: unknown;
    await parseKey(blob).catch((error: VerigradError) => (fault = error.data.fault));
    expect(fault).to.equal("ForgeableKey");

    // A = alpha, B = beta, C = -vk_x, for public signals of the forger's choice, without a witness
    const exported = (await zKey.exportVerificationKey(zkey)) as {
      vk_alpha_1: [string, string, string];
      vk_beta_2: [[string, string], [string, string], [string, string]];
      IC: [string, string, string][];
    };
    const signals = exported.IC.slice(1).map((_, i) => BigInt(1000 + i));
    const vkX = await withWorkers(async ({ G1 }) => {
      const point = (p: readonly string[]): Uint8Array => G1.fromObject(p.map(BigInt) as [bigint, bigint, bigint]);
      const sum = signals.reduce(
        (total, signal, i) => G1.add(total, G1.timesScalar(point(exported.IC[i + 1] as string[]), signal)),
        point(exported.IC[0] as string[]),
      );
      return G1.toObject(G1.toAffine(G1.neg(sum))).map(String) as [string, string, string];
    });
    const proof = {
      pi_a: exported.vk_alpha_1,
      pi_b: exported.vk_beta_2,
      pi_c: vkX,
      protocol: "groth16",
      curve: "bn128",
    };
    expect(await withWorkers(() => snarkjs.verify(exported, signals.map(String), proof))).to.equal(true);
  });
});
