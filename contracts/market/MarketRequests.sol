// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {IInferenceMarket} from "../interfaces/IInferenceMarket.sol";
import {IModelRegistry} from "../interfaces/IModelRegistry.sol";
import {IProofSystem} from "../interfaces/IProofSystem.sol";
import {IProofSystemRouter} from "../interfaces/IProofSystemRouter.sol";
import {JobId} from "../types/JobId.sol";
import {Permit} from "../types/Permit.sol";
import {Request} from "../types/Request.sol";
import {BalanceLib, Ledger} from "./BalanceLib.sol";
import {Job, JobLib} from "./JobLib.sol";
import {MarketAccounts} from "./MarketAccounts.sol";
import {RequestLib} from "./RequestLib.sol";
import {SignatureLib} from "./SignatureLib.sol";

/// @title How jobs are opened and taken back
abstract contract MarketRequests is MarketAccounts, EIP712 {
    using BalanceLib for Ledger;
    using JobLib for Job;
    using RequestLib for Request;

    /// Longest output of a job's model: storing it takes about 6,000,000 gas, which leaves a transaction (EIP-7825) room
    /// for a verification and a callback.
    uint256 public constant MAX_OUTPUT_BYTES = 8_192;
    /// Most items of one batch.
    uint256 public constant MAX_BATCH = 32;

    IModelRegistry public immutable registry;
    IProofSystemRouter public immutable router;

    mapping(JobId => Job) internal _jobs;
    mapping(address requester => mapping(uint256 nonce => bool)) private _invalidated;

    constructor(IModelRegistry registry_, IProofSystemRouter router_) EIP712("Verigrad InferenceMarket", "1") {
        if (address(registry_) == address(0) || address(router_) == address(0)) revert ZeroAddress();
        registry = registry_;
        router = router_;
    }

    /// @inheritdoc IInferenceMarket
    function request(Request calldata req) external nonReentrant returns (JobId jobId) {
        jobId = jobIdOf(req);
        _requireCaller(req);
        _open(jobId, req);
    }

    /// @inheritdoc IInferenceMarket
    function requestBySignature(
        Request calldata req,
        bytes calldata signature
    ) external nonReentrant returns (JobId jobId) {
        jobId = jobIdOf(req);
        _requireSigned(jobId, req, signature);
        _open(jobId, req);
    }

    /// @inheritdoc IInferenceMarket
    function requestWithPermit(
        Request calldata req,
        bytes calldata signature,
        Permit calldata permit
    ) external nonReentrant returns (JobId jobId) {
        jobId = jobIdOf(req);
        _requireAgreed(jobId, req, signature);
        _ledger.requireAllowed(req.token);
        _tryPermit(req.token, req.requester, permit.value, permit.deadline, permit.v, permit.r, permit.s);
        uint256 available = _ledger.balances[req.token][req.requester];
        // SAFETY: the requester has just agreed to pay this much, for this job.
        if (available < req.maxFee) _deposit(req.token, req.requester, req.requester, req.maxFee - available);
        _open(jobId, req);
    }

    /// @inheritdoc IInferenceMarket
    function requestBatch(
        Request[] calldata requests,
        bytes[] calldata signatures
    ) external nonReentrant returns (JobId[] memory jobIds) {
        uint256 count = requests.length;
        if (count > MAX_BATCH) revert BatchTooLong(count, MAX_BATCH);
        if (signatures.length != count) revert BatchLengthMismatch();
        jobIds = new JobId[](count);
        for (uint256 i = 0; i < count; ++i) {
            jobIds[i] = jobIdOf(requests[i]);
            _requireAgreed(jobIds[i], requests[i], signatures[i]);
            _open(jobIds[i], requests[i]);
        }
    }

    /// @inheritdoc IInferenceMarket
    function invalidateNonce(uint256 nonce) external nonReentrant {
        _invalidated[msg.sender][nonce] = true;
        emit NonceInvalidated(msg.sender, nonce);
    }

    /// @inheritdoc IInferenceMarket
    function announceCancel(Request calldata req) external nonReentrant {
        _requireCaller(req);
        JobId jobId = jobIdOf(req);
        _jobs[jobId].announceCancel(jobId);
        emit CancelAnnounced(jobId, block.timestamp + _cancelDelay);
    }

    /// @inheritdoc IInferenceMarket
    function cancel(Request calldata req) external nonReentrant {
        _requireCaller(req);
        JobId jobId = jobIdOf(req);
        _jobs[jobId].cancel(jobId, _cancelDelay);
        _ledger.credit(req.token, req.requester, req.maxFee);
        emit JobCancelled(jobId);
    }

    /// @inheritdoc IInferenceMarket
    function isNonceInvalidated(address requester, uint256 nonce) external view returns (bool) {
        return _invalidated[requester][nonce];
    }

    /// @inheritdoc IInferenceMarket
    function jobIdOf(Request calldata req) public view returns (JobId) {
        return JobId.wrap(_hashTypedDataV4(req.hash()));
    }

    /// @dev The requester has agreed.
    function _open(JobId jobId, Request calldata req) private {
        _ledger.requireAllowed(req.token);
        req.validate(parameters());

        (bytes4 selector, bytes32 keyHash, uint24 termsIndex, uint16 royaltyBps) = registry.jobTerms(req.modelId);
        if (royaltyBps > req.maxRoyaltyBps) revert RoyaltyAboveMaximum(royaltyBps, req.maxRoyaltyBps);
        IProofSystem proofSystem = router.activeFor(selector, keyHash);
        uint8 keyMode = proofSystem.inputModeOf(keyHash);
        if (keyMode != uint8(req.inputMode)) revert InputModeMismatch(keyMode, uint8(req.inputMode));
        // SAFETY: an input that no proof can be about would cost its claimer the collateral (T3), and so would an output
        // whose settlement fits no transaction.
        proofSystem.checkInput(keyHash, req.input);
        uint256 outputLength = proofSystem.outputLengthOf(keyHash);
        if (outputLength > MAX_OUTPUT_BYTES) revert OutputTooLong(outputLength, MAX_OUTPUT_BYTES);

        _jobs[jobId].open(jobId, address(proofSystem), termsIndex, outputLength);
        // INVARIANT: all that this job can ever pay is taken now.
        _ledger.debit(req.token, req.requester, req.maxFee);
        emit JobRequested(jobId, req.modelId, req.requester, req);
    }

    /// @dev SAFETY: nobody spends another's balance without its word.
    function _requireAgreed(JobId jobId, Request calldata req, bytes calldata signature) private view {
        if (signature.length == 0) _requireCaller(req);
        else _requireSigned(jobId, req, signature);
    }

    function _requireCaller(Request calldata req) private view {
        if (msg.sender != req.requester) revert NotRequester(msg.sender, req.requester);
    }

    function _requireSigned(JobId jobId, Request calldata req, bytes calldata signature) private view {
        if (_invalidated[req.requester][req.nonce]) revert NonceIsInvalidated(req.requester, req.nonce);
        // The id is the EIP-712 digest: chain, market and every field, the nonce included (T13).
        if (!SignatureLib.isValid(req.requester, JobId.unwrap(jobId), signature))
            revert InvalidSignature(req.requester);
    }
}
