// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity ^0.8.28;

import {Vm} from "forge-std/Vm.sol";

/// Deploys contracts from their artifacts: what runs in tests is the very bytecode that is deployed, optimizer settings
/// included, and a test file need not contain (and compile) the contracts that it tests.
library Artifacts {
    Vm private constant VM = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));

    /// @param artifact "path:Contract"
    /// @param args ABI-encoded constructor arguments
    /// @dev Reverts with what the constructor reverts with.
    function deploy(string memory artifact, bytes memory args) internal returns (address deployed) {
        bytes memory code = bytes.concat(VM.getCode(artifact), args);
        assembly ("memory-safe") {
            deployed := create(0, add(code, 32), mload(code))
            if iszero(deployed) {
                let free := mload(0x40)
                returndatacopy(free, 0, returndatasize())
                revert(free, returndatasize())
            }
        }
    }
}
