// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Bn254} from "../../libraries/Bn254.sol";
import {TensorcheckOpening} from "../../proofs/TensorcheckOpening.sol";
import {TensorcheckTensor} from "../../proofs/TensorcheckTensor.sol";
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
        (value, read) = TensorcheckTensor.tensor(table, start, from, typeCode);
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

    /// The opening of f = 0 in one variable, with [Q] and [W] at infinity: true for y = e = 0, unless a denominator is 0.
    function opensZero(
        uint256 s,
        uint256 y,
        uint256 e,
        uint256 zeta,
        uint256 nu,
        uint256 z,
        uint256[4] memory tau
    ) external view returns (bool) {
        uint256[2] memory words = [s, e];
        uint256[4] memory proof;
        TensorcheckOpening.Opening memory o;
        (o.order, o.n, o.y, o.zeta, o.nu, o.z) = (Bn254.R, 1, y, zeta, nu, z);
        (uint256 first, uint256 points, uint256 setup) = (0, 0, 0);
        assembly ("memory-safe") {
            first := words
            points := proof
            setup := tau
        }
        (o.s, o.e, o.proof, o.tau) = (first, first + 32, points, setup);
        return TensorcheckOpening.holds(o);
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
