// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IERC165} from "@openzeppelin/contracts/utils/introspection/IERC165.sol";
import {IERCZKMLRegistry} from "../interfaces/erc/IERC7992.sol";
import {IModelRegistry} from "../interfaces/IModelRegistry.sol";
import {ModelId} from "../types/ModelId.sol";
import {ModelSpec} from "../types/ModelSpec.sol";

/// @title The model registry, in the shape of ERC-7992
/// @notice A mirror without an authority of its own. Models are registered and deprecated in the ModelRegistry; anyone
/// then shows them here, bringing the spec, which the model's id commits to (docs/spec/facades.md).
contract Erc7992Registry is IERCZKMLRegistry, IERC165 {
    /// This registry only mirrors; write to that one.
    error WriteToModelRegistry(address modelRegistry);
    error AlreadyMirrored(uint256 modelId);
    /// The spec is not the one that the model's id is the hash of.
    error SpecMismatch(uint256 modelId);
    error NotDeprecated(uint256 modelId);
    error ZeroAddress();

    /// multibase b, CIDv1, dag-pb, sha2-256 of 32 bytes: every model's package id begins so.
    bytes4 private constant CID_PREFIX = 0x01701220;
    uint256 private constant CID_CHARACTERS = 58; // 36 bytes, five bits each
    bytes32 private constant BASE32 = "abcdefghijklmnopqrstuvwxyz234567";

    struct Mirror {
        bytes32 modelHash;
        bytes32 circuitHash; // zero: not mirrored
        bytes32 cidDigest;
        bool deprecationShown;
    }

    /// @notice Where models are registered, deprecated and looked up.
    IModelRegistry public immutable modelRegistry;

    mapping(uint256 modelId => Mirror) private _mirrors;

    constructor(IModelRegistry modelRegistry_) {
        if (address(modelRegistry_) == address(0)) revert ZeroAddress();
        modelRegistry = modelRegistry_;
    }

    /// @notice Shows a registered model here. Anyone, once. Errors: AlreadyMirrored, SpecMismatch,
    /// IModelRegistry.UnknownModel.
    /// @param spec as registered, from the ModelRegistry's event; name and royalty are no commitments and do not matter
    function mirrorModel(uint256 modelId, ModelSpec calldata spec) external {
        Mirror storage mirror = _mirrors[modelId];
        if (mirror.circuitHash != bytes32(0)) revert AlreadyMirrored(modelId);
        ModelId id = _idOf(modelId);
        address owner = modelRegistry.ownerOf(id);
        // INVARIANT: what is shown is what the model's owner committed to, whoever brings it.
        if (modelRegistry.modelIdOf(owner, spec) != id) revert SpecMismatch(modelId);
        mirror.modelHash = keccak256(abi.encode(spec.graphHash, spec.weightsHash));
        mirror.circuitHash = spec.graphHash; // never zero in a registered model
        mirror.cidDigest = bytes32(spec.cid[4:]);
        emit ModelRegistered(modelId, owner, _commitment(mirror, spec.keyHash, spec.proofSystem));
    }

    /// @notice Shows, as an event, that a mirrored model was deprecated in the ModelRegistry. Anyone, once. `getModel` and
    /// the verifier know without it. Errors: ModelNotFound, NotDeprecated, ModelIsDeprecated the second time.
    function mirrorDeprecation(uint256 modelId) external {
        Mirror storage mirror = _mirrored(modelId);
        if (!modelRegistry.isDeprecated(_idOf(modelId))) revert NotDeprecated(modelId);
        if (mirror.deprecationShown) revert ModelIsDeprecated(modelId);
        mirror.deprecationShown = true;
        emit ModelDeprecated(modelId);
    }

    /// @notice Always reverts: the draft's commitment is less than a model's id is made of, and the facade would own it.
    function registerModel(ModelCommitment calldata) external view returns (uint256) {
        revert WriteToModelRegistry(address(modelRegistry));
    }

    /// @notice Always reverts: what a model verifies never changes; a change is a new model that names its predecessor.
    function updateModel(uint256, ModelCommitment calldata) external view {
        revert WriteToModelRegistry(address(modelRegistry));
    }

    /// @notice Always reverts: the owner deprecates in the ModelRegistry, which stops new jobs as well.
    function deprecateModel(uint256) external view {
        revert WriteToModelRegistry(address(modelRegistry));
    }

    /// @inheritdoc IERCZKMLRegistry
    /// @dev Owner, key and deprecation are read where they are kept. Errors: ModelNotFound until mirrored.
    function getModel(
        uint256 modelId
    ) external view returns (ModelCommitment memory commitment, bool deprecated, address owner) {
        Mirror storage mirror = _mirrored(modelId);
        bytes4 proofSystem;
        bytes32 keyHash;
        (owner, proofSystem, keyHash, , , deprecated) = modelRegistry.modelOf(_idOf(modelId));
        commitment = _commitment(mirror, keyHash, proofSystem);
    }

    /// @inheritdoc IERC165
    function supportsInterface(bytes4 interfaceId) external pure returns (bool) {
        return interfaceId == type(IERCZKMLRegistry).interfaceId || interfaceId == type(IERC165).interfaceId;
    }

    function _mirrored(uint256 modelId) private view returns (Mirror storage mirror) {
        mirror = _mirrors[modelId];
        if (mirror.circuitHash == bytes32(0)) revert ModelNotFound(modelId);
    }

    function _commitment(
        Mirror storage mirror,
        bytes32 keyHash,
        bytes4 proofSystem
    ) private view returns (ModelCommitment memory) {
        return ModelCommitment(mirror.modelHash, mirror.circuitHash, keyHash, proofSystem, _uri(mirror.cidDigest));
    }

    function _idOf(uint256 modelId) private pure returns (ModelId) {
        return ModelId.wrap(bytes32(modelId));
    }

    /// ipfs:// and the CID in its usual text: multibase's lower-case base32.
    function _uri(bytes32 digest) private pure returns (string memory) {
        // A zero byte follows: the last character has two bits of nothing.
        bytes memory cid = abi.encodePacked(CID_PREFIX, digest, bytes1(0));
        bytes memory text = new bytes(CID_CHARACTERS);
        for (uint256 i = 0; i < CID_CHARACTERS; ++i) {
            uint256 from = (5 * i) / 8;
            uint256 window = (uint256(uint8(cid[from])) << 8) | uint8(cid[from + 1]);
            text[i] = BASE32[(window >> (11 - ((5 * i) % 8))) & 31];
        }
        return string.concat("ipfs://b", string(text));
    }
}
