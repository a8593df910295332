// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IInferenceMarket} from "../interfaces/IInferenceMarket.sol";
import {JobId} from "../types/JobId.sol";
import {ModelId} from "../types/ModelId.sol";
import {Mode, Request} from "../types/Request.sol";

/// @title The check of ERC-7007: is this content what the pinned model makes of this prompt?
/// @notice `prompt` is the job's input, `aigcData` its output, `proof` the ABI encoding of its Request. What was proven
/// to the market is not proven again; a job of OPTIMISTIC mode counts once it is final, if the collection takes such
/// jobs at all (docs/spec/facades.md). For ERC-7007 tokens to inherit or to ask.
contract Erc7007Verifier {
    error WrongModel(ModelId actual, ModelId expected);
    error PromptMismatch();
    error ContentMismatch();
    /// The job was settled without a proof up front, which this collection does not take.
    error NotProven();
    error ZeroMarketOrModel();

    IInferenceMarket public immutable market;
    ModelId public immutable modelId;
    /// Whether outputs count that nobody challenged, beside those that were proven.
    bool public immutable takesOptimistic;

    constructor(IInferenceMarket market_, ModelId modelId_, bool takesOptimistic_) {
        if (address(market_) == address(0) || modelId_.isZero()) revert ZeroMarketOrModel();
        market = market_;
        modelId = modelId_;
        takesOptimistic = takesOptimistic_;
    }

    /// @notice Whether `requireVerified` would go through; false also for a proof that is no Request, and when too little
    /// gas is given.
    function verify(
        bytes calldata prompt,
        bytes calldata aigcData,
        bytes calldata proof
    ) public view virtual returns (bool success) {
        try this.requireVerified(prompt, aigcData, proof) returns (address) {
            return true;
        } catch {
            return false;
        }
    }

    /// @notice Reverts, saying why, unless the pinned market holds `aigcData` as the final output of a job of the pinned
    /// model with input `prompt`. Errors: those above, IInferenceMarket.NoOutput.
    /// @return requester who asked for the inference and paid for it; in the ERC's words, the content's owner
    function requireVerified(
        bytes calldata prompt,
        bytes calldata aigcData,
        bytes calldata proof
    ) public view returns (address requester) {
        Request memory req = abi.decode(proof, (Request));
        if (req.modelId != modelId) revert WrongModel(req.modelId, modelId);
        if (req.mode != Mode.VALIDITY && !takesOptimistic) revert NotProven();
        if (keccak256(req.input) != keccak256(prompt)) revert PromptMismatch();
        // INVARIANT: the id is the hash of the whole Request, so a Request that was changed has no output.
        JobId jobId = market.jobIdOf(req);
        if (keccak256(market.resultOf(jobId)) != keccak256(aigcData)) revert ContentMismatch();
        return req.requester;
    }
}
