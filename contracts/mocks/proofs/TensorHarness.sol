// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {OutputGuards} from "../../consumers/OutputGuards.sol";
import {TensorCodec, TensorType} from "../../consumers/TensorCodec.sol";
import {TensorSpecLib} from "../../libraries/TensorSpecLib.sol";

/// @title The tensor libraries as calls, so that tests can hold them against TypeScript
contract TensorHarness {
    function validate(bytes calldata list) public pure returns (uint256 words) {
        return TensorSpecLib.validate(list, 0, list.length);
    }

    function encodedLength(bytes calldata list) external pure returns (uint256) {
        return TensorSpecLib.encodedLength(list, 0);
    }

    function check(bytes calldata list, bytes calldata data) external pure {
        TensorSpecLib.check(list, 0, data);
    }

    function placeOf(
        bytes calldata list,
        uint256 index
    ) external pure returns (uint256 from, uint256 typeCode, uint256 size) {
        return TensorSpecLib.placeOf(list, 0, index);
    }

    /// Packs as a proof system does: behind a signal that is already there.
    function pack(bytes calldata list, bytes calldata data) external pure returns (uint256[] memory words) {
        uint256 count = validate(list);
        uint256[] memory signals = new uint256[](count + 2);
        (signals[0], signals[count + 1]) = (type(uint256).max, type(uint256).max);
        uint256 next = TensorSpecLib.pack(list, 0, data, signals, 1);
        // The neighbours are untouched, and exactly the words were written.
        assert(next == count + 1 && signals[0] == type(uint256).max && signals[count + 1] == type(uint256).max);
        words = new uint256[](count);
        for (uint256 i = 0; i < count; ++i) words[i] = signals[i + 1];
    }

    function decodeAll(bytes calldata data, TensorType tensorType) external pure returns (int256[] memory) {
        return TensorCodec.decodeAll(data, tensorType);
    }

    function decode(bytes calldata data, uint256 index, TensorType tensorType) external pure returns (int256) {
        return TensorCodec.decode(data, index, tensorType);
    }

    function encode(int256[] calldata values, TensorType tensorType) external pure returns (bytes memory) {
        return TensorCodec.encode(values, tensorType);
    }

    function argmax(bytes calldata output, TensorType tensorType) external pure returns (uint256) {
        return OutputGuards.argmax(output, tensorType);
    }

    function argmaxWithMargin(bytes calldata output, TensorType tensorType) external pure returns (uint256, uint256) {
        return OutputGuards.argmaxWithMargin(output, tensorType);
    }

    function requireMargin(
        bytes calldata output,
        TensorType tensorType,
        uint256 minimum
    ) external pure returns (uint256) {
        return OutputGuards.requireMargin(output, tensorType, minimum);
    }

    function requireRange(
        bytes calldata output,
        uint256 index,
        TensorType tensorType,
        int256 lo,
        int256 hi
    ) external pure returns (int256) {
        return OutputGuards.requireRange(output, index, tensorType, lo, hi);
    }
}
