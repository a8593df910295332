// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IProofSystem} from "../interfaces/IProofSystem.sol";
import {Bn254} from "../libraries/Bn254.sol";
import {KeyHeader} from "../libraries/KeyHeader.sol";

/// @title Groth16 key blobs
/// @notice docs/spec/formats.md, section 5: a head (KeyHeader), then n (2) ‖ alpha1 (64) ‖ beta2, gamma2, delta2 (128
/// each) ‖ ic[0..n] (64 each).
library Groth16Key {
    bytes4 internal constant SELECTOR = bytes4(keccak256("verigrad.groth16.v1"));

    // Reasons of IProofSystem.MalformedKey; 1 to 9 are KeyHeader's and TensorSpecLib's.
    uint256 internal constant SIGNAL_COUNT = 10;
    uint256 internal constant G1_POINT = 11;
    uint256 internal constant G2_POINT = 12;

    // From the end of the head.
    uint256 private constant ALPHA = 2;
    uint256 private constant BETA = 66;
    uint256 private constant GAMMA = 194;
    uint256 private constant DELTA = 322;
    uint256 private constant IC = 450;

    /// @notice Reverts with MalformedKey or ForgeableKey unless the blob is a canonical key that somebody contributed to.
    /// The order of the checks is part of docs/spec/onchain-verification.md.
    function validate(bytes memory key) internal view {
        (uint256 inputSignals, uint256 outputSignals, uint256 end) = KeyHeader.validate(key, SELECTOR);
        if (key.length < end + ALPHA) revert IProofSystem.MalformedKey(KeyHeader.LENGTH);
        uint256 n = KeyHeader.uint16At(key, end);
        if (n != 1 + inputSignals + outputSignals) revert IProofSystem.MalformedKey(SIGNAL_COUNT);
        if (key.length != end + IC + 64 * (n + 1)) revert IProofSystem.MalformedKey(KeyHeader.LENGTH);

        (uint256 alpha, uint256 beta, uint256 gamma, uint256 delta, uint256 ic) = pointsOf(key);
        if (!Bn254.isG1(alpha)) revert IProofSystem.MalformedKey(G1_POINT);
        for (uint256 i = 0; i <= n; ++i) {
            if (!Bn254.isG1(ic + 64 * i)) revert IProofSystem.MalformedKey(G1_POINT);
        }
        if (!Bn254.isOnTwist(beta) || !Bn254.isOnTwist(gamma) || !Bn254.isOnTwist(delta) || !_inSubgroup(beta)) {
            revert IProofSystem.MalformedKey(G2_POINT);
        }
        _refuseForgeable(beta, gamma, delta);
    }

    /// @notice Number of public signals of a stored key.
    function signalCount(bytes memory key) internal pure returns (uint256) {
        unchecked {
            return KeyHeader.uint16At(key, KeyHeader.endOf(key));
        }
    }

    /// @notice Memory addresses of the points of a stored key; ic[i] stands at ic + 64 i.
    function pointsOf(
        bytes memory key
    ) internal pure returns (uint256 alpha, uint256 beta, uint256 gamma, uint256 delta, uint256 ic) {
        unchecked {
            uint256 head = KeyHeader.endOf(key);
            assembly ("memory-safe") {
                head := add(add(key, 0x20), head)
            }
            return (head + ALPHA, head + BETA, head + GAMMA, head + DELTA, head + IC);
        }
    }

    /// SAFETY: anyone could forge with such a key. With s, t in {1, -1}: delta = s gamma lets C cancel the public inputs
    /// (A = alpha, B = beta, C = -s vk_x); beta = s gamma lets A = alpha + s vk_x, B = beta + t delta, C = t A do it; beta =
    /// s delta lets A = vk_x, B = gamma, C = -s alpha do it. delta is the generator until somebody contributes to
    /// phase 2; beta is until somebody contributes to phase 1, where gamma is too. Equal x means equal up to sign.
    function _refuseForgeable(uint256 beta, uint256 gamma, uint256 delta) private pure {
        (uint256 x1, uint256 x0) = (Bn254.G2_X1, Bn254.G2_X0);
        bool deltaIsGenerator;
        assembly ("memory-safe") {
            deltaIsGenerator := and(eq(mload(delta), x1), eq(mload(add(delta, 0x20)), x0))
        }
        if (deltaIsGenerator || _sameX(delta, gamma) || _sameX(beta, gamma) || _sameX(beta, delta)) {
            revert IProofSystem.ForgeableKey();
        }
    }

    function _sameX(uint256 a, uint256 b) private pure returns (bool same) {
        assembly ("memory-safe") {
            same := eq(keccak256(a, 0x40), keccak256(b, 0x40))
        }
    }

    /// Whether the three G2 points from `points` on, all on the twist, have order r: the precompile takes no others. They
    /// are paired with the generator of G1 (1, 2); the product does not matter.
    function _inSubgroup(uint256 points) private view returns (bool valid) {
        uint256 pairs;
        assembly ("memory-safe") {
            pairs := mload(0x40)
            for {
                let i := 0
            } lt(i, 3) {
                i := add(i, 1)
            } {
                let pair := add(pairs, mul(i, 0xc0))
                mstore(pair, 1)
                mstore(add(pair, 0x20), 2)
                mcopy(add(pair, 0x40), add(points, shl(7, i)), 0x80)
            }
        }
        (valid, ) = Bn254.pairing(pairs, 3);
    }
}
