// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Ownable, Ownable2Step} from "@openzeppelin/contracts/access/Ownable2Step.sol";
import {IProofSystem} from "../interfaces/IProofSystem.sol";
import {IProofSystemRouter} from "../interfaces/IProofSystemRouter.sol";

/// @title The append-only list of proof systems (see IProofSystemRouter)
contract ProofSystemRouter is IProofSystemRouter, Ownable2Step {
    /// UNSET -> ACTIVE -> STOPPED -> TOMBSTONE, or ACTIVE -> TOMBSTONE. Nothing goes back.
    enum Status {
        UNSET,
        ACTIVE,
        STOPPED,
        TOMBSTONE
    }

    struct Entry {
        IProofSystem implementation;
        Status status;
        bytes32 codeHash;
    }

    /// @notice May stop new jobs of a proof system, and nothing else. Zero: nobody may.
    address public immutable guardian;

    mapping(bytes4 selector => Entry) private _entries;

    constructor(address owner_, address guardian_) Ownable(owner_) {
        guardian = guardian_;
    }

    /// @inheritdoc IProofSystemRouter
    function add(IProofSystem implementation) external onlyOwner {
        if (address(implementation).code.length == 0) revert NoCode(address(implementation));
        bytes4 selector = implementation.selector();
        if (selector == bytes4(0)) revert ZeroSelector();
        Entry storage entry = _entries[selector];
        // INVARIANT: an entry is written once.
        if (entry.status == Status.TOMBSTONE) revert SelectorRemoved(selector);
        if (entry.status != Status.UNSET) revert SelectorTaken(selector);
        bytes32 codeHash = address(implementation).codehash;
        (entry.implementation, entry.status, entry.codeHash) = (implementation, Status.ACTIVE, codeHash);
        emit ProofSystemAdded(selector, address(implementation), codeHash);
    }

    /// @inheritdoc IProofSystemRouter
    function stop(bytes4 selector) external {
        if (msg.sender != guardian) revert NotGuardian(msg.sender);
        Entry storage entry = _active(selector);
        entry.status = Status.STOPPED;
        emit ProofSystemStopped(selector);
    }

    /// @inheritdoc IProofSystemRouter
    function remove(bytes4 selector) external onlyOwner {
        Entry storage entry = _entries[selector];
        if (entry.status == Status.UNSET) revert SelectorUnset(selector);
        if (entry.status == Status.TOMBSTONE) revert SelectorRemoved(selector);
        entry.status = Status.TOMBSTONE;
        emit ProofSystemRemoved(selector);
    }

    /// @inheritdoc IProofSystemRouter
    function activeImplementation(bytes4 selector) external view returns (IProofSystem implementation) {
        Entry storage entry = _active(selector);
        implementation = entry.implementation;
        bytes32 actual = address(implementation).codehash;
        // SAFETY: code can change behind an address (delegated accounts, destruction within the creating transaction).
        if (actual != entry.codeHash) revert CodeHashChanged(selector, entry.codeHash, actual);
    }

    /// @inheritdoc IProofSystemRouter
    function implementationOf(bytes4 selector) external view returns (IProofSystem) {
        return _entries[selector].implementation;
    }

    function _active(bytes4 selector) private view returns (Entry storage entry) {
        entry = _entries[selector];
        Status status = entry.status;
        if (status == Status.ACTIVE) return entry;
        if (status == Status.UNSET) revert SelectorUnset(selector);
        if (status == Status.STOPPED) revert SelectorStopped(selector);
        revert SelectorRemoved(selector);
    }
}
