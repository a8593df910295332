// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IProofSystem} from "../../interfaces/IProofSystem.sol";
import {KeyHeader} from "../../libraries/KeyHeader.sol";
import {TensorSpecLib} from "../../libraries/TensorSpecLib.sol";

/// @title A proof system that proves nothing, for tests
/// @notice A seal is the hash of its claim: it binds key, context, input and output as a proof does, anybody can make
/// one, and none can pass a real verifier, which wants another length. Keys, inputs and outputs are checked as by the
/// real ones. A key is a head (docs/spec/formats.md, section 5) ‖ 32 free bytes.
contract MockProofSystem is IProofSystem {
    bytes32 private constant DOMAIN_MOCK = keccak256("verigrad.mock.v1");

    /// @inheritdoc IProofSystem
    bytes4 public immutable selector;

    mapping(bytes32 keyHash => bytes key) private _keys;
    mapping(bytes32 keyHash => uint256) private _words;

    constructor(bytes4 selector_) {
        selector = selector_;
    }

    /// @notice The seal of a claim.
    function sealOf(
        bytes32 keyHash,
        uint256 context,
        bytes calldata input,
        bytes calldata output
    ) public pure returns (bytes memory) {
        return
            abi.encodePacked(keccak256(abi.encode(DOMAIN_MOCK, keyHash, context, keccak256(input), keccak256(output))));
    }

    /// @inheritdoc IProofSystem
    function registerKey(bytes calldata key) external returns (bytes32 keyHash) {
        (uint256 inputSignals, uint256 outputSignals, uint256 end) = KeyHeader.validate(key, selector);
        if (key.length != end + 32) revert MalformedKey(KeyHeader.LENGTH);
        keyHash = keccak256(key);
        if (isRegistered(keyHash)) return keyHash;
        _keys[keyHash] = key;
        _words[keyHash] = inputSignals > outputSignals ? inputSignals : outputSignals;
        (bytes32 inputSpecHash, bytes32 outputSpecHash) = KeyHeader.specHashes(key);
        emit KeyRegistered(keyHash, inputSpecHash, outputSpecHash);
    }

    /// @inheritdoc IProofSystem
    function isRegistered(bytes32 keyHash) public view returns (bool) {
        return _keys[keyHash].length != 0;
    }

    /// @inheritdoc IProofSystem
    function keyOf(bytes32 keyHash) public view returns (bytes memory key) {
        key = _keys[keyHash];
        if (key.length == 0) revert UnknownKey(keyHash);
    }

    /// @inheritdoc IProofSystem
    function specHashes(bytes32 keyHash) external view returns (bytes32, bytes32) {
        return KeyHeader.specHashes(keyOf(keyHash));
    }

    /// @inheritdoc IProofSystem
    function inputModeOf(bytes32 keyHash) external view returns (uint8) {
        return KeyHeader.inputModeOf(keyOf(keyHash));
    }

    /// @inheritdoc IProofSystem
    function outputLengthOf(bytes32 keyHash) external view returns (uint256) {
        bytes memory key = keyOf(keyHash);
        return TensorSpecLib.encodedLength(key, KeyHeader.outputSpecsOf(key));
    }

    /// @inheritdoc IProofSystem
    function checkInput(bytes32 keyHash, bytes calldata input) external view {
        _checkInput(keyOf(keyHash), input, new uint256[](_words[keyHash]));
    }

    /// @inheritdoc IProofSystem
    function verify(
        bytes32 keyHash,
        uint256 context,
        bytes calldata input,
        bytes calldata output,
        bytes calldata seal
    ) public view {
        bytes memory key = keyOf(keyHash);
        uint256[] memory words = new uint256[](_words[keyHash]);
        _checkInput(key, input, words);
        TensorSpecLib.pack(key, KeyHeader.outputSpecsOf(key), output, words, 0);
        if (seal.length != 32) revert MalformedSeal();
        if (keccak256(seal) != keccak256(sealOf(keyHash, context, input, output))) revert InvalidProof();
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
        for (uint256 i = 0; i < count; ++i) {
            verify(keyHash, contexts[i], inputs[i], outputs[i], seals[i]);
        }
    }

    function _checkInput(bytes memory key, bytes calldata input, uint256[] memory words) private pure {
        if (KeyHeader.inputModeOf(key) == KeyHeader.PUBLIC) {
            TensorSpecLib.pack(key, KeyHeader.INPUT_SPECS, input, words, 0);
        } else if (input.length != 32) {
            revert WrongLength(32, input.length);
        }
    }
}
