// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Ownable, Ownable2Step} from "@openzeppelin/contracts/access/Ownable2Step.sol";
import {IProofSystem} from "../interfaces/IProofSystem.sol";
import {Claim, IProofSystemRouter} from "../interfaces/IProofSystemRouter.sol";

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
        uint32 stoppedKeys;
        bytes32 codeHash;
    }

    /// Gas for asking an implementation its selector, and for a verification (InferenceMarket.MAX_VERIFY_GAS): nothing that is
    /// added can take a caller's whole transaction.
    uint256 private constant SELECTOR_GAS = 100_000;
    uint256 private constant VERIFY_GAS = 7_000_000;

    /// @notice May stop new jobs of a proof system, and nothing else. Zero: nobody may.
    address public immutable guardian;

    mapping(bytes4 selector => Entry) private _entries;
    mapping(address implementation => bytes4) private _selectors;
    mapping(bytes4 selector => mapping(bytes32 keyHash => bool)) private _stopped;

    constructor(address owner_, address guardian_) Ownable(owner_) {
        guardian = guardian_;
    }

    /// @inheritdoc IProofSystemRouter
    function add(IProofSystem implementation) external onlyOwner {
        if (address(implementation).code.length == 0) revert NoCode(address(implementation));
        bytes4 selector = implementation.selector{gas: SELECTOR_GAS}();
        if (selector == bytes4(0)) revert ZeroSelector();
        Entry storage entry = _entries[selector];
        // INVARIANT: an entry is written once.
        if (entry.status == Status.TOMBSTONE) revert SelectorRemoved(selector);
        if (entry.status != Status.UNSET) revert SelectorTaken(selector);
        if (_selectors[address(implementation)] != bytes4(0)) revert ImplementationTaken(address(implementation));
        bytes32 codeHash = address(implementation).codehash;
        (entry.implementation, entry.status, entry.codeHash) = (implementation, Status.ACTIVE, codeHash);
        _selectors[address(implementation)] = selector;
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
    function stopKey(
        bytes4 selector,
        bytes32 keyHash,
        bytes calldata input,
        Claim calldata first,
        Claim calldata second
    ) external {
        Entry storage entry = _entries[selector];
        if (entry.status == Status.UNSET) revert SelectorUnset(selector);
        if (_stopped[selector][keyHash]) revert KeyIsStopped(selector, keyHash);
        if (keccak256(first.output) == keccak256(second.output)) revert NoConflict();
        // SAFETY: a model is a function: whoever proves two outputs of one input forges. Contexts may differ.
        _verify(entry.implementation, keyHash, input, first);
        _verify(entry.implementation, keyHash, input, second);
        _stopped[selector][keyHash] = true;
        entry.stoppedKeys += 1;
        emit KeyStopped(selector, keyHash, first, second, input);
    }

    /// @inheritdoc IProofSystemRouter
    function activeImplementation(bytes4 selector) external view returns (IProofSystem) {
        return _pinned(selector, _active(selector));
    }

    /// @inheritdoc IProofSystemRouter
    function activeFor(bytes4 selector, bytes32 keyHash) external view returns (IProofSystem) {
        Entry storage entry = _active(selector);
        if (entry.stoppedKeys != 0 && _stopped[selector][keyHash]) revert KeyIsStopped(selector, keyHash);
        return _pinned(selector, entry);
    }

    /// @inheritdoc IProofSystemRouter
    function requireActive(address implementation) external view returns (bool keysStopped) {
        return _active(_selectors[implementation]).stoppedKeys != 0;
    }

    /// @inheritdoc IProofSystemRouter
    function requireKey(address implementation, bytes32 keyHash) external view {
        bytes4 selector = _selectors[implementation];
        if (_stopped[selector][keyHash]) revert KeyIsStopped(selector, keyHash);
    }

    /// @inheritdoc IProofSystemRouter
    function isKeyStopped(bytes4 selector, bytes32 keyHash) external view returns (bool) {
        return _stopped[selector][keyHash];
    }

    /// @inheritdoc IProofSystemRouter
    function implementationOf(bytes4 selector) external view returns (IProofSystem) {
        return _entries[selector].implementation;
    }

    function _verify(
        IProofSystem implementation,
        bytes32 keyHash,
        bytes calldata input,
        Claim calldata claim
    ) private view {
        implementation.verify{gas: VERIFY_GAS}(keyHash, claim.context, input, claim.output, claim.seal);
    }

    function _pinned(bytes4 selector, Entry storage entry) private view returns (IProofSystem implementation) {
        implementation = entry.implementation;
        bytes32 actual = address(implementation).codehash;
        // SAFETY: code can change behind an address (delegated accounts, destruction within the creating transaction).
        if (actual != entry.codeHash) revert CodeHashChanged(selector, entry.codeHash, actual);
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
