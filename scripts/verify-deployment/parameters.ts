// SPDX-License-Identifier: GPL-3.0-or-later
// What the Ignition module was deployed with, from its parameter file.
import { z } from "zod";
import { MARKET_PARAMETERS } from "../../ignition/modules/Verigrad.ts";
import { address } from "../../verifier/chain/types.ts";
import { PERPETUAL_POWERS_OF_TAU } from "../../verifier/proofs/published-ptau.ts";
import type { Expected } from "./checks.ts";

/** A number as Ignition takes it: itself, or "300n" in the file, which its reader makes a bigint. */
const integer = z.union([z.number().int(), z.bigint().transform(Number)]);
/** A limb may be a decimal string as well. */
const limb = z.union([z.string().regex(/^[0-9]+$/), z.bigint().transform(String)]);

const market = Object.fromEntries(
  Object.entries(MARKET_PARAMETERS).map(([name, value]) => [name, integer.default(value)]),
) as unknown as Record<keyof typeof MARKET_PARAMETERS, z.ZodDefault<typeof integer>>;

// Strict: a misspelt name would have the defaults compared, and say nothing.
const module = z.strictObject({
  ...market,
  tokens: z.array(address).optional(),
  owner: address.nullable().default(null),
  guardian: address.nullable().default(null),
  tau2: z.array(limb).length(4).default(PERPETUAL_POWERS_OF_TAU),
});
const section = z.record(z.string(), z.unknown());
const parameterFile = z.strictObject({
  $global: section.optional(),
  Verigrad: section.optional(),
  VerigradLocal: section.optional(),
});

/**
 * What a parameter file, as Ignition reads it, says of the module Verigrad or, if it has none, VerigradLocal; as with
 * Ignition, what is not there is in `$global`, or has its default. Throws a ZodError for anything else.
 */
export function expectedFrom(given: unknown): Omit<Expected, "operators" | "artifacts"> {
  const file = parameterFile.parse(given);
  const own = file.Verigrad ?? file.VerigradLocal;
  const { tokens, owner, guardian, tau2, ...parameters } = module.parse({ ...file.$global, ...own });
  return { tokens: tokens ?? null, owner, guardian, tau2, parameters };
}
