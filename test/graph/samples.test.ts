// SPDX-License-Identifier: GPL-3.0-or-later
import { expect } from "chai";
import { quantizeSample, readSamples } from "../../verifier/graph/samples.ts";
import { codeOf, errorOf } from "./codes.ts";

const one = [{ name: "x", shape: [1, 3] }];
const two = [...one, { name: "y", shape: [2, 1] }];
const read = (value: unknown, inputs = one) =>
  readSamples(new TextEncoder().encode(typeof value === "string" ? value : JSON.stringify(value)), inputs);

describe("graph/samples", () => {
  it("reads EZKL's single sample, nested or flat", () => {
    const single = { samples: [[[1, 2.5, -3]]], labels: null };
    expect(read({ input_data: [[1, 2.5, -3]] })).to.deep.equal(single);
    expect(read({ input_data: [[[1, 2.5, -3]]] })).to.deep.equal(single);
    expect(read({ input_data: [[[[1], [2.5], [-3]]]], output_data: [[9]] })).to.deep.equal(single);
    expect(
      read(
        {
          input_data: [
            [1, 2, 3],
            [4, 5],
          ],
        },
        two,
      ).samples,
    ).to.deep.equal([
      [
        [1, 2, 3],
        [4, 5],
      ],
    ]);
    expect(
      read(
        {
          input_data: [
            [[1], [2], [3]],
            [[4], [5]],
          ],
        },
        two,
      ).samples,
    ).to.deep.equal([
      [
        [1, 2, 3],
        [4, 5],
      ],
    ]);
    expect(read({ input_data: [[true, false, 1]] }).samples).to.deep.equal([[[1, 0, 1]]]);
  });

  it("reads many samples: rows of each input, or flat lists of a single input", () => {
    const rows = [
      [1, 2, 3],
      [4, 5, 6],
    ];
    expect(read({ input_data: [rows], labels: [7, 8] })).to.deep.equal({
      samples: rows.map((row) => [row]),
      labels: [7, 8],
    });
    expect(read({ input_data: rows }).samples).to.deep.equal(rows.map((row) => [row]));
    expect(
      read(
        {
          input_data: [
            rows,
            [
              [1, 2],
              [3, 4],
            ],
          ],
        },
        two,
      ).samples,
    ).to.deep.equal([
      [
        [1, 2, 3],
        [1, 2],
      ],
      [
        [4, 5, 6],
        [3, 4],
      ],
    ]);
  });

  it("a model without inputs has one sample", () => {
    for (const form of ["[]", "[[]]"])
      expect(readSamples(Buffer.from(`{"input_data": ${form}}`), [])).to.deep.equal({ samples: [[]], labels: null });
  });

  it("names what is wrong", () => {
    const codes: [unknown, string][] = [
      ["{", "INPUT_JSON"],
      ["[1,2,3]", "INPUT_JSON"],
      ["null", "INPUT_JSON"],
      [{ input_data: [] }, "INPUT_SHAPE"],
      [{ input_data: [1, 2, 3] }, "INPUT_JSON"],
      ['{"input_data": [[NaN, 1, 2]]}', "INPUT_JSON"],
      [{ input_data: [[1, 2, null]] }, "INPUT_NUMBER"],
      [{ input_data: [[1, 2, "3"]] }, "INPUT_NUMBER"],
      ['{"input_data": [[1, 2, 1e999]]}', "INPUT_NUMBER"],
      [`{"input_data": [${"[".repeat(20)}1${"]".repeat(20)}]}`, "INPUT_NUMBER"],
      [{ input_data: [[1, 2]] }, "INPUT_SHAPE"],
      [{ input_data: [[1, 2, 3, 4]] }, "INPUT_SHAPE"],
      [
        {
          input_data: [
            [
              [1, 2, 3],
              [4, 5],
            ],
          ],
        },
        "INPUT_SHAPE",
      ],
      [{ input_data: [[1, 2, 3]], labels: [1, 2] }, "INPUT_LABELS"],
      [{ input_data: [[1, 2, 3]], labels: [0.5] }, "INPUT_JSON"],
    ];
    for (const [value, code] of codes)
      expect(
        codeOf(() => read(value)),
        JSON.stringify(value),
      ).to.equal(code);
    expect(codeOf(() => read({ input_data: [[1, 2, 3]] }, two))).to.equal("INPUT_SHAPE");
    expect(
      codeOf(() =>
        read(
          {
            input_data: [
              [
                [1, 2, 3],
                [1, 2, 3],
              ],
              [4, 5],
            ],
          },
          two,
        ),
      ),
    ).to.equal("INPUT_SHAPE");
  });

  it("quantizes half up and refuses what leaves the declared range", () => {
    const ports = [{ name: "x", spec: { shape: [3], type: "i8", exponent: 2, lo: -10, hi: 10 } as const }];
    expect(quantizeSample(ports, [[0.125, -0.125, 2.6]])).to.deep.equal([Float64Array.of(1, 0, 10)]);
    expect(Object.is(quantizeSample(ports, [[-0, 0, 0]])[0]?.[0], 0)).to.equal(true);
    const error = errorOf(() => quantizeSample(ports, [[0, 2.7, 0]]));
    expect(error.code).to.equal("INPUT_RANGE");
    expect(error.message).to.equal('input "x": value 2.7 at index 1 is outside [-2.5, 2.5]');
    expect(codeOf(() => quantizeSample(ports, [[0, -2.7, 0]]))).to.equal("INPUT_RANGE");
    expect(codeOf(() => quantizeSample(ports, [[0, NaN, 0]]))).to.equal("INPUT_NUMBER");
    expect(codeOf(() => quantizeSample(ports, [[0, Infinity, 0]]))).to.equal("INPUT_NUMBER");
    expect(codeOf(() => quantizeSample(ports, [[0, 1]]))).to.equal("INPUT_SHAPE");
    expect(codeOf(() => quantizeSample(ports, []))).to.equal("INPUT_SHAPE");
  });
});
