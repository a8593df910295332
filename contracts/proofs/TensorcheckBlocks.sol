// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Multilinear} from "../libraries/Multilinear.sol";

/// @title Where sumcheck A ends
/// @notice docs/spec/tensorcheck.md, section 2: the blocks of a program, from the values that they name.
library TensorcheckBlocks {
    uint256 private constant HALF = 10944121435919637611123202872628637544274182200208017171849102093287904247809;

    /// @notice Reads the blocks from the key at `cursor`: Σ_blocks 2^-(K - k) f(r_{k-1..0}),
    ///   f = E [ Σ_terms α^c coefficient Π factors + Σ_lookups α^c (h Π_j φ_j - Σ_j ± num_j Π_{i≠j} φ_i) ] + Σ_lookups h
    ///   φ_j = γ - Σ β^power coefficient value mask
    /// @param points table of coordinates, with K of r and R of ρ
    /// @param values address of value 0
    function evaluate(
        uint256 points,
        uint256 kMax,
        uint256 rMax,
        uint256 values,
        uint256 alpha,
        uint256 beta,
        uint256 gamma,
        uint256 cursor
    ) internal pure returns (uint256 sum) {
        uint256 scratch = _tables(points, kMax, rMax, alpha, beta, gamma);
        assembly ("memory-safe") {
            mstore(add(scratch, 0x120), values)
        }
        assembly ("memory-safe") {
            // product times a value by its number, 0xffff for 1.
            function times(r, table, product, index) -> result {
                result := product
                if lt(index, 0xffff) {
                    result := mulmod(product, mload(add(table, shl(5, index))), r)
                }
            }
            // length (1; + 0x80 for a negative one) ‖ magnitude
            function coefficientAt(r, from) -> value, next {
                let head := byte(0, mload(from))
                let length := and(head, 0x7f)
                from := add(from, 1)
                value := shr(sub(256, shl(3, length)), mload(from))
                if gt(head, 0x7f) {
                    value := sub(r, value)
                }
                next := add(from, length)
            }
            // α^c: the table grows to what is asked for.
            function alphaTo(room, c) -> power {
                let top := mload(add(room, 0x40))
                let table := mload(add(room, 0x20))
                if lt(top, c) {
                    let r := mload(room)
                    let a := mload(add(room, 0x60))
                    power := mload(add(table, shl(5, top)))
                    for {
                        let to := add(table, shl(5, top))
                        let end := add(table, shl(5, c))
                    } lt(to, end) {} {
                        to := add(to, 0x20)
                        power := mulmod(power, a, r)
                        mstore(to, power)
                    }
                    mstore(add(room, 0x40), c)
                }
                power := mload(add(table, shl(5, c)))
            }
            // count (2), each: c (2), coefficient, count (1), factors (2 each)
            function terms(room, table, from) -> total, next {
                let r := mload(room)
                let count := shr(240, mload(from))
                from := add(from, 2)
                for {} count {
                    count := sub(count, 1)
                } {
                    let term, factors := coefficientAt(r, add(from, 2))
                    term := mulmod(term, alphaTo(room, shr(240, mload(from))), r)
                    from := add(factors, 1)
                    for {
                        let end := add(from, shl(1, byte(0, mload(factors))))
                    } lt(from, end) {
                        from := add(from, 2)
                    } {
                        let index := shr(240, mload(from))
                        if lt(index, 0xffff) {
                            term := mulmod(term, mload(add(table, shl(5, index))), r)
                        }
                    }
                    total := addmod(total, term, r)
                }
                next := from
            }
            // count (1), each: power (1), coefficient, value (2), mask (2)
            function phiAt(room, from) -> phi, next {
                let r := mload(room)
                let table := mload(add(room, 0x120))
                let count := byte(0, mload(from))
                from := add(from, 1)
                for {} count {
                    count := sub(count, 1)
                } {
                    let head := mload(from)
                    let length := and(byte(1, head), 0x7f)
                    let term := shr(sub(256, shl(3, length)), mload(add(from, 2)))
                    term := mulmod(term, mload(add(add(room, 0xa0), shl(5, byte(0, head)))), r)
                    from := add(add(from, 2), length)
                    let factors := shr(224, mload(from))
                    from := add(from, 4)
                    if lt(factors, 0xffffffff) {
                        let index := shr(16, factors)
                        if lt(index, 0xffff) {
                            term := mulmod(term, mload(add(table, shl(5, index))), r)
                        }
                        index := and(factors, 0xffff)
                        if lt(index, 0xffff) {
                            term := mulmod(term, mload(add(table, shl(5, index))), r)
                        }
                    }
                    switch gt(byte(1, head), 0x7f)
                    case 0 {
                        phi := addmod(phi, term, r)
                    }
                    default {
                        phi := addmod(phi, sub(r, term), r)
                    }
                }
                phi := addmod(mload(add(room, 0x80)), sub(r, phi), r)
                next := from
            }
            // ± num times a product; num (2), negative (1)
            function numeratorAt(room, from, product) -> num {
                let head := mload(from)
                num := times(mload(room), mload(add(room, 0x120)), product, shr(240, head))
                if byte(2, head) {
                    num := sub(mload(room), num)
                }
            }
            // count (2), each: c (2), h (2), count (1), fractions: numerator, linear terms
            function lookups(room, table, from) -> total, helps, next {
                let r := mload(room)
                let count := shr(240, mload(from))
                from := add(from, 2)
                for {} count {
                    count := sub(count, 1)
                } {
                    let power := alphaTo(room, shr(240, mload(from)))
                    let h := times(r, table, 1, shr(240, mload(add(from, 2))))
                    let fractions := byte(4, mload(from))
                    from := add(from, 5)
                    // Σ_j ± num_j / φ_j = numerator / denominator
                    let numerator := numeratorAt(room, from, 1)
                    let denominator
                    denominator, from := phiAt(room, add(from, 3))
                    for {} gt(fractions, 1) {
                        fractions := sub(fractions, 1)
                    } {
                        let num := numeratorAt(room, from, denominator)
                        let phi
                        phi, from := phiAt(room, add(from, 3))
                        numerator := addmod(mulmod(numerator, phi, r), num, r)
                        denominator := mulmod(denominator, phi, r)
                    }
                    let zero := addmod(mulmod(h, denominator, r), sub(r, numerator), r)
                    total := addmod(total, mulmod(power, zero, r), r)
                    helps := addmod(helps, h, r)
                }
                next := from
            }

            let r := mload(scratch)
            let count := shr(240, mload(cursor))
            cursor := add(cursor, 2)
            for {} count {
                count := sub(count, 1)
            } {
                // k (1), eq (1)
                let entry := add(add(scratch, 0x140), shl(6, byte(0, mload(cursor))))
                let isEq := byte(1, mload(cursor))
                let f, lookupTotal, helps
                f, cursor := terms(scratch, values, add(cursor, 2))
                lookupTotal, helps, cursor := lookups(scratch, values, cursor)
                f := addmod(f, lookupTotal, r)
                if isEq {
                    f := mulmod(f, mload(add(entry, 0x20)), r)
                }
                sum := addmod(sum, mulmod(mload(entry), addmod(f, helps, r), r), r)
            }
        }
    }

    /// Words: the order of the field; the address of the powers of α, which are the last of all memory; the greatest of them that is there; α; γ;
    /// 1, β, β^2, β^3; the address of value 0; from word 10 on, for each k <= K, 2^-(K - k) and, for k <= R too, Π_{t<k} eq(ρ_t, r_t).
    function _tables(
        uint256 points,
        uint256 kMax,
        uint256 rMax,
        uint256 alpha,
        uint256 beta,
        uint256 gamma
    ) private pure returns (uint256 scratch) {
        uint256 r = Multilinear.order(points);
        assembly ("memory-safe") {
            scratch := mload(0x40)
            let table := add(scratch, 0x140)
            let powers := add(table, shl(6, add(kMax, 1)))
            mstore(0x40, powers)
            mstore(scratch, r)
            mstore(add(scratch, 0x20), powers)
            mstore(add(scratch, 0x40), 0)
            mstore(add(scratch, 0x60), alpha)
            mstore(add(scratch, 0x80), gamma)
            mstore(powers, 1)
            let square := mulmod(beta, beta, r)
            mstore(add(scratch, 0xa0), 1)
            mstore(add(scratch, 0xc0), beta)
            mstore(add(scratch, 0xe0), square)
            mstore(add(scratch, 0x100), mulmod(square, beta, r))

            let scale := 1
            for {
                let k := kMax
            } 1 {
                k := sub(k, 1)
            } {
                mstore(add(table, shl(6, k)), scale)
                if iszero(k) {
                    break
                }
                scale := mulmod(scale, HALF, r)
            }
            let e := 1
            mstore(add(table, 0x20), e)
            for {
                let t := 0
            } and(lt(t, kMax), lt(t, rMax)) {} {
                let a := mload(add(points, shl(5, t)))
                let b := mload(add(points, shl(5, add(t, 0x40))))
                t := add(t, 1)
                // eq(a, b) = 1 - a - b + 2 a b
                let ab := mulmod(a, b, r)
                e := mulmod(e, addmod(add(1, add(ab, ab)), sub(add(r, r), add(a, b)), r), r)
                mstore(add(add(table, shl(6, t)), 0x20), e)
            }
        }
    }
}
