// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {EnumerableSet} from "@openzeppelin/contracts/utils/structs/EnumerableSet.sol";
import {IInferenceMarket} from "../interfaces/IInferenceMarket.sol";
import {IModelRegistry} from "../interfaces/IModelRegistry.sol";
import {IOperatorRegistry, Listing} from "../interfaces/IOperatorRegistry.sol";
import {ModelId} from "../types/ModelId.sol";
import {Stake} from "../types/Stake.sol";

/// @title Where to find operators (see IOperatorRegistry)
/// @dev Holds no money and is read by no contract that does.
contract OperatorRegistry is IOperatorRegistry {
    using EnumerableSet for EnumerableSet.AddressSet;
    using EnumerableSet for EnumerableSet.Bytes32Set;

    uint256 public constant MAX_MODELS = 64;
    uint256 private constant MAX_ENDPOINT_BYTES = 256;
    uint256 private constant MAX_PEER_ID_BYTES = 64;

    IInferenceMarket public immutable market;
    IModelRegistry public immutable registry;

    mapping(address operator => Listing) private _listings;
    mapping(address operator => EnumerableSet.Bytes32Set) private _models;
    mapping(ModelId modelId => EnumerableSet.AddressSet) private _operators;

    constructor(IInferenceMarket market_, IModelRegistry registry_) {
        if (address(market_) == address(0) || address(registry_) == address(0)) revert ZeroAddress();
        market = market_;
        registry = registry_;
    }

    /// @inheritdoc IOperatorRegistry
    function list(address payee, string calldata endpoint, bytes calldata peerId) external {
        uint256 length = bytes(endpoint).length;
        if (payee == address(0) || length == 0 || length > MAX_ENDPOINT_BYTES || peerId.length > MAX_PEER_ID_BYTES)
            revert InvalidListing();
        _listings[msg.sender] = Listing(payee, uint64(block.timestamp), endpoint, peerId);
        emit OperatorListed(msg.sender, payee, endpoint, peerId);
    }

    /// @inheritdoc IOperatorRegistry
    function retire() external {
        _requireListed();
        ModelId[] memory models = modelsOf(msg.sender); // at most MAX_MODELS
        for (uint256 i = 0; i < models.length; ++i) _stopServing(models[i]);
        delete _listings[msg.sender];
        emit OperatorRetired(msg.sender);
    }

    /// @inheritdoc IOperatorRegistry
    function serve(ModelId[] calldata modelIds) external {
        _requireListed();
        EnumerableSet.Bytes32Set storage served = _models[msg.sender];
        for (uint256 i = 0; i < modelIds.length; ++i) {
            ModelId modelId = modelIds[i];
            if (registry.isDeprecated(modelId)) revert ModelNotServable(modelId); // reverts itself when unknown
            if (!served.add(ModelId.unwrap(modelId))) revert AlreadyServed(modelId);
            if (served.length() > MAX_MODELS) revert TooManyModels(MAX_MODELS);
            _operators[modelId].add(msg.sender);
            emit ServingStarted(msg.sender, modelId);
        }
    }

    /// @inheritdoc IOperatorRegistry
    function stopServing(ModelId[] calldata modelIds) external {
        for (uint256 i = 0; i < modelIds.length; ++i) _stopServing(modelIds[i]);
    }

    /// @inheritdoc IOperatorRegistry
    function listingOf(address operator) external view returns (Listing memory) {
        return _listings[operator];
    }

    /// @inheritdoc IOperatorRegistry
    function operatorCount(ModelId modelId) external view returns (uint256) {
        return _operators[modelId].length();
    }

    /// @inheritdoc IOperatorRegistry
    function operatorsOf(ModelId modelId, uint256 offset, uint256 limit) external view returns (address[] memory page) {
        EnumerableSet.AddressSet storage all = _operators[modelId];
        uint256 count = all.length();
        uint256 left = offset < count ? count - offset : 0;
        page = new address[](limit < left ? limit : left);
        for (uint256 i = 0; i < page.length; ++i) page[i] = all.at(offset + i);
    }

    /// @inheritdoc IOperatorRegistry
    function recordOf(address token, address operator) external view returns (Stake memory) {
        return market.stakeOf(token, operator);
    }

    /// @inheritdoc IOperatorRegistry
    function modelsOf(address operator) public view returns (ModelId[] memory models) {
        bytes32[] memory values = _models[operator].values();
        models = new ModelId[](values.length);
        for (uint256 i = 0; i < values.length; ++i) models[i] = ModelId.wrap(values[i]);
    }

    function _stopServing(ModelId modelId) private {
        if (!_models[msg.sender].remove(ModelId.unwrap(modelId))) revert NotServed(modelId);
        _operators[modelId].remove(msg.sender);
        emit ServingEnded(msg.sender, modelId);
    }

    function _requireListed() private view {
        if (_listings[msg.sender].updatedAt == 0) revert NotListed(msg.sender);
    }
}
