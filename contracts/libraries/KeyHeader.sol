// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IProofSystem} from "../interfaces/IProofSystem.sol";
import {TensorSpecLib} from "./TensorSpecLib.sol";

/// @title The head of a key blob
/// @notice selector (4) ‖ inputMode (1) ‖ length (2) ‖ input spec list ‖ length (2) ‖ output spec list
/// (docs/spec/formats.md, section 5). What follows is the proof system's own.
library KeyHeader {
    uint256 internal constant LENGTH = 1;
    uint256 internal constant SELECTOR = 2;
    uint256 internal constant INPUT_MODE = 3;

    uint8 internal constant PUBLIC = 0;
    uint8 internal constant COMMITTED = 1;

    /// @notice Offset of the input spec list in every key.
    uint256 internal constant INPUT_SPECS = 7;

    /// @notice Reverts with MalformedKey unless the blob starts with a canonical head of this selector.
    /// @return inputSignals field elements that the input takes: packed words (PUBLIC) or one commitment
    /// @return outputSignals field elements that the output takes
    /// @return end offset after the head
    function validate(
        bytes memory key,
        bytes4 selector
    ) internal pure returns (uint256 inputSignals, uint256 outputSignals, uint256 end) {
        if (key.length < INPUT_SPECS) revert IProofSystem.MalformedKey(LENGTH);
        if (bytes4(key) != selector) revert IProofSystem.MalformedKey(SELECTOR);
        uint8 mode = inputModeOf(key);
        if (mode > COMMITTED) revert IProofSystem.MalformedKey(INPUT_MODE);

        uint256 inputLength = inputSpecsLength(key);
        uint256 outputSpecs = INPUT_SPECS + inputLength + 2;
        if (key.length < outputSpecs) revert IProofSystem.MalformedKey(LENGTH);
        inputSignals = TensorSpecLib.validate(key, INPUT_SPECS, inputLength);
        if (mode == COMMITTED) inputSignals = 1;

        uint256 outputLength = outputSpecsLength(key);
        end = outputSpecs + outputLength;
        if (key.length < end) revert IProofSystem.MalformedKey(LENGTH);
        outputSignals = TensorSpecLib.validate(key, outputSpecs, outputLength);
    }

    // The rest is for validated heads -------------------------------------------------------------------------------

    function inputModeOf(bytes memory key) internal pure returns (uint8) {
        return uint8(uint16At(key, 3)); // the low byte of bytes 3 and 4
    }

    function inputSpecsLength(bytes memory key) internal pure returns (uint256) {
        return uint16At(key, 5);
    }

    /// @notice Offset of the output spec list.
    function outputSpecsOf(bytes memory key) internal pure returns (uint256) {
        unchecked {
            return INPUT_SPECS + inputSpecsLength(key) + 2;
        }
    }

    function outputSpecsLength(bytes memory key) internal pure returns (uint256) {
        unchecked {
            return uint16At(key, outputSpecsOf(key) - 2);
        }
    }

    /// @notice Offset after the head.
    function endOf(bytes memory key) internal pure returns (uint256) {
        unchecked {
            return outputSpecsOf(key) + outputSpecsLength(key);
        }
    }

    /// @notice Hashes of the two spec lists.
    function specHashes(bytes memory key) internal pure returns (bytes32 inputSpecHash, bytes32 outputSpecHash) {
        inputSpecHash = _hash(key, INPUT_SPECS, inputSpecsLength(key));
        outputSpecHash = _hash(key, outputSpecsOf(key), outputSpecsLength(key));
    }

    /// @notice Big-endian 16-bit integer at an offset that the caller knows to be inside the key.
    function uint16At(bytes memory key, uint256 offset) internal pure returns (uint256 value) {
        assembly ("memory-safe") {
            value := shr(240, mload(add(add(key, 0x20), offset)))
        }
    }

    function _hash(bytes memory key, uint256 offset, uint256 length) private pure returns (bytes32 digest) {
        assembly ("memory-safe") {
            digest := keccak256(add(add(key, 0x20), offset), length)
        }
    }
}
