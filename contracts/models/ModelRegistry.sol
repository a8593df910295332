// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IERC165} from "@openzeppelin/contracts/utils/introspection/IERC165.sol";
import {IModelRegistry} from "../interfaces/IModelRegistry.sol";
import {IProofSystem} from "../interfaces/IProofSystem.sol";
import {IProofSystemRouter} from "../interfaces/IProofSystemRouter.sol";
import {ModelId} from "../types/ModelId.sol";
import {ModelSpec, RoyaltyTerms} from "../types/ModelSpec.sol";

/// @title Models by their commitments (see IModelRegistry)
contract ModelRegistry is IModelRegistry, IERC165 {
    bytes32 private constant DOMAIN_MODEL = keccak256("verigrad.model.v1");

    /// CIDv1 (01), dag-pb (70), sha2-256 (12) of 32 bytes (20): what stands before the digest.
    bytes4 private constant CID_PREFIX = 0x01701220;
    uint256 private constant CID_LENGTH = 36;
    uint256 private constant MAX_NAME_LENGTH = 64;
    /// All of the price. What a request pays at most is the requester's choice (Request.maxRoyaltyBps).
    uint16 private constant MAX_ROYALTY_BPS = 10_000;

    struct Model {
        // One slot, and keyHash: all that a market's request reads.
        address owner;
        bytes4 proofSystem;
        uint24 termsIndex; // of the royalty terms for new requests
        uint16 royaltyBps; // copy of those terms' share
        bool deprecated;
        bytes32 keyHash; // never zero for a known model
        bytes32 setupHash;
        ModelId previous;
    }

    IProofSystemRouter public immutable router;

    mapping(ModelId modelId => Model) private _models;
    /// Append-only: a job keeps an index.
    mapping(ModelId modelId => mapping(uint256 termsIndex => RoyaltyTerms)) private _royalties;

    constructor(IProofSystemRouter router_) {
        router = router_;
    }

    /// @inheritdoc IModelRegistry
    function registerModel(ModelSpec calldata spec) external returns (ModelId modelId) {
        _checkSpec(spec);
        _checkRoyalty(spec.royaltyPayee, spec.royaltyBps);
        if (!spec.previous.isZero()) _requireOwner(spec.previous);

        // INVARIANT: a model's specs are those that its key verifies against. An unknown key reverts here.
        IProofSystem proofSystem = router.activeFor(spec.proofSystem, spec.keyHash);
        (bytes32 inputSpecHash, bytes32 outputSpecHash) = proofSystem.specHashes(spec.keyHash);
        if (inputSpecHash != spec.inputSpecHash || outputSpecHash != spec.outputSpecHash) {
            revert SpecMismatch(spec.keyHash);
        }

        modelId = modelIdOf(msg.sender, spec);
        Model storage model = _models[modelId];
        // INVARIANT: a model's commitments are written once.
        if (model.owner != address(0)) revert ModelExists(modelId);
        model.owner = msg.sender;
        model.proofSystem = spec.proofSystem;
        model.royaltyBps = spec.royaltyBps;
        model.keyHash = spec.keyHash;
        model.setupHash = spec.setupHash;
        model.previous = spec.previous;
        _royalties[modelId][0] = RoyaltyTerms(spec.royaltyPayee, spec.royaltyBps);
        emit ModelRegistered(modelId, msg.sender, spec.previous, spec);
    }

    /// @inheritdoc IModelRegistry
    function deprecate(ModelId modelId) external {
        Model storage model = _requireOwner(modelId);
        if (model.deprecated) revert ModelIsDeprecated(modelId);
        model.deprecated = true;
        emit ModelDeprecated(modelId);
    }

    /// @inheritdoc IModelRegistry
    function setRoyalty(ModelId modelId, address payee, uint16 bps) external {
        Model storage model = _requireOwner(modelId);
        _checkRoyalty(payee, bps);
        uint24 termsIndex = model.termsIndex + 1;
        (model.termsIndex, model.royaltyBps) = (termsIndex, bps);
        _royalties[modelId][termsIndex] = RoyaltyTerms(payee, bps);
        emit RoyaltyChanged(modelId, termsIndex, payee, bps);
    }

    /// @inheritdoc IModelRegistry
    function jobTerms(
        ModelId modelId
    ) external view returns (bytes4 proofSystem, bytes32 keyHash, uint24 termsIndex, uint16 royaltyBps) {
        Model storage model = _known(modelId);
        if (model.deprecated) revert ModelIsDeprecated(modelId);
        return (model.proofSystem, model.keyHash, model.termsIndex, model.royaltyBps);
    }

    /// @inheritdoc IModelRegistry
    function settlementTerms(
        ModelId modelId,
        uint24 termsIndex
    ) external view returns (bytes32 keyHash, RoyaltyTerms memory royalty) {
        // Known by its key hash, so that the slot of the owner need not be read.
        keyHash = _models[modelId].keyHash;
        if (keyHash == bytes32(0)) revert UnknownModel(modelId);
        royalty = _royalties[modelId][termsIndex];
    }

    /// @inheritdoc IModelRegistry
    function ownerOf(ModelId modelId) external view returns (address) {
        return _known(modelId).owner;
    }

    /// @inheritdoc IModelRegistry
    function isDeprecated(ModelId modelId) external view returns (bool) {
        return _known(modelId).deprecated;
    }

    /// @inheritdoc IModelRegistry
    function modelOf(
        ModelId modelId
    )
        external
        view
        returns (
            address owner,
            bytes4 proofSystem,
            bytes32 keyHash,
            bytes32 setupHash,
            ModelId previous,
            bool deprecated
        )
    {
        Model storage model = _known(modelId);
        return (model.owner, model.proofSystem, model.keyHash, model.setupHash, model.previous, model.deprecated);
    }

    /// @inheritdoc IERC165
    function supportsInterface(bytes4 interfaceId) external pure returns (bool) {
        return interfaceId == type(IModelRegistry).interfaceId || interfaceId == type(IERC165).interfaceId;
    }

    /// @inheritdoc IModelRegistry
    function modelIdOf(address owner, ModelSpec calldata spec) public pure returns (ModelId) {
        return
            ModelId.wrap(
                keccak256(
                    abi.encode(
                        DOMAIN_MODEL,
                        owner,
                        spec.proofSystem,
                        spec.keyHash,
                        spec.graphHash,
                        spec.weightsHash,
                        spec.inputSpecHash,
                        spec.outputSpecHash,
                        spec.setupHash,
                        keccak256(spec.cid),
                        spec.previous
                    )
                )
            );
    }

    function _known(ModelId modelId) private view returns (Model storage model) {
        model = _models[modelId];
        if (model.owner == address(0)) revert UnknownModel(modelId);
    }

    function _requireOwner(ModelId modelId) private view returns (Model storage model) {
        model = _known(modelId);
        if (model.owner != msg.sender) revert NotModelOwner(modelId, msg.sender);
    }

    function _checkSpec(ModelSpec calldata spec) private pure {
        if (bytes(spec.name).length > MAX_NAME_LENGTH) revert InvalidName(bytes(spec.name).length);
        if (spec.cid.length != CID_LENGTH || bytes4(spec.cid) != CID_PREFIX) revert InvalidCid();
        if (
            spec.keyHash == bytes32(0) ||
            spec.graphHash == bytes32(0) ||
            spec.weightsHash == bytes32(0) ||
            spec.inputSpecHash == bytes32(0) ||
            spec.outputSpecHash == bytes32(0)
        ) revert ZeroCommitment();
    }

    function _checkRoyalty(address payee, uint16 bps) private pure {
        if (bps > MAX_ROYALTY_BPS || (bps > 0 && payee == address(0))) revert InvalidRoyalty(payee, bps);
    }
}
