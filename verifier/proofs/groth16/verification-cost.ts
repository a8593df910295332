// SPDX-License-Identifier: GPL-3.0-or-later
// What Groth16ProofSystem.verify costs at the most (docs/spec/onchain-verification.md, Gas).
import { sizeOf } from "../../tensor/spec.ts";
import type { VerificationCost } from "../types.ts";
import { parseKey, publicSignalCount } from "./key.ts";
import { SEAL_BYTES } from "./verify.ts";

/** EIP-1108's price of four pairs, and what else does not grow with the key. */
const FIXED = 181_000 + 20_000;
/** A point multiplication and an addition (EIP-1108), their calls, and the word itself. */
const SIGNAL = 6_150 + 650;
/** Range check and packing. */
const VALUE = 130;
/** What a tensor costs before its first value. */
const TENSOR = 1_500;
/** A piece of the key: an account and a slot, both cold. */
const PIECE = 2_600 + 2_100;
const PIECE_BYTES = 24_575;

/** As ProofSystem.verificationCost. Errors: GROTH16_KEY_INVALID. */
export async function verificationCost(bytes: Uint8Array): Promise<VerificationCost> {
  const key = await parseKey(bytes);
  const tensors = [...(key.inputMode === "PUBLIC" ? key.inputs : []), ...key.outputs];
  const values = tensors.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
  // The key is held in memory, and little else.
  const words = bytes.length / 32 + publicSignalCount(key) + 64;
  const gas =
    FIXED +
    SIGNAL * publicSignalCount(key) +
    TENSOR * tensors.length +
    VALUE * values +
    PIECE * Math.ceil(bytes.length / PIECE_BYTES) +
    (6 * words + words ** 2 / 512);
  return { gas: Math.ceil(gas), sealLength: SEAL_BYTES };
}
