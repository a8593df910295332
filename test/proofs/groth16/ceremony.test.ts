// SPDX-License-Identifier: GPL-3.0-or-later
// A real ceremony at a tiny power: snarkjs' own powers of tau, two contributors on their own machines, a beacon.
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { powersOfTau } from "snarkjs";
import { keccakHex } from "../../../verifier/hash.ts";
import { checkerCurve, withWorkers } from "../../../verifier/proofs/curve.ts";
import { developmentPhase1 } from "../../../verifier/proofs/groth16/development-phase1.ts";
import {
  contribute,
  finalizeSetup,
  groth16,
  parseTranscript,
  setupCeremony,
  startCeremony,
  verifySetup,
} from "../../../verifier/proofs/groth16/index.ts";
import { withBeacon } from "../../../verifier/proofs/groth16/phase2.ts";
import { circuitPower } from "../../../verifier/proofs/groth16/setup.ts";
import { readContributions } from "../../../verifier/proofs/groth16/transcript.ts";
import { blake2bHex } from "../../../verifier/proofs/ptau.ts";
import { encodeTensors } from "../../../verifier/tensor/codec.ts";
import { rejectionOf } from "../../graph/codes.ts";
import { perceptron, writePackage } from "../../helpers/circuit-models.ts";

const beacon = { hash: "0102030405060708090a0b0c0d0e0f10", iterations: 10 };
const graph = perceptron([3, 2, 2], { seed: 5, pixelMax: 3 });

describe("groth16: ceremony", function () {
  let scratch: string;
  let directory: string;
  let ptau: string;
  let expectedBlake2b: string;

  before(async () => {
    scratch = await mkdtemp(join(tmpdir(), "verigrad-ceremony-"));
    directory = await writePackage(graph);
    const power = circuitPower(await readFile(join(directory, "circuit/main.r1cs")));
    expect(power).to.be.at.most(8);
    const path = (name: string): string => join(scratch, name);
    ptau = path("final.ptau");
    await withWorkers(async () => {
      await powersOfTau.newAccumulator(await checkerCurve(), power, path("0.ptau"));
      await powersOfTau.contribute(path("0.ptau"), path("1.ptau"), "first", "entropy of the test");
      await powersOfTau.beacon(path("1.ptau"), path("2.ptau"), "beacon", beacon.hash, 10);
      await powersOfTau.preparePhase2(path("2.ptau"), ptau);
    });
    expectedBlake2b = await blake2bHex(ptau);
  });

  after(async () => {
    await rm(scratch, { recursive: true });
    await rm(directory, { recursive: true });
  });

  it("two contributors, step by step, then a beacon: verifies and proves", async () => {
    const step = (i: number): string => join(scratch, `${i}.zkey`);
    await startCeremony(directory, { ptau, expectedBlake2b }, step(0));
    const hashes = [
      await contribute(step(0), step(1), "Alice", "dice"),
      await contribute(step(1), step(2), "Bob", "coins"),
    ];
    const result = await finalizeSetup(directory, step(2), { ptau, expectedBlake2b, beacon });
    expect(result.insecure).to.equal(false);
    const bytes = await readFile(join(directory, "setup/transcript.json"));
    expect(result.setupHash).to.equal(keccakHex(bytes));
    const { contributions, kind } = parseTranscript(bytes);
    expect(kind).to.equal("ceremony");
    expect(contributions.map(({ name }) => name)).to.deep.equal(["Alice", "Bob", "beacon"]);
    expect(contributions.slice(0, 2).map(({ hash }) => hash)).to.deep.equal(hashes);
    expect(contributions[2]?.beacon).to.deep.equal({ hash: `0x${beacon.hash}`, iterationsExponent: 10 });

    const checks = await verifySetup(directory, { ptau });
    expect(checks.filter(({ ok }) => !ok)).to.deep.equal([]);
    const detail = (name: string): string | undefined => checks.find((check) => check.name === name)?.detail;
    expect(detail("contributions")).to.equal('2 by "Alice", "Bob", then a beacon');
    expect(detail("phase 1")).to.contain("not a published file");
    const withoutPtau = (await verifySetup(directory)).filter(({ ok }) => !ok).map(({ name }) => name);
    expect(withoutPtau).to.deep.equal(["phase 1", "proving key"]);

    const input = encodeTensors(
      graph.inputs.map((port) => port.spec),
      [[1, 2, 3]],
    );
    const { output, seal } = await groth16.prove(directory, { context: 1n, input });
    const key = await readFile(join(directory, "setup/key.bin"));
    expect(await groth16.verify(key, { context: 1n, input, output }, seal)).to.deep.equal({ ok: true });
  });

  it("rejects a tampered contribution", async () => {
    const zkey = await readFile(join(directory, "setup/proving.zkey"));
    const { contributions } = await readContributions(zkey);
    expect(contributions).to.have.lengthOf(3);
    // Flip a byte in the first contribution's public key: section 10 is the last one of the file.
    const at = zkey.lastIndexOf(Buffer.from("Alice")) - 80;
    zkey[at] = (zkey[at] as number) ^ 1;
    await writeFile(join(directory, "setup/proving.zkey"), zkey);
    const failing = (await verifySetup(directory, { ptau })).filter(({ ok }) => !ok).map(({ name }) => name);
    expect(failing).to.include.members(["key of the proving key", "contributions", "proving key"]);
  });

  it("refuses no contribution, another phase 1, an unpublished phase 1 without a hash, bad names and beacons", async () => {
    const contributions = [{ name: "Alice", entropy: "dice" }];
    const run = (change: object): Promise<string> =>
      rejectionOf(setupCeremony(directory, { ptau, expectedBlake2b, contributions, beacon, ...change }));
    expect(await run({ contributions: [] })).to.equal("SETUP_NO_CONTRIBUTION");
    expect(await run({ expectedBlake2b: "00".repeat(64) })).to.equal("SETUP_PHASE1_MISMATCH");
    expect(await run({ expectedBlake2b: undefined })).to.equal("SETUP_PHASE1_MISMATCH");
    expect(await run({ contributions: [{ name: "", entropy: "dice" }] })).to.equal("SETUP_REFUSED");
    expect(await run({ contributions: [{ name: "Alice", entropy: "" }] })).to.equal("SETUP_REFUSED");
    expect(await run({ beacon: { hash: "xyz", iterations: 10 } })).to.equal("SETUP_REFUSED");
    expect(await run({ beacon: { hash: "00", iterations: 9 } })).to.equal("SETUP_REFUSED");
    const few = await developmentPhase1(circuitPower(await readFile(join(directory, "circuit/main.r1cs"))) - 1);
    const small = { ptau: join(scratch, "few.ptau"), expectedBlake2b: await blake2bHex(few) };
    await writeFile(small.ptau, few);
    expect(await run(small)).to.equal("POWERS_TOO_FEW");
    expect(await rejectionOf(startCeremony(directory, small, join(scratch, "few.zkey")))).to.equal("POWERS_TOO_FEW");
    expect(await readdir(scratch)).to.not.include("few.zkey");
    const empty = join(scratch, "untouched.zkey");
    await startCeremony(directory, { ptau, expectedBlake2b }, empty);
    expect(await rejectionOf(finalizeSetup(directory, empty, { ptau, expectedBlake2b, beacon }))).to.equal(
      "SETUP_NO_CONTRIBUTION",
    );
    // A beacon is public: it is nobody's contribution.
    await writeFile(empty, await withBeacon(await readFile(empty), beacon));
    expect(await rejectionOf(finalizeSetup(directory, empty, { ptau, expectedBlake2b, beacon }))).to.equal(
      "SETUP_NO_CONTRIBUTION",
    );
  });
});
