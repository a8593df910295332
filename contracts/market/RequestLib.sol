// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IInferenceMarket} from "../interfaces/IInferenceMarket.sol";
import {InputMode, Mode, Request} from "../types/Request.sol";

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
    /// @param minRescue seconds that must remain between the end of any proof window and the deadline
    /// @param maxInputBytes longest input
    /// @param maxCallbackGas largest callbackGas
    function validate(
        Request calldata req,
        uint256 minRescue,
        uint256 maxInputBytes,
        uint256 maxCallbackGas
    ) internal view {
        if (req.mode != Mode.VALIDITY) revert IInferenceMarket.UnsupportedMode(uint8(req.mode));
        if (req.inputMode != InputMode.PUBLIC) revert IInferenceMarket.UnsupportedInputMode(uint8(req.inputMode));
        if (req.proposerBond != 0 || req.challengerBond != 0 || req.challengeWindow != 0)
            revert IInferenceMarket.ReservedFieldNotZero();
        if (req.minFee > req.maxFee) revert IInferenceMarket.InvalidFees(req.minFee, req.maxFee);
        if (req.input.length > maxInputBytes) revert IInferenceMarket.InputTooLong(req.input.length, maxInputBytes);
        if (req.callbackGas > maxCallbackGas)
            revert IInferenceMarket.CallbackGasTooHigh(req.callbackGas, maxCallbackGas);
        if (req.callbackGas != 0 && req.consumer == address(0)) revert IInferenceMarket.CallbackWithoutConsumer();

        // INVARIANT: a claim lands before claimDeadline, so every proof window is over minRescue seconds before the
        // deadline: a claimer who stays silent leaves others the time to settle, and never a job without an exit.
        if (
            req.proofWindow == 0 ||
            req.rampStart > req.claimDeadline ||
            uint256(req.claimDeadline) + req.proofWindow + minRescue > req.deadline
        ) revert IInferenceMarket.InvalidTimes();
        if (block.timestamp >= req.claimDeadline)
            revert IInferenceMarket.RequestTooLate(req.claimDeadline, block.timestamp);
    }

    /// @notice minFee until rampStart, then linear up to maxFee at rampStart + rampLength, rounded down; a function of
    /// time alone, so that no order of transactions changes it.
    function priceAt(Request calldata req, uint256 timestamp) internal pure returns (uint256) {
        uint256 start = req.rampStart;
        uint256 length = req.rampLength;
        if (timestamp < start) return req.minFee;
        if (timestamp - start >= length) return req.maxFee;
        return req.minFee + (uint256(req.maxFee - req.minFee) * (timestamp - start)) / length;
    }
}
