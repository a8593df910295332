// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IERC165} from "@openzeppelin/contracts/utils/introspection/IERC165.sol";
import {IERCZKMLRegistry, IERCZKMLVerifier} from "../interfaces/erc/IERC7992.sol";
import {IModelRegistry} from "../interfaces/IModelRegistry.sol";
import {IProofSystem} from "../interfaces/IProofSystem.sol";
import {IProofSystemRouter} from "../interfaces/IProofSystemRouter.sol";
import {ModelId} from "../types/ModelId.sol";
import {Erc7992Registry} from "./Erc7992Registry.sol";

/// @title Verifies inferences without a market, in the shape of ERC-7992
/// @notice A proof here is `abi.encode(bytes32 salt, bytes input, bytes seal)`; it is bound to this chain, this contract,
/// the model and the input commitment. No state: a proof can be shown again, by anyone. A consumer for which that does
/// harm puts its own single-use value into the salt and keeps a list of commitments (docs/spec/facades.md).
contract Erc7992Verifier is IERCZKMLVerifier, IERC165 {
    error ZeroAddress();

    bytes32 private constant DOMAIN_INPUT = keccak256("verigrad.erc7992.input.v1");
    bytes32 private constant DOMAIN_CONTEXT = keccak256("verigrad.erc7992.context.v1");

    IModelRegistry public immutable modelRegistry;
    IProofSystemRouter public immutable router;
    Erc7992Registry private immutable _registry;

    /// @param router_ the router that the model registry registers by
    constructor(Erc7992Registry registry_, IProofSystemRouter router_) {
        if (address(registry_) == address(0) || address(router_) == address(0)) revert ZeroAddress();
        _registry = registry_;
        modelRegistry = registry_.modelRegistry();
        router = router_;
    }

    /// @inheritdoc IERCZKMLVerifier
    /// @dev Errors beside the draft's: those of IProofSystem.verify, as they are (its InvalidProof is the draft's).
    function verifyInference(
        uint256 modelId,
        bytes32 inputCommitment,
        bytes calldata output,
        bytes calldata proof
    ) external {
        (bytes32 keyHash, bytes4 selector) = _usableModel(modelId);
        IProofSystem proofSystem = _activeProofSystem(selector, keyHash);
        (bytes32 salt, bytes memory input, bytes memory seal) = abi.decode(proof, (bytes32, bytes, bytes));
        // INVARIANT: the verified input is the committed one.
        if (inputCommitmentOf(salt, input) != inputCommitment) revert InputCommitmentMismatch();
        proofSystem.verify(keyHash, contextOf(modelId, inputCommitment), input, output, seal);
        emit InferenceVerified(modelId, inputCommitment, output, msg.sender);
    }

    /// @inheritdoc IERCZKMLVerifier
    function proofSystemOf(uint256 modelId) external view returns (bytes4 selector) {
        (selector, , ) = _modelOf(modelId);
    }

    /// @inheritdoc IERCZKMLVerifier
    function registry() external view returns (address) {
        return address(_registry);
    }

    /// @inheritdoc IERC165
    function supportsInterface(bytes4 interfaceId) external pure returns (bool) {
        return interfaceId == type(IERCZKMLVerifier).interfaceId || interfaceId == type(IERC165).interfaceId;
    }

    /// @notice The public input that a proof for this verifier is made under.
    function contextOf(uint256 modelId, bytes32 inputCommitment) public view returns (uint256) {
        return
            uint256(keccak256(abi.encode(DOMAIN_CONTEXT, block.chainid, address(this), modelId, inputCommitment))) >> 8;
    }

    /// @notice The commitment to an input: its canonical bytes or, for a model of committed inputs, their commitment.
    /// @param salt anything; a consumer's own nonce where an inference must count once
    function inputCommitmentOf(bytes32 salt, bytes memory input) public pure returns (bytes32) {
        return keccak256(abi.encode(DOMAIN_INPUT, salt, keccak256(input)));
    }

    function _usableModel(uint256 modelId) private view returns (bytes32 keyHash, bytes4 selector) {
        bool deprecated;
        (selector, keyHash, deprecated) = _modelOf(modelId);
        if (deprecated) revert VerificationRefused_ModelDeprecated(modelId);
    }

    function _activeProofSystem(bytes4 selector, bytes32 keyHash) private view returns (IProofSystem) {
        // SAFETY: a proof system or key that was stopped is no longer trusted; no job is at stake here.
        try router.activeFor(selector, keyHash) returns (IProofSystem active) {
            return active;
        } catch {
            revert UnsupportedProofSystem(selector);
        }
    }

    function _modelOf(uint256 modelId) private view returns (bytes4 selector, bytes32 keyHash, bool deprecated) {
        try modelRegistry.modelOf(ModelId.wrap(bytes32(modelId))) returns (
            address,
            bytes4 selector_,
            bytes32 keyHash_,
            bytes32,
            ModelId,
            bool deprecated_
        ) {
            return (selector_, keyHash_, deprecated_);
        } catch {
            revert IERCZKMLRegistry.ModelNotFound(modelId);
        }
    }
}
