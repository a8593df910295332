// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IERC8004IdentityRegistry, IERC8004ValidationRegistry} from "../../interfaces/erc/IERC8004.sol";

/// @title ERC-8004's identity registry, as little as its validation registry asks for; for tests
contract AgentRegistry is IERC8004IdentityRegistry {
    error NoAgent(uint256 agentId);
    error NotOwner(address caller);

    mapping(uint256 agentId => address) private _owners;
    mapping(uint256 agentId => address) public getApproved;
    mapping(address owner => mapping(address operator => bool)) public isApprovedForAll;
    /// @inheritdoc IERC8004IdentityRegistry
    mapping(uint256 agentId => address) public getAgentWallet;

    uint256 private _agents;

    function register() external returns (uint256 agentId) {
        agentId = ++_agents;
        (_owners[agentId], getAgentWallet[agentId]) = (msg.sender, msg.sender);
    }

    function transfer(uint256 agentId, address to) external {
        if (msg.sender != ownerOf(agentId)) revert NotOwner(msg.sender);
        _owners[agentId] = to;
        delete getApproved[agentId];
        delete getAgentWallet[agentId];
    }

    function approve(uint256 agentId, address to) external {
        if (msg.sender != ownerOf(agentId)) revert NotOwner(msg.sender);
        getApproved[agentId] = to;
    }

    function setApprovalForAll(address operator, bool approved) external {
        isApprovedForAll[msg.sender][operator] = approved;
    }

    /// The real one wants the new wallet's signature.
    function setAgentWallet(uint256 agentId, address wallet) external {
        if (msg.sender != ownerOf(agentId)) revert NotOwner(msg.sender);
        getAgentWallet[agentId] = wallet;
    }

    /// @inheritdoc IERC8004IdentityRegistry
    function ownerOf(uint256 agentId) public view returns (address owner) {
        owner = _owners[agentId];
        if (owner == address(0)) revert NoAgent(agentId);
    }
}

/// @title ERC-8004's validation registry, written from its text; for tests
contract ValidationRegistry is IERC8004ValidationRegistry {
    error Exists(bytes32 requestHash);
    error NotAuthorized(address caller);
    error NotValidator(address caller);
    error ResponseAbove100(uint8 response);

    struct Status {
        address validatorAddress;
        uint256 agentId;
        uint8 response;
        bytes32 responseHash;
        string tag;
        uint256 lastUpdate;
        bool answered;
    }

    AgentRegistry private immutable _agents;
    mapping(bytes32 requestHash => Status) private _status;
    mapping(uint256 agentId => bytes32[]) private _ofAgent;
    mapping(address validator => bytes32[]) private _ofValidator;

    constructor(AgentRegistry agents) {
        _agents = agents;
    }

    /// @inheritdoc IERC8004ValidationRegistry
    function validationRequest(
        address validatorAddress,
        uint256 agentId,
        string calldata requestURI,
        bytes32 requestHash
    ) external {
        address owner = _agents.ownerOf(agentId);
        if (
            msg.sender != owner &&
            !_agents.isApprovedForAll(owner, msg.sender) &&
            _agents.getApproved(agentId) != msg.sender
        ) revert NotAuthorized(msg.sender);
        Status storage status = _status[requestHash];
        if (status.validatorAddress != address(0)) revert Exists(requestHash);
        (status.validatorAddress, status.agentId, status.lastUpdate) = (validatorAddress, agentId, block.timestamp);
        _ofAgent[agentId].push(requestHash);
        _ofValidator[validatorAddress].push(requestHash);
        emit ValidationRequest(validatorAddress, agentId, requestURI, requestHash);
    }

    /// @inheritdoc IERC8004ValidationRegistry
    function validationResponse(
        bytes32 requestHash,
        uint8 response,
        string calldata responseURI,
        bytes32 responseHash,
        string calldata tag
    ) public virtual {
        Status storage status = _status[requestHash];
        if (msg.sender != status.validatorAddress) revert NotValidator(msg.sender);
        if (response > 100) revert ResponseAbove100(response);
        (status.response, status.responseHash, status.tag) = (response, responseHash, tag);
        (status.lastUpdate, status.answered) = (block.timestamp, true);
        emit ValidationResponse(msg.sender, status.agentId, requestHash, response, responseURI, responseHash, tag);
    }

    /// @inheritdoc IERC8004ValidationRegistry
    function getValidationStatus(
        bytes32 requestHash
    ) external view returns (address, uint256, uint8, bytes32, string memory, uint256) {
        Status storage s = _status[requestHash];
        return (s.validatorAddress, s.agentId, s.response, s.responseHash, s.tag, s.lastUpdate);
    }

    /// @inheritdoc IERC8004ValidationRegistry
    function getSummary(
        uint256 agentId,
        address[] calldata validatorAddresses,
        string calldata tag
    ) external view returns (uint64 count, uint8 averageResponse) {
        uint256 sum;
        bytes32[] storage hashes = _ofAgent[agentId];
        for (uint256 i = 0; i < hashes.length; ++i) {
            Status storage status = _status[hashes[i]];
            bool wanted =
                status.answered && (bytes(tag).length == 0 || keccak256(bytes(tag)) == keccak256(bytes(status.tag)));
            bool named = validatorAddresses.length == 0;
            for (uint256 k = 0; k < validatorAddresses.length; ++k) {
                named = named || validatorAddresses[k] == status.validatorAddress;
            }
            if (wanted && named) (sum, count) = (sum + status.response, count + 1);
        }
        if (count > 0) averageResponse = uint8(sum / count);
    }

    /// @inheritdoc IERC8004ValidationRegistry
    function getAgentValidations(uint256 agentId) external view returns (bytes32[] memory) {
        return _ofAgent[agentId];
    }

    /// @inheritdoc IERC8004ValidationRegistry
    function getValidatorRequests(address validatorAddress) external view returns (bytes32[] memory) {
        return _ofValidator[validatorAddress];
    }

    /// @inheritdoc IERC8004ValidationRegistry
    function getIdentityRegistry() external view returns (address) {
        return address(_agents);
    }
}

/// @title A validation registry that calls its validator again while that answers
contract ReenteringValidationRegistry is ValidationRegistry {
    bytes private _again;
    bool public reentered;

    constructor(AgentRegistry agents) ValidationRegistry(agents) {}

    function setAgain(bytes calldata call) external {
        _again = call;
    }

    /// @inheritdoc ValidationRegistry
    function validationResponse(
        bytes32 requestHash,
        uint8 response,
        string calldata responseURI,
        bytes32 responseHash,
        string calldata tag
    ) public override {
        bytes memory again = _again;
        delete _again; // once
        // solhint-disable-next-line avoid-low-level-calls
        if (again.length != 0) (reentered, ) = msg.sender.call(again);
        super.validationResponse(requestHash, response, responseURI, responseHash, tag);
    }
}
