// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IInferenceConsumer} from "../interfaces/IInferenceConsumer.sol";
import {IInferenceMarket} from "../interfaces/IInferenceMarket.sol";
import {JobId} from "../types/JobId.sol";
import {ModelId} from "../types/ModelId.sol";
import {Request} from "../types/Request.sol";

/// @title What every consumer of one model does, whatever market it asks
/// @notice Asks for inferences of a pinned model, and takes each answer once, only for jobs that it asked for itself, only
/// from the market that it asked. What may call `_requestInference`, and who pays, is the dApp's to decide.
/// @dev Anyone can name this contract as the consumer of a job of any model on any market (T20): `onInference` trusts
/// nothing but the jobs recorded here.
abstract contract ConsumerBase is IInferenceConsumer {
    /// Only the market that was asked may call.
    error NotMarket(address caller);
    /// The job was not asked for by this contract, or was answered already.
    error JobNotPending(JobId jobId);
    error WrongModel(ModelId actual, ModelId expected);
    error ZeroMarketOrModel();

    ModelId public immutable modelId;

    /// The market that a job was asked of; zero when the job is not pending.
    mapping(JobId jobId => IInferenceMarket) private _asked;
    uint256 private _requests;

    constructor(ModelId modelId_) {
        if (modelId_.isZero()) revert ZeroMarketOrModel();
        modelId = modelId_;
    }

    /// @inheritdoc IInferenceConsumer
    function onInference(JobId jobId, ModelId model, bytes calldata output) external {
        IInferenceMarket asked = _asked[jobId];
        if (address(asked) == address(0)) asked = _market();
        // SAFETY: the market calls only with an output that was proven or is final.
        if (msg.sender != address(asked)) revert NotMarket(msg.sender);
        if (model != modelId) revert WrongModel(model, modelId);
        _take(jobId, output);
    }

    /// @notice Takes the output of a settled job whose callback failed or had none. Anyone, since it changes only when
    /// the answer comes. Errors: NoOutput while the job is not settled, JobNotPending.
    function collectInference(JobId jobId) external {
        IInferenceMarket asked = _asked[jobId];
        if (address(asked) == address(0)) revert JobNotPending(jobId);
        _take(jobId, asked.resultOf(jobId));
    }

    /// @notice Whether the job was asked for here and its answer not taken yet.
    function isPending(JobId jobId) public view returns (bool) {
        return address(_asked[jobId]) != address(0);
    }

    /// @dev The market that new jobs are asked of.
    function _market() internal view virtual returns (IInferenceMarket);

    /// @dev Opens a job, paid for from this contract's balance on the market. Sets requester, model, consumer and nonce
    /// of `req`; the rest is the caller's. `req.callbackGas` must suffice for `_handleInference`; 0 for no callback.
    function _requestInference(Request memory req) internal returns (JobId jobId) {
        req.requester = address(this);
        req.modelId = modelId;
        req.consumer = address(this);
        req.nonce = _requests++;
        IInferenceMarket asked = _market();
        jobId = asked.request(req);
        _asked[jobId] = asked;
    }

    /// @dev Called once a job, with the output in its canonical encoding. A revert leaves the job pending, to be
    /// collected later; the settlement stands in any case.
    function _handleInference(JobId jobId, bytes memory output) internal virtual;

    function _take(JobId jobId, bytes memory output) private {
        // INVARIANT: one answer a job, and none that nobody here asked for. Its model is the pinned one, because the
        // job's id is a hash over it.
        if (!isPending(jobId)) revert JobNotPending(jobId);
        delete _asked[jobId];
        _handleInference(jobId, output);
    }
}
