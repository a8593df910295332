// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title Answers `selector` as it likes
/// @dev For what a router does when an implementation changes its name, or never stops.
contract ShiftySystem {
    bytes4 private _selector;

    constructor(bytes4 selector_) {
        _selector = selector_;
    }

    /// Zero: burns whatever gas it gets.
    function become(bytes4 selector_) external {
        _selector = selector_;
    }

    function selector() external view returns (bytes4) {
        if (_selector == bytes4(0)) {
            assembly ("memory-safe") {
                invalid()
            }
        }
        return _selector;
    }
}
