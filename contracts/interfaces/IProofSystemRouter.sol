// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IProofSystem} from "./IProofSystem.sol";

/// A proof as `IProofSystem.verify` takes it, but for the key and the input.
struct Claim {
    uint256 context;
    bytes output;
    bytes seal;
}

/// @title The append-only list of proof systems
/// @notice selector -> implementation, pinned by code hash. An entry is never replaced; a removed selector becomes a
/// tombstone and never returns. Jobs pin the implementation's address when they are requested, so nothing here can
/// hurt a live job.
interface IProofSystemRouter {
    event ProofSystemAdded(bytes4 indexed selector, address indexed implementation, bytes32 codeHash);
    event ProofSystemStopped(bytes4 indexed selector);
    event ProofSystemRemoved(bytes4 indexed selector);
    /// Two proofs of one key, about one input, showed two outputs: somebody can forge for this key.
    event KeyStopped(bytes4 indexed selector, bytes32 indexed keyHash, Claim first, Claim second, bytes input);

    error SelectorUnset(bytes4 selector);
    error SelectorTaken(bytes4 selector);
    error SelectorRemoved(bytes4 selector);
    error SelectorStopped(bytes4 selector);
    error CodeHashChanged(bytes4 selector, bytes32 expected, bytes32 actual);
    error ImplementationTaken(address implementation);
    error KeyIsStopped(bytes4 selector, bytes32 keyHash);
    /// The two outputs are the same.
    error NoConflict();
    error NotGuardian(address caller);
    error ZeroSelector();
    error NoCode(address implementation);

    /// @notice Adds an implementation under the selector that it reports itself. Owner only.
    function add(IProofSystem implementation) external;

    /// @notice Stops new jobs of a proof system, for ever. Guardian only; live jobs settle as before.
    function stop(bytes4 selector) external;

    /// @notice Turns an entry into a tombstone: no new models, no new jobs, and the selector is never used again. Owner only.
    function remove(bytes4 selector) external;

    /// @notice Stops new jobs of a key, for ever, when two valid proofs show two outputs for one input. Anyone; live jobs
    /// settle as before. Reverts with the proof system's error when a proof is not valid.
    function stopKey(
        bytes4 selector,
        bytes32 keyHash,
        bytes calldata input,
        Claim calldata first,
        Claim calldata second
    ) external;

    /// @notice The implementation of an active proof system; reverts with a named error when unset, stopped, removed or
    /// when its code is no longer the code that was added.
    function activeImplementation(bytes4 selector) external view returns (IProofSystem);

    /// @notice As `activeImplementation`, for a new model or job with this key: reverts also when the key is stopped.
    function activeFor(bytes4 selector, bytes32 keyHash) external view returns (IProofSystem);

    /// @notice Reverts unless a job that pinned `implementation` may still be claimed.
    /// @return keysStopped whether any key of it was ever stopped: if so, ask `requireKey` too
    function requireActive(address implementation) external view returns (bool keysStopped);

    /// @notice Reverts when the key is stopped.
    function requireKey(address implementation, bytes32 keyHash) external view;

    function isKeyStopped(bytes4 selector, bytes32 keyHash) external view returns (bool);

    /// @notice The implementation that was ever added under a selector (stopped and removed ones too), or zero.
    function implementationOf(bytes4 selector) external view returns (IProofSystem);
}
