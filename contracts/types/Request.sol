// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {ModelId} from "./ModelId.sol";

/// How the input reaches the proof. PUBLIC: the canonical bytes are on chain. COMMITTED: only a commitment is.
enum InputMode {
    PUBLIC,
    COMMITTED
}

/// How a job settles. VALIDITY: a proof up front. OPTIMISTIC: a bonded proposal that a proof can overturn.
/// ATTESTED is reserved.
enum Mode {
    VALIDITY,
    OPTIMISTIC,
    ATTESTED
}

/// One inference that somebody pays for. The whole type is fixed from the first release on: fields that a market does
/// not serve yet must be zero. Its EIP-712 digest is the job's id (docs/spec/formats.md, section 9).
/// Times are seconds since 1970, durations seconds, amounts the token's smallest unit.
struct Request {
    address requester; // pays, and gets what is left
    ModelId modelId; // the exact version
    InputMode inputMode;
    bytes input; // canonical encoding, or a 32-byte commitment
    Mode mode;
    address token; // of every amount below; on the market's allow-list
    uint96 minFee; // the price until rampStart
    uint96 maxFee; // the price from rampStart + rampLength on; this much is escrowed
    uint64 rampStart;
    uint32 rampLength;
    uint64 claimDeadline; // claims land before it
    uint32 proofWindow; // how long a claimer has alone
    uint64 deadline; // the job can only expire from here on
    uint96 collateral; // what a claimer puts at stake
    uint96 proposerBond; // OPTIMISTIC
    uint96 challengerBond; // OPTIMISTIC
    uint32 challengeWindow; // OPTIMISTIC
    uint16 maxRoyaltyBps; // the requester's bound on the model owner's share
    address consumer; // called back when settled; zero for none
    uint32 callbackGas; // exactly this much gas goes to it
    uint256 nonce; // tells equal requests apart
}
