// SPDX-License-Identifier: GPL-3.0-or-later
import { readFileSync } from "node:fs";
import { expect } from "chai";
import fc from "fast-check";
import { VerigradError } from "../../verifier/errors.ts";
import {
  decodeTensors,
  dequantizeValues,
  encodedLength,
  encodeTensors,
  quantizeValues,
} from "../../verifier/tensor/codec.ts";
import { packedLength, packingLayout, packTensors, SCALAR_FIELD } from "../../verifier/tensor/packing.ts";
import { decodeSpecList, encodeSpecList, sizeOf, specListHash, type TensorSpec } from "../../verifier/tensor/spec.ts";
import { specArbitrary, specListArbitrary, tensorsArbitrary } from "./arbitraries.ts";

interface Vector {
  readonly name: string;
  readonly specs: TensorSpec[];
  readonly specList: string;
  readonly specListHash: string;
  readonly tensors: number[][];
  readonly encoded: string;
  readonly words: string[];
}

const vectors = (
  JSON.parse(readFileSync(new URL("../vectors/tensor.json", import.meta.url), "utf8")) as { cases: Vector[] }
).cases;

const hex = (bytes: Uint8Array): string => `0x${Buffer.from(bytes).toString("hex")}`;
const bytesOf = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.slice(2), "hex"));

function codeOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    if (error instanceof VerigradError) return error.code;
    throw error;
  }
  return "none";
}

const digits: TensorSpec = { shape: [64], type: "u8", exponent: 0, lo: 0, hi: 16 };

describe("tensor: known answers", () => {
  for (const { name, specs, specList, specListHash: hash, tensors, encoded, words } of vectors) {
    it(name, () => {
      expect(hex(encodeSpecList(specs))).to.equal(specList);
      expect(decodeSpecList(bytesOf(specList))).to.deep.equal(specs);
      expect(hex(specListHash(specs))).to.equal(hash);
      expect(hex(encodeTensors(specs, tensors))).to.equal(encoded);
      expect(decodeTensors(specs, bytesOf(encoded)).map((values) => [...values])).to.deep.equal(tensors);
      expect(packTensors(specs, tensors).map(String)).to.deep.equal(words);
    });
  }
});

describe("tensor: specs", () => {
  it("spec lists survive their encoding", () => {
    fc.assert(
      fc.property(specListArbitrary, (specs) => {
        expect(decodeSpecList(encodeSpecList(specs))).to.deep.equal(specs);
      }),
    );
  });

  it("no proper prefix and no extension of a spec list is one", () => {
    fc.assert(
      fc.property(specListArbitrary, fc.nat(), fc.uint8Array({ minLength: 1 }), (specs, cut, tail) => {
        const bytes = encodeSpecList(specs);
        expect(codeOf(() => decodeSpecList(bytes.subarray(0, cut % bytes.length)))).to.equal("TENSOR_SPEC_INVALID");
        expect(codeOf(() => decodeSpecList(Uint8Array.from([...bytes, ...tail])))).to.equal("TENSOR_SPEC_INVALID");
      }),
    );
  });

  it("whatever bytes decode re-encode to themselves", () => {
    fc.assert(
      fc.property(specListArbitrary, fc.nat(), fc.nat(255), (specs, at, value) => {
        const bytes = encodeSpecList(specs);
        bytes[at % bytes.length] = value;
        let decoded: TensorSpec[];
        try {
          decoded = decodeSpecList(bytes);
        } catch (error) {
          expect(error).to.be.instanceOf(VerigradError);
          return;
        }
        expect(encodeSpecList(decoded)).to.deep.equal(bytes);
      }),
    );
  });

  it("reads from a view into a larger buffer", () => {
    const bytes = encodeSpecList([digits]);
    const padded = Uint8Array.from([9, 9, 9, ...bytes, 9]);
    expect(decodeSpecList(padded.subarray(3, 3 + bytes.length))).to.deep.equal([digits]);
  });

  const faults: [string, Partial<TensorSpec>][] = [
    ["rank 0", { shape: [] }],
    ["rank 9", { shape: [1, 1, 1, 1, 1, 1, 1, 1, 1] }],
    ["a dimension of 0", { shape: [4, 0] }],
    ["a fractional dimension", { shape: [1.5] }],
    ["more than 2^24 values", { shape: [4096, 4097] }],
    ["exponent 128", { exponent: 128 }],
    ["exponent -129", { exponent: -129 }],
    ["a fractional exponent", { exponent: 0.5 }],
    ["lo = hi", { lo: 5, hi: 5 }],
    ["lo > hi", { lo: 6, hi: 5 }],
    ["lo below the type", { lo: -1 }],
    ["hi above the type", { hi: 256 }],
    ["a range that is not a number", { hi: Number.NaN }],
  ];
  for (const [name, fault] of faults) {
    it(`refuses ${name}`, () => {
      expect(codeOf(() => encodeSpecList([{ ...digits, ...fault }]))).to.equal("TENSOR_SPEC_INVALID");
    });
  }

  it("refuses 0 and 17 tensors", () => {
    expect(codeOf(() => encodeSpecList([]))).to.equal("TENSOR_SPEC_INVALID");
    expect(codeOf(() => encodeSpecList(Array<TensorSpec>(17).fill(digits)))).to.equal("TENSOR_SPEC_INVALID");
    expect(encodeSpecList(Array<TensorSpec>(16).fill(digits))[0]).to.equal(16);
  });
});

describe("tensor: canonical encoding", () => {
  it("values survive their encoding, whose length is declared", () => {
    fc.assert(
      fc.property(tensorsArbitrary, ({ specs, values }) => {
        const bytes = encodeTensors(specs, values);
        expect(bytes.length).to.equal(encodedLength(specs));
        expect(decodeTensors(specs, bytes).map((tensor) => [...tensor])).to.deep.equal(values);
      }),
    );
  });

  it("any other length is TENSOR_LENGTH", () => {
    fc.assert(
      fc.property(tensorsArbitrary, fc.nat(200), ({ specs, values }, length) => {
        const bytes = encodeTensors(specs, values);
        fc.pre(length !== bytes.length);
        expect(codeOf(() => decodeTensors(specs, new Uint8Array(length)))).to.equal("TENSOR_LENGTH");
      }),
    );
  });

  it("lo - 1 and hi + 1 are TENSOR_RANGE, encoding and decoding", () => {
    expect(codeOf(() => encodeTensors([digits], [[...Array<number>(63).fill(0), 17]]))).to.equal("TENSOR_RANGE");
    expect(codeOf(() => encodeTensors([digits], [[...Array<number>(63).fill(0), -1]]))).to.equal("TENSOR_RANGE");
    const bytes = new Uint8Array(64).fill(16);
    expect(codeOf(() => decodeTensors([digits], bytes))).to.equal("none");
    bytes[63] = 17;
    expect(codeOf(() => decodeTensors([digits], bytes))).to.equal("TENSOR_RANGE");
    const signed: TensorSpec = { ...digits, shape: [1], type: "i16", lo: -5, hi: 5 };
    expect(codeOf(() => decodeTensors([signed], Uint8Array.of(0xff, 0xfb)))).to.equal("none");
    expect(codeOf(() => decodeTensors([signed], Uint8Array.of(0xff, 0xfa)))).to.equal("TENSOR_RANGE");
  });

  it("fractions, NaN and the wrong number of values are errors", () => {
    const spec = { ...digits, shape: [1] };
    expect(codeOf(() => encodeTensors([spec], [[1.5]]))).to.equal("TENSOR_RANGE");
    expect(codeOf(() => encodeTensors([spec], [[Number.NaN]]))).to.equal("TENSOR_RANGE");
    expect(codeOf(() => encodeTensors([spec], [[1, 2]]))).to.equal("TENSOR_SHAPE");
    expect(codeOf(() => encodeTensors([spec], []))).to.equal("TENSOR_SHAPE");
  });
});

describe("tensor: packing", () => {
  it("words stay below 2^248 and can be unpacked: packing is injective on declared ranges", () => {
    fc.assert(
      fc.property(tensorsArbitrary, ({ specs, values }) => {
        const words = packTensors(specs, values);
        expect(words.length).to.equal(packedLength(specs));
        let next = 0;
        const unpacked = specs.map((spec) => {
          const { bits, perWord } = packingLayout(spec);
          const tensor: number[] = [];
          for (let left = sizeOf(spec.shape); left > 0; left -= perWord) {
            const count = Math.min(left, perWord);
            const word = words[next++] as bigint;
            expect(word >> BigInt(count * bits)).to.equal(0n);
            for (let i = count - 1; i >= 0; i--) {
              tensor.push(Number((word >> BigInt(i * bits)) & ((1n << BigInt(bits)) - 1n)) + spec.lo);
            }
          }
          return tensor;
        });
        expect(unpacked).to.deep.equal(values);
        expect(words.every((word) => word < 2n ** 248n && word < SCALAR_FIELD)).to.equal(true);
      }),
    );
  });

  it("uses the fewest bits that hold hi - lo, and as many values a word as fit", () => {
    fc.assert(
      fc.property(specArbitrary, (spec) => {
        const { bits, perWord, words } = packingLayout(spec);
        expect(2 ** bits).to.be.greaterThan(spec.hi - spec.lo);
        expect(2 ** (bits - 1)).to.be.at.most(spec.hi - spec.lo);
        expect(perWord * bits).to.be.at.most(248);
        expect((perWord + 1) * bits).to.be.greaterThan(248);
        expect(words).to.equal(Math.ceil(sizeOf(spec.shape) / perWord));
      }),
    );
  });

  it("refuses values outside their range", () => {
    expect(codeOf(() => packTensors([{ ...digits, shape: [1] }], [[17]]))).to.equal("TENSOR_RANGE");
  });
});

describe("tensor: real numbers", () => {
  const spec: TensorSpec = { shape: [6], type: "i8", exponent: 1, lo: -4, hi: 4 };

  it("rounds half up, for negatives too, and clamps", () => {
    expect([...quantizeValues(spec, [0.25, -0.25, 0.75, -0.75, 99, -Infinity])]).to.deep.equal([1, 0, 2, -1, 4, -4]);
  });

  it("NaN and wrong sizes are errors", () => {
    expect(codeOf(() => quantizeValues(spec, [0, 0, 0, 0, 0, Number.NaN]))).to.equal("TENSOR_NAN");
    expect(codeOf(() => quantizeValues(spec, [0]))).to.equal("TENSOR_SHAPE");
  });

  it("integers survive the way to reals and back", () => {
    fc.assert(
      fc.property(tensorsArbitrary, ({ specs, values }) => {
        specs.forEach((tensor, t) => {
          const reals = dequantizeValues(tensor, values[t] as number[]);
          expect([...quantizeValues(tensor, reals)].map((v) => v + 0)).to.deep.equal(values[t]);
        });
      }),
    );
  });
});
