// SPDX-License-Identifier: GPL-3.0-or-later
// Compares a deployment with this repository: code byte for byte, parameters, wiring, who holds the router.
//   ./dev verify-deployment --deployment <file> --rpc <url> [--parameters <file>] [--operators <address>] [--json]
// --deployment   the deployment file that nodes and SDK use (docs/node.md)
// --parameters   what the Ignition module Verigrad was deployed with (its parameter file); its defaults unless given
// --operators    the address of the OperatorRegistry, which the deployment file does not name
// Exit code 0: all as here; 1: something is not; 2: a bad option or an RPC that does not answer.
import { readFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { z } from "zod";
import { MARKET_PARAMETERS } from "../ignition/modules/Verigrad.ts";
import { openProvider } from "../verifier/chain/client.ts";
import { parseDeployment } from "../verifier/chain/deployment.ts";
import { address } from "../verifier/chain/types.ts";
import { PERPETUAL_POWERS_OF_TAU } from "../verifier/proofs/published-ptau.ts";
import { artifactOf, verifyDeployment, type Expected } from "./verify-deployment/checks.ts";

const USAGE =
  "usage: ./dev verify-deployment --deployment <file> --rpc <url> [--parameters <file>] [--operators <address>] [--json]";

const market = Object.fromEntries(
  Object.entries(MARKET_PARAMETERS).map(([name, value]) => [name, z.number().int().default(value)]),
) as Record<keyof typeof MARKET_PARAMETERS, z.ZodDefault<z.ZodNumber>>;

/** Ignition's parameter file, as far as it is about this module. */
const parameterFile = z.object({
  Verigrad: z
    .strictObject({
      ...market,
      tokens: z.array(address).optional(),
      owner: address.nullable().default(null),
      guardian: address.nullable().default(null),
      tau2: z.array(z.string()).length(4).default(PERPETUAL_POWERS_OF_TAU),
    })
    .prefault({}),
});

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      deployment: { type: "string" },
      rpc: { type: "string" },
      parameters: { type: "string" },
      operators: { type: "string" },
      json: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return console.log(USAGE);
  if (values.deployment === undefined || values.rpc === undefined) throw new Error(USAGE);
  const deployment = parseDeployment(await readFile(values.deployment, "utf8"));
  const given: unknown =
    values.parameters === undefined ? { Verigrad: {} } : JSON.parse(await readFile(values.parameters, "utf8"));
  const { owner, guardian, tau2, tokens, ...parameters } = parameterFile.parse(given).Verigrad;
  const expected: Expected = {
    parameters,
    tau2,
    owner,
    guardian,
    tokens: tokens ?? null,
    operators: values.operators === undefined ? null : address.parse(values.operators),
    artifacts: artifactOf,
  };
  const provider = openProvider(values.rpc, deployment.chainId);
  try {
    const checks = await verifyDeployment(provider, deployment, expected);
    const ok = checks.every((check) => check.ok);
    if (values.json) console.log(JSON.stringify({ ok, checks }, null, 2));
    else
      for (const { name, ok: passed, detail } of checks) console.log(`${passed ? "ok  " : "FAIL"} ${name}: ${detail}`);
    process.exitCode = ok ? 0 : 1;
  } finally {
    provider.destroy();
  }
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 2;
});
