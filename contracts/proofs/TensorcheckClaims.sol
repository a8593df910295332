// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Multilinear} from "../libraries/Multilinear.sol";

/// @title Where sumcheck C ends
/// @notice docs/spec/tensorcheck.md, section 3: all claims about columns become evaluations of entities at one point s.
library TensorcheckClaims {
    /// Bytes 31, 30, ..., 0.
    uint256 private constant DESCENDING = 0x1f1e1d1c1b1a191817161514131211100f0e0d0c0b0a09080706050403020100;

    struct Reduction {
        uint256 points; // table of coordinates
        uint256 n; // coordinates of s
        uint256 k; // coordinates of r
        uint256 s; // s_t at word t
        uint256 delta;
        uint256 eta;
        uint256 evaluations; // P_e(s) at word e
        uint256 scalars; // out: the weight of each chunk in f = Σ_e η^e P_e
        uint256 eqS; // 1 - s_t, s_t, 2 s_t - 1 at words 3 t, 3 t + 1, 3 t + 2
        uint256 standard; // Π_{t < b} eq(r_t, s_t) at word b
        uint256 power; // δ^i for the next claim i
        uint256 claims; // how many there were
    }

    /// @notice Reads the entities from the key at `cursor`.
    /// @return sum Σ_e E_e(s) P_e(s), E_e(s) = Σ_{claims i of e} δ^i eq(block ‖ coordinates, s)
    /// @return y Σ_e η^e P_e(s)
    /// @return next the byte after the entities
    function reduce(
        Reduction memory c,
        uint256 cursor,
        uint256 entities
    ) internal pure returns (uint256 sum, uint256 y, uint256 next) {
        unchecked {
            uint256 r = Multilinear.order(c.points);
            _tables(c);
            c.power = 1;
            uint256 weight = 1; // η^e
            for (uint256 e = 0; e < entities; ++e) {
                uint256 head;
                uint256 evaluation;
                uint256 evaluations = c.evaluations + 32 * e;
                assembly ("memory-safe") {
                    head := mload(cursor)
                    evaluation := mload(evaluations)
                }
                cursor = _weigh(c, head, cursor + 3, weight);
                uint256 inner;
                (inner, cursor) = _claims(c, cursor);
                sum = addmod(sum, mulmod(inner, evaluation, r), r);
                y = addmod(y, mulmod(weight, evaluation, r), r);
                weight = mulmod(weight, c.eta, r);
            }
            return (sum, y, cursor);
        }
    }

    /// kind (1) ‖ chunk (2) of `head`; for a folded one u (1) ‖ u coordinates at `cursor`. Adds weight Π eq(hi, j) to the
    /// scalars of its chunks.
    function _weigh(
        Reduction memory c,
        uint256 head,
        uint256 cursor,
        uint256 weight
    ) private pure returns (uint256 next) {
        unchecked {
            uint256 r = Multilinear.order(c.points);
            uint256 slot = c.scalars + 32 * ((head >> 232) & 0xffff);
            if (head >> 248 == 0) {
                assembly ("memory-safe") {
                    mstore(slot, addmod(mload(slot), weight, r))
                }
                return cursor;
            }
            uint256 upper;
            uint256 list;
            uint256 table;
            assembly ("memory-safe") {
                upper := byte(0, mload(cursor))
                list := mload(add(cursor, 1))
                table := mload(0x40)
            }
            Multilinear.eqTable(c.points, list, upper, 1 << upper, table);
            assembly ("memory-safe") {
                for {
                    let end := add(table, shl(add(upper, 5), 1))
                } lt(table, end) {
                    table := add(table, 0x20)
                } {
                    mstore(slot, addmod(mload(slot), mulmod(weight, mload(table), r), r))
                    slot := add(slot, 0x20)
                }
            }
            return cursor + 1 + upper;
        }
    }

    /// count (2), each: bits (1; + 0x80 for r_{bits-1..0}) ‖ block (4) ‖ coordinates. Σ δ^i eq(block ‖ coordinates, s).
    function _claims(Reduction memory c, uint256 cursor) private pure returns (uint256 sum, uint256 next) {
        uint256 r = Multilinear.order(c.points);
        (uint256 points, uint256 eqS, uint256 standard, uint256 delta, uint256 power) = (
            c.points,
            c.eqS,
            c.standard,
            c.delta,
            c.power
        );
        uint256 eqEnd;
        uint256 count;
        unchecked {
            eqEnd = eqS + 96 * c.n;
        }
        assembly ("memory-safe") {
            count := shr(240, mload(cursor))
            cursor := add(cursor, 2)
            for {
                let i := count
            } i {
                i := sub(i, 1)
            } {
                let head := mload(cursor)
                let bits := byte(0, head)
                let block_ := shr(224, shl(8, head))
                cursor := add(cursor, 5)
                let value := power
                power := mulmod(power, delta, r)
                let
                    place // of the coordinate above the column's own
                switch gt(bits, 0x7f)
                case 0 {
                    // Its last bytes are coordinates bits - 1, ..., 0; those that are r_t at t are multiplied already.
                    let list := mload(sub(add(cursor, bits), 0x20))
                    let other := xor(list, DESCENDING)
                    let same := shr(3, sub(255, clz(and(other, sub(0, other)))))
                    if gt(same, bits) {
                        same := bits
                    }
                    value := mulmod(value, mload(add(standard, shl(5, same))), r)
                    let e := add(eqS, mul(0x60, same))
                    place := add(eqS, mul(0x60, bits))
                    // eq(u, s_t) = u (2 s_t - 1) + 1 - s_t
                    list := shr(shl(3, same), list)
                    for {} lt(e, place) {
                        e := add(e, 0x60)
                    } {
                        let u := mload(add(points, shl(5, and(list, 0xff))))
                        list := shr(8, list)
                        value := mulmod(value, add(mulmod(u, mload(add(e, 0x40)), r), mload(e)), r)
                    }
                    cursor := add(cursor, bits)
                }
                default {
                    bits := and(bits, 0x7f)
                    value := mulmod(value, mload(add(standard, shl(5, bits))), r)
                    place := add(eqS, mul(0x60, bits))
                }
                for {} lt(place, eqEnd) {
                    place := add(place, 0x60)
                } {
                    value := mulmod(value, mload(add(place, shl(5, and(block_, 1)))), r)
                    block_ := shr(1, block_)
                }
                sum := addmod(sum, value, r)
            }
            next := cursor
        }
        c.power = power;
        unchecked {
            c.claims += count;
        }
    }

    /// What claims share: eq with the coordinates of s, and of r_{b-1..0} for all b.
    function _tables(Reduction memory c) private pure {
        uint256 r = Multilinear.order(c.points);
        (uint256 points, uint256 s, uint256 n, uint256 k) = (c.points, c.s, c.n, c.k);
        uint256 eqS;
        uint256 standard;
        assembly ("memory-safe") {
            eqS := mload(0x40)
            standard := add(eqS, mul(0x60, n))
            mstore(0x40, add(standard, shl(5, add(n, 1))))
            let product := 1
            mstore(standard, product)
            for {
                let t := 0
            } lt(t, n) {
                t := add(t, 1)
            } {
                let e := add(eqS, mul(0x60, t))
                let st := mload(add(s, shl(5, t)))
                let complement := addmod(1, sub(r, st), r)
                let slope := addmod(st, sub(r, complement), r)
                mstore(e, complement)
                mstore(add(e, 0x20), st)
                mstore(add(e, 0x40), slope)
                if lt(t, k) {
                    let u := mload(add(points, shl(5, t)))
                    product := mulmod(product, add(mulmod(u, slope, r), complement), r)
                    mstore(add(standard, shl(5, add(t, 1))), product)
                }
            }
        }
        (c.eqS, c.standard) = (eqS, standard);
    }
}
