// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IProofSystem} from "../interfaces/IProofSystem.sol";
import {Bn254} from "../libraries/Bn254.sol";
import {KeyHeader} from "../libraries/KeyHeader.sol";
import {TensorSpecLib} from "../libraries/TensorSpecLib.sol";
import {Groth16Key} from "./Groth16Key.sol";
import {KeyedProofSystem} from "./KeyedProofSystem.sol";

/// @title Groth16 over BN254 for any number of keys
/// @notice No owner, no parameters: what a key verifies can never change. Checks, their order and the error of each are
/// specified in docs/spec/onchain-verification.md; the TypeScript verifier does the same.
contract Groth16ProofSystem is KeyedProofSystem {
    uint256 private constant SEAL_LENGTH = 256;
    uint256 private constant PAIR = 192; // bytes
    bytes32 private constant DOMAIN_BATCH = keccak256("verigrad.groth16.batch.v1");

    /// @inheritdoc IProofSystem
    function selector() external pure returns (bytes4) {
        return Groth16Key.SELECTOR;
    }

    /// @inheritdoc IProofSystem
    function checkInput(bytes32 keyHash, bytes calldata input) external view {
        bytes memory key = _load(keyHash);
        _packInput(key, input, new uint256[](Groth16Key.signalCount(key)));
    }

    /// @inheritdoc IProofSystem
    function verify(
        bytes32 keyHash,
        uint256 context,
        bytes calldata input,
        bytes calldata output,
        bytes calldata seal
    ) external view {
        bytes memory key = _load(keyHash);
        uint256[] memory signals = _signals(key, context, input, output);
        _checkProduct(_pairs(key, signals, _readSeal(seal)), 4);
    }

    /// @inheritdoc IProofSystem
    /// @dev One pairing check of a random linear combination. For claims i = 1..N with proofs (A_i, B_i, C_i) and
    /// coefficients rho_i drawn by hashing all of them:
    /// prod_i e(-rho_i A_i, B_i) * e((sum rho_i) alpha, beta) * e(sum rho_i vk_x_i, gamma) * e(sum rho_i C_i, delta) = 1.
    /// If any single check fails, this one holds for at most one in r of the values of its rho: 2^-248 as drawn.
    function verifyBatch(
        bytes32 keyHash,
        uint256[] calldata contexts,
        bytes[] calldata inputs,
        bytes[] calldata outputs,
        bytes[] calldata seals
    ) external view {
        uint256 count = _batchLength(contexts, inputs, outputs, seals);
        bytes memory key = _load(keyHash);
        if (count == 0) return; // nothing is claimed

        uint256[][] memory signals = new uint256[][](count);
        uint256[] memory proofs = new uint256[](count);
        // SAFETY: the challenge covers everything that the check depends on, each by a hash of its own.
        bytes32 challenge = keccak256(abi.encode(DOMAIN_BATCH, keyHash, count));
        for (uint256 i = 0; i < count; ++i) {
            signals[i] = _signals(key, contexts[i], inputs[i], outputs[i]);
            proofs[i] = _readSeal(seals[i]);
            challenge = keccak256(
                abi.encode(challenge, contexts[i], keccak256(inputs[i]), keccak256(outputs[i]), keccak256(seals[i]))
            );
        }
        _checkProduct(_batchPairs(key, signals, proofs, challenge), count + 3);
    }

    function _validate(bytes memory key) internal view override {
        Groth16Key.validate(key);
    }

    /// The public signals in the order of formats.md, section 4. Errors, in this order: ScalarOutOfField for the context;
    /// WrongLength, ValueOutOfRange or ScalarOutOfField for the input; WrongLength, ValueOutOfRange for the output.
    function _signals(
        bytes memory key,
        uint256 context,
        bytes calldata input,
        bytes calldata output
    ) private pure returns (uint256[] memory signals) {
        // SAFETY: context + r would be another context with the same proofs.
        if (context >= Bn254.R) revert ScalarOutOfField(0, context);
        signals = new uint256[](Groth16Key.signalCount(key));
        signals[0] = context;
        uint256 next = _packInput(key, input, signals);
        TensorSpecLib.pack(key, KeyHeader.outputSpecsOf(key), output, signals, next);
    }

    /// Writes the input's signals from index 1 on.
    function _packInput(
        bytes memory key,
        bytes calldata input,
        uint256[] memory signals
    ) private pure returns (uint256 next) {
        if (KeyHeader.inputModeOf(key) == KeyHeader.PUBLIC) {
            return TensorSpecLib.pack(key, KeyHeader.INPUT_SPECS, input, signals, 1);
        }
        if (input.length != 32) revert WrongLength(32, input.length);
        uint256 commitment = uint256(bytes32(input));
        // SAFETY: as for the context.
        if (commitment >= Bn254.R) revert ScalarOutOfField(1, commitment);
        signals[1] = commitment;
        return 2;
    }

    /// Copies a seal, A ‖ B ‖ C, to memory. Errors: MalformedSeal. B may still lie outside its subgroup.
    function _readSeal(bytes calldata seal) private pure returns (uint256 proof) {
        if (seal.length != SEAL_LENGTH) revert MalformedSeal();
        assembly ("memory-safe") {
            proof := mload(0x40)
            mstore(0x40, add(proof, SEAL_LENGTH))
            calldatacopy(proof, seal.offset, SEAL_LENGTH)
        }
        // SAFETY: canonical points of the curves only; infinity, which a degenerate equation might accept, is none.
        if (!Bn254.isG1(proof) || !Bn254.isOnTwist(proof + 64) || !Bn254.isG1(proof + 192)) revert MalformedSeal();
    }

    /// e(-A, B) e(alpha, beta) e(vk_x, gamma) e(C, delta), vk_x = ic[0] + sum_j signals[j] ic[j + 1]
    /// (Groth, EUROCRYPT 2016, section 3.2, as snarkjs divides gamma out of the public part).
    function _pairs(bytes memory key, uint256[] memory signals, uint256 proof) private view returns (uint256 pairs) {
        (uint256 alpha, , uint256 gamma, uint256 delta, uint256 ic) = Groth16Key.pointsOf(key);
        pairs = _allocate(4 * PAIR);
        unchecked {
            uint256 vkX = pairs + 2 * PAIR;
            _copy(vkX, ic, 64);
            for (uint256 j = 0; j < signals.length; ++j) Bn254.mulAdd(vkX, ic + 64 * (j + 1), signals[j]);
            _copy(vkX + 64, gamma, 128); // mulAdd worked here

            _copy(pairs, proof, PAIR);
            Bn254.negate(pairs);
            _copy(pairs + PAIR, alpha, PAIR); // alpha ‖ beta, as they stand in the key
            _copy(pairs + 3 * PAIR, proof + PAIR, 64);
            _copy(pairs + 3 * PAIR + 64, delta, 128);
        }
    }

    function _batchPairs(
        bytes memory key,
        uint256[][] memory signals,
        uint256[] memory proofs,
        bytes32 challenge
    ) private view returns (uint256 pairs) {
        uint256 count = proofs.length;
        pairs = _allocate((count + 3) * PAIR);
        uint256 sumC = _allocate(160);
        uint256[] memory scalars = new uint256[](signals[0].length + 1); // of ic
        for (uint256 i = 0; i < count; ++i) {
            // In 1..2^248: below r, never zero.
            uint256 rho = (uint256(keccak256(abi.encode(challenge, i))) >> 8) + 1;
            uint256 pair = pairs + i * PAIR;
            Bn254.mulAdd(pair, proofs[i], rho); // onto infinity, which fresh memory is
            Bn254.negate(pair);
            _copy(pair + 64, proofs[i] + 64, 128);
            Bn254.mulAdd(sumC, proofs[i] + PAIR, rho);
            scalars[0] = addmod(scalars[0], rho, Bn254.R);
            for (uint256 j = 1; j < scalars.length; ++j) {
                scalars[j] = addmod(scalars[j], mulmod(rho, signals[i][j - 1], Bn254.R), Bn254.R);
            }
        }

        (uint256 alpha, uint256 beta, uint256 gamma, uint256 delta, uint256 ic) = Groth16Key.pointsOf(key);
        uint256 last = pairs + count * PAIR;
        Bn254.mulAdd(last, alpha, scalars[0]);
        _copy(last + 64, beta, 128);
        last += PAIR;
        for (uint256 j = 0; j < scalars.length; ++j) Bn254.mulAdd(last, ic + 64 * j, scalars[j]);
        _copy(last + 64, gamma, 128);
        last += PAIR;
        _copy(last, sumC, 64);
        _copy(last + 64, delta, 128);
    }

    /// Errors: MalformedSeal when a B lies outside its subgroup (all else has been checked), InvalidProof.
    function _checkProduct(uint256 pairs, uint256 count) private view {
        (bool valid, bool isOne) = Bn254.pairing(pairs, count);
        if (!valid) revert MalformedSeal();
        if (!isOne) revert InvalidProof();
    }

    /// Zeroed memory.
    function _allocate(uint256 length) private pure returns (uint256 pointer) {
        bytes memory room = new bytes(length);
        assembly ("memory-safe") {
            pointer := add(room, 0x20)
        }
    }

    function _copy(uint256 to, uint256 from, uint256 length) private pure {
        assembly ("memory-safe") {
            mcopy(to, from, length)
        }
    }
}
