// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {ModelId} from "../types/ModelId.sol";
import {ModelSpec, RoyaltyTerms} from "../types/ModelSpec.sol";

/// @title Models by their commitments
/// @notice A model version is the hash of its owner and its commitments; what it verifies can never change. The owner
/// may deprecate it (no new jobs) and change its royalty (for new jobs).
interface IModelRegistry {
    event ModelRegistered(ModelId indexed modelId, address indexed owner, ModelId indexed previous, ModelSpec spec);
    event ModelDeprecated(ModelId indexed modelId);
    event RoyaltyChanged(ModelId indexed modelId, uint24 termsIndex, address payee, uint16 bps);

    error UnknownModel(ModelId modelId);
    error ModelExists(ModelId modelId);
    /// Named so because ERC-7992's draft uses `ModelDeprecated` both as an event and as an error, which does not compile.
    error ModelIsDeprecated(ModelId modelId);
    error NotModelOwner(ModelId modelId, address caller);
    error SpecMismatch(bytes32 keyHash);
    error InvalidRoyalty(address payee, uint16 bps);
    error InvalidCid();
    error InvalidName(uint256 length);
    error ZeroCommitment();

    /// @notice Registers a model version; its id is the hash of the caller and the commitments.
    function registerModel(ModelSpec calldata spec) external returns (ModelId modelId);

    /// @notice Stops new jobs of a version; live jobs and audits go on. Owner only, for ever.
    function deprecate(ModelId modelId) external;

    /// @notice Changes who gets which share of the price of NEW requests. Owner only.
    function setRoyalty(ModelId modelId, address payee, uint16 bps) external;

    /// @notice The id that `owner` gets by registering `spec`.
    function modelIdOf(address owner, ModelSpec calldata spec) external pure returns (ModelId);

    /// @notice What a market needs to open a job; reverts when unknown or deprecated.
    function jobTerms(
        ModelId modelId
    ) external view returns (bytes4 proofSystem, bytes32 keyHash, uint24 termsIndex, uint16 royaltyBps);

    /// @notice What a market needs to settle a job; never reverts for a known model, deprecated or not.
    function settlementTerms(
        ModelId modelId,
        uint24 termsIndex
    ) external view returns (bytes32 keyHash, RoyaltyTerms memory royalty);

    function ownerOf(ModelId modelId) external view returns (address);
    function isDeprecated(ModelId modelId) external view returns (bool);
    /// @notice The commitments of a model in the order of docs/spec/formats.md, section 8.
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
        );
}
