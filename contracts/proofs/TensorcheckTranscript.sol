// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IProofSystem} from "../interfaces/IProofSystem.sol";
import {Bn254} from "../libraries/Bn254.sol";

/// @title The transcript of tensorcheck
/// @notice docs/spec/tensorcheck.md, section 3. A challenge is state = keccak256(state ‖ message), modulo the field's order.
/// Messages are parts of the seal, which lies in memory behind its length: the state is put into the word before a message
/// while that is hashed. Nothing is absorbed before it has been checked; errors: MalformedSeal.
library TensorcheckTranscript {
    struct Transcript {
        bytes32 state;
        uint256 cursor; // memory address of the next message
        uint256 order; // of the field
    }

    /// @notice Absorbs nothing.
    function draw(Transcript memory t) internal pure returns (uint256 challenge) {
        uint256 r = t.order;
        bytes32 state = t.state;
        assembly ("memory-safe") {
            mstore(0x00, state)
            state := keccak256(0x00, 0x20)
            challenge := mod(state, r)
        }
        t.state = state;
    }

    /// @notice Absorbs `count` points, each on the curve or infinity, and what stands in the `before` bytes before them.
    function points(Transcript memory t, uint256 count, uint256 before) internal pure returns (uint256 challenge) {
        if (!Bn254.areG1(t.cursor, count)) revert IProofSystem.MalformedSeal();
        unchecked {
            challenge = _absorb(t, t.cursor - before, before + 64 * count);
            t.cursor += 64 * count;
        }
    }

    /// @notice Absorbs `count` canonical scalars.
    function scalars(Transcript memory t, uint256 count) internal pure returns (uint256 challenge) {
        uint256 r = t.order;
        bool valid = true;
        uint256 cursor = t.cursor;
        uint256 end;
        assembly ("memory-safe") {
            end := add(cursor, shl(5, count))
            for {
                let scalar := cursor
            } lt(scalar, end) {
                scalar := add(scalar, 0x20)
            } {
                valid := and(valid, lt(mload(scalar), r))
            }
        }
        if (!valid) revert IProofSystem.MalformedSeal();
        unchecked {
            challenge = _absorb(t, cursor, end - cursor);
        }
        t.cursor = end;
    }

    /// @notice Absorbs the rounds of a sumcheck, each c_0, c_2, ..., c_degree, and draws the point where it ends.
    /// @param claim what the polynomial sums to
    /// @param point address where the coordinates go, coordinate t at word t; the first round's is the last of them
    /// @return what the polynomial is at the point
    /// @dev c_1 = claim - 2 c_0 - c_2 - ... - c_degree; the next claim is Σ c_i X^i at the challenge, by Horner.
    function sumcheck(
        Transcript memory t,
        uint256 rounds,
        uint256 degree,
        uint256 claim,
        uint256 point
    ) internal pure returns (uint256) {
        uint256 r = t.order;
        bool valid = true;
        uint256 cursor = t.cursor;
        bytes32 state = t.state;
        assembly ("memory-safe") {
            let hidden := mload(sub(cursor, 0x20)) // rounds need no more than their own words
            let length := shl(5, degree)
            let coordinate := add(point, shl(5, rounds))
            for {
                let start := cursor
                let end := add(cursor, mul(length, rounds))
            } lt(cursor, end) {} {
                mstore(sub(cursor, 0x20), state)
                state := keccak256(sub(cursor, 0x20), add(length, 0x20))
                let x := mod(state, r)
                coordinate := sub(coordinate, 0x20)
                mstore(coordinate, x)

                let c0 := mload(cursor)
                valid := and(valid, lt(c0, r))
                let sum := addmod(c0, c0, r) // 2 c_0 + c_2 + ...
                let value := 0 // c_degree X^(degree - 2) + ... + c_2
                let next := add(cursor, length)
                for {
                    let from := sub(next, 0x20)
                } gt(from, cursor) {
                    from := sub(from, 0x20)
                } {
                    let c := mload(from)
                    valid := and(valid, lt(c, r))
                    sum := addmod(sum, c, r)
                    value := addmod(mulmod(value, x, r), c, r)
                }
                value := addmod(mulmod(value, x, r), addmod(claim, sub(r, sum), r), r)
                claim := addmod(mulmod(value, x, r), c0, r)
                if eq(cursor, start) {
                    mstore(sub(cursor, 0x20), hidden)
                }
                cursor := next
            }
        }
        if (!valid) revert IProofSystem.MalformedSeal();
        (t.cursor, t.state) = (cursor, state);
        return claim;
    }

    function _absorb(Transcript memory t, uint256 from, uint256 length) private pure returns (uint256 challenge) {
        uint256 r = t.order;
        bytes32 state = t.state;
        assembly ("memory-safe") {
            let slot := sub(from, 0x20)
            let hidden := mload(slot)
            mstore(slot, state)
            state := keccak256(slot, add(length, 0x20))
            mstore(slot, hidden)
            challenge := mod(state, r)
        }
        t.state = state;
    }
}
