// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IProofSystem} from "../interfaces/IProofSystem.sol";
import {KeyHeader} from "../libraries/KeyHeader.sol";
import {TensorSpecLib} from "../libraries/TensorSpecLib.sol";
import {KeyedProofSystem} from "./KeyedProofSystem.sol";
import {TensorcheckKey} from "./TensorcheckKey.sol";
import {TensorcheckVerifier} from "./TensorcheckVerifier.sol";

/// @title Tensorcheck over BN254 for any number of keys
/// @notice No owner, no parameters but the set-up: what a key verifies can never change. Checks, their order and the error
/// of each are specified in docs/spec/onchain-verification.md; the TypeScript verifier does the same.
contract TensorcheckProofSystem is KeyedProofSystem {
    // [τ]_2 as the pairing precompile reads it. SAFETY: whoever knows τ can open a commitment to anything, so that no key
    // may bring its own.
    uint256 private immutable _TAU_X1;
    uint256 private immutable _TAU_X0;
    uint256 private immutable _TAU_Y1;
    uint256 private immutable _TAU_Y0;

    /// @notice The chain is older than Osaka: it lacks CLZ (EIP-7939), without which every proof would be refused.
    error UnsupportedChain();

    /// @param tau2 [τ]_2 of the powers of tau: x.c1, x.c0, y.c1, y.c0. Errors: UnsupportedChain; MalformedKey(12) for what is
    /// no point of order r, ForgeableKey for ± the generator, τ = ±1.
    constructor(uint256[4] memory tau2) {
        _requireClz();
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
    function checkInput(bytes32 keyHash, bytes calldata input) external view {
        TensorSpecLib.check(_load(keyHash), KeyHeader.INPUT_SPECS, input);
    }

    /// @inheritdoc IProofSystem
    function verify(
        bytes32 keyHash,
        uint256 context,
        bytes calldata input,
        bytes calldata output,
        bytes calldata seal
    ) external view {
        TensorcheckVerifier.verify(_load(keyHash), keyHash, context, input, output, seal);
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
        bytes memory key = _load(keyHash);
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

    function _validate(bytes memory key) internal view override {
        TensorcheckKey.validate(key, setup());
    }

    /// An unknown opcode ends its own call alone, here the creation of a contract without code: PUSH0 CLZ STOP.
    function _requireClz() private {
        address created;
        assembly ("memory-safe") {
            mstore(0, shl(232, 0x5f1e00))
            created := create(0, 0, 3)
        }
        if (created == address(0)) revert UnsupportedChain();
    }
}
