// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// Integer types of public tensors, in the order of their codes (docs/spec/formats.md, section 1).
enum TensorType {
    I8,
    U8,
    I16,
    U16,
    I32
}

/// @title Reads and writes canonical tensors
/// @notice docs/spec/formats.md, section 2: row-major, big-endian, two's complement where signed. A value q of a tensor
/// with exponent e means q * 2^-e.
library TensorCodec {
    error IndexOutOfBounds(uint256 index, uint256 count);
    /// The bytes are no whole number of values.
    error LengthNotMultiple(uint256 length, uint256 width);
    error ValueDoesNotFit(uint256 index, int256 value, TensorType tensorType);
    /// Outside the declared range; the same error as a proof system's for such an input.
    error ValueOutOfRange(uint256 index, int256 value, int256 lo, int256 hi);
    error SliceOutOfBounds(uint256 end, uint256 length);
    error RankMismatch(uint256 rank, uint256 indices);

    /// @notice Bytes a value: 1, 1, 2, 2, 4.
    function widthOf(TensorType tensorType) internal pure returns (uint256) {
        return 1 << (uint256(tensorType) >> 1);
    }

    /// @notice Smallest and largest value of a type.
    function boundsOf(TensorType tensorType) internal pure returns (int256 lo, int256 hi) {
        int256 values = int256(1 << (8 * widthOf(tensorType)));
        return _isSigned(tensorType) ? (-values / 2, values / 2 - 1) : (int256(0), values - 1);
    }

    /// @notice Number of values. Errors: LengthNotMultiple.
    function countOf(bytes memory data, TensorType tensorType) internal pure returns (uint256) {
        uint256 width = widthOf(tensorType);
        if (data.length % width != 0) revert LengthNotMultiple(data.length, width);
        return data.length / width;
    }

    /// @notice Value number `index`. Errors: LengthNotMultiple, IndexOutOfBounds.
    function decode(bytes memory data, uint256 index, TensorType tensorType) internal pure returns (int256) {
        uint256 count = countOf(data, tensorType);
        if (index >= count) revert IndexOutOfBounds(index, count);
        return unsafeDecode(data, index, tensorType);
    }

    /// @notice Every value. Errors: LengthNotMultiple.
    function decodeAll(bytes memory data, TensorType tensorType) internal pure returns (int256[] memory values) {
        uint256 count = countOf(data, tensorType);
        values = new int256[](count);
        for (uint256 i = 0; i < count; ++i) values[i] = unsafeDecode(data, i, tensorType);
    }

    /// @notice Canonical bytes of one tensor. Errors: ValueDoesNotFit.
    function encode(int256[] memory values, TensorType tensorType) internal pure returns (bytes memory data) {
        uint256 width = widthOf(tensorType);
        (int256 lo, int256 hi) = boundsOf(tensorType);
        // A word more than the values take, so that each can be stored as the head of a whole word; cut off below.
        uint256 length = values.length * width;
        data = new bytes(length + 32);
        for (uint256 i = 0; i < values.length; ++i) {
            int256 value = values[i];
            if (value < lo || value > hi) revert ValueDoesNotFit(i, value, tensorType);
            assembly ("memory-safe") {
                // SAFETY: ends at most 32 - width bytes after the values, inside the extra word.
                mstore(add(add(data, 0x20), mul(i, width)), shl(sub(256, shl(3, width)), value))
            }
        }
        assembly ("memory-safe") {
            mstore(data, length)
        }
    }

    /// @notice As `encode`, for a tensor whose spec declares the range [lo, hi], so that what a market would refuse is
    /// refused here. Errors: ValueOutOfRange, ValueDoesNotFit.
    function encode(
        int256[] memory values,
        TensorType tensorType,
        int256 lo,
        int256 hi
    ) internal pure returns (bytes memory) {
        for (uint256 i = 0; i < values.length; ++i) {
            if (values[i] < lo || values[i] > hi) revert ValueOutOfRange(i, values[i], lo, hi);
        }
        return encode(values, tensorType);
    }

    /// @notice One tensor's bytes out of those of a list: `count` values from byte `from` on. The tensors before it take
    /// `from` bytes, each its size times its width. Errors: SliceOutOfBounds.
    function slice(
        bytes memory data,
        uint256 from,
        uint256 count,
        TensorType tensorType
    ) internal pure returns (bytes memory tensor) {
        uint256 length = count * widthOf(tensorType);
        uint256 end = from + length;
        if (end > data.length) revert SliceOutOfBounds(end, data.length);
        tensor = new bytes(length);
        assembly ("memory-safe") {
            mcopy(add(tensor, 0x20), add(add(data, 0x20), from), length)
        }
    }

    /// @notice Number of values of a shape; 1 for a shape of rank 0.
    function sizeOf(uint32[] memory shape) internal pure returns (uint256 size) {
        size = 1;
        for (uint256 i = 0; i < shape.length; ++i) size *= shape[i];
    }

    /// @notice Row-major number of the value at these indices. Errors: RankMismatch, IndexOutOfBounds.
    function flatIndex(uint32[] memory shape, uint256[] memory indices) internal pure returns (uint256 index) {
        if (shape.length != indices.length) revert RankMismatch(shape.length, indices.length);
        for (uint256 i = 0; i < shape.length; ++i) {
            if (indices[i] >= shape[i]) revert IndexOutOfBounds(indices[i], shape[i]);
            index = index * shape[i] + indices[i];
        }
    }

    /// @dev As `decode`, without checks: the caller knows that index < countOf(data, tensorType).
    function unsafeDecode(
        bytes memory data,
        uint256 index,
        TensorType tensorType
    ) internal pure returns (int256 value) {
        uint256 width = widthOf(tensorType);
        bool signed = _isSigned(tensorType);
        assembly ("memory-safe") {
            value := shr(sub(256, shl(3, width)), mload(add(add(data, 0x20), mul(index, width))))
            if signed {
                value := signextend(sub(width, 1), value)
            }
        }
    }

    function _isSigned(TensorType tensorType) private pure returns (bool) {
        return uint256(tensorType) & 1 == 0;
    }
}
