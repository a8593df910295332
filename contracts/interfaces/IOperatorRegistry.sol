// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {ModelId} from "../types/ModelId.sol";
import {Stake} from "../types/Stake.sol";

/// How to reach an operator. What it says of itself, and nobody checked.
struct Listing {
    address payee; // to be named in proofs and paid outside of claims
    uint64 updatedAt; // seconds since 1970; 0: not listed
    string endpoint; // base URL of its HTTP API
    bytes peerId; // libp2p peer id, binary; empty: none
}

/// @title Where to find operators
/// @notice A directory: clients, hubs and explorers discover nodes by it. Listing costs gas only and proves nothing; what
/// an operator has at stake and how its jobs ended is the market's to say (`recordOf`).
interface IOperatorRegistry {
    event OperatorListed(address indexed operator, address payee, string endpoint, bytes peerId);
    event OperatorRetired(address indexed operator);
    event ServingStarted(address indexed operator, ModelId indexed modelId);
    event ServingEnded(address indexed operator, ModelId indexed modelId);

    error NotListed(address operator);
    error InvalidListing();
    error TooManyModels(uint256 maximum);
    error AlreadyServed(ModelId modelId);
    error NotServed(ModelId modelId);
    error ModelNotServable(ModelId modelId);
    error ZeroAddress();

    /// @notice Lists the caller, or changes its listing. Errors: InvalidListing for a zero payee, an endpoint that is
    /// empty or longer than 256 bytes, or a peer id longer than 64.
    function list(address payee, string calldata endpoint, bytes calldata peerId) external;

    /// @notice Takes the caller, and the models that it serves, out of the directory.
    function retire() external;

    /// @notice Says that the caller serves these models, 64 in all at the most. Errors: NotListed, AlreadyServed,
    /// ModelNotServable for a deprecated one, the model
    /// registry's UnknownModel, TooManyModels.
    function serve(ModelId[] calldata modelIds) external;

    /// @notice Says that the caller does not serve these models any more. Errors: NotServed.
    function stopServing(ModelId[] calldata modelIds) external;

    /// @notice A listing; empty when not listed.
    function listingOf(address operator) external view returns (Listing memory);

    function modelsOf(address operator) external view returns (ModelId[] memory);

    function operatorCount(ModelId modelId) external view returns (uint256);

    /// @notice At most `limit` operators of a model, from position `offset` on. Positions change as operators leave.
    function operatorsOf(ModelId modelId, uint256 offset, uint256 limit) external view returns (address[] memory);

    /// @notice Stake and record of an operator, from the market: jobs settled, slashed, expired.
    function recordOf(address token, address operator) external view returns (Stake memory);
}
