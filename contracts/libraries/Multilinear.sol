// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title Multilinear polynomials at a point
/// @notice docs/spec/tensorcheck.md, sections 1 and 4: eq(a, b) = a b + (1 - a)(1 - b), lt the extension of [i < size].
/// @dev A point's coordinates are named by bytes: `points` is the address of a table whose word number c is the value of
/// coordinate c; word ORDER is the order r of the field (why not a constant: Bn254.order). A `list` is a word of up to 32 coordinates, the most significant first; what follows them is ignored.
library Multilinear {
    uint256 internal constant ORDER = 0x82;

    /// Bytes 31, 30, ..., 0, and 32 bytes of 1.
    uint256 private constant DESCENDING = 0x1f1e1d1c1b1a191817161514131211100f0e0d0c0b0a09080706050403020100;
    uint256 private constant ONES = 0x0101010101010101010101010101010101010101010101010101010101010101;

    /// @notice The order of the field.
    function order(uint256 points) internal pure returns (uint256 r) {
        assembly ("memory-safe") {
            r := mload(add(points, mul(0x20, ORDER)))
        }
    }

    /// @notice The list low + bits - 1, ..., low.
    function listOf(uint256 low, uint256 bits) internal pure returns (uint256 list) {
        unchecked {
            // No sum of two bytes exceeds one: low < 2^7 for what registered keys hold.
            return (DESCENDING << (8 * (32 - bits))) + low * ONES;
        }
    }

    /// @notice Writes eq(list, i) for i = 0, ..., size - 1, where 1 <= size <= 2^bits, to `table` (size + 3 words).
    function eqTable(uint256 points, uint256 list, uint256 bits, uint256 size, uint256 table) internal pure {
        uint256 r = order(points);
        assembly ("memory-safe") {
            let count := 1
            switch and(bits, 1)
            case 0 {
                mstore(table, 1)
            }
            default {
                let u := mload(add(points, shl(5, byte(0, list))))
                list := shl(8, list)
                bits := sub(bits, 1)
                mstore(table, addmod(1, sub(r, u), r))
                mstore(add(table, 0x20), u)
                count := add(shr(bits, sub(size, 1)), 1)
            }
            // Two coordinates u, v turn each e into e (1 - u)(1 - v), e (1 - u) v, e u (1 - v), e u v; from the last, so that
            // nothing is overwritten unread.
            for {} bits {} {
                bits := sub(bits, 2)
                let u := mload(add(points, shl(5, byte(0, list))))
                let v := mload(add(points, shl(5, byte(1, list))))
                list := shl(16, list)
                for {
                    let from := add(table, shl(5, count))
                    let to := add(table, shl(7, count))
                } gt(from, table) {} {
                    from := sub(from, 0x20)
                    to := sub(to, 0x80)
                    let e := mload(from)
                    let eu := mulmod(e, u, r)
                    e := add(e, sub(r, eu)) // e (1 - u), below 2 r
                    let ev := mulmod(e, v, r)
                    let euv := mulmod(eu, v, r)
                    mstore(add(to, 0x60), euv)
                    mstore(add(to, 0x40), addmod(eu, sub(r, euv), r))
                    mstore(add(to, 0x20), ev)
                    mstore(to, addmod(e, sub(r, ev), r))
                }
                // Of these only the ancestors of indices below `size` are needed: ceil(size / 2^bits).
                count := add(shr(bits, sub(size, 1)), 1)
            }
        }
    }

    /// @notice lt(size) at the list, 0 <= size <= 2^bits.
    /// @dev From the least significant coordinate u with bit b of the size: L = b ? (1 - u) + u L : (1 - u) L.
    function lessThan(uint256 points, uint256 list, uint256 bits, uint256 size) internal pure returns (uint256 result) {
        uint256 r = order(points);
        assembly ("memory-safe") {
            result := shr(bits, size) // 1 where every index is below
            if iszero(result) {
                for {} bits {} {
                    bits := sub(bits, 1)
                    let u := mload(add(points, shl(5, byte(bits, list))))
                    switch and(size, 1)
                    case 0 {
                        result := addmod(result, sub(r, mulmod(u, result, r)), r)
                    }
                    default {
                        result := addmod(1, sub(r, mulmod(u, addmod(1, sub(r, result), r), r)), r)
                    }
                    size := shr(1, size)
                }
            }
        }
    }

    /// @notice eq(list, index), index < 2^bits.
    function eq(uint256 points, uint256 list, uint256 bits, uint256 index) internal pure returns (uint256 result) {
        uint256 r = order(points);
        assembly ("memory-safe") {
            result := 1
            for {} bits {} {
                bits := sub(bits, 1)
                let u := mload(add(points, shl(5, byte(bits, list))))
                if iszero(and(index, 1)) {
                    u := addmod(1, sub(r, u), r)
                }
                result := mulmod(result, u, r)
                index := shr(1, index)
            }
        }
    }
}
