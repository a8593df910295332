// SPDX-License-Identifier: GPL-3.0-or-later
// What the proof systems say that a verification costs at the most == what it costs on the chain, from above.
import { expect } from "chai";
import { network } from "hardhat";
import { keccak256 } from "ethers";
import { groth16 } from "../../verifier/proofs/groth16/index.ts";
import { readUint } from "../../verifier/proofs/points.ts";
import { tensorcheck } from "../../verifier/proofs/tensorcheck/index.ts";
import type { ProofSystem } from "../../verifier/proofs/types.ts";
import { encodeTensors } from "../../verifier/tensor/codec.ts";
import { packTensors } from "../../verifier/tensor/packing.ts";
import { sizeOf, type TensorSpec } from "../../verifier/tensor/spec.ts";
import { randomInputs } from "../graph/arbitraries.ts";
import { fullGraph } from "../graph/full-graph.ts";
import { integers, perceptron } from "../helpers/circuit-models.ts";
import { forgeSeal, keyBlob, makeTrapdoor, scalar, signalCount, type KeyShape } from "../helpers/trapdoor.ts";
import { honestGraph, honestKinds, honestTiny } from "../proofs/tensorcheck/honest.ts";
import { TAU, tau2Bytes } from "../proofs/tensorcheck/powers.ts";

type Contract = Awaited<ReturnType<Awaited<ReturnType<typeof network.create>>["ethers"]["deployContract"]>>;

interface Proof {
  readonly key: Uint8Array;
  readonly claim: { readonly context: bigint; readonly input: Uint8Array; readonly output: Uint8Array };
  readonly seal: Uint8Array;
}

const bytes = (length: number, lo = 0, hi = 255): TensorSpec => ({ shape: [length], type: "u8", exponent: 0, lo, hi });
const ints = (length: number): TensorSpec => ({
  ...{ shape: [length], type: "i32", exponent: 0 },
  ...{ lo: -(2 ** 31), hi: 2 ** 31 - 1 },
});

/** A proof for any interface, by its key's trapdoor. */
function forged(shape: KeyShape): Proof {
  const trapdoor = makeTrapdoor(signalCount(shape));
  const valuesOf = (specs: readonly TensorSpec[]) =>
    specs.map(({ shape, lo, hi }) => Array.from({ length: sizeOf(shape) }, (_, i) => (i % 2 === 0 ? lo : hi)));
  const [inputs, outputs] = [valuesOf(shape.input), valuesOf(shape.output)];
  const context = scalar("context") >> 8n;
  const committed = scalar("commitment");
  const inputWords = shape.inputMode === 0 ? packTensors(shape.input, inputs) : [committed];
  const input =
    shape.inputMode === 0
      ? encodeTensors(shape.input, inputs)
      : Uint8Array.from(Buffer.from(committed.toString(16).padStart(64, "0"), "hex"));
  return {
    key: keyBlob(shape, trapdoor),
    claim: { context, input, output: encodeTensors(shape.output, outputs) },
    seal: forgeSeal(trapdoor, [context, ...inputWords, ...packTensors(shape.output, outputs)]),
  };
}

describe("differential: what a verification costs at the most", function () {
  this.timeout(240_000);
  let probe: Contract;
  let ethers: Awaited<ReturnType<typeof network.create>>["ethers"];

  before(async () => {
    ({ ethers } = await network.create());
    probe = await ethers.deployContract("GasProbe");
  });

  /** SAFETY: claims rest on the bound; one that is far above would turn good jobs away. */
  async function holds(system: ProofSystem, at: Contract, what: string, { key, claim, seal }: Proof): Promise<void> {
    await (await at.getFunction("registerKey")(key)).wait();
    const { gas, sealLength } = await system.verificationCost(key);
    const { context, input, output } = claim;
    const args = [await at.getAddress(), keccak256(key), context, input, output, seal];
    const measured = Number(await probe.getFunction("gasOfVerify").staticCall(...args));
    expect(sealLength, what).to.equal(seal.length);
    expect(gas, what).to.be.at.least(measured);
    expect(gas, what).to.be.below(2 * measured);
  }

  it("groth16: inputs and outputs of any type and length, public and committed, keys of several pieces", async () => {
    const system = await ethers.deployContract("Groth16ProofSystem");
    const shapes: Record<string, KeyShape> = {
      least: { inputMode: 0, input: [bytes(1)], output: [bytes(1)] },
      "digits example": { inputMode: 0, input: [bytes(64, 0, 16)], output: [ints(10)] },
      "784 bits": { inputMode: 0, input: [bytes(784, 0, 1)], output: [bytes(10)] },
      "784 bytes": { inputMode: 0, input: [bytes(784)], output: [ints(10)] },
      "784 committed": { inputMode: 1, input: [bytes(784)], output: [ints(10)] },
      "16 tensors": { inputMode: 0, input: Array.from({ length: 15 }, () => bytes(7)), output: [ints(3)] },
      "output of 2,000 bytes": { inputMode: 0, input: [bytes(3)], output: [ints(500)] },
      "key of two pieces": { inputMode: 0, input: [ints(2_700)], output: [ints(1)] },
    };
    for (const [what, shape] of Object.entries(shapes)) await holds(groth16, system, what, forged(shape));
  });

  it("tensorcheck: every kind of value, chunks of any size", async () => {
    const setup = await tau2Bytes(TAU);
    const words = [0, 1, 2, 3].map((i) => readUint(setup, 32 * i));
    const system = await ethers.deployContract("TensorcheckProofSystem", [words]);
    for (const n of [1, 2, 6]) await holds(tensorcheck, system, `tiny, n = ${n}`, await honestTiny(n));
    await holds(tensorcheck, system, "kinds", await honestKinds(2));
    const full = fullGraph();
    const options = { n: 8, tableBits: 5 };
    await holds(tensorcheck, system, "every op", await honestGraph(full, randomInputs(full, integers(3)), options));
    const digits = perceptron([64, 32, 10], { pixelMax: 16, shift: 8 });
    const pixels = [Array.from({ length: 64 }, (_, i) => (i * 7) % 17)];
    for (const n of [6, 10]) {
      const proof = await honestGraph(digits, pixels, { n, tableBits: 8 });
      await holds(tensorcheck, system, `perceptron, n = ${n}`, proof);
    }
  });
});
