// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IInferenceMarket} from "../interfaces/IInferenceMarket.sol";
import {MarketParameters} from "../types/MarketParameters.sol";
import {InputMode, Mode, Request} from "../types/Request.sol";
import {SettlementMath} from "./SettlementMath.sol";

/// @title What a Request says: its hash, its bounds, its price
/// @dev Pure but for `validate`, which reads the clock.
library RequestLib {
    /// EIP-712 type of a Request (docs/spec/formats.md, section 9).
    bytes32 internal constant TYPEHASH = keccak256(
        "Request(address requester,bytes32 modelId,uint8 inputMode,bytes input,uint8 mode,address token,uint96 minFee,uint96 maxFee,uint64 rampStart,uint32 rampLength,uint64 claimDeadline,uint32 proofWindow,uint64 deadline,uint96 collateral,uint96 proposerBond,uint96 challengerBond,uint32 challengeWindow,uint16 maxRoyaltyBps,address consumer,uint32 callbackGas,uint256 nonce)"
    );

    /// @notice EIP-712 struct hash.
    /// @dev Reading a field out of calldata reverts when bits beyond its type are set, so that one job has one id.
    function hash(Request calldata req) internal pure returns (bytes32) {
        return
            keccak256(
                abi.encode(
                    TYPEHASH,
                    req.requester,
                    req.modelId,
                    req.inputMode,
                    keccak256(req.input),
                    req.mode,
                    req.token,
                    req.minFee,
                    req.maxFee,
                    req.rampStart,
                    req.rampLength,
                    req.claimDeadline,
                    req.proofWindow,
                    req.deadline,
                    req.collateral,
                    req.proposerBond,
                    req.challengerBond,
                    req.challengeWindow,
                    req.maxRoyaltyBps,
                    req.consumer,
                    req.callbackGas,
                    req.nonce
                )
            );
    }

    /// @notice Reverts with a named error unless the request can be served at this time by a market with these bounds.
    /// What depends on the model or the token is checked by the market.
    function validate(Request calldata req, MarketParameters memory bounds) internal view {
        if (req.minFee > req.maxFee) revert IInferenceMarket.InvalidFees(req.minFee, req.maxFee);
        if (req.input.length > bounds.maxInputBytes)
            revert IInferenceMarket.InputTooLong(req.input.length, bounds.maxInputBytes);
        if (req.callbackGas > bounds.maxCallbackGas)
            revert IInferenceMarket.CallbackGasTooHigh(req.callbackGas, bounds.maxCallbackGas);
        if (req.callbackGas != 0 && req.consumer == address(0)) revert IInferenceMarket.CallbackWithoutConsumer();

        // What a dispute takes after the proof window: nothing in VALIDITY.
        uint256 dispute = 0;
        if (req.mode == Mode.OPTIMISTIC) {
            _validateOptimistic(req, bounds.minChallengeWindow);
            dispute = uint256(req.challengeWindow) + req.proofWindow;
        } else {
            if (req.mode != Mode.VALIDITY) revert IInferenceMarket.UnsupportedMode(uint8(req.mode));
            if (req.proposerBond != 0 || req.challengerBond != 0 || req.challengeWindow != 0)
                revert IInferenceMarket.ReservedFieldNotZero();
        }

        // INVARIANT: a claim lands before claimDeadline, so every window of the job is over minRescue seconds before the
        // deadline: a claimer who stays silent leaves others the time to settle, and never a job without an exit. And no
        // stake is exposed for longer than it unbonds.
        if (
            req.proofWindow == 0 ||
            req.rampStart > req.claimDeadline ||
            uint256(req.claimDeadline) + req.proofWindow + dispute + bounds.minRescue > req.deadline ||
            req.deadline > block.timestamp + bounds.maxJobSeconds
        ) revert IInferenceMarket.InvalidTimes();
        if (block.timestamp >= req.claimDeadline)
            revert IInferenceMarket.RequestTooLate(req.claimDeadline, block.timestamp);
    }

    /// @notice The price at a time (SettlementMath.priceAt).
    function priceAt(Request calldata req, uint256 timestamp) internal pure returns (uint256) {
        return SettlementMath.priceAt(req.minFee, req.maxFee, req.rampStart, req.rampLength, timestamp);
    }

    /// @notice What the job can cost its claimer, all of which is locked at the claim: a claimer who has the stake to
    /// claim has the stake to propose.
    function exposure(Request calldata req) internal pure returns (uint256) {
        return uint256(req.collateral) + req.proposerBond; // proposerBond is 0 in VALIDITY
    }

    function _validateOptimistic(Request calldata req, uint256 minChallengeWindow) private pure {
        // SAFETY: whoever is to challenge must be able to run the model: the input has to be public.
        if (req.inputMode != InputMode.PUBLIC) revert IInferenceMarket.UnsupportedInputMode(uint8(req.inputMode));
        if (req.challengeWindow < minChallengeWindow)
            revert IInferenceMarket.ChallengeWindowTooShort(req.challengeWindow, minChallengeWindow);
        // INVARIANT: a lie that another finds out costs its proposer no less than the most that it could earn; a challenge
        // is never free, and never costs more than what is at stake for the other side.
        if (req.proposerBond < req.maxFee || req.challengerBond == 0 || req.challengerBond > req.proposerBond)
            revert IInferenceMarket.InvalidBonds(req.proposerBond, req.challengerBond);
    }
}
