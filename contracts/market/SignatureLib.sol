// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";

/// @title Who signed a digest
library SignatureLib {
    /// What a contract gets to check a signature (ERC-1271).
    uint256 internal constant ERC1271_GAS = 100_000;

    /// @notice Whether `signer` signed: by its key (65 bytes, lower s only), or, a contract, by saying so.
    /// @dev An account with a key and delegated code (EIP-7702) may sign either way.
    function isValid(address signer, bytes32 digest, bytes calldata signature) internal view returns (bool) {
        (address recovered, ECDSA.RecoverError err, ) = ECDSA.tryRecover(digest, signature);
        if (err == ECDSA.RecoverError.NoError && recovered == signer) return true;
        if (signer.code.length == 0) return false;

        bytes memory data = abi.encodeCall(IERC1271.isValidSignature, (digest, signature));
        bytes32 magic = bytes32(IERC1271.isValidSignature.selector);
        bool ok;
        assembly ("memory-safe") {
            // SAFETY: copies one word, whatever comes back, and gives no more gas than the cap, whoever pays for it.
            mstore(0, 0)
            ok := staticcall(ERC1271_GAS, signer, add(data, 32), mload(data), 0, 32)
            ok := and(ok, and(gt(returndatasize(), 31), eq(mload(0), magic)))
        }
        return ok;
    }
}
