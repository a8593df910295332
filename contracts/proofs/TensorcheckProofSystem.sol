// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IProofSystem} from "../interfaces/IProofSystem.sol";
import {KeyHeader} from "../libraries/KeyHeader.sol";
import {KeyStore} from "../libraries/KeyStore.sol";
import {TensorSpecLib} from "../libraries/TensorSpecLib.sol";
import {TensorcheckKey} from "./TensorcheckKey.sol";
import {TensorcheckVerifier} from "./TensorcheckVerifier.sol";

/// @title Tensorcheck over BN254 for any number of keys
/// @notice No owner, no parameters but the set-up: what a key verifies can never change. Checks, their order and the error
/// of each are specified in docs/spec/onchain-verification.md; the TypeScript verifier does the same.
contract TensorcheckProofSystem is IProofSystem {
    using KeyStore for KeyStore.Keys;

    // [τ]_2 as the pairing precompile reads it. SAFETY: whoever knows τ can open a commitment to anything, so that no key
    // may bring its own.
    uint256 private immutable _TAU_X1;
    uint256 private immutable _TAU_X0;
    uint256 private immutable _TAU_Y1;
    uint256 private immutable _TAU_Y0;

    KeyStore.Keys private _keys;

    /// @param tau2 [τ]_2 of the powers of tau: x.c1, x.c0, y.c1, y.c0. Errors: MalformedKey(12) for what is no point of
    /// order r, ForgeableKey for ± the generator, τ = ±1.
    constructor(uint256[4] memory tau2) {
        TensorcheckKey.validateSetup(tau2);
        (_TAU_X1, _TAU_X0, _TAU_Y1, _TAU_Y0) = (tau2[0], tau2[1], tau2[2], tau2[3]);
    }

    /// @notice [τ]_2 of the set-up that every key here is made with: x.c1, x.c0, y.c1, y.c0.
    function setup() public view returns (uint256[4] memory) {
        return [_TAU_X1, _TAU_X0, _TAU_Y1, _TAU_Y0];
    }

    /// @inheritdoc IProofSystem
    function selector() external pure returns (bytes4) {
        return TensorcheckKey.SELECTOR;
    }

    /// @inheritdoc IProofSystem
    function registerKey(bytes calldata key) external returns (bytes32 keyHash) {
        keyHash = keccak256(key);
        if (_keys.contains(keyHash)) return keyHash;
        bytes memory blob = key;
        TensorcheckKey.validate(blob, setup());
        _keys.store(keyHash, blob);
        (bytes32 inputSpecHash, bytes32 outputSpecHash) = KeyHeader.specHashes(blob);
        emit KeyRegistered(keyHash, inputSpecHash, outputSpecHash);
    }

    /// @inheritdoc IProofSystem
    function isRegistered(bytes32 keyHash) external view returns (bool) {
        return _keys.contains(keyHash);
    }

    /// @inheritdoc IProofSystem
    function keyOf(bytes32 keyHash) external view returns (bytes memory) {
        return _keys.load(keyHash);
    }

    /// @inheritdoc IProofSystem
    function specHashes(bytes32 keyHash) external view returns (bytes32, bytes32) {
        return KeyHeader.specHashes(_keys.load(keyHash));
    }

    /// @inheritdoc IProofSystem
    function inputModeOf(bytes32 keyHash) external view returns (uint8) {
        return KeyHeader.inputModeOf(_keys.load(keyHash));
    }

    /// @inheritdoc IProofSystem
    function outputLengthOf(bytes32 keyHash) external view returns (uint256) {
        bytes memory key = _keys.load(keyHash);
        return TensorSpecLib.encodedLength(key, KeyHeader.outputSpecsOf(key));
    }

    /// @inheritdoc IProofSystem
    function checkInput(bytes32 keyHash, bytes calldata input) external view {
        TensorSpecLib.check(_keys.load(keyHash), KeyHeader.INPUT_SPECS, input);
    }

    /// @inheritdoc IProofSystem
    function verify(
        bytes32 keyHash,
        uint256 context,
        bytes calldata input,
        bytes calldata output,
        bytes calldata seal
    ) external view {
        TensorcheckVerifier.verify(_keys.load(keyHash), keyHash, context, input, output, seal);
    }

    /// @inheritdoc IProofSystem
    function verifyBatch(
        bytes32 keyHash,
        uint256[] calldata contexts,
        bytes[] calldata inputs,
        bytes[] calldata outputs,
        bytes[] calldata seals
    ) external view {
        uint256 count = contexts.length;
        if (inputs.length != count || outputs.length != count || seals.length != count) revert BatchLengthMismatch();
        bytes memory key = _keys.load(keyHash);
        uint256 free;
        assembly ("memory-safe") {
            free := mload(0x40)
        }
        for (uint256 i = 0; i < count; ++i) {
            TensorcheckVerifier.verify(key, keyHash, contexts[i], inputs[i], outputs[i], seals[i]);
            assembly ("memory-safe") {
                mstore(0x40, free) // the next claim uses the same memory: its price grows with the square
            }
        }
    }
}
