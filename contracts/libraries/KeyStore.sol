// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IProofSystem} from "../interfaces/IProofSystem.sol";

/// @title Keys stored as code
/// @notice A key becomes the code of one or more contracts that only hold it: STOP ‖ bytes, so that calling one does
/// nothing. Reading a key of one piece costs one storage slot and one account.
library KeyStore {
    /// @notice Bytes a piece holds: EIP-170's 24,576 less the STOP.
    uint256 internal constant PIECE = 24_575;

    struct Head {
        address first; // zero for an unknown key
        uint32 length; // of the whole key
    }

    struct Keys {
        mapping(bytes32 keyHash => Head) heads;
        mapping(bytes32 keyHash => mapping(uint256 index => address)) further; // pieces 1, 2, ...
    }

    /// @notice Stores a key that is not stored yet.
    function store(Keys storage self, bytes32 keyHash, bytes memory key) internal {
        self.heads[keyHash] = Head(_create(key, 0), uint32(key.length));
        for (uint256 index = 1; index * PIECE < key.length; ++index) {
            self.further[keyHash][index] = _create(key, index * PIECE);
        }
    }

    function contains(Keys storage self, bytes32 keyHash) internal view returns (bool) {
        return self.heads[keyHash].first != address(0);
    }

    /// @notice The key's bytes. Errors: UnknownKey.
    function load(Keys storage self, bytes32 keyHash) internal view returns (bytes memory key) {
        Head memory head = self.heads[keyHash];
        if (head.first == address(0)) revert IProofSystem.UnknownKey(keyHash);
        uint256 length = head.length;
        assembly ("memory-safe") {
            key := mload(0x40)
            mstore(0x40, and(add(add(key, length), 0x3f), not(0x1f)))
            mstore(key, length)
        }
        _read(head.first, key, 0);
        for (uint256 index = 1; index * PIECE < length; ++index) {
            _read(self.further[keyHash][index], key, index * PIECE);
        }
    }

    /// Deploys the bytes from `offset` on, as many as fit one piece.
    function _create(bytes memory key, uint256 offset) private returns (address piece) {
        uint256 length = _pieceLength(key, offset);
        assembly ("memory-safe") {
            // Creation code, 10 bytes: PUSH2 size, DUP1, PUSH1 10, RETURNDATASIZE, CODECOPY, RETURNDATASIZE, RETURN;
            // it returns the `size` bytes after itself, of which the first is STOP.
            let code := mload(0x40)
            mstore(code, or(shl(168, 0x61000080600a3d393df300), shl(232, add(length, 1))))
            mcopy(add(code, 11), add(add(key, 0x20), offset), length)
            piece := create(0, code, add(length, 11))
            if iszero(piece) {
                invalid()
            } // SAFETY: fails for want of gas only; the code's size and first byte are fixed
        }
    }

    function _read(address piece, bytes memory key, uint256 offset) private view {
        uint256 length = _pieceLength(key, offset);
        assembly ("memory-safe") {
            extcodecopy(piece, add(add(key, 0x20), offset), 1, length)
        }
    }

    function _pieceLength(bytes memory key, uint256 offset) private pure returns (uint256) {
        uint256 rest = key.length - offset;
        return rest < PIECE ? rest : PIECE;
    }
}
