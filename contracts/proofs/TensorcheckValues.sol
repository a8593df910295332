// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Multilinear} from "../libraries/Multilinear.sol";

/// @title Structured polynomials of tensorcheck
/// @notice What the verifier evaluates from a few numbers of the key (docs/spec/tensorcheck.md, section 5). `points` is the
/// table of coordinates (Multilinear); `cursor` is the memory address of the next byte of a validated key, and each function
/// returns the one after what it read. Tables are written behind the free memory pointer and forgotten.
library TensorcheckValues {
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
