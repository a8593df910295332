// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IProofSystem} from "../interfaces/IProofSystem.sol";

/// @notice Measures what one verification costs inside the call, key load and word packing included, the calldata and
/// base cost of a transaction left out. For benchmarks and the demo.
contract GasProbe {
    error VerificationFailed();

    /// @return gasUsed by the call to `verify`, which must succeed; the 2,600 of touching a cold address are in it
    function gasOfVerify(
        IProofSystem proofSystem,
        bytes32 keyHash,
        uint256 context,
        bytes calldata input,
        bytes calldata output,
        bytes calldata seal
    ) external view returns (uint256 gasUsed) {
        bytes memory data = abi.encodeCall(IProofSystem.verify, (keyHash, context, input, output, seal));
        address target = address(proofSystem);
        bool ok;
        assembly ("memory-safe") {
            let before := gas()
            ok := staticcall(gas(), target, add(data, 32), mload(data), 0, 0)
            gasUsed := sub(before, gas())
        }
        if (!ok) revert VerificationFailed();
    }
}
