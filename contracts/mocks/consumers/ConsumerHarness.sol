// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {OutputGuards} from "../../consumers/OutputGuards.sol";
import {TensorCodec, TensorType} from "../../consumers/TensorCodec.sol";
import {Rounding, TensorLib} from "../../consumers/TensorLib.sol";
import {IModelRegistry} from "../../interfaces/IModelRegistry.sol";
import {ModelId} from "../../types/ModelId.sol";

/// @title The consumer libraries as calls: for tests, and to measure their gas
contract ConsumerHarness {
    // TensorCodec ---------------------------------------------------------------------------------------------------

    function encodeInRange(
        int256[] calldata values,
        TensorType tensorType,
        int256 lo,
        int256 hi
    ) external pure returns (bytes memory) {
        return TensorCodec.encode(values, tensorType, lo, hi);
    }

    function decodeAll(bytes calldata data, TensorType tensorType) external pure returns (int256[] memory) {
        return TensorCodec.decodeAll(data, tensorType);
    }

    function slice(
        bytes calldata data,
        uint256 from,
        uint256 count,
        TensorType tensorType
    ) external pure returns (bytes memory) {
        return TensorCodec.slice(data, from, count, tensorType);
    }

    function sizeOf(uint32[] calldata shape) external pure returns (uint256) {
        return TensorCodec.sizeOf(shape);
    }

    function flatIndex(uint32[] calldata shape, uint256[] calldata indices) external pure returns (uint256) {
        return TensorCodec.flatIndex(shape, indices);
    }

    // TensorLib -----------------------------------------------------------------------------------------------------

    function toFixedPoint(
        TensorLib.Number calldata number,
        int8 exponent,
        Rounding rounding
    ) external pure returns (int128) {
        return TensorLib.toFixedPoint(number, exponent, rounding);
    }

    function fromFixedPoint(
        int128 q,
        int8 exponent,
        int128 decimals,
        Rounding rounding
    ) external pure returns (TensorLib.Number memory) {
        return TensorLib.fromFixedPoint(q, exponent, decimals, rounding);
    }

    function exactDecimals(int8 exponent) external pure returns (int128) {
        return TensorLib.exactDecimals(exponent);
    }

    function encodeTensor(
        TensorLib.MultiDimensionalNumberTensor calldata tensor,
        TensorType tensorType,
        int8 exponent,
        Rounding rounding
    ) external pure returns (bytes memory) {
        return TensorLib.encode(tensor, tensorType, exponent, rounding);
    }

    function decodeTensor(
        string calldata name,
        uint32[] calldata shape,
        bytes calldata data,
        TensorType tensorType,
        int8 exponent,
        int128 decimals,
        Rounding rounding
    ) external pure returns (TensorLib.MultiDimensionalNumberTensor memory) {
        return TensorLib.decodeTensor(name, shape, data, tensorType, exponent, decimals, rounding);
    }

    // OutputGuards --------------------------------------------------------------------------------------------------

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

    function requireAllInRange(bytes calldata output, TensorType tensorType, int256 lo, int256 hi) external pure {
        OutputGuards.requireAllInRange(output, tensorType, lo, hi);
    }

    function requireFresh(uint256 timestamp, uint256 maxAge) external view {
        OutputGuards.requireFresh(timestamp, maxAge);
    }

    function requireModel(ModelId actual, ModelId required) external pure {
        OutputGuards.requireModel(actual, required);
    }

    function requireDescendant(
        IModelRegistry registry,
        ModelId actual,
        ModelId ancestor,
        uint256 maxSteps
    ) external view returns (uint256) {
        return OutputGuards.requireDescendant(registry, actual, ancestor, maxSteps);
    }
}
