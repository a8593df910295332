// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title ERC-8004, validation registry
/// @notice As in the text at commit 2395308a of ethereum/ERCs, where tags are strings. Agents' owners or operators ask,
/// the validator that they named answers. The ERC gives no ERC-165 id.
interface IERC8004ValidationRegistry {
    event ValidationRequest(
        address indexed validatorAddress,
        uint256 indexed agentId,
        string requestURI,
        bytes32 indexed requestHash
    );
    event ValidationResponse(
        address indexed validatorAddress,
        uint256 indexed agentId,
        bytes32 indexed requestHash,
        uint8 response,
        string responseURI,
        bytes32 responseHash,
        string tag
    );

    function validationRequest(
        address validatorAddress,
        uint256 agentId,
        string calldata requestURI,
        bytes32 requestHash
    ) external;

    function validationResponse(
        bytes32 requestHash,
        uint8 response,
        string calldata responseURI,
        bytes32 responseHash,
        string calldata tag
    ) external;

    function getValidationStatus(
        bytes32 requestHash
    )
        external
        view
        returns (
            address validatorAddress,
            uint256 agentId,
            uint8 response,
            bytes32 responseHash,
            string memory tag,
            uint256 lastUpdate
        );

    function getSummary(
        uint256 agentId,
        address[] calldata validatorAddresses,
        string calldata tag
    ) external view returns (uint64 count, uint8 averageResponse);

    function getAgentValidations(uint256 agentId) external view returns (bytes32[] memory requestHashes);

    function getValidatorRequests(address validatorAddress) external view returns (bytes32[] memory requestHashes);

    function getIdentityRegistry() external view returns (address identityRegistry);
}

/// @title ERC-8004, what is read of the identity registry: agents are ERC-721 tokens
interface IERC8004IdentityRegistry {
    /// @notice The agent's owner (ERC-721).
    function ownerOf(uint256 agentId) external view returns (address);

    /// @notice Where the agent is paid: shown by a signature to be the agent's, cleared when it changes hands.
    function getAgentWallet(uint256 agentId) external view returns (address);
}
