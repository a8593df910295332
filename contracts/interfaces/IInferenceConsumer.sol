// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {JobId} from "../types/JobId.sol";
import {ModelId} from "../types/ModelId.sol";

/// @title What a market calls when a job that names a consumer has settled
/// @dev Called with exactly Request.callbackGas. A revert does not undo the settlement; it becomes an event. Anyone can
/// name any contract as consumer: implementations must take only jobs that they asked for, of the model they pinned
/// (see consumers/InferenceConsumer.sol).
interface IInferenceConsumer {
    function onInference(JobId jobId, ModelId modelId, bytes calldata output) external;
}
