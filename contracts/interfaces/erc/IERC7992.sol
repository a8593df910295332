// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title ERC-7992 (draft), ZKML registry
/// @notice ERC-165 id 0xd28519b1. As in the draft, but for one name: it declares `ModelDeprecated` both as an event and
/// as an error, which does not compile; the error is `ModelIsDeprecated` here.
interface IERCZKMLRegistry {
    struct ModelCommitment {
        bytes32 modelHash; // weights and architecture
        bytes32 circuitHash; // arithmetic circuit or AIR
        bytes32 vkHash; // verifying key
        bytes4 proofSystemId; // first bytes of the hash of the proof system's name
        string uri; // off-chain metadata
    }

    event ModelRegistered(uint256 indexed modelId, address indexed owner, ModelCommitment commitment);
    event ModelUpdated(uint256 indexed modelId, ModelCommitment oldCommitment, ModelCommitment newCommitment);
    event ModelDeprecated(uint256 indexed modelId);

    error ModelNotFound(uint256 modelId);
    error NotModelOwner(uint256 modelId, address caller);
    error ModelIsDeprecated(uint256 modelId);

    function registerModel(ModelCommitment calldata commitment) external returns (uint256 modelId);

    function updateModel(uint256 modelId, ModelCommitment calldata newCommitment) external;

    function deprecateModel(uint256 modelId) external;

    function getModel(
        uint256 modelId
    ) external view returns (ModelCommitment memory commitment, bool deprecated, address owner);
}

/// @title ERC-7992 (draft), ZKML verifier
/// @notice ERC-165 id 0x5df65472, the optional views `proofSystemOf` and `registry` included.
interface IERCZKMLVerifier {
    event InferenceVerified(
        uint256 indexed modelId,
        bytes32 indexed inputCommitment,
        bytes output,
        address indexed caller
    );

    error InvalidProof();
    error ModelMismatch();
    error InputCommitmentMismatch();
    error OutputMismatch();
    error UnsupportedProofSystem(bytes4 proofSystemId);
    // solhint-disable-next-line
    error VerificationRefused_ModelDeprecated(uint256 modelId);

    /// @notice Reverts unless `proof` shows that the model maps the committed input to `output`.
    function verifyInference(
        uint256 modelId,
        bytes32 inputCommitment,
        bytes calldata output,
        bytes calldata proof
    ) external;

    function proofSystemOf(uint256 modelId) external view returns (bytes4);

    function registry() external view returns (address registryAddress);
}
