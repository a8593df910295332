// SPDX-License-Identifier: GPL-3.0-or-later
// The models whose constraint counts are checked in (bench/snapshots/groth16.json), and what they may cost at most.
import type { IntegerGraph } from "../../verifier/graph/types.ts";
import { packingLayout } from "../../verifier/tensor/packing.ts";
import { sizeOf } from "../../verifier/tensor/spec.ts";
import { loadDigits } from "./circuit-digits.ts";
import { lenet } from "./circuit-lenet.ts";
import { perceptron } from "./circuit-models.ts";

export interface BenchModel {
  readonly load: () => IntegerGraph;
  /** Most constraints; null where they are reported only. */
  readonly limit: number | null;
  /** Most constraints besides those of input unpacking. */
  readonly limitOutsideInput?: number;
  /** Too long for every run of the tests: counted by `test:deep`, and no keys are made for it. */
  readonly deep?: true;
}

export const BENCH_MODELS: Readonly<Record<string, BenchModel>> = {
  digits: { load: () => loadDigits().graph, limit: 1500 },
  "64-32-10": { load: () => perceptron([64, 32, 10]), limit: 1500 },
  "784-56-10, 8-bit pixels": {
    load: () => perceptron([784, 56, 10], { pixelMax: 255, shift: 16 }),
    limit: 8000,
    limitOutsideInput: 1700,
  },
  "784-56-10, 1-bit pixels": { load: () => perceptron([784, 56, 10], { pixelMax: 1, shift: 8 }), limit: 2200 },
  "LeNet-5, squares": { load: () => lenet("square"), limit: 120_000, deep: true },
  "LeNet-5, ReLU": { load: () => lenet("relu"), limit: null, deep: true },
};

/** Constraints of input unpacking: a bit each, and one a word. */
export const inputConstraints = ({ inputs }: IntegerGraph): number =>
  inputs.reduce((sum, { spec }) => {
    const { bits, words } = packingLayout(spec);
    return sum + bits * sizeOf(spec.shape) + words;
  }, 0);
