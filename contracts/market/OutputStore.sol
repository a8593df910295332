// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title A proven output in storage, one slot for each 32 bytes
/// @dev The length lives with the job, in a slot that settlement writes anyway: an output of up to 32 bytes costs one
/// fresh slot where `bytes` costs two from 32 on. The words follow `Words.first` in consecutive slots, as the elements
/// of a fixed array would; nothing else may follow a `Words` in its struct.
library OutputStore {
    struct Words {
        bytes32 first;
    }

    /// @notice Writes `data`; the bytes beyond its end are zero.
    function store(Words storage self, bytes calldata data) internal {
        assembly ("memory-safe") {
            let slot := self.slot
            let whole := and(data.length, not(31))
            for {
                let i := 0
            } lt(i, whole) {
                i := add(i, 32)
            } {
                sstore(slot, calldataload(add(data.offset, i)))
                slot := add(slot, 1)
            }
            let rest := sub(data.length, whole)
            if rest {
                // SAFETY: what follows `data` in the calldata is the sender's choice; it is shifted out.
                let shift := sub(256, shl(3, rest))
                sstore(slot, shl(shift, shr(shift, calldataload(add(data.offset, whole)))))
            }
        }
    }

    /// @notice Reads the `length` bytes that were stored.
    function load(Words storage self, uint256 length) internal view returns (bytes memory data) {
        assembly ("memory-safe") {
            data := mload(0x40)
            mstore(data, length)
            let slot := self.slot
            let end := add(add(data, 32), and(add(length, 31), not(31)))
            for {
                let p := add(data, 32)
            } lt(p, end) {
                p := add(p, 32)
            } {
                mstore(p, sload(slot))
                slot := add(slot, 1)
            }
            mstore(0x40, end)
        }
    }
}
