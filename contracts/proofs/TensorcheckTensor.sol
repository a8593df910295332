// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Multilinear} from "../libraries/Multilinear.sol";

/// @title Tensors of tensorcheck's claim
/// @notice Values in calldata, evaluated by the verifier itself (docs/spec/tensorcheck.md, section 4). `points` is the table of
/// coordinates (Multilinear); `cursor` is the memory address of the next byte of a validated key. Tables are written behind the
/// free memory pointer and forgotten.
library TensorcheckTensor {
    /// Values that are read with one table of eq, and then weighed together: at least this many, where there are as many, and
    /// fewer than twice as many.
    uint256 private constant RUN = 64;

    /// @notice A tensor in calldata, evaluated at the axes that the key holds.
    /// @dev Values come in runs that lie one after the other, whatever axes they span: 2^low indices of one axis, with all
    /// indices of the axes behind it. `table` holds eq of each run, `lanes` that of each value of a run.
    /// @param from calldata position of its first value
    /// @param typeCode its type, as in specs
    function tensor(
        uint256 points,
        uint256 cursor,
        uint256 from,
        uint256 typeCode
    ) internal pure returns (uint256 value, uint256 next) {
        unchecked {
            uint256 r = Multilinear.order(points);
            uint256 inner; // values behind one index of the axis at hand; first, all
            uint256 alike;
            (inner, value, alike, next) = _cells(points, cursor);
            uint256 table = _free();
            uint256 runs = 1;
            uint256 lanes = table + 128;
            uint256 length = 1; // of a run
            uint256 pieces = 0; // runs of the split axis, once it is found
            uint256 tail = 1; // length of the last of them
            assembly ("memory-safe") {
                mstore(table, alike)
                mstore(lanes, 1)
            }
            for (++cursor; cursor < next;) {
                (uint256 size, uint256 bits, uint256 list) = (
                    _uint(cursor, 4),
                    _uint(cursor + 4, 1),
                    _uint(cursor + 5, 32)
                );
                cursor += 5 + bits;
                if (size == 1) continue;
                inner /= size;
                if (inner >= RUN) {
                    (table, runs) = _product(points, table, runs, list, bits, size);
                    continue;
                }
                if (pieces == 0) {
                    uint256 low = 0;
                    while (low < bits && inner << low < RUN) ++low;
                    pieces = ((size - 1) >> low) + 1;
                    (table, runs) = _product(points, table, runs, list, bits - low, pieces);
                    tail = (size - ((pieces - 1) << low)) * inner;
                    lanes = table + 32 * (runs + 3);
                    assembly ("memory-safe") {
                        mstore(lanes, 1)
                    }
                    list <<= 8 * (bits - low);
                    bits = low;
                    if (size > 1 << low) size = 1 << low;
                }
                (lanes, length) = _product(points, lanes, length, list, bits, size);
            }

            // Signed values are read as v + 2^(bits of the type - 1).
            uint256 width = 1 << (typeCode >> 1); // bytes
            uint256 signs = 0;
            if (typeCode & 1 == 0) {
                signs = (type(uint256).max / ((1 << (8 * width)) - 1)) << (8 * width - 1);
                value = r - mulmod(value, 1 << (8 * width - 1), r);
            } else {
                value = 0;
            }
            uint256 left = pieces;
            for (uint256 end = table + 32 * runs; table < end; table += 32) {
                uint256 count = length;
                if (left < 2) (count, left) = (tail, pieces + 1);
                --left;
                value = addmod(value, mulmod(_word(table), _run(r, lanes, from, count, width, signs), r), r);
                from += width * count;
            }
        }
    }

    /// Values of all axes, eq summed over their cells, eq of the axes of one index, and the cursor behind them. These weigh
    /// all values alike: a table for each would let a key make the work many times that of its values.
    function _cells(
        uint256 points,
        uint256 cursor
    ) private pure returns (uint256 count, uint256 cells, uint256 alike, uint256 next) {
        unchecked {
            (count, cells, alike) = (1, 1, 1);
            uint256 r = Multilinear.order(points);
            uint256 axes = _uint(cursor, 1);
            next = cursor + 1;
            for (; axes > 0; --axes) {
                (uint256 size, uint256 bits) = (_uint(next, 4), _uint(next + 4, 1));
                count *= size;
                uint256 below = Multilinear.lessThan(points, _uint(next + 5, 32), bits, size);
                cells = mulmod(cells, below, r);
                if (size == 1) alike = mulmod(alike, below, r);
                next += 5 + bits;
            }
        }
    }

    /// Σ eq_j v_j over `count` values of `width` bytes in calldata; eq_0 is the word at `lanes`.
    function _run(
        uint256 r,
        uint256 lanes,
        uint256 from,
        uint256 count,
        uint256 width,
        uint256 signs
    ) private pure returns (uint256 sum) {
        assembly ("memory-safe") {
            // Products are below r; four of them, and one more, do not overflow.
            if eq(width, 1) {
                for {} gt(count, 16) {} {
                    let word := xor(calldataload(from), signs)
                    if lt(count, 32) {
                        word := and(word, not(shr(shl(3, count), not(0)))) // nothing beyond the run
                        count := 32
                    }
                    let four := mulmod(byte(0, word), mload(lanes), r)
                    four := add(four, mulmod(byte(1, word), mload(add(lanes, 0x20)), r))
                    four := add(four, mulmod(byte(2, word), mload(add(lanes, 0x40)), r))
                    four := add(four, mulmod(byte(3, word), mload(add(lanes, 0x60)), r))
                    sum := addmod(sum, four, r)
                    four := mulmod(byte(4, word), mload(add(lanes, 0x80)), r)
                    four := add(four, mulmod(byte(5, word), mload(add(lanes, 0xa0)), r))
                    four := add(four, mulmod(byte(6, word), mload(add(lanes, 0xc0)), r))
                    four := add(four, mulmod(byte(7, word), mload(add(lanes, 0xe0)), r))
                    sum := addmod(sum, four, r)
                    four := mulmod(byte(8, word), mload(add(lanes, 0x100)), r)
                    four := add(four, mulmod(byte(9, word), mload(add(lanes, 0x120)), r))
                    four := add(four, mulmod(byte(10, word), mload(add(lanes, 0x140)), r))
                    four := add(four, mulmod(byte(11, word), mload(add(lanes, 0x160)), r))
                    sum := addmod(sum, four, r)
                    four := mulmod(byte(12, word), mload(add(lanes, 0x180)), r)
                    four := add(four, mulmod(byte(13, word), mload(add(lanes, 0x1a0)), r))
                    four := add(four, mulmod(byte(14, word), mload(add(lanes, 0x1c0)), r))
                    four := add(four, mulmod(byte(15, word), mload(add(lanes, 0x1e0)), r))
                    sum := addmod(sum, four, r)
                    four := mulmod(byte(16, word), mload(add(lanes, 0x200)), r)
                    four := add(four, mulmod(byte(17, word), mload(add(lanes, 0x220)), r))
                    four := add(four, mulmod(byte(18, word), mload(add(lanes, 0x240)), r))
                    four := add(four, mulmod(byte(19, word), mload(add(lanes, 0x260)), r))
                    sum := addmod(sum, four, r)
                    four := mulmod(byte(20, word), mload(add(lanes, 0x280)), r)
                    four := add(four, mulmod(byte(21, word), mload(add(lanes, 0x2a0)), r))
                    four := add(four, mulmod(byte(22, word), mload(add(lanes, 0x2c0)), r))
                    four := add(four, mulmod(byte(23, word), mload(add(lanes, 0x2e0)), r))
                    sum := addmod(sum, four, r)
                    four := mulmod(byte(24, word), mload(add(lanes, 0x300)), r)
                    four := add(four, mulmod(byte(25, word), mload(add(lanes, 0x320)), r))
                    four := add(four, mulmod(byte(26, word), mload(add(lanes, 0x340)), r))
                    four := add(four, mulmod(byte(27, word), mload(add(lanes, 0x360)), r))
                    sum := addmod(sum, four, r)
                    four := mulmod(byte(28, word), mload(add(lanes, 0x380)), r)
                    four := add(four, mulmod(byte(29, word), mload(add(lanes, 0x3a0)), r))
                    four := add(four, mulmod(byte(30, word), mload(add(lanes, 0x3c0)), r))
                    four := add(four, mulmod(byte(31, word), mload(add(lanes, 0x3e0)), r))
                    sum := addmod(sum, four, r)
                    count := sub(count, 32)
                    from := add(from, 32)
                    lanes := add(lanes, 0x400)
                }
            }
            let bits := shl(3, width)
            let down := sub(256, bits)
            for {
                let end := add(lanes, shl(5, count))
            } lt(lanes, end) {
                lanes := add(lanes, 0x80)
                from := add(from, shl(2, width))
            } {
                let word := xor(calldataload(from), signs)
                if lt(sub(end, lanes), 0x80) {
                    word := and(word, not(shr(mul(bits, shr(5, sub(end, lanes))), not(0)))) // nothing beyond the run
                }
                let four := mulmod(shr(down, word), mload(lanes), r)
                word := shl(bits, word)
                four := add(four, mulmod(shr(down, word), mload(add(lanes, 0x20)), r))
                word := shl(bits, word)
                four := add(four, mulmod(shr(down, word), mload(add(lanes, 0x40)), r))
                word := shl(bits, word)
                sum := addmod(sum, add(four, mulmod(shr(down, word), mload(add(lanes, 0x60)), r)), r)
            }
        }
    }

    /// The tensor product of a table of `rows` entries with that of an axis, behind both.
    function _product(
        uint256 points,
        uint256 table,
        uint256 rows,
        uint256 list,
        uint256 bits,
        uint256 size
    ) private pure returns (uint256 product, uint256 count) {
        unchecked {
            if (bits == 0) return (table, rows); // an axis of one index
            uint256 r = Multilinear.order(points);
            uint256 axis = table + 32 * rows;
            Multilinear.eqTable(points, list, bits, size, axis);
            if (rows == 1 && _word(table) == 1) return (axis, size);
            product = axis + 32 * (size + 3);
            count = rows * size;
            assembly ("memory-safe") {
                let to := product
                let endOfAxis := add(axis, shl(5, size))
                for {
                    let end := add(table, shl(5, rows))
                } lt(table, end) {
                    table := add(table, 0x20)
                } {
                    let e := mload(table)
                    for {
                        let from := axis
                    } lt(from, endOfAxis) {
                        from := add(from, 0x20)
                    } {
                        mstore(to, mulmod(e, mload(from), r))
                        to := add(to, 0x20)
                    }
                }
            }
        }
    }

    /// Big-endian integer of `width` bytes at a memory address.
    function _uint(uint256 cursor, uint256 width) private pure returns (uint256 value) {
        assembly ("memory-safe") {
            value := shr(sub(256, shl(3, width)), mload(cursor))
        }
    }

    function _word(uint256 cursor) private pure returns (uint256 value) {
        assembly ("memory-safe") {
            value := mload(cursor)
        }
    }

    function _free() private pure returns (uint256 pointer) {
        assembly ("memory-safe") {
            pointer := mload(0x40)
        }
    }
}
