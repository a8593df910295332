// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IProofSystem} from "../interfaces/IProofSystem.sol";
import {KeyHeader} from "../libraries/KeyHeader.sol";
import {KeyStore} from "../libraries/KeyStore.sol";
import {TensorSpecLib} from "../libraries/TensorSpecLib.sol";

/// @title The keys of a proof system: validated once, stored as code, read by their hash
/// @notice What every proof system does alike; which keys are valid, and what a seal proves, is each one's own.
abstract contract KeyedProofSystem is IProofSystem {
    using KeyStore for KeyStore.Keys;

    KeyStore.Keys private _keys;

    /// @inheritdoc IProofSystem
    function registerKey(bytes calldata key) external returns (bytes32 keyHash) {
        keyHash = keccak256(key);
        if (_keys.contains(keyHash)) return keyHash;
        bytes memory blob = key;
        _validate(blob);
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
        return _load(keyHash);
    }

    /// @inheritdoc IProofSystem
    function specHashes(bytes32 keyHash) external view returns (bytes32, bytes32) {
        return KeyHeader.specHashes(_load(keyHash));
    }

    /// @inheritdoc IProofSystem
    function inputModeOf(bytes32 keyHash) external view returns (uint8) {
        return KeyHeader.inputModeOf(_load(keyHash));
    }

    /// @inheritdoc IProofSystem
    function outputLengthOf(bytes32 keyHash) external view returns (uint256) {
        bytes memory key = _load(keyHash);
        return TensorSpecLib.encodedLength(key, KeyHeader.outputSpecsOf(key));
    }

    /// Reverts with MalformedKey or ForgeableKey unless these bytes are a key of this proof system.
    function _validate(bytes memory key) internal view virtual;

    /// The key's bytes. Errors: UnknownKey.
    function _load(bytes32 keyHash) internal view returns (bytes memory) {
        return _keys.load(keyHash);
    }

    /// The number of claims in a batch. Errors: BatchLengthMismatch.
    function _batchLength(
        uint256[] calldata contexts,
        bytes[] calldata inputs,
        bytes[] calldata outputs,
        bytes[] calldata seals
    ) internal pure returns (uint256 count) {
        count = contexts.length;
        if (inputs.length != count || outputs.length != count || seals.length != count) revert BatchLengthMismatch();
    }
}
