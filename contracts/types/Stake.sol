// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// What an operator has at stake in one token, and its record. Amounts are the token's smallest unit.
/// Slashable is bonded + unbonding; INV-05: it is never below `exposure`.
struct Stake {
    // slot 1: all that a claim and a settlement touch
    uint96 bonded; // backs claims
    uint96 exposure; // collateral and proposer bonds of the operator's open jobs
    uint64 settled; // jobs that the operator claimed and that were settled by its proof or proposal
    // slot 2
    uint96 unbonding; // backs no new claim, can still be slashed
    uint40 releasableAt; // seconds since 1970, from when unbonding stake can be released
    uint32 slashed; // jobs that cost the operator stake, expired ones included
    uint32 expired; // of those, jobs that nobody settled
}
