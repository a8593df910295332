// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {TensorcheckValues} from "../../proofs/TensorcheckValues.sol";

/// @title What tensorcheck's verifier evaluates, as calls, so that tests can hold it against TypeScript
/// @dev `points` is the table of coordinates, 131 words. `read` is the number of bytes of the key that were read.
contract TensorcheckHarness {
    function tensor(
        uint256[131] memory points,
        bytes memory axes,
        uint256 typeCode,
        bytes calldata data
    ) external pure returns (uint256 value, uint256 read) {
        (uint256 table, uint256 start) = _pointers(points, axes);
        uint256 from;
        assembly ("memory-safe") {
            from := data.offset
        }
        (value, read) = TensorcheckValues.tensor(table, start, from, typeCode);
        read -= start;
    }

    function structured(
        uint256[131] memory points,
        bytes memory body
    ) external pure returns (uint256 value, uint256 read) {
        (uint256 table, uint256 start) = _pointers(points, body);
        (value, read) = TensorcheckValues.structured(table, start);
        read -= start;
    }

    function _pointers(
        uint256[131] memory points,
        bytes memory key
    ) private pure returns (uint256 table, uint256 start) {
        assembly ("memory-safe") {
            table := points
            start := add(key, 0x20)
        }
    }
}
