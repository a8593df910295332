// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IInferenceMarket, JobState} from "../interfaces/IInferenceMarket.sol";
import {JobId} from "../types/JobId.sol";
import {Mode, Request} from "../types/Request.sol";
import {OutputStore} from "./OutputStore.sol";
import {RequestLib} from "./RequestLib.sol";

/// A job in storage. What its Request says is not stored: the Request comes with each call, and its hash is the id.
struct Job {
    // slot 1: the only one that a request writes
    JobState state;
    uint40 since; // of the last arrow, see IInferenceMarket.JobRecord
    address proofSystem; // pinned at request
    uint24 termsIndex; // the royalty terms in force at request
    uint24 outputLength; // of every output of the model
    // slot 2: written by claim
    address claimer;
    uint96 price; // locked
    // slot 3: written by challenge
    address challenger;
    // slots 4...: written by propose and at settlement
    OutputStore.Words output;
}

/// Why a settlement is due, which decides who is paid.
enum Grounds {
    UNCLAIMED, // nobody had claimed
    IN_TIME, // the claimer proved within its window, or nobody challenged its proposal
    RESCUED, // the claimer let its window pass
    DISPUTED // a proof decides about a proposal
}

/// What a settlement by proof owes, decided before the proof is looked at.
struct Due {
    uint256 price;
    address claimer; // zero: nobody claimed
    address challenger; // zero: nobody challenged
    Grounds grounds;
}

/// @title A job's states, and the arrows between them
/// @dev INV-02: the functions `open`, `claim`, `propose`, `challenge`, `prove`, `finalise`, `announceCancel`, `cancel` and
/// `expire` are the only writers of `state`, each refuses every state but those that its arrow leaves, and Settled,
/// Cancelled and Expired have no arrow.
library JobLib {
    using OutputStore for OutputStore.Words;
    using RequestLib for Request;

    /// None -> Requested
    function open(Job storage self, JobId id, address proofSystem, uint24 termsIndex, uint256 outputLength) internal {
        // INVARIANT: an id is used once, so a settled or refunded request can never be paid for or run again.
        if (self.state != JobState.None) revert IInferenceMarket.JobExists(id);
        self.state = JobState.Requested;
        self.proofSystem = proofSystem;
        self.termsIndex = termsIndex;
        self.outputLength = uint24(outputLength); // at most MAX_OUTPUT_BYTES
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

    /// Claimed -> Proposed, within the claimer's window.
    function propose(Job storage self, JobId id, Request calldata req, bytes calldata output) internal {
        if (req.mode != Mode.OPTIMISTIC) revert IInferenceMarket.UnsupportedMode(uint8(req.mode));
        requireState(self, id, JobState.Claimed);
        if (msg.sender != self.claimer) revert IInferenceMarket.NotClaimer(id, self.claimer, msg.sender);
        uint256 windowEnd = uint256(self.since) + req.proofWindow;
        if (block.timestamp >= windowEnd) revert IInferenceMarket.WindowOver(id, windowEnd, block.timestamp);
        if (output.length != self.outputLength)
            revert IInferenceMarket.WrongOutputLength(self.outputLength, output.length);
        self.state = JobState.Proposed;
        self.since = uint40(block.timestamp);
        self.output.store(output);
    }

    /// Proposed -> Challenged, within the challenge window.
    /// @param outputHash keccak256 of the output that the caller takes for wrong
    function challenge(Job storage self, JobId id, Request calldata req, bytes32 outputHash) internal {
        requireState(self, id, JobState.Proposed);
        uint256 windowEnd = uint256(self.since) + req.challengeWindow;
        if (block.timestamp >= windowEnd) revert IInferenceMarket.WindowOver(id, windowEnd, block.timestamp);
        // SAFETY: after a reorganisation of the chain the proposal may be another one; nobody bonds against what they
        // have not seen (T10).
        bytes32 proposed = keccak256(self.output.load(self.outputLength));
        if (proposed != outputHash) revert IInferenceMarket.AnotherProposal(id, proposed);
        self.state = JobState.Challenged;
        self.since = uint40(block.timestamp);
        self.challenger = msg.sender;
    }

    /// @notice What a settlement by proof at this time owes if the proof names `payee`.
    /// @return owed meaningless when refused
    /// @return refusal an encoded error when the job is not open for it; empty otherwise
    function due(
        Job storage self,
        JobId id,
        Request calldata req,
        address payee
    ) internal view returns (Due memory owed, bytes memory refusal) {
        JobState state = self.state;
        if (state == JobState.Proposed || state == JobState.Challenged) {
            bool challenged = state == JobState.Challenged;
            uint256 windowEnd = uint256(self.since) + (challenged ? req.proofWindow : req.challengeWindow);
            // INVARIANT: from then on the proposal stands, or it fell: `finalise` or `expire`, and nothing else.
            if (block.timestamp >= windowEnd)
                return (
                    owed,
                    abi.encodeWithSelector(IInferenceMarket.WindowOver.selector, id, windowEnd, block.timestamp)
                );
            owed = Due(self.price, self.claimer, challenged ? self.challenger : address(0), Grounds.DISPUTED);
            return (owed, "");
        }

        // INVARIANT: a job settles at most once (INV-03): whatever bytes a second proof has, its job is not open.
        if (state != JobState.Requested && state != JobState.Claimed)
            return (owed, abi.encodeWithSelector(IInferenceMarket.WrongState.selector, id, state));
        // INVARIANT: from the deadline on a job can only expire, so that both never race for the same escrow.
        if (block.timestamp >= req.deadline)
            return (
                owed,
                abi.encodeWithSelector(IInferenceMarket.JobDeadlinePassed.selector, req.deadline, block.timestamp)
            );
        if (state == JobState.Requested)
            return (Due(req.priceAt(block.timestamp), address(0), address(0), Grounds.UNCLAIMED), "");

        address claimer = self.claimer;
        bool late = block.timestamp >= uint256(self.since) + req.proofWindow;
        // SAFETY: within the window the claimer alone is paid; after it, whoever the proof names.
        if (!late && payee != claimer)
            return (owed, abi.encodeWithSelector(IInferenceMarket.NotClaimer.selector, id, claimer, payee));
        owed = Due(self.price, claimer, address(0), late ? Grounds.RESCUED : Grounds.IN_TIME);
    }

    /// Requested, Claimed, Proposed or Challenged -> Settled; the caller has asked `due` and verified the proof.
    /// @return upheld whether the output is the one that was proposed; false when none was
    function prove(Job storage self, bytes calldata output) internal returns (bool upheld) {
        JobState state = self.state;
        if (state == JobState.Requested) self.since = uint40(block.timestamp);
        self.state = JobState.Settled;
        if (state == JobState.Proposed || state == JobState.Challenged) {
            upheld = keccak256(self.output.load(self.outputLength)) == keccak256(output);
            if (upheld) return true;
        }
        // All outputs of a key have one length, so that this overwrites every word of a fallen proposal.
        self.output.store(output);
    }

    /// Proposed -> Settled, when the challenge window is over. Returns the output.
    function finalise(Job storage self, JobId id, Request calldata req) internal returns (bytes memory) {
        requireState(self, id, JobState.Proposed);
        uint256 windowEnd = uint256(self.since) + req.challengeWindow;
        if (block.timestamp < windowEnd) revert IInferenceMarket.WindowOpen(id, windowEnd, block.timestamp);
        self.state = JobState.Settled;
        return self.output.load(self.outputLength);
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

    /// Requested or Claimed -> Expired, from the deadline on; Challenged -> Expired, when nobody proved in time.
    /// @return claimer zero when nobody had claimed
    /// @return challenger zero when nobody had challenged
    function expire(
        Job storage self,
        JobId id,
        Request calldata req
    ) internal returns (address claimer, address challenger) {
        JobState state = self.state;
        uint256 end = req.deadline;
        if (state == JobState.Challenged) {
            end = uint256(self.since) + req.proofWindow;
            challenger = self.challenger;
        } else if (state != JobState.Requested && state != JobState.Claimed) {
            revert IInferenceMarket.WrongState(id, state);
        }
        if (block.timestamp < end) revert IInferenceMarket.DeadlineNotReached(end, block.timestamp);
        self.state = JobState.Expired;
        if (state != JobState.Requested) claimer = self.claimer;
    }

    /// @notice The output; reverts unless Settled.
    function result(Job storage self, JobId id) internal view returns (bytes memory) {
        // INVARIANT: no output is readable that was not proven or, OPTIMISTIC, is not final (INV-07).
        if (self.state != JobState.Settled) revert IInferenceMarket.NoOutput(id);
        return self.output.load(self.outputLength);
    }

    function requireState(Job storage self, JobId id, JobState expected) private view {
        JobState actual = self.state;
        if (actual != expected) revert IInferenceMarket.WrongState(id, actual);
    }
}
