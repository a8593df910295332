// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IProofSystem} from "../../interfaces/IProofSystem.sol";
import {KeyHeader} from "../../libraries/KeyHeader.sol";
import {TensorSpecLib} from "../../libraries/TensorSpecLib.sol";
import {KeyedProofSystem} from "../../proofs/KeyedProofSystem.sol";

/// @title A proof system that proves nothing, for tests
/// @notice A seal is the hash of its claim: it binds key, context, input and output as a proof does, anybody can make
/// one, and none can pass a real verifier, which wants another length. Keys, inputs and outputs are checked as by the
/// real ones. A key is a head (docs/spec/formats.md, section 5) ‖ 32 free bytes.
contract MockProofSystem is KeyedProofSystem {
    bytes32 private constant DOMAIN_MOCK = keccak256("verigrad.mock.v1");

    /// @inheritdoc IProofSystem
    bytes4 public immutable selector;

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
    function checkInput(bytes32 keyHash, bytes calldata input) external view {
        _checkInput(_load(keyHash), input);
    }

    /// @inheritdoc IProofSystem
    function verify(
        bytes32 keyHash,
        uint256 context,
        bytes calldata input,
        bytes calldata output,
        bytes calldata seal
    ) public view {
        bytes memory key = _load(keyHash);
        _checkInput(key, input);
        TensorSpecLib.check(key, KeyHeader.outputSpecsOf(key), output);
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
        uint256 count = _batchLength(contexts, inputs, outputs, seals);
        for (uint256 i = 0; i < count; ++i) {
            verify(keyHash, contexts[i], inputs[i], outputs[i], seals[i]);
        }
    }

    function _validate(bytes memory key) internal view override {
        (, , uint256 end) = KeyHeader.validate(key, selector);
        if (key.length != end + 32) revert MalformedKey(KeyHeader.LENGTH);
    }

    function _checkInput(bytes memory key, bytes calldata input) private pure {
        if (KeyHeader.inputModeOf(key) == KeyHeader.PUBLIC) {
            TensorSpecLib.check(key, KeyHeader.INPUT_SPECS, input);
        } else if (input.length != 32) {
            revert WrongLength(32, input.length);
        }
    }
}
