// SPDX-License-Identifier: GPL-3.0-or-later
// Checks of the inference itself: input, output, and what settled it, a proof or a proposal that nobody challenged.
import { contextOf, priceAt, toBytes, toHex } from "../chain/hashes.ts";
import { MODE } from "../chain/types.ts";
import { execute } from "../graph/execute.ts";
import type { Package } from "../hub/package.ts";
import { assertOpens, parseOpening } from "../proofs/commitment.ts";
import { INPUT_MODES } from "../proofs/types.ts";
import { decodeTensors, encodeTensors } from "../tensor/codec.ts";
import { isProven, type ChainData } from "./chain-data.ts";
import { demand, demandEqual, Undecided, type AuditDependencies, type Named } from "./checks.ts";
import { needPackage } from "./package.ts";

/** The inference itself: the integers computed again, and what settled it. */
export function executionChecks(data: ChainData, directory: string, deps: AuditDependencies): Named[] {
  const { output, payee } = data.settlement;
  const context = contextOf(data.chainId, data.market, data.jobId, payee);
  return [
    [
      "input",
      async () => {
        const opened = await needPackage(directory);
        const values = decodeTensors(opened.inputSpecs, await canonicalInput(data, opened, deps.opening));
        return `${values.reduce((sum, tensor) => sum + tensor.length, 0)} values in their declared ranges`;
      },
    ],
    [
      "output",
      async () => {
        const opened = await needPackage(directory);
        const { graph, inputSpecs, outputSpecs } = opened;
        const values = execute(graph, decodeTensors(inputSpecs, await canonicalInput(data, opened, deps.opening)));
        demandEqual(toHex(encodeTensors(outputSpecs, values)), output, "output of the integer graph");
        demandEqual(data.result, output, "result that the market serves");
        return output;
      },
    ],
    [
      "context",
      () => {
        demandEqual(data.context, context, "context");
        return `0x${context.toString(16)}`;
      },
    ],
    ...(isProven(data) ? proofChecks(data, deps, context) : [unprovenCheck(data)]),
    [
      "price",
      () => {
        const at = data.claim === null ? data.settlement.place.timestamp : data.claim.place.timestamp;
        const expected = priceAt(data.request, at);
        if (data.claim !== null) demandEqual(data.claim.price, expected, "price locked by the claim");
        demandEqual(data.settlement.price, expected, "price");
        return `${expected}, the price at ${at}`;
      },
    ],
  ];
}

/** The proof, verified twice. */
function proofChecks(data: ChainData, deps: AuditDependencies, context: bigint): Named[] {
  const { keyHash } = data.model.spec;
  const { output, seal } = data.settlement;
  return [
    [
      "proof",
      async () => {
        const claim = { context, input: toBytes(data.request.input), output: toBytes(output) };
        const verdict = await deps.proofSystem.verify(toBytes(data.key), claim, toBytes(seal));
        demand(verdict.ok, verdict.ok ? "" : `${verdict.code}: ${verdict.message}`);
        return "verifies in the strict off-chain verifier";
      },
    ],
    [
      "proof-on-chain",
      async () => {
        demandEqual(data.proofSystem.pinned, data.proofSystem.routed, "proof system that the job pinned");
        const { chain } = deps;
        if (chain === undefined) throw new Undecided("needs an RPC to ask the deployed proof system");
        const { input } = data.request;
        const refused = await chain.verify(data.proofSystem.pinned, {
          keyHash,
          context,
          input,
          output,
          seal,
        });
        demand(refused === null, `the deployed proof system refuses it: ${refused}`);
        return `verifies by eth_call to ${data.proofSystem.pinned}`;
      },
    ],
  ];
}

/** OPTIMISTIC without a dispute: what stands in the place of a proof. */
function unprovenCheck(data: ChainData): Named {
  return [
    "unchallenged",
    () => {
      demandEqual(data.request.mode, MODE.OPTIMISTIC, "mode of a job that settled without a proof");
      demand(data.proposal !== null, "settled without a proof and without a proposal");
      demandEqual(data.settlement.output, data.proposal.output, "settled output");
      demand(data.challenge === null, "settled without a proof although it was challenged");
      return "no proof was given: nobody challenged the proposal, and its output is what was settled";
    },
  ];
}

/** The input's canonical bytes: the request's own, or those behind its commitment. Refuted by an opening of another. */
async function canonicalInput(
  { request }: ChainData,
  { manifest, inputSpecs }: Package,
  opening: string | undefined,
): Promise<Uint8Array> {
  const input = toBytes(request.input);
  demandEqual(INPUT_MODES[request.inputMode], manifest.inputMode, "input mode");
  if (manifest.inputMode === "PUBLIC") return input;
  if (opening === undefined) throw new Undecided("the input is committed: needs its opening");
  const opened = await parseOpening(inputSpecs, opening);
  assertOpens(opened, input);
  return opened.input;
}
