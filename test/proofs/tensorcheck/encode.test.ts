// SPDX-License-Identifier: GPL-3.0-or-later
import { expect } from "chai";
import { bytesToHex } from "@noble/hashes/utils.js";
import { encodeSpecList } from "../../../verifier/tensor/spec.ts";
import { coefficientBytes, structuredBytes, uint } from "../../../verifier/proofs/tensorcheck/bytes.ts";
import { encodeKey, encodeProgram, SELECTOR } from "../../../verifier/proofs/tensorcheck/encode.ts";
import { numberProgram } from "../../../verifier/proofs/tensorcheck/number.ts";
import { placeColumns } from "../../../verifier/proofs/tensorcheck/place.ts";
import { TINY_SPECS, tinyProgram } from "./programs.ts";

const hex = (bytes: Iterable<number>): string => bytesToHex(Uint8Array.from(bytes));
const tiny = (n: number) => {
  const program = tinyProgram();
  return numberProgram(program, placeColumns(program, n));
};

/** The tiny program with chunks of 8 cells, field by field from docs/spec/tensorcheck.md, section 5. */
const TINY_BODY = [
  "0002 01 00000002 01 40", // output of equation 2: an axis of 2 at ρ_0
  "0001", // one public:
  "00 01 00000003 02 01 00", // port 0, an axis of 3 at r_1, r_0
  "0001", // one structured value:
  "03 00 02", // index over r_1, r_0
  "0003", // three entities:
  "00 0000 0001  03 00000000 40 01 00", // chunk 0: W at (ρ_0, r_1, r_0)
  "00 0001 0002  81 00000002  82 00000000", // chunk 1: y in its third pair (m lies before it), m
  "00 0002 0002  81 00000002  82 00000000", // chunk 2: h, g
  "0003", // three blocks; values: 0 W, 1 y, 2 m, 3 h, 4 g, 5 x, 6 index
  "02 00 0001  0001 0101 02 0000 0005  0000",
  "01 01 0002  0001 8101 01 0001  0002 0101 01 0001",
  "0001  0003 0003 01  ffff 00 02  00 02012c ffff ffff  01 0101 0001 ffff",
  "02 01 0000",
  "0001  0004 0004 01  0002 01 02  00 02012c ffff ffff  01 0101 0006 ffff",
]
  .join("")
  .replace(/ /g, "");

describe("tensorcheck/encode", () => {
  it("writes the key of section 5, byte for byte", () => {
    const commitments = new Uint8Array(64).fill(0xaa);
    const tau2 = new Uint8Array(128).fill(0xbb);
    const lists = [TINY_SPECS.inputs, TINY_SPECS.outputs].map(encodeSpecList);
    const head = `${SELECTOR.slice(2)}00${lists.map((list) => hex(uint(list.length, 2)) + hex(list)).join("")}`;
    const sizes = "03020203 0001 0001 0001".replace(/ /g, "");
    const key = encodeKey({ specs: TINY_SPECS, numbered: tiny(3), commitments, tau2 });
    expect(hex(key)).to.equal(head + "bb".repeat(128) + sizes + "aa".repeat(64) + TINY_BODY);
    expect(hex(encodeProgram(TINY_SPECS, tiny(3)))).to.equal(head + sizes + TINY_BODY);
  });

  it("writes columns of several chunks as folds", () => {
    const key = hex(encodeProgram(TINY_SPECS, tiny(2)));
    // W has 8 cells, two chunks of 4: folded by ρ_0, read at its lower coordinates, which are the block's own.
    expect(key).to.contain("01000001400001" + "8200000000");
  });

  it("refuses points that are too few", () => {
    const parts = { specs: TINY_SPECS, numbered: tiny(3) };
    const [commitments, tau2] = [new Uint8Array(64), new Uint8Array(128)];
    expect(() => encodeKey({ ...parts, commitments: new Uint8Array(128), tau2 })).to.throw(RangeError);
    expect(() => encodeKey({ ...parts, commitments, tau2: new Uint8Array(64) })).to.throw(RangeError);
  });

  it("writes coefficients by sign, length and magnitude", () => {
    const cases: readonly [bigint, string][] = [
      [0n, "00"],
      [1n, "0101"],
      [-1n, "8101"],
      [255n, "01ff"],
      [-256n, "820100"],
      [2n ** 255n, `20${"80".padEnd(64, "0")}`],
    ];
    for (const [value, bytes] of cases) expect(hex(coefficientBytes(value)), String(value)).to.equal(bytes);
    expect(() => coefficientBytes(2n ** 256n)).to.throw(RangeError);
    expect(() => uint(256, 1)).to.throw(RangeError);
    expect(() => uint(-1, 4)).to.throw(RangeError);
  });

  it("writes structured values", () => {
    const run = (low: number, bits: number) => ({ low, bits });
    const cases: readonly [Parameters<typeof structuredBytes>[0], string][] = [
      // the axis of 4 fills its two bits
      [
        {
          kind: "select",
          axes: [
            { size: 3, run: run(0x42, 2) },
            { size: 4, run: run(0, 2) },
          ],
        },
        "00 01 00000003 4202",
      ],
      [
        {
          kind: "window",
          ...{ positions: 5, taps: 3, size: 6, stride: 1, dilation: 2, pad: -1 },
          ...{ p: run(0x40, 3), k: run(0, 2), q: run(2, 3) },
        },
        "01 00000005 0003 00000006 00000001 00000002 ffffffff 4003 0002 0203",
      ],
      [
        { kind: "pick", entries: Int32Array.of(7, -1), p: run(0x41, 1), q: run(0, 3) },
        "02 00000002 4101 0003 000007 ffffff",
      ],
      [{ kind: "index", run: run(9, 0) }, "03 0000"],
      [{ kind: "steps", run: run(0, 4), steps: [{ bits: 2, index: 1, value: -3n }] }, "04 0004 0001 02 00000001 8103"],
    ];
    for (const [factor, bytes] of cases) expect(hex(structuredBytes(factor))).to.equal(bytes.replace(/ /g, ""));
    // What stands for nothing is no index, even on an axis of 2^24.
    const last = { kind: "pick", entries: Int32Array.of(2 ** 24 - 1), p: run(0x41, 0), q: run(0, 24) } as const;
    expect(() => structuredBytes(last)).to.throw(RangeError);
  });
});
