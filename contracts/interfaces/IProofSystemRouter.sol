// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IProofSystem} from "./IProofSystem.sol";

/// @title The append-only list of proof systems
/// @notice selector -> implementation, pinned by code hash. An entry is never replaced; a removed selector becomes a
/// tombstone and never returns. Jobs pin the implementation's address when they are requested, so nothing here can
/// hurt a live job.
interface IProofSystemRouter {
    event ProofSystemAdded(bytes4 indexed selector, address indexed implementation, bytes32 codeHash);
    event ProofSystemStopped(bytes4 indexed selector);
    event ProofSystemRemoved(bytes4 indexed selector);

    error SelectorUnset(bytes4 selector);
    error SelectorTaken(bytes4 selector);
    error SelectorRemoved(bytes4 selector);
    error SelectorStopped(bytes4 selector);
    error CodeHashChanged(bytes4 selector, bytes32 expected, bytes32 actual);
    error NotGuardian(address caller);
    error ZeroSelector();
    error NoCode(address implementation);

    /// @notice Adds an implementation under the selector that it reports itself. Owner only.
    function add(IProofSystem implementation) external;

    /// @notice Stops new jobs of a proof system, for ever. Guardian only; live jobs settle as before.
    function stop(bytes4 selector) external;

    /// @notice Turns an entry into a tombstone: no new models, no new jobs, and the selector is never used again. Owner only.
    function remove(bytes4 selector) external;

    /// @notice The implementation that new jobs may use; reverts with a named error when unset, stopped, removed or
    /// when its code is no longer the code that was added.
    function activeImplementation(bytes4 selector) external view returns (IProofSystem);

    /// @notice The implementation that was ever added under a selector (stopped and removed ones too), or zero.
    function implementationOf(bytes4 selector) external view returns (IProofSystem);
}
