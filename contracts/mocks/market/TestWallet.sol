// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";

/// @title A contract that signs (ERC-1271), well or badly
contract TestWallet is IERC1271 {
    enum Manner {
        HONEST, // accepts the digest that it was told to
        REVERTS,
        BURNS, // all the gas it gets
        SHORT, // returns 31 bytes
        DIRTY, // the magic value, and bits after it
        BOMB // the magic value at the head of a megabyte
    }

    error Refusing();

    bytes32 private _accepted;
    Manner private _manner;
    uint256 private _gasToSpend;

    /// @param gasToSpend before an honest answer
    function accept(bytes32 digest, Manner manner, uint256 gasToSpend) external {
        (_accepted, _manner, _gasToSpend) = (digest, manner, gasToSpend);
    }

    /// Lets a test act as this contract.
    function act(address target, bytes calldata data) external returns (bytes memory) {
        // solhint-disable-next-line avoid-low-level-calls
        (bool ok, bytes memory ret) = target.call(data);
        if (!ok) revert Refusing();
        return ret;
    }

    /// @inheritdoc IERC1271
    function isValidSignature(bytes32 digest, bytes calldata) external view returns (bytes4) {
        uint256 start = gasleft();
        bytes32 magic = bytes32(IERC1271.isValidSignature.selector);
        Manner manner = _manner;
        if (manner == Manner.REVERTS) revert Refusing();
        if (manner == Manner.BURNS) {
            assembly ("memory-safe") {
                invalid()
            }
        }
        if (manner == Manner.SHORT || manner == Manner.DIRTY || manner == Manner.BOMB) {
            uint256 size =
                manner == Manner.SHORT
                    ? 31
                    : manner == Manner.DIRTY
                        ? 32
                        : 1_000_000;
            if (manner == Manner.DIRTY) magic |= bytes32(uint256(1));
            assembly ("memory-safe") {
                mstore(0, magic)
                if gt(size, 32) {
                    // More would not fit into the gas; the caller must not copy it.
                    size := 10000
                }
                return(0, size)
            }
        }
        uint256 toSpend = _gasToSpend;
        uint256 idle;
        while (start - gasleft() < toSpend) ++idle;
        return digest == _accepted ? bytes4(magic) : bytes4(0);
    }
}
