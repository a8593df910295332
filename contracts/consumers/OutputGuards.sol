// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {TensorCodec, TensorType} from "./TensorCodec.sol";

/// @title What a dApp should ask of an output before it acts on it
/// @notice A proof says that the model said so, not that the model was sure. Works on the canonical bytes of an output
/// that is one tensor.
library OutputGuards {
    error NotEnoughValues(uint256 count, uint256 required);
    error MarginTooLow(uint256 margin, uint256 minimum);
    error ValueOutsideRange(uint256 index, int256 value, int256 lo, int256 hi);

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
}
