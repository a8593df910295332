// SPDX-License-Identifier: GPL-3.0-or-later
// Compares a deployment with this repository: code byte for byte, what it was created by, parameters, tokens, proof systems,
// wiring, who holds the router.
//   ./dev verify-deployment --deployment <file> --rpc <url> [--parameters <file>] [--operators <address>] [--json]
// --deployment   the deployment file that nodes and SDK use (docs/node.md)
// --parameters   what the Ignition module Verigrad was deployed with (its parameter file); its defaults unless given
// --operators    the address of the OperatorRegistry, which the deployment file does not name
// --rpc          a node that keeps the code of old blocks: how a contract was created is read there. Each is created by a
//                transaction of its own, as Ignition's basic strategy does.
// Exit code 0: all as here; 1: something is not; 2: a bad option or an RPC that does not answer.
import { readFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { readDeploymentParameters } from "@nomicfoundation/hardhat-ignition/helpers";
import { openProvider } from "../verifier/chain/client.ts";
import { parseDeployment } from "../verifier/chain/deployment.ts";
import { address } from "../verifier/chain/types.ts";
import { artifactOf } from "./verify-deployment/artifacts.ts";
import { verifyDeployment, type Expected } from "./verify-deployment/checks.ts";
import { expectedFrom } from "./verify-deployment/parameters.ts";

const USAGE =
  "usage: ./dev verify-deployment --deployment <file> --rpc <url> [--parameters <file>] [--operators <address>] [--json]";

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
  const expected: Expected = {
    ...expectedFrom(values.parameters === undefined ? {} : await readDeploymentParameters(values.parameters)),
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
