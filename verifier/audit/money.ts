// SPDX-License-Identifier: GPL-3.0-or-later
// Who was paid what, compared with the rules of the market (docs/spec/settlement.md).
import { isProven, type ChainData } from "./chain-data.ts";
import { demand, demandEqual, type Named } from "./checks.ts";

const BPS = 10_000n;

/** Checks of times, payee, royalty, slash and dispute. */
export function moneyChecks(data: ChainData): Named[] {
  const { request, claim, proposal, challenge, settlement, slash } = data;
  const settledAt = settlement.place.timestamp;
  const claimEnd = claim === null ? null : claim.place.timestamp + request.proofWindow;
  const late = claimEnd !== null && proposal === null && settledAt >= claimEnd;
  return [
    [
      "times",
      () => {
        demand(data.requested.timestamp < request.claimDeadline, "requested after its claim deadline");
        demand(data.requested.blockNumber <= settlement.place.blockNumber, "settled before it was requested");
        if (claim !== null) {
          demandWithin(claim.place, data.requested, request.claimDeadline, "claim");
          demand(claim.place.timestamp <= settledAt, "claimed after it was settled");
        }
        if (proposal === null) {
          demand(settledAt < request.deadline, "settled after the deadline");
          return "requested, claimed and settled within their times";
        }
        demand(claim !== null && claimEnd !== null, "proposed without a claim");
        demandWithin(proposal.place, claim.place, claimEnd, "proposal");
        const challengeEnd = proposal.place.timestamp + request.challengeWindow;
        if (challenge !== null) demandWithin(challenge.place, proposal.place, challengeEnd, "challenge");
        if (!isProven(data)) {
          demand(challenge === null, "settled without a proof although it was challenged");
          demand(settledAt >= challengeEnd, "settled without a proof before its challenge window was over");
          return "proposed in time; nobody challenged it before its challenge window was over";
        }
        const proofEnd = challenge === null ? challengeEnd : challenge.place.timestamp + request.proofWindow;
        demandWithin(settlement.place, (challenge ?? proposal).place, proofEnd, "proof");
        return "requested, claimed, proposed and disputed within their times";
      },
    ],
    [
      "payee",
      () => {
        if (proposal !== null) demandEqual(proposal.proposer, claim?.claimer, "proposer");
        if (!isProven(data)) demandEqual(settlement.payee, proposal?.proposer, "payee of an unproven proposal");
        else if (proposal !== null) return `${settlement.payee}, whose proof decided about a proposal`;
        else if (claim !== null && !late)
          demandEqual(settlement.payee, claim.claimer, "payee within the claimer's window");
        return `${settlement.payee}${late ? ", after the claimer's window" : ""}`;
      },
    ],
    [
      "royalty",
      () => {
        demand(data.royalty.bps <= request.maxRoyaltyBps, "the share is above the requester's bound");
        demandEqual(settlement.royalty, (settlement.price * data.royalty.bps) / BPS, "royalty");
        return `${settlement.royalty} to ${data.royalty.payee}`;
      },
    ],
    [
      "slash",
      () => {
        if (!late) {
          demand(slash === null, "a claimer who was in time was slashed");
          return "no claimer was slashed for being late";
        }
        demand(slash !== null, "the late claimer was not slashed");
        const { burnt, awarded } = split(request.collateral, data.burnBps);
        demandEqual(slash.claimer, claim?.claimer, "slashed account");
        demandEqual(slash.toPayee, awarded, "share of the payee");
        demandEqual(slash.burnt, burnt, "burnt share");
        return `${slash.burnt} burnt, ${slash.toPayee} to the payee`;
      },
    ],
    ["dispute", () => dispute(data)],
  ];
}

/** What a proof decided about a proposal, and what that cost whom. */
function dispute({ request, proposal, challenge, settlement, dispute: found, burnBps }: ChainData): string {
  if (proposal === null || settlement.seal === "0x") {
    demand(found === null, "money of a dispute was paid that there was not");
    return proposal === null ? "nothing was proposed" : "the proposal was not disputed";
  }
  demand(found !== null, "a proof decided about a proposal, and nobody was paid for it");
  const who = [found.proposer, found.challenger ?? "nobody"].join(", challenged by ");
  demandEqual(who, [proposal.proposer, challenge?.challenger ?? "nobody"].join(", challenged by "), "parties");
  const upheld = proposal.output.toLowerCase() === settlement.output.toLowerCase();
  demandEqual(found.upheld ? "upheld" : "overturned", upheld ? "upheld" : "overturned", "the proposal");
  const [collateral, bond] = [split(request.collateral, burnBps), split(request.proposerBond, burnBps)];
  const nothing = { burnt: 0n, toChallenger: 0n };
  // A challenge of the proof's own second earns nothing: it shows only that somebody saw the proof coming.
  const earned = challenge !== null && challenge.place.timestamp < settlement.place.timestamp;
  const expected = upheld
    ? { ...nothing, toPayee: challenge === null ? 0n : request.challengerBond }
    : {
        burnt: collateral.burnt + bond.burnt,
        toPayee: earned ? collateral.awarded : collateral.awarded + bond.awarded,
        toChallenger: earned ? bond.awarded : 0n,
      };
  demandEqual(found.burnt, expected.burnt, "burnt share");
  demandEqual(found.toPayee, expected.toPayee, "share of the proof's payee");
  demandEqual(found.toChallenger, expected.toChallenger, "share of the challenger");
  return upheld
    ? `the proof upheld the proposal: ${found.toPayee} of the challenger's bond to its payee`
    : `the proof overturned the proposal: ${found.burnt} burnt, ${found.toPayee} to its payee, ${found.toChallenger} to the challenger`;
}

/** As SettlementMath.slash: rounding goes to the burn. */
function split(amount: bigint, burnBps: bigint): { burnt: bigint; awarded: bigint } {
  const awarded = (amount * (BPS - burnBps)) / BPS;
  return { burnt: amount - awarded, awarded };
}

type Place = ChainData["requested"];

/** Demands that a step came no earlier than the one before it, and before its window's end. */
function demandWithin(step: Place, before: Place, end: bigint, what: string): void {
  demand(step.timestamp >= before.timestamp && step.blockNumber >= before.blockNumber, `the ${what} came too early`);
  demand(step.timestamp < end, `the ${what} came after its time`);
}
