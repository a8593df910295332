// SPDX-License-Identifier: GPL-3.0-or-later
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { canonicalJson } from "../../../verifier/graph/canonical-json.ts";
import { execute } from "../../../verifier/graph/execute.ts";
import { developmentPhase1 } from "../../../verifier/proofs/groth16/development-phase1.ts";
import { keccakHex } from "../../../verifier/hash.ts";
import { blake2bHex } from "../../../verifier/proofs/ptau.ts";
import {
  decodePowers,
  developmentPowers,
  encodePowers,
  parseTranscript,
  setupCeremony,
  setupDevelopment,
  setupFromPowers,
  tensorcheck,
  verifySetup,
  type Transcript,
} from "../../../verifier/proofs/tensorcheck/index.ts";
import { encodeTensors } from "../../../verifier/tensor/codec.ts";
import { perceptron, writePackage } from "../../helpers/circuit-models.ts";
import { codeOf } from "../../helpers/errors.ts";

const graph = perceptron([3, 2, 2], { seed: 5, pixelMax: 3 });
const specs = graph.inputs.map(({ spec }) => spec);
const ZERO_HASH = `0x${"00".repeat(32)}`;
const FILES = ["setup/powers.bin", "setup/key.bin", "setup/transcript.json"];

describe("tensorcheck/setup", () => {
  let scratch: string;
  let directory: string;
  let power: number;
  before(async () => {
    scratch = await mkdtemp(join(tmpdir(), "verigrad-tensorcheck-"));
    directory = await writePackage(graph, tensorcheck);
    const { insecure, setupHash } = await setupDevelopment(directory);
    expect([insecure, setupHash]).to.deep.equal([true, ZERO_HASH]);
    power = decodePowers(await readFile(join(directory, "setup/powers.bin"))).power;
  });
  after(async () => {
    await rm(directory, { recursive: true });
    await rm(scratch, { recursive: true });
  });

  let copies = 0;
  const copy = async (): Promise<string> => {
    const target = join(scratch, `package-${copies++}`);
    await cp(directory, target, { recursive: true });
    return target;
  };
  const failing = async (at: string, options: { readonly ptau?: string } = {}): Promise<string[]> =>
    (await verifySetup(at, options)).filter(({ ok }) => !ok).map(({ name }) => name);
  const flipped = async (at: string, path: string, byte: number): Promise<void> => {
    const bytes = await readFile(join(at, path));
    const index = byte < 0 ? bytes.length + byte : byte;
    bytes[index] = (bytes[index] as number) ^ 1;
    await writeFile(join(at, path), bytes);
  };
  /** A transcript that tells of the files as they are. */
  const retold = async (at: string, change: Partial<Transcript> = {}): Promise<void> => {
    const hash = async (path: string): Promise<string> => keccakHex(await readFile(join(at, path)));
    const path = join(at, "setup/transcript.json");
    const transcript = {
      ...parseTranscript(await readFile(path)),
      powers: await hash("setup/powers.bin"),
      key: await hash("setup/key.bin"),
      program: await hash("circuit/program.bin"),
      ...change,
    };
    await writeFile(path, canonicalJson(transcript));
  };

  it("proves and verifies, and checks out", async () => {
    const values = [Float64Array.of(1, 3, 2)];
    const input = encodeTensors(specs, values);
    const { output, seal } = await tensorcheck.prove(directory, { context: 7n, input });
    expect(output).to.deep.equal(
      encodeTensors(
        graph.outputs.map(({ spec }) => spec),
        execute(graph, values),
      ),
    );
    const key = await readFile(join(directory, "setup/key.bin"));
    const claim = { context: 7n, input, output };
    expect(await tensorcheck.verify(key, claim, seal)).to.deep.equal({ ok: true });
    expect(await tensorcheck.verify(key, { ...claim, context: 8n }, seal)).to.have.property("code", "InvalidProof");
    expect(await failing(directory)).to.deep.equal([]);
    expect(await tensorcheck.checkSetup(directory, graph, [])).to.equal(null);
  });

  it("refuses bad statements and packages", async () => {
    const input = encodeTensors(specs, [Float64Array.of(1, 3, 2)]);
    expect(await codeOf(tensorcheck.prove(directory, { context: 0n, input, salt: 1n }))).to.equal(
      "INPUT_MODE_MISMATCH",
    );
    expect(await codeOf(tensorcheck.prove(directory, { context: -1n, input }))).to.equal("PROVE_FAILED");
    const aborted = tensorcheck.prove(directory, { context: 0n, input }, { signal: AbortSignal.abort() });
    expect(await codeOf(aborted)).to.equal("ABORTED");
    expect(await codeOf(tensorcheck.prove(scratch, { context: 0n, input }))).to.equal("PACKAGE_FILE_MISSING");
    const other = await copy();
    await flipped(other, "circuit/program.bin", -1);
    expect(await codeOf(tensorcheck.prove(other, { context: 0n, input }))).to.equal("PACKAGE_MALFORMED");
    expect(await codeOf(setupDevelopment(other))).to.equal("PACKAGE_MALFORMED");
    expect(tensorcheck.unsupported(graph)).to.deep.equal([]);
    expect(tensorcheck.unsupported(graph, "COMMITTED").map(({ node }) => node)).to.deep.equal(["pixels"]);
    expect(tensorcheck.unsupported({ ...graph, inputs: [] }).map(({ reason }) => reason)).to.deep.equal([
      "the model has no input: there is nothing to prove",
    ]);
  });

  it("makes the same key of the same powers, another of others", async () => {
    const again = await copy();
    await rm(join(again, "setup"), { recursive: true });
    await setupFromPowers(again, join(directory, "setup/powers.bin"));
    for (const path of FILES)
      expect(await readFile(join(again, path)), path).to.deep.equal(await readFile(join(directory, path)));
    await setupDevelopment(again);
    expect(await readFile(join(again, "setup/key.bin"))).not.to.deep.equal(
      await readFile(join(directory, "setup/key.bin")),
    );
    expect(await failing(again)).to.deep.equal([]);
    expect(await codeOf(setupFromPowers(again, join(again, "nothing")))).to.equal("FILE_UNREADABLE");
    const few = join(scratch, "few.bin");
    await writeFile(few, encodePowers(await developmentPowers(power - 1)));
    expect(await codeOf(setupFromPowers(again, few))).to.equal("POWERS_TOO_FEW");
    const bytes = encodePowers(await developmentPowers(power));
    bytes.set(bytes.subarray(-64), 197 + 64);
    await writeFile(few, bytes);
    expect(await codeOf(setupFromPowers(again, few))).to.equal("POWERS_INVALID");
  });

  it("keeps development powers in a cache, but no damaged ones, nor a ceremony's", async () => {
    const [first, second, cacheDir] = [await copy(), await copy(), join(scratch, "cache")];
    // Powers enough for this model, where a set-up without a file makes more.
    const file = join(cacheDir, "INSECURE-development-powers.bin");
    await cp(join(directory, "setup/powers.bin"), file);
    for (const each of [first, second]) expect((await setupDevelopment(each, { cacheDir })).cached).to.equal(true);
    const key = (at: string): Promise<Buffer> => readFile(join(at, "setup/key.bin"));
    expect(await key(first)).to.deep.equal(await key(second));
    const own = await readFile(file);
    const damages = [
      (bytes: Buffer) => bytes.fill(1, 5, 69),
      (bytes: Buffer) => bytes.copy(bytes, 197 + 64, 197 + 128),
    ];
    for (const damage of damages) {
      const bytes = Buffer.from(own);
      damage(bytes);
      await writeFile(file, bytes);
      const { cached, insecure } = await setupDevelopment(second, { cacheDir });
      expect([cached, insecure]).to.deep.equal([false, true]);
      expect(await key(second)).not.to.deep.equal(await key(first));
    }
  });

  it("finds every file that is not what the transcript or the graph says", async () => {
    const cases: readonly [string, number, string[]][] = [
      ["setup/key.bin", -1, ["key"]],
      ["setup/powers.bin", -1, ["powers", "key"]],
      ["circuit/program.bin", -1, ["program"]],
      ["setup/transcript.json", 2, ["transcript", "program", "powers", "ceremony", "key"]],
    ];
    for (const [path, byte, expected] of cases) {
      const at = await copy();
      await flipped(at, path, byte);
      expect(await failing(at), path).to.include.members(expected.slice(0, 1));
      expect(await tensorcheck.checkSetup(at, graph, []).catch(String), path).not.to.equal(null);
      if (path === "setup/transcript.json") continue;
      // A transcript that goes along with it makes nothing right.
      await retold(at);
      expect(await failing(at), `${path}, retold`).to.include.members(expected.slice(-1));
    }
    const other = await copy();
    const powers = encodePowers(await developmentPowers(power));
    await writeFile(join(other, "setup/powers.bin"), powers);
    await retold(other);
    expect(await failing(other)).to.deep.equal(["key"]);
    const named = await copy();
    const bytes = await readFile(join(named, "setup/powers.bin"));
    bytes.fill(1, 5, 69);
    await writeFile(join(named, "setup/powers.bin"), bytes);
    await retold(named);
    expect(await failing(named)).to.deep.equal(["ceremony"]);
  });

  it("checks a ceremony's set-up against its .ptau file", async () => {
    const at = await copy();
    const ptau = join(scratch, "ceremony.ptau");
    await writeFile(ptau, await developmentPhase1(power));
    const expectedBlake2b = await blake2bHex(ptau);
    expect(await codeOf(setupCeremony(at, { ptau }))).to.equal("SETUP_PHASE1_MISMATCH");
    const { insecure, setupHash } = await setupCeremony(at, { ptau, expectedBlake2b });
    expect(insecure).to.equal(false);
    expect(setupHash).to.equal(keccakHex(await readFile(join(at, "setup/transcript.json"))));
    expect(await failing(at)).to.deep.equal(["ceremony"]);
    expect(await failing(at, { ptau })).to.deep.equal([]);
    expect(await tensorcheck.checkSetup(at, graph, [])).to.contain("powers-of-tau");
    expect(await tensorcheck.checkSetup(at, graph, [join(scratch, "nothing"), ptau])).to.equal(null);
    const another = join(scratch, "another.ptau");
    await writeFile(another, await developmentPhase1(power));
    expect(await failing(at, { ptau: another })).to.deep.equal(["ceremony"]);
    // Powers of a τ of one's own under the ceremony's name.
    const forged = { ...(await developmentPowers(power)), ptau: expectedBlake2b };
    const path = join(scratch, "forged.bin");
    await writeFile(path, encodePowers(forged));
    expect((await setupFromPowers(at, path)).insecure).to.equal(false);
    expect(await failing(at, { ptau })).to.deep.equal(["ceremony"]);
    // Honest powers, and a transcript that names another ceremony.
    await setupCeremony(at, { ptau, expectedBlake2b });
    await retold(at, { ptau: await blake2bHex(another) });
    expect(await failing(at, { ptau: another })).to.deep.equal(["ceremony"]);
  });
});
