// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IModelRegistry} from "../interfaces/IModelRegistry.sol";
import {ModelId} from "../types/ModelId.sol";
import {TensorCodec, TensorType} from "./TensorCodec.sol";

/// @title What a dApp should ask of an output before it acts on it
/// @notice A proof says that the model said so, not that the model was sure, nor that it said so lately, nor that it was
/// the version that the dApp meant. What reads an output works on the canonical bytes of one tensor (see
/// TensorCodec.slice).
library OutputGuards {
    error NotEnoughValues(uint256 count, uint256 required);
    error MarginTooLow(uint256 margin, uint256 minimum);
    error ValueOutsideRange(uint256 index, int256 value, int256 lo, int256 hi);
    error StaleAnswer(uint256 age, uint256 maxAge);
    error AnswerFromTheFuture(uint256 timestamp, uint256 nowAt);
    error WrongModel(ModelId actual, ModelId required);
    error NotDescendant(ModelId actual, ModelId ancestor, uint256 maxSteps);

    /// @notice Index of the largest value; the lowest index among equals. Errors: NotEnoughValues for an empty output.
    function argmax(bytes memory output, TensorType tensorType) internal pure returns (uint256 winner) {
        uint256 count = TensorCodec.countOf(output, tensorType);
        if (count == 0) revert NotEnoughValues(count, 1);
        int256 best = TensorCodec.unsafeDecode(output, 0, tensorType);
        for (uint256 i = 1; i < count; ++i) {
            int256 value = TensorCodec.unsafeDecode(output, i, tensorType);
            if (value > best) (winner, best) = (i, value);
        }
    }

    /// @notice Winner as `argmax`, and how far it is ahead of the runner-up, in the output's own integer unit; 0 when
    /// they tie. Errors: NotEnoughValues for fewer than two.
    function argmaxWithMargin(
        bytes memory output,
        TensorType tensorType
    ) internal pure returns (uint256 winner, uint256 margin) {
        uint256 count = TensorCodec.countOf(output, tensorType);
        if (count < 2) revert NotEnoughValues(count, 2);
        int256 best = TensorCodec.unsafeDecode(output, 0, tensorType);
        int256 second = type(int256).min;
        for (uint256 i = 1; i < count; ++i) {
            int256 value = TensorCodec.unsafeDecode(output, i, tensorType);
            if (value > best) (winner, second, best) = (i, best, value);
            else if (value > second) second = value;
        }
        // SAFETY: both are values of 32 bits at most, as count >= 2.
        margin = uint256(best - second);
    }

    /// @notice The winner, if it is ahead by at least `minimum`. Errors: MarginTooLow, NotEnoughValues.
    function requireMargin(
        bytes memory output,
        TensorType tensorType,
        uint256 minimum
    ) internal pure returns (uint256 winner) {
        uint256 margin;
        (winner, margin) = argmaxWithMargin(output, tensorType);
        if (margin < minimum) revert MarginTooLow(margin, minimum);
    }

    /// @notice Value number `index`, if it lies in [lo, hi]. Errors: ValueOutsideRange, IndexOutOfBounds.
    function requireRange(
        bytes memory output,
        uint256 index,
        TensorType tensorType,
        int256 lo,
        int256 hi
    ) internal pure returns (int256 value) {
        value = TensorCodec.decode(output, index, tensorType);
        if (value < lo || value > hi) revert ValueOutsideRange(index, value, lo, hi);
    }

    /// @notice Reverts unless every value lies in [lo, hi]. Errors: ValueOutsideRange, LengthNotMultiple.
    function requireAllInRange(bytes memory output, TensorType tensorType, int256 lo, int256 hi) internal pure {
        uint256 count = TensorCodec.countOf(output, tensorType);
        for (uint256 i = 0; i < count; ++i) {
            int256 value = TensorCodec.unsafeDecode(output, i, tensorType);
            if (value < lo || value > hi) revert ValueOutsideRange(i, value, lo, hi);
        }
    }

    /// @notice Reverts from timestamp + maxAge on. An answer is as old as the facts in its input: pass the time at which
    /// the input was fixed (when the dApp asked), not the one at which the answer came. Errors: StaleAnswer,
    /// AnswerFromTheFuture.
    /// @param timestamp seconds since 1970
    /// @param maxAge seconds
    function requireFresh(uint256 timestamp, uint256 maxAge) internal view {
        // SAFETY: without this, a time in the future would make an answer that never ages.
        if (timestamp > block.timestamp) revert AnswerFromTheFuture(timestamp, block.timestamp);
        uint256 age = block.timestamp - timestamp;
        if (age >= maxAge) revert StaleAnswer(age, maxAge);
    }

    /// @notice Reverts unless it is this very version. Errors: WrongModel.
    function requireModel(ModelId actual, ModelId required) internal pure {
        if (actual != required) revert WrongModel(actual, required);
    }

    /// @notice How many versions `actual` is behind `ancestor`, by the chain of predecessors; 0 when they are the same.
    /// Reverts when it takes more than maxSteps. Errors: NotDescendant, IModelRegistry.UnknownModel.
    /// @dev A version's predecessor has the same owner, and may be any earlier version: to take descendants is to trust
    /// the ancestor's owner with every answer, and to take all branches. `requireModel` trusts nobody.
    function requireDescendant(
        IModelRegistry registry,
        ModelId actual,
        ModelId ancestor,
        uint256 maxSteps
    ) internal view returns (uint256 steps) {
        for (ModelId id = actual; ; ++steps) {
            // SAFETY: an ancestor of zero would otherwise be the end of every chain.
            if (id.isZero()) revert NotDescendant(actual, ancestor, maxSteps);
            if (id == ancestor) return steps;
            if (steps == maxSteps) revert NotDescendant(actual, ancestor, maxSteps);
            (, , , , id, ) = registry.modelOf(id);
        }
    }
}
