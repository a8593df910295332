// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Bn254} from "../libraries/Bn254.sol";

/// @title The opening of tensorcheck
/// @notice docs/spec/tensorcheck.md, section 3: one committed multilinear polynomial f at the point s (Gemini), as many
/// univariate openings of its folds f_j (Shplonk over KZG). Of f_0 = f the commitment is Σ scalar · chunk.
library TensorcheckOpening {
    /// Addresses, but for n, counts and challenges.
    struct Opening {
        uint256 order; // of the field
        uint256 n;
        uint256 s; // s_t at word t
        uint256 y; // f(s)
        uint256 preChunks; // commitments in the key
        uint256 preCount;
        uint256 proofChunks; // commitments of the wit and help chunks
        uint256 proofCount;
        uint256 scalars; // of all chunks
        uint256 folds; // C_1, ..., C_{n-1}
        uint256 e; // e_0, ..., e_{n-1}
        uint256 proof; // [Q] ‖ [W]
        uint256 tau; // [τ]_2
        uint256 zeta;
        uint256 nu;
        uint256 z;
    }

    /// @notice Whether e([Q] - Σ_j w_j C_j + k_0 [1]_1 + z [W], [1]_2) = e([W], [τ]_2).
    function holds(Opening memory o) internal view returns (bool) {
        uint256 r = o.order;
        (uint256 weights, uint256 k0, bool defined) = _weights(o);
        // SAFETY: a challenge that hits a root leaves the claim undefined; it is refused, not skipped.
        if (!defined) return false;

        uint256 pairs;
        uint256 proof = o.proof;
        assembly ("memory-safe") {
            pairs := mload(0x40) // two of 192 bytes; the first has room to work in until it is complete
            mstore(0x40, add(pairs, 0x180))
            mcopy(pairs, proof, 0x40) // [Q]
        }
        unchecked {
            // -w_0 [f], then -w_j C_j
            uint256 scalars = o.scalars;
            uint256 chunks = o.preCount + o.proofCount;
            assembly ("memory-safe") {
                let w := mload(weights)
                for {
                    let scalar := scalars
                    let end := add(scalars, shl(5, chunks))
                } lt(scalar, end) {
                    scalar := add(scalar, 0x20)
                } {
                    mstore(scalar, mulmod(w, mload(scalar), r))
                }
            }
            _mulAddAll(pairs, o.preChunks, o.preCount, scalars);
            _mulAddAll(pairs, o.proofChunks, o.proofCount, scalars + 32 * o.preCount);
            _mulAddAll(pairs, o.folds, o.n - 1, weights + 32);
            Bn254.mulAdd(pairs, proof + 64, o.z);
            uint256 generator = pairs + 192;
            assembly ("memory-safe") {
                mstore(generator, 1)
                mstore(add(generator, 0x20), 2)
            }
            Bn254.mulAdd(pairs, generator, k0);
        }
        _complete(pairs, o);
        (bool valid, bool isOne) = Bn254.pairing(pairs, 2);
        return valid && isOne;
    }

    /// The second points of both pairs, and -[W].
    function _complete(uint256 pairs, Opening memory o) private pure {
        (uint256 x1, uint256 x0, uint256 y1, uint256 y0) = (Bn254.G2_X1, Bn254.G2_X0, Bn254.G2_Y1, Bn254.G2_Y0);
        (uint256 w, uint256 tau) = (o.proof, o.tau);
        assembly ("memory-safe") {
            mstore(add(pairs, 0x40), x1)
            mstore(add(pairs, 0x60), x0)
            mstore(add(pairs, 0x80), y1)
            mstore(add(pairs, 0xa0), y0)
            pairs := add(pairs, 0xc0)
            mcopy(pairs, add(w, 0x40), 0x40)
            mcopy(add(pairs, 0x40), tau, 0x80)
        }
        Bn254.negate(pairs);
    }

    function _mulAddAll(uint256 sum, uint256 points, uint256 count, uint256 scalars) private view {
        unchecked {
            for (uint256 i = 0; i < count; ++i) {
                uint256 scalar;
                assembly ("memory-safe") {
                    scalar := mload(add(scalars, shl(5, i)))
                }
                Bn254.mulAdd(sum, points + 64 * i, scalar);
            }
        }
    }

    /// From a_n = y down, with r_j = ζ^(2^j), and 1/(z - r_j) = (z + r_j)/(z^2 - r_{j+1}) and the like:
    ///   a_j = (2 r_j a_{j+1} - e_j ((1 - s_j) r_j - s_j)) / ((1 - s_j) r_j + s_j)
    ///   w_j = u + v, k_0 = Σ_j u a_j + v e_j, u = ν^(2j)/(z - r_j), v = ν^(2j+1)/(z + r_j)
    /// @return weights address of -w_0, ..., -w_{n-1}
    /// @return k0 as above
    /// @return defined false where a denominator is 0
    function _weights(Opening memory o) private view returns (uint256 weights, uint256 k0, bool defined) {
        uint256 r = o.order;
        (uint256 table, uint256 product) = _denominators(o);
        if (product == 0) return (0, 0, false);
        uint256 inverse = Bn254.inverse(product);
        (uint256 n, uint256 s, uint256 e, uint256 y) = (o.n, o.s, o.e, o.y);
        (uint256 nu, uint256 z) = (o.nu, o.z);
        assembly ("memory-safe") {
            weights := mload(0x40)
            mstore(0x40, add(weights, shl(5, n)))
            let nuSquared := mulmod(nu, nu, r)

            // Backwards, undoing the products; entry words 1, 2 become their inverses, word 3 a_j.
            let a := y
            for {
                let j := n
            } j {} {
                j := sub(j, 1)
                let entry := add(table, mul(0xa0, j))
                let rj := mload(entry)
                let sj := mload(add(s, shl(5, j)))
                let gap := mload(add(entry, 0x40))
                mstore(add(entry, 0x40), mulmod(inverse, mload(add(entry, 0x80)), r))
                inverse := mulmod(inverse, gap, r)
                let fold := mload(add(entry, 0x20))
                let foldInverse := mulmod(inverse, mload(add(entry, 0x60)), r)
                inverse := mulmod(inverse, fold, r)
                // (1 - s) r - s = fold - 2 s
                let other := addmod(fold, sub(r, addmod(sj, sj, r)), r)
                a := mulmod(addmod(rj, rj, r), a, r)
                a := addmod(a, sub(r, mulmod(mload(add(e, shl(5, j))), other, r)), r)
                a := mulmod(a, foldInverse, r)
                mstore(add(entry, 0x60), a)
            }
            // Forwards: powers of ν.
            let power := 1
            for {
                let j := 0
            } lt(j, n) {
                j := add(j, 1)
            } {
                let entry := add(table, mul(0xa0, j))
                let rj := mload(entry)
                let scaled := mulmod(power, mload(add(entry, 0x40)), r)
                let u := mulmod(scaled, add(z, rj), r)
                let v := mulmod(mulmod(scaled, nu, r), add(z, sub(r, rj)), r)
                mstore(add(weights, shl(5, j)), sub(r, addmod(u, v, r)))
                k0 := addmod(k0, mulmod(u, mload(add(entry, 0x60)), r), r)
                k0 := addmod(k0, mulmod(v, mload(add(e, shl(5, j))), r), r)
                power := mulmod(power, nuSquared, r)
            }
            defined := 1
        }
    }

    /// A table of five words for each j: r_j, (1 - s_j) r_j + s_j, z^2 - r_{j+1}, and the product of all denominators before
    /// the one and the other. Returns the product of all too: one inversion is enough for them.
    function _denominators(Opening memory o) private pure returns (uint256 table, uint256 product) {
        uint256 r = o.order;
        (uint256 n, uint256 s, uint256 z, uint256 rj) = (o.n, o.s, o.z, o.zeta);
        assembly ("memory-safe") {
            table := mload(0x40)
            let end := add(table, mul(0xa0, n))
            mstore(0x40, end)
            let zSquared := mulmod(z, z, r)
            product := 1
            for {
                let entry := table
            } lt(entry, end) {
                entry := add(entry, 0xa0)
            } {
                let sj := mload(s)
                s := add(s, 0x20)
                let fold := addmod(mulmod(addmod(1, sub(r, sj), r), rj, r), sj, r)
                mstore(entry, rj)
                mstore(add(entry, 0x20), fold)
                mstore(add(entry, 0x60), product)
                product := mulmod(product, fold, r)
                rj := mulmod(rj, rj, r)
                let gap := addmod(zSquared, sub(r, rj), r)
                mstore(add(entry, 0x40), gap)
                mstore(add(entry, 0x80), product)
                product := mulmod(product, gap, r)
            }
        }
    }
}
