// SPDX-License-Identifier: GPL-3.0-or-later
// A node's configuration: strict, so that a mistyped name is an error and not a default.
import { z } from "zod";
import { address, hash32, parseWith, uint } from "../chain/types.ts";

const seconds = z.number().positive().max(86_400);

export const nodeConfigSchema = z.strictObject({
  /** model ids to serve; "any" takes every model whose package is in the hub */
  models: z.union([z.literal("any"), z.array(hash32).min(1)]),
  /** tokens to be paid in, and what is worth it */
  tokens: z
    .array(
      z.strictObject({
        token: address,
        /** least price after royalty, in the token's smallest unit; it has to cover gas and proving */
        minPrice: uint(96),
        /** most stake to expose for one job: its collateral and, where it is optimistic, the proposer's bond */
        maxCollateral: uint(96),
        /** stake to have when the node starts: what is missing moves from the balance on the market */
        bond: uint(96).optional(),
      }),
    )
    .min(1),
  /** also claim OPTIMISTIC jobs, whose inputs anybody sees; they are proven within their window, as the others are */
  optimistic: z.boolean().default(false),
  /** serve models whose key comes from an INSECURE development set-up */
  acceptInsecure: z.boolean().default(false),
  /** powers-of-tau files: a ceremony's key is claimed for only after it was rebuilt with its own */
  ptau: z.array(z.string().min(1)).default([]),
  /** most gas to spend on a consumer's callback: the node pays for it */
  maxCallbackGas: z.number().int().nonnegative().default(500_000),
  /** also prove jobs that nobody claimed in time, or whose claimer fell silent; the first proof gets paid */
  rescue: z.boolean().default(false),
  /**
   * also prove jobs whose proposed output is wrong, or was challenged, of models whose key was rebuilt here; the proof decides, and
   * is paid
   */
  dispute: z.boolean().default(false),
  watch: z
    .strictObject({
      /** blocks on top of an event before it is acted on */
      confirmations: z.number().int().nonnegative().max(1000).default(1),
      /** blocks in one query */
      maxRange: z.number().int().positive().max(100_000).default(2000),
      pollMs: z.number().int().positive().max(600_000).default(2000),
    })
    .prefault({}),
  proving: z
    .strictObject({
      /** prove a random input of each model before its first claim */
      trial: z.boolean().default(true),
      /** guess until a proof was measured */
      expectedSeconds: seconds.default(30),
      /** the window must leave this many times the expected time */
      safetyFactor: z.number().min(1).max(100).default(2),
      /** time kept for the settlement to be included */
      submitSeconds: seconds.default(60),
      /** a proof that takes longer is killed */
      timeoutSeconds: seconds.default(600),
      /** of one prover process */
      memoryMb: z.number().int().min(64).max(1_048_576).default(4096),
      /** failures after which a job is set aside */
      maxFailures: z.number().int().positive().max(100).default(3),
    })
    .prefault({}),
  /** failures in a row, over all jobs, after which nothing is claimed until a person restarts the node */
  breakerFailures: z.number().int().positive().max(1000).default(5),
});
export type NodeConfig = Readonly<z.output<typeof nodeConfigSchema>>;

/** Checks a configuration and fills in the defaults. Errors: CONFIG_INVALID naming the field. */
export function parseNodeConfig(value: unknown): NodeConfig {
  return parseWith(nodeConfigSchema, value, "CONFIG_INVALID", "node configuration");
}
