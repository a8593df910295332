// SPDX-License-Identifier: GPL-3.0-or-later
// Who was paid what, compared with the rules of the market (docs/spec/settlement.md).
import type { ChainData } from "./chain-data.ts";
import { demand, demandEqual, type CheckBody } from "./checks.ts";

const BPS = 10_000n;

/** Checks of times, payee, royalty and slash. */
export function moneyChecks(data: ChainData): (readonly [string, CheckBody])[] {
  const { request, claim, settlement, slash } = data;
  const settledAt = settlement.place.timestamp;
  const windowEnd = claim === null ? null : claim.place.timestamp + request.proofWindow;
  const late = windowEnd !== null && settledAt >= windowEnd;
  return [
    [
      "times",
      () => {
        demand(data.requested.timestamp < request.claimDeadline, "requested after its claim deadline");
        demand(claim === null || claim.place.timestamp >= data.requested.timestamp, "claimed before it was requested");
        demand(claim === null || claim.place.timestamp <= settledAt, "claimed after it was settled");
        demand(claim === null || claim.place.timestamp < request.claimDeadline, "claimed after the claim deadline");
        demand(settledAt < request.deadline, "settled after the deadline");
        demand(data.requested.blockNumber <= settlement.place.blockNumber, "settled before it was requested");
        return "requested, claimed and settled within their times";
      },
    ],
    [
      "payee",
      () => {
        if (claim !== null && !late) demandEqual(settlement.payee, claim.claimer, "payee within the claimer's window");
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
          return "nobody was slashed";
        }
        demand(slash !== null, "the late claimer was not slashed");
        const toPayee = (request.collateral * (BPS - data.burnBps)) / BPS;
        demandEqual(slash.claimer, claim?.claimer, "slashed account");
        demandEqual(slash.toPayee, toPayee, "share of the payee");
        demandEqual(slash.burnt, request.collateral - toPayee, "burnt share");
        return `${slash.burnt} burnt, ${slash.toPayee} to the payee`;
      },
    ],
  ];
}
