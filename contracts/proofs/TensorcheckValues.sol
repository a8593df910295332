// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Multilinear} from "../libraries/Multilinear.sol";

/// @title What the verifier of tensorcheck evaluates itself
/// @notice Tensors of the claim, and structured polynomials (docs/spec/tensorcheck.md, sections 4 and 5). `points` is the
/// table of coordinates (Multilinear); `cursor` is the memory address of the next byte of a validated key, and each function
/// returns the one after what it read. Tables are written behind the free memory pointer and forgotten.
library TensorcheckValues {
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
            (inner, value, next) = _cells(points, cursor);
            uint256 table = _free();
            uint256 runs = 1;
            uint256 lanes = table + 128;
            uint256 length = 1; // of a run
            uint256 pieces = 0; // runs of the split axis, once it is found
            uint256 tail = 1; // length of the last of them
            assembly ("memory-safe") {
                mstore(table, 1)
                mstore(lanes, 1)
            }
            for (++cursor; cursor < next;) {
                (uint256 size, uint256 bits, uint256 list) = (
                    _uint(cursor, 4),
                    _uint(cursor + 4, 1),
                    _uint(cursor + 5, 32)
                );
                cursor += 5 + bits;
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
                uint256 bytesOfRun = width * length;
                if (left < 2) (bytesOfRun, left) = (width * tail, pieces + 1);
                --left;
                value = addmod(value, mulmod(_word(table), _run(r, lanes, from, bytesOfRun, width, signs), r), r);
                from += bytesOfRun;
            }
        }
    }

    /// Values of all axes, eq summed over their cells, and the cursor behind them.
    function _cells(uint256 points, uint256 cursor) private pure returns (uint256 count, uint256 cells, uint256 next) {
        unchecked {
            (count, cells) = (1, 1);
            uint256 r = Multilinear.order(points);
            uint256 axes = _uint(cursor, 1);
            next = cursor + 1;
            for (; axes > 0; --axes) {
                (uint256 size, uint256 bits) = (_uint(next, 4), _uint(next + 4, 1));
                count *= size;
                cells = mulmod(cells, Multilinear.lessThan(points, _uint(next + 5, 32), bits, size), r);
                next += 5 + bits;
            }
        }
    }

    /// Σ eq_j v_j over a run in calldata.
    function _run(
        uint256 r,
        uint256 lanes,
        uint256 from,
        uint256 length,
        uint256 width,
        uint256 signs
    ) private pure returns (uint256 sum) {
        unchecked {
            for (uint256 left = length; left > 0;) {
                uint256 taken = left > 32 ? 32 : left;
                uint256 word;
                assembly ("memory-safe") {
                    word := xor(calldataload(from), signs)
                    word := and(word, not(shr(shl(3, taken), not(0)))) // nothing beyond the run
                }
                sum = addmod(sum, _lanes(r, lanes, word, width, taken / width), r);
                lanes += 1024 / width;
                from += 32;
                left -= taken;
            }
        }
    }

    /// Σ eq_j v_j over the first `count` values, of 8 width bits each, of a word in which all others are 0.
    function _lanes(
        uint256 r,
        uint256 lanes,
        uint256 word,
        uint256 width,
        uint256 count
    ) private pure returns (uint256 sum) {
        if (width == 1 && count > 12) {
            assembly ("memory-safe") {
                // Products are below r; four of them, and one more, do not overflow.
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
            }
        } else {
            assembly ("memory-safe") {
                let bits := shl(3, width)
                let down := sub(256, bits)
                let mask := shr(down, not(0))
                for {
                    let end := add(lanes, shl(5, count))
                } lt(lanes, end) {
                    lanes := add(lanes, 0x80)
                    word := shl(shl(2, bits), word)
                } {
                    // As above.
                    let shift := sub(down, bits)
                    let four := mulmod(shr(down, word), mload(lanes), r)
                    four := add(four, mulmod(and(shr(shift, word), mask), mload(add(lanes, 0x20)), r))
                    shift := sub(shift, bits)
                    four := add(four, mulmod(and(shr(shift, word), mask), mload(add(lanes, 0x40)), r))
                    shift := sub(shift, bits)
                    four := add(four, mulmod(and(shr(shift, word), mask), mload(add(lanes, 0x60)), r))
                    sum := addmod(sum, four, r)
                }
            }
        }
    }

    /// @notice A structured value: kind (1) ‖ body.
    function structured(uint256 points, uint256 cursor) internal pure returns (uint256 value, uint256 next) {
        uint256 kind = _uint(cursor, 1);
        unchecked {
            ++cursor;
        }
        if (kind == 0) return _select(points, cursor);
        if (kind == 1) return _window(points, cursor);
        if (kind == 2) return _pick(points, cursor);
        if (kind == 3) return _index(points, cursor);
        return _steps(points, cursor);
    }

    /// axes (1), each: size (4), run. Π lt(size).
    function _select(uint256 points, uint256 cursor) private pure returns (uint256 value, uint256 next) {
        unchecked {
            uint256 r = Multilinear.order(points);
            uint256 count = _uint(cursor++, 1);
            value = 1;
            for (uint256 axis = 0; axis < count; ++axis) {
                (uint256 list, uint256 bits) = _run(cursor + 4);
                value = mulmod(value, Multilinear.lessThan(points, list, bits, _uint(cursor, 4)), r);
                cursor += 6;
            }
            return (value, cursor);
        }
    }

    /// P (4), K (2), Q (4), stride (4), dilation (4), pad (4, signed), runs p, k, q:
    /// Σ_k eq(k) Σ_p eq(p) eq(stride p + dilation k - pad), over those with the last in 0..Q-1.
    function _window(uint256 points, uint256 cursor) private pure returns (uint256 value, uint256 next) {
        unchecked {
            next = cursor + 28;
            (uint256 positions, uint256 taps) = (_uint(cursor, 4), _uint(cursor + 4, 2));
            (uint256 stride, uint256 dilation) = (_uint(cursor + 10, 4), _uint(cursor + 14, 4));
            int256 pad = int32(uint32(_uint(cursor + 18, 4)));
            // Indices are from -pad to last.
            int256 last = int256(stride * (positions - 1) + dilation * (taps - 1)) - pad;
            uint256 size = _uint(cursor + 6, 4);
            if (last < 0 || pad <= -int256(size)) return (0, next);

            // Few positions among many indices: the tables would be of what nobody reads.
            uint256 indices = uint256(pad > 0 ? last + pad : last) + 3 * stride;
            if (positions * taps * _bitsOfWindow(cursor) < indices) {
                return (_windowByIndex(points, cursor, pad), next);
            }

            // eq of all indices that are looked at, 0 for those outside of 0..Q-1.
            uint256 before = pad > 0 ? 32 * uint256(pad) : 0;
            uint256 inside = 1 + uint256(last);
            uint256 eqQ = _free() + before;
            if (inside > size) inside = size;
            _tableOfRun(points, cursor + 26, inside, eqQ);
            uint256 eqP = eqQ + 32 * (uint256(last) + 5 + 3 * stride);
            _zeros(eqQ - before, before);
            _zeros(eqQ + 32 * inside, eqP - eqQ - 32 * inside);
            uint256 eqK = eqP + 32 * (positions + 4);
            _tableOfRun(points, cursor + 22, positions, eqP);
            _zeros(eqP + 32 * positions, 96); // positions come by four
            _tableOfRun(points, cursor + 24, taps, eqK);
            uint256 first = uint256(int256(eqQ) - 32 * pad);
            uint256 r = Multilinear.order(points);
            for (uint256 end = eqK + 32 * taps; eqK < end; eqK += 32) {
                uint256 sum = _correlation(r, eqP, positions, first, 32 * stride);
                value = addmod(value, mulmod(_word(eqK), sum, r), r);
                first += 32 * dilation;
            }
        }
    }

    /// Coordinates of all runs of a window.
    function _bitsOfWindow(uint256 cursor) private pure returns (uint256 bits) {
        unchecked {
            return _uint(cursor + 23, 1) + _uint(cursor + 25, 1) + _uint(cursor + 27, 1);
        }
    }

    /// A window position by position, without a table.
    function _windowByIndex(uint256 points, uint256 cursor, int256 pad) private pure returns (uint256 value) {
        unchecked {
            uint256 r = Multilinear.order(points);
            (uint256 positions, uint256 taps) = (_uint(cursor, 4), _uint(cursor + 4, 2));
            for (uint256 k = 0; k < taps; ++k) {
                uint256 sum;
                for (uint256 p = 0; p < positions; ++p) {
                    // One below 0 wraps to more than any size.
                    uint256 index = _uint(cursor + 10, 4) * p + _uint(cursor + 14, 4) * k - uint256(pad);
                    if (index >= _uint(cursor + 6, 4)) continue;
                    uint256 eqP = _eqOfRun(points, cursor + 22, p);
                    sum = addmod(sum, mulmod(eqP, _eqOfRun(points, cursor + 26, index), r), r);
                }
                value = addmod(value, mulmod(_eqOfRun(points, cursor + 24, k), sum, r), r);
            }
        }
    }

    /// Σ_i a_i b_i, a_i being word i at `a` and b_i at `b` + i step; up to three products more, where a_i is 0.
    function _correlation(
        uint256 r,
        uint256 a,
        uint256 count,
        uint256 b,
        uint256 step
    ) private pure returns (uint256 sum) {
        assembly ("memory-safe") {
            for {
                let end := add(a, shl(5, count))
            } lt(a, end) {
                a := add(a, 0x80)
            } {
                let four := mulmod(mload(a), mload(b), r)
                b := add(b, step)
                four := add(four, mulmod(mload(add(a, 0x20)), mload(b), r))
                b := add(b, step)
                four := add(four, mulmod(mload(add(a, 0x40)), mload(b), r))
                b := add(b, step)
                sum := addmod(sum, add(four, mulmod(mload(add(a, 0x60)), mload(b), r)), r)
                b := add(b, step)
            }
        }
    }

    function _zeros(uint256 to, uint256 length) private pure {
        assembly ("memory-safe") {
            calldatacopy(to, calldatasize(), length)
        }
    }

    /// P (4), runs p, q, then P entries of 3 bytes. Σ_p eq(p) eq(entry_p), over those other than 0xffffff.
    function _pick(uint256 points, uint256 cursor) private pure returns (uint256 value, uint256 next) {
        unchecked {
            uint256 r = Multilinear.order(points);
            uint256 positions = _uint(cursor, 4);
            (uint256 list, uint256 bits) = _run(cursor + 6);
            uint256 eqP = _free();
            uint256 eqQ = eqP + 32 * (positions + 3);
            _tableOfRun(points, cursor + 4, positions, eqP);
            // A table costs about as much an entry as eq(index) costs a coordinate.
            bool tabulated = 1 << bits <= positions * bits;
            if (tabulated) Multilinear.eqTable(points, list, bits, 1 << bits, eqQ);
            next = cursor + 8 + 3 * positions;
            for (cursor += 8; cursor < next; cursor += 3) {
                uint256 index = _uint(cursor, 3);
                if (index != 0xffffff) {
                    uint256 eqIndex = tabulated ? _word(eqQ + 32 * index) : Multilinear.eq(points, list, bits, index);
                    value = addmod(value, mulmod(_word(eqP), eqIndex, r), r);
                }
                eqP += 32;
            }
        }
    }

    /// run. Σ_i 2^i coordinate_(low + i), by Horner.
    function _index(uint256 points, uint256 cursor) private pure returns (uint256 value, uint256 next) {
        uint256 r = Multilinear.order(points);
        next = cursor + 2;
        (uint256 list, uint256 bits) = _run(cursor);
        assembly ("memory-safe") {
            for {} bits {} {
                bits := sub(bits, 1)
                value := addmod(addmod(value, value, r), mload(add(points, shl(5, byte(0, list)))), r)
                list := shl(8, list)
            }
        }
    }

    /// run, count (2), each: b (1), index (4), coefficient. Σ coefficient Π_{t >= b} eq(bit t - b of index, coordinate_t).
    function _steps(uint256 points, uint256 cursor) private pure returns (uint256 value, uint256 next) {
        unchecked {
            uint256 r = Multilinear.order(points);
            (uint256 list, uint256 bits) = _run(cursor);
            uint256 count = _uint(cursor + 2, 2);
            cursor += 4;
            for (uint256 i = 0; i < count; ++i) {
                uint256 term = Multilinear.eq(points, list, bits - _uint(cursor, 1), _uint(cursor + 1, 4));
                uint256 factor;
                (factor, cursor) = _coefficient(r, cursor + 5);
                value = addmod(value, mulmod(factor, term, r), r);
            }
            return (value, cursor);
        }
    }

    /// length (1; + 0x80 for a negative one) ‖ magnitude
    function _coefficient(uint256 r, uint256 cursor) private pure returns (uint256 value, uint256 next) {
        assembly ("memory-safe") {
            let head := byte(0, mload(cursor))
            let length := and(head, 0x7f)
            cursor := add(cursor, 1)
            value := shr(sub(256, shl(3, length)), mload(cursor))
            if gt(head, 0x7f) {
                value := sub(r, value)
            }
            next := add(cursor, length)
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

    function _tableOfRun(uint256 points, uint256 cursor, uint256 size, uint256 table) private pure {
        (uint256 list, uint256 bits) = _run(cursor);
        Multilinear.eqTable(points, list, bits, size, table);
    }

    function _eqOfRun(uint256 points, uint256 cursor, uint256 index) private pure returns (uint256) {
        (uint256 list, uint256 bits) = _run(cursor);
        return Multilinear.eq(points, list, bits, index);
    }

    /// coordinate (1) ‖ bits (1)
    function _run(uint256 cursor) private pure returns (uint256 list, uint256 bits) {
        unchecked {
            bits = _uint(cursor + 1, 1);
            list = Multilinear.listOf(_uint(cursor, 1), bits);
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
