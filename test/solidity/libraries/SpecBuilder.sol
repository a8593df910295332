// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity ^0.8.28;

/// Spec lists and key heads, written down independently of the libraries under test.
library SpecBuilder {
    uint8 internal constant I8 = 0;
    uint8 internal constant U8 = 1;
    uint8 internal constant I16 = 2;
    uint8 internal constant U16 = 3;
    uint8 internal constant I32 = 4;

    /// One-dimensional tensor of `size` values.
    function spec(uint32 size, uint8 typeCode, int8 exponent, int32 lo, int32 hi) internal pure returns (bytes memory) {
        return abi.encodePacked(uint8(1), size, typeCode, exponent, lo, hi);
    }

    function list(bytes memory only) internal pure returns (bytes memory) {
        return abi.encodePacked(uint8(1), only);
    }

    function list(bytes memory first, bytes memory second) internal pure returns (bytes memory) {
        return abi.encodePacked(uint8(2), first, second);
    }

    /// The digits model of the examples: 64 pixels of 0..16, 10 signed 16-bit scores.
    function digits() internal pure returns (bytes memory input, bytes memory output) {
        input = list(spec(64, U8, 0, 0, 16));
        output = list(spec(10, I16, 4, -32768, 32767));
    }

    function head(
        bytes4 selector,
        uint8 inputMode,
        bytes memory input,
        bytes memory output
    ) internal pure returns (bytes memory) {
        return abi.encodePacked(selector, inputMode, uint16(input.length), input, uint16(output.length), output);
    }

    /// `count` equal bytes.
    function repeat(uint8 value, uint256 count) internal pure returns (bytes memory data) {
        data = new bytes(count);
        for (uint256 i = 0; i < count; ++i) data[i] = bytes1(value);
    }

    /// formats.md, section 3, for one tensor, in plain arithmetic.
    function packed(int256[] memory values, int256 lo, int256 hi) internal pure returns (uint256[] memory words) {
        uint256 bits = 0;
        while (2 ** bits <= uint256(hi - lo)) ++bits;
        uint256 perWord = 248 / bits;
        words = new uint256[]((values.length + perWord - 1) / perWord);
        for (uint256 i = 0; i < values.length; ++i) {
            words[i / perWord] = words[i / perWord] * 2 ** bits + uint256(values[i] - lo);
        }
    }

    /// formats.md, section 2, for one tensor, byte by byte.
    function encoded(int256[] memory values, uint8 typeCode) internal pure returns (bytes memory data) {
        uint256 width =
            typeCode == I32
                ? 4
                : typeCode < I16
                    ? 1
                    : 2;
        data = new bytes(values.length * width);
        for (uint256 i = 0; i < values.length; ++i) {
            for (uint256 k = 0; k < width; ++k) {
                data[i * width + k] = bytes1(uint8(int8(values[i] >> (8 * (width - 1 - k)))));
            }
        }
    }

    /// `size` pseudo-random values of [lo, hi].
    function values(uint256 seed, uint256 size, int256 lo, int256 hi) internal pure returns (int256[] memory drawn) {
        drawn = new int256[](size);
        for (uint256 i = 0; i < size; ++i) {
            drawn[i] = lo + int256(uint256(keccak256(abi.encode(seed, i))) % uint256(hi - lo + 1));
        }
    }
}
