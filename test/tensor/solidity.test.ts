// SPDX-License-Identifier: GPL-3.0-or-later
// Solidity's tensor libraries against verifier/tensor: same words, same bytes, same refusals.
import { readFileSync } from "node:fs";
import { expect } from "chai";
import fc from "fast-check";
import { network } from "hardhat";
import type { BaseContract, Contract } from "ethers";
import { VerigradError } from "../../verifier/errors.ts";
import { decodeTensors, encodedLength, encodeTensors } from "../../verifier/tensor/codec.ts";
import { packedLength, packTensors } from "../../verifier/tensor/packing.ts";
import { decodeSpecList, encodeSpecList, sizeOf, TENSOR_TYPES, type TensorSpec } from "../../verifier/tensor/spec.ts";
import { specArbitrary, tensorsArbitrary } from "./arbitraries.ts";

interface Vector {
  readonly name: string;
  readonly specList: string;
  readonly encoded: string;
  readonly words: string[];
}

/** Solidity's name of each of the codec's errors about bytes. */
const SOLIDITY_NAMES: Readonly<Record<string, string>> = {
  TENSOR_LENGTH: "WrongLength",
  TENSOR_RANGE: "ValueOutOfRange",
};

describe("tensor: Solidity and TypeScript agree", function () {
  let harness: BaseContract & Omit<Contract, keyof BaseContract>;
  let nameOf: (call: Promise<unknown>) => Promise<string>;

  before(async () => {
    const { ethers } = await network.create();
    harness = await ethers.deployContract("TensorHarness");
    const { interface: errors } = await ethers.getContractFactory("MockProofSystem");
    nameOf = async (call) => {
      try {
        await call;
        return "none";
      } catch (error) {
        const { data } = error as { data?: string };
        return (typeof data === "string" ? errors.parseError(data)?.name : undefined) ?? String(error);
      }
    };
  });

  const pack = (specs: readonly TensorSpec[], data: Uint8Array): Promise<bigint[]> =>
    harness.getFunction("pack")(encodeSpecList(specs), data) as Promise<bigint[]>;

  it("on the known answers", async () => {
    const text = readFileSync(new URL("../vectors/tensor.json", import.meta.url), "utf8");
    for (const { name, specList, encoded, words } of (JSON.parse(text) as { cases: Vector[] }).cases) {
      const packed = (await harness.getFunction("pack")(specList, encoded)) as bigint[];
      expect(packed.map(String), name).to.deep.equal(words);
    }
  });

  it("on the words of any tensors", async () => {
    await fc.assert(
      fc.asyncProperty(tensorsArbitrary, async ({ specs, values }) => {
        const data = encodeTensors(specs, values);
        expect([...(await pack(specs, data))]).to.deep.equal(packTensors(specs, values));
        expect(await harness.getFunction("encodedLength")(encodeSpecList(specs))).to.equal(BigInt(data.length));
      }),
      { numRuns: 60 },
    );
  });

  it("on which bytes are canonical, and on the error of those that are not", async () => {
    const bytes = tensorsArbitrary.chain(({ specs, values }) =>
      fc.oneof(
        fc.constant({ specs, data: encodeTensors(specs, values) }),
        fc
          .uint8Array({ minLength: encodedLength(specs), maxLength: encodedLength(specs) })
          .map((data) => ({ specs, data })),
        fc.uint8Array({ maxLength: 2 * encodedLength(specs) }).map((data) => ({ specs, data })),
      ),
    );
    await fc.assert(
      fc.asyncProperty(bytes, async ({ specs, data }) => {
        let expected = "none";
        try {
          decodeTensors(specs, data);
        } catch (error) {
          expected = SOLIDITY_NAMES[(error as VerigradError).code] ?? String(error);
        }
        expect(await nameOf(pack(specs, data))).to.equal(expected);
      }),
      { numRuns: 60 },
    );
  });

  it("on spec lists with a changed byte", async () => {
    await fc.assert(
      fc.asyncProperty(tensorsArbitrary, fc.nat(), fc.nat(255), async ({ specs }, at, value) => {
        const list = encodeSpecList(specs);
        list[at % list.length] = value;
        let words = -1;
        try {
          words = packedLength(decodeSpecList(list));
        } catch (error) {
          expect(error).to.be.instanceOf(VerigradError);
        }
        const call = harness.getFunction("validate")(list) as Promise<bigint>;
        if (words < 0) expect(await nameOf(call)).to.equal("MalformedKey");
        else expect(await call).to.equal(BigInt(words));
      }),
      { numRuns: 60 },
    );
  });

  it("TensorCodec reads and writes what the codec does", async () => {
    const one = specArbitrary.chain((spec) =>
      fc
        .array(fc.integer({ min: spec.lo, max: spec.hi }), {
          minLength: sizeOf(spec.shape),
          maxLength: sizeOf(spec.shape),
        })
        .map((values) => ({ spec, values })),
    );
    await fc.assert(
      fc.asyncProperty(one, async ({ spec, values }) => {
        const data = encodeTensors([spec], [values]);
        const code = TENSOR_TYPES.indexOf(spec.type);
        const decoded = (await harness.getFunction("decodeAll")(data, code)) as bigint[];
        expect(decoded.map(Number)).to.deep.equal(values);
        expect(await harness.getFunction("encode")(values, code)).to.equal(`0x${Buffer.from(data).toString("hex")}`);
        const winner = values.indexOf(Math.max(...values));
        expect(await harness.getFunction("argmax")(data, code)).to.equal(BigInt(winner));
      }),
      { numRuns: 40 },
    );
  });
});
