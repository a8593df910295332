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
}
