// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IInferenceMarket, JobState} from "../interfaces/IInferenceMarket.sol";
import {JobId} from "../types/JobId.sol";
import {Request} from "../types/Request.sol";
import {OutputStore} from "./OutputStore.sol";
import {RequestLib} from "./RequestLib.sol";

/// A job in storage. What its Request says is not stored: the Request comes with each call, and its hash is the id.
struct Job {
    // slot 1: the only one that a request writes
    JobState state;
    uint40 since; // price is RequestLib.priceAt(since) from Claimed or Settled on; announcement while Requested
    address proofSystem; // pinned at request
    uint24 termsIndex; // the royalty terms in force at request
    uint24 outputLength;
    // slot 2: written by claim
    address claimer;
    uint96 price; // locked
    // slots 3...: written at settlement
    OutputStore.Words output;
}

/// What a settlement owes, decided before the proof is looked at.
struct Due {
    uint256 price;
    address claimer; // zero: nobody claimed
    bool late; // the claimer let the window pass
}

/// @title A job's states, and the arrows between them
/// @dev INV-02: the functions `open`, `claim`, `announceCancel`, `settle`, `cancel` and `expire` are the only writers of
/// `state`, each refuses every state but those that its arrow leaves, and Settled, Cancelled and Expired have no arrow.
library JobLib {
    using OutputStore for OutputStore.Words;
    using RequestLib for Request;

    /// None -> Requested
    function open(Job storage self, JobId id, address proofSystem, uint24 termsIndex) internal {
        // INVARIANT: an id is used once, so a settled or refunded request can never be paid for or run again.
        if (self.state != JobState.None) revert IInferenceMarket.JobExists(id);
        self.state = JobState.Requested;
        self.proofSystem = proofSystem;
        self.termsIndex = termsIndex;
    }

    /// Requested -> Claimed, before claimDeadline; an announced cancellation does not stop it.
    function claim(Job storage self, JobId id, Request calldata req) internal returns (uint256 price) {
        requireState(self, id, JobState.Requested);
        if (block.timestamp >= req.claimDeadline)
            revert IInferenceMarket.ClaimTooLate(req.claimDeadline, block.timestamp);
        price = req.priceAt(block.timestamp);
        self.state = JobState.Claimed;
        self.since = uint40(block.timestamp);
        self.claimer = msg.sender;
        self.price = uint96(price); // at most maxFee, a uint96
    }

    /// @notice What a settlement at this time owes if `payee` proves the output; reverts when `payee` is not entitled.
    function due(Job storage self, JobId id, Request calldata req, address payee) internal view returns (Due memory) {
        JobState state = self.state;
        // INVARIANT: a job settles at most once (INV-03): whatever bytes a second proof has, its job is not open.
        if (state != JobState.Requested && state != JobState.Claimed) revert IInferenceMarket.WrongState(id, state);
        // INVARIANT: from the deadline on a job can only expire, so that both never race for the same escrow.
        if (block.timestamp >= req.deadline) revert IInferenceMarket.JobDeadlinePassed(req.deadline, block.timestamp);
        if (state == JobState.Requested) return Due(req.priceAt(block.timestamp), address(0), false);

        address claimer = self.claimer;
        bool late = block.timestamp >= uint256(self.since) + req.proofWindow;
        // SAFETY: within the window the claimer alone is paid; after it, whoever the proof names.
        if (!late && payee != claimer) revert IInferenceMarket.NotClaimer(id, claimer, payee);
        return Due(self.price, claimer, late);
    }

    /// Requested or Claimed -> Settled; the caller has asked `due` and verified the proof.
    function settle(Job storage self, bytes calldata output) internal {
        if (self.state == JobState.Requested) self.since = uint40(block.timestamp);
        self.state = JobState.Settled;
        // An output of 2^24 bytes cannot be paid for: its calldata alone costs more gas than a transaction may have.
        self.outputLength = uint24(output.length);
        self.output.store(output);
    }

    /// Requested, stays so; starts the clock of `cancel`.
    function announceCancel(Job storage self, JobId id) internal {
        requireState(self, id, JobState.Requested);
        if (self.since != 0) revert IInferenceMarket.CancelAlreadyAnnounced(id);
        self.since = uint40(block.timestamp);
    }

    /// Requested -> Cancelled
    function cancel(Job storage self, JobId id, uint256 cancelDelay) internal {
        requireState(self, id, JobState.Requested);
        uint256 announcedAt = self.since;
        if (announcedAt == 0) revert IInferenceMarket.CancelNotAnnounced(id);
        // SAFETY: a requester who reads an output in the mempool cannot take the fee back before it lands (T21).
        if (block.timestamp < announcedAt + cancelDelay)
            revert IInferenceMarket.CancelTooEarly(announcedAt + cancelDelay, block.timestamp);
        self.state = JobState.Cancelled;
    }

    /// Requested or Claimed -> Expired, from the deadline on. Returns the claimer, or zero.
    function expire(Job storage self, JobId id, Request calldata req) internal returns (address claimer) {
        JobState state = self.state;
        if (state != JobState.Requested && state != JobState.Claimed) revert IInferenceMarket.WrongState(id, state);
        if (block.timestamp < req.deadline) revert IInferenceMarket.DeadlineNotReached(req.deadline, block.timestamp);
        self.state = JobState.Expired;
        if (state == JobState.Claimed) claimer = self.claimer;
    }

    /// @notice The proven output; reverts unless Settled.
    function result(Job storage self, JobId id) internal view returns (bytes memory) {
        // INVARIANT: no output is readable that was not proven (INV-07).
        if (self.state != JobState.Settled) revert IInferenceMarket.NoOutput(id);
        return self.output.load(self.outputLength);
    }

    function requireState(Job storage self, JobId id, JobState expected) private view {
        JobState actual = self.state;
        if (actual != expected) revert IInferenceMarket.WrongState(id, actual);
    }
}
