// SPDX-License-Identifier: GPL-3.0-or-later
// The models whose constraint counts are checked in (bench/snapshots/groth16.json).
import type { IntegerGraph } from "../../verifier/graph/types.ts";
import { loadDigits } from "./circuit-digits.ts";
import { perceptron } from "./circuit-models.ts";

export const BENCH_MODELS: Readonly<Record<string, () => IntegerGraph>> = {
  digits: () => loadDigits().graph,
  "64-32-10": () => perceptron([64, 32, 10]),
};
