// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// What a market is deployed with, for ever (docs/spec/settlement.md). Durations are seconds.
struct MarketParameters {
    uint32 cancelDelay; // between the announcement of a cancellation and the cancellation
    uint32 minRescue; // left, at the least, for others to settle after the last window of a job
    uint32 minChallengeWindow; // shortest challengeWindow of an OPTIMISTIC request
    uint32 maxJobSeconds; // from a request to its deadline, at the most: the longest that stake is exposed for one job
    uint32 unbondingDelay; // longer than maxJobSeconds
    uint16 burnBps; // share of a slash that nobody gets, of 10,000; at least half
    uint32 maxInputBytes;
    uint32 maxCallbackGas;
}
