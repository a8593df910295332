// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IInferenceConsumer} from "../interfaces/IInferenceConsumer.sol";
import {IInferenceMarket} from "../interfaces/IInferenceMarket.sol";
import {JobId} from "../types/JobId.sol";
import {ModelId} from "../types/ModelId.sol";
import {Request} from "../types/Request.sol";

/// @title Base of a dApp that uses one model
/// @notice Pins a market and a model for ever, asks for inferences, and takes each answer once, only for jobs that it
/// asked for itself. What may call `_requestInference`, and who pays, is the dApp's to decide.
/// @dev Anyone can name this contract as the consumer of a job of any model on any market (T20): `onInference` trusts
/// nothing but the pinned market, and of its jobs only those recorded here.
abstract contract InferenceConsumer is IInferenceConsumer {
    /// Only the market may call.
    error NotMarket(address caller);
    /// The job was not asked for by this contract, or was answered already.
    error JobNotPending(JobId jobId);
    error WrongModel(ModelId actual, ModelId expected);
    error ZeroMarketOrModel();

    IInferenceMarket public immutable market;
    ModelId public immutable modelId;

    mapping(JobId jobId => bool) private _pending;
    uint256 private _requests;

    constructor(IInferenceMarket market_, ModelId modelId_) {
        if (address(market_) == address(0) || modelId_.isZero()) revert ZeroMarketOrModel();
        market = market_;
        modelId = modelId_;
    }

    /// @inheritdoc IInferenceConsumer
    function onInference(JobId jobId, ModelId model, bytes calldata output) external {
        // SAFETY: the market calls only after it verified the proof of `output`.
        if (msg.sender != address(market)) revert NotMarket(msg.sender);
        if (model != modelId) revert WrongModel(model, modelId);
        _take(jobId, output);
    }

    /// @notice Takes the output of a settled job whose callback failed or had none. Anyone, since it changes only when
    /// the answer comes. Errors: NoOutput while the job is not settled, JobNotPending.
    function collectInference(JobId jobId) external {
        _take(jobId, market.resultOf(jobId));
    }

    /// @notice Whether the job was asked for here and its answer not taken yet.
    function isPending(JobId jobId) public view returns (bool) {
        return _pending[jobId];
    }

    /// @dev Opens a job, paid for from this contract's balance on the market. Sets requester, model, consumer and nonce
    /// of `req`; the rest is the caller's. `req.callbackGas` must suffice for `_handleInference`; 0 for no callback.
    function _requestInference(Request memory req) internal returns (JobId jobId) {
        req.requester = address(this);
        req.modelId = modelId;
        req.consumer = address(this);
        req.nonce = _requests++;
        jobId = market.request(req);
        _pending[jobId] = true;
    }

    /// @dev Called once a job, with the proven output in its canonical encoding. A revert leaves the job pending, to be
    /// collected later; the settlement stands in any case.
    function _handleInference(JobId jobId, bytes memory output) internal virtual;

    function _take(JobId jobId, bytes memory output) private {
        // INVARIANT: one answer a job, and none that nobody here asked for. Its model is the pinned one, because the
        // job's id is a hash over it.
        if (!_pending[jobId]) revert JobNotPending(jobId);
        delete _pending[jobId];
        _handleInference(jobId, output);
    }
}
