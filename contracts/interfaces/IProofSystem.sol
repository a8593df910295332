// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title A way to prove that a model maps an input to an output
/// @notice One contract serves every key of its kind. Keys are content-addressed, validated once, stored for ever.
/// @dev Safety: `verify` returns only if the seal proves that the key's model maps `input` to `output` under `context`,
/// assuming that the key's set-up was honest. It checks every scalar, length and range itself, whatever its caller did.
/// Liveness: for a registered key every honest seal verifies, within a gas bound that depends on the key alone.
interface IProofSystem {
    /// A key was validated and stored.
    event KeyRegistered(bytes32 indexed keyHash, bytes32 inputSpecHash, bytes32 outputSpecHash);

    /// No key of this hash is registered.
    error UnknownKey(bytes32 keyHash);
    /// The bytes are not a canonical key; `reason` is an implementation's own code, documented with it.
    error MalformedKey(uint256 reason);
    /// The key can be forged for by anybody: its set-up lacks a contribution.
    error ForgeableKey();
    /// Input or output bytes have the wrong length.
    error WrongLength(uint256 expected, uint256 actual);
    /// Value number `index` (over all tensors) lies outside the range that the spec declares.
    error ValueOutOfRange(uint256 index, int256 value, int256 lo, int256 hi);
    /// A scalar is not below the field's order.
    error ScalarOutOfField(uint256 index, uint256 value);
    /// The seal is not canonical: wrong length, a coordinate beyond the base field, or a point off its curve.
    error MalformedSeal();
    /// The seal proves nothing of the kind.
    error InvalidProof();
    /// The arrays of a batch differ in length.
    error BatchLengthMismatch();

    /// @notice The selector by which routers and models name this proof system.
    function selector() external view returns (bytes4);

    /// @notice Validates a key and stores it. Registering a key again changes nothing.
    /// @param key canonical key blob
    /// @return keyHash keccak256 of the blob
    function registerKey(bytes calldata key) external returns (bytes32 keyHash);

    /// @notice Whether a key of this hash is registered.
    function isRegistered(bytes32 keyHash) external view returns (bool);

    /// @notice The registered key's bytes.
    function keyOf(bytes32 keyHash) external view returns (bytes memory);

    /// @notice Hashes of the input and output spec lists inside the key.
    function specHashes(bytes32 keyHash) external view returns (bytes32 inputSpecHash, bytes32 outputSpecHash);

    /// @notice 0 PUBLIC, 1 COMMITTED: what `input` is for this key.
    function inputModeOf(bytes32 keyHash) external view returns (uint8);

    /// @notice Bytes of every output that the key's model can have.
    function outputLengthOf(bytes32 keyHash) external view returns (uint256);

    /// @notice Reverts with a named error unless `input` is canonical for the key.
    function checkInput(bytes32 keyHash, bytes calldata input) external view;

    /// @notice Reverts with a named error unless the seal proves output = model(input) under the context.
    function verify(
        bytes32 keyHash,
        uint256 context,
        bytes calldata input,
        bytes calldata output,
        bytes calldata seal
    ) external view;

    /// @notice As `verify`, for several claims about one key; reverts unless all hold.
    function verifyBatch(
        bytes32 keyHash,
        uint256[] calldata contexts,
        bytes[] calldata inputs,
        bytes[] calldata outputs,
        bytes[] calldata seals
    ) external view;
}
