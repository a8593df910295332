// SPDX-License-Identifier: GPL-3.0-or-later
// The deployment file: where the contracts are.
import { z } from "zod";
import { VerigradError } from "../errors.ts";
import { address, parseWith, uint } from "./types.ts";

export const deploymentSchema = z.strictObject({
  chainId: uint(64),
  market: address,
  registry: address,
  router: address,
  /** tokens that the market takes */
  tokens: z.array(address).min(1),
  /** the block from which on its events are to be read */
  fromBlock: z.number().int().nonnegative(),
});
export type Deployment = Readonly<z.output<typeof deploymentSchema>>;

/** Reads the text of a deployment file. Errors: DEPLOYMENT_INVALID. */
export function parseDeployment(text: string): Deployment {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new VerigradError("DEPLOYMENT_INVALID", "deployment file: not JSON", { cause });
  }
  return parseWith(deploymentSchema, value, "DEPLOYMENT_INVALID", "deployment file");
}
