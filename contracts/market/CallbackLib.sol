// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IInferenceConsumer} from "../interfaces/IInferenceConsumer.sol";
import {IInferenceMarket} from "../interfaces/IInferenceMarket.sol";
import {JobId} from "../types/JobId.sol";
import {Request} from "../types/Request.sol";

/// @title Calling a contract that may be hostile
library CallbackLib {
    /// Bytes of a failed callback's return data that are kept.
    uint256 internal constant MAX_RETURN_BYTES = 256;

    /// What the call itself may cost before the consumer runs: two cold accounts (an account that delegates its code,
    /// EIP-7702, makes two), and the few operations between the measurement and the call.
    uint256 internal constant CALL_OVERHEAD = 6_000;

    /// @notice Gas that must be left for `gasLimit` to reach the callee: all but 1/64 is passed on (EIP-150).
    function required(uint256 gasLimit) internal pure returns (uint256) {
        return gasLimit + gasLimit / 63 + 1 + CALL_OVERHEAD;
    }

    /// @notice Calls the request's consumer with exactly callbackGas. Never reverts because of what the consumer does.
    /// @return ok whether the consumer returned
    /// @return returnData the first bytes of what it reverted with; empty if ok
    function callConsumer(
        Request calldata req,
        JobId jobId,
        bytes memory output
    ) internal returns (bool ok, bytes memory returnData) {
        bytes memory data = abi.encodeCall(IInferenceConsumer.onInference, (jobId, req.modelId, output));
        address consumer = req.consumer;
        uint256 gasLimit = req.callbackGas;
        uint256 available = gasleft();
        // SAFETY: whoever settles chooses the transaction's gas. With less than this the consumer would be starved while
        // the settlement stands, so the whole settlement reverts and can be sent again with more.
        if (available < required(gasLimit))
            revert IInferenceMarket.InsufficientCallbackGas(available, required(gasLimit));
        assembly ("memory-safe") {
            ok := call(gasLimit, consumer, 0, add(data, 32), mload(data), 0, 0)
            returnData := mload(0x40)
            let size := 0
            if iszero(ok) {
                // SAFETY: copies a bounded part of what may be megabytes, all at the sender's cost.
                size := returndatasize()
                if gt(size, MAX_RETURN_BYTES) {
                    size := MAX_RETURN_BYTES
                }
            }
            mstore(returnData, size)
            returndatacopy(add(returnData, 32), 0, size)
            mstore(0x40, add(returnData, and(add(size, 63), not(31))))
        }
    }
}
