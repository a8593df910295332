// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IInferenceConsumer} from "../../interfaces/IInferenceConsumer.sol";
import {IInferenceMarket} from "../../interfaces/IInferenceMarket.sol";
import {JobId} from "../../types/JobId.sol";
import {ModelId} from "../../types/ModelId.sol";

/// @title Remembers what it was told, and with how much gas
contract RecordingConsumer is IInferenceConsumer {
    uint256 public calls;
    JobId public jobId;
    ModelId public modelId;
    bytes public output;
    bytes public resultSeen;
    uint256 public gasSeen;

    function onInference(JobId jobId_, ModelId modelId_, bytes calldata output_) external {
        gasSeen = gasleft();
        calls += 1;
        (jobId, modelId, output) = (jobId_, modelId_, output_);
        resultSeen = IInferenceMarket(msg.sender).resultOf(jobId_);
    }
}

/// @title Reverts with a reason
contract RevertingConsumer is IInferenceConsumer {
    error Refusal(JobId jobId);

    function onInference(JobId jobId, ModelId, bytes calldata) external pure {
        revert Refusal(jobId);
    }
}

/// @title Burns all the gas it gets
contract GasBurningConsumer is IInferenceConsumer {
    function onInference(JobId, ModelId, bytes calldata) external pure {
        assembly {
            invalid()
        }
    }
}

/// @title Returns or reverts with as much data as its gas buys
contract ReturnBombConsumer is IInferenceConsumer {
    bool public immutable reverts;
    uint256 public immutable size;

    constructor(bool reverts_, uint256 size_) {
        (reverts, size) = (reverts_, size_);
    }

    function onInference(JobId, ModelId, bytes calldata) external view {
        bool reverting = reverts;
        uint256 bytesOut = size;
        assembly {
            // The words 1, 2, 3, ... and then zeros, so that a cut can be told from a loss.
            let data := mload(0x40)
            for {
                let i := 0
            } lt(i, 16) {
                i := add(i, 1)
            } {
                mstore(add(data, shl(5, i)), add(i, 1))
            }
            if reverting {
                revert(data, bytesOut)
            }
            return(data, bytesOut)
        }
    }
}

/// @title Calls the market back from inside the callback
contract ReentrantConsumer is IInferenceConsumer {
    bytes private _call;
    bool public entered;
    bool public lastOk;
    bytes public lastReturn;

    function arm(bytes calldata data) external {
        _call = data;
    }

    /// Lets the test act as this contract beforehand: it may be requester or operator itself.
    function act(address target, bytes calldata data) external returns (bytes memory) {
        // solhint-disable-next-line avoid-low-level-calls
        (bool ok, bytes memory ret) = target.call(data);
        if (!ok) {
            assembly ("memory-safe") {
                revert(add(ret, 32), mload(ret))
            }
        }
        return ret;
    }

    function onInference(JobId, ModelId, bytes calldata) external {
        entered = true;
        // solhint-disable-next-line avoid-low-level-calls
        (lastOk, lastReturn) = msg.sender.call(_call);
    }
}
