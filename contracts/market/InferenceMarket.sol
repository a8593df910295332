// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {IInferenceMarket, JobState} from "../interfaces/IInferenceMarket.sol";
import {IModelRegistry} from "../interfaces/IModelRegistry.sol";
import {IProofSystem} from "../interfaces/IProofSystem.sol";
import {IProofSystemRouter} from "../interfaces/IProofSystemRouter.sol";
import {JobId} from "../types/JobId.sol";
import {RoyaltyTerms} from "../types/ModelSpec.sol";
import {Request} from "../types/Request.sol";
import {BalanceLib, Ledger} from "./BalanceLib.sol";
import {CallbackLib} from "./CallbackLib.sol";
import {Due, Job, JobLib} from "./JobLib.sol";
import {RequestLib} from "./RequestLib.sol";

/// @title Escrow, claims and settlement of inference jobs
/// @notice Immutable: no owner, no proxy, nothing to pause. Rules and reasons: docs/spec/settlement.md.
/// @dev Orders the work; RequestLib, JobLib, BalanceLib and CallbackLib do it. Every function that moves money takes the
/// reentrancy lock, deposits and withdrawals included; a consumer's callback comes after all effects.
contract InferenceMarket is IInferenceMarket, EIP712, ReentrancyGuardTransient {
    using BalanceLib for Ledger;
    using CallbackLib for Request;
    using JobLib for Job;
    using RequestLib for Request;

    // Constants -----------------------------------------------------------------------------------------------------

    /// First word of every job's context (docs/spec/formats.md, section 7).
    bytes32 public constant DOMAIN_JOB = keccak256("verigrad.job.v1");
    /// Longest output of a job's model: storing it takes about 6,000,000 gas, which leaves a transaction (EIP-7825) room
    /// for a verification and a callback.
    uint256 public constant MAX_OUTPUT_BYTES = 8_192;
    uint256 private constant BPS = 10_000;
    /// What one transaction can carry beside a proof's verification (EIP-7825 caps it at 2^24 gas).
    uint256 private constant CALLBACK_GAS_CEILING = 8_000_000;
    uint256 private constant INPUT_BYTES_CEILING = 1 << 17;

    // Parameters ----------------------------------------------------------------------------------------------------

    IModelRegistry public immutable registry;
    IProofSystemRouter public immutable router;
    /// Seconds between the announcement of a cancellation and the cancellation.
    uint256 public immutable cancelDelay;
    /// Seconds that are left, at the least, for others to settle after a claimer's window.
    uint256 public immutable minRescue;
    /// Share of slashed collateral that nobody gets.
    uint256 public immutable burnBps;
    uint256 public immutable maxInputBytes;
    uint256 public immutable maxCallbackGas;

    // State ---------------------------------------------------------------------------------------------------------

    Ledger private _ledger;
    mapping(JobId => Job) private _jobs;

    /// @param tokens the ERC-20s that fees and collateral may be in, for ever; none may charge its sender more than the
    /// amount of a transfer, and none may change balances by itself
    constructor(
        IModelRegistry registry_,
        IProofSystemRouter router_,
        address[] memory tokens,
        uint32 cancelDelay_,
        uint32 minRescue_,
        uint16 burnBps_,
        uint32 maxInputBytes_,
        uint32 maxCallbackGas_
    ) EIP712("Verigrad InferenceMarket", "1") {
        if (address(registry_) == address(0) || address(router_) == address(0)) revert ZeroAddress();
        if (tokens.length == 0 || cancelDelay_ == 0 || minRescue_ == 0) revert InvalidParameters();
        // INVARIANT: at least half of a slash is burnt, so that fighting one's own accounts never pays (INV-10).
        if (burnBps_ < BPS / 2 || burnBps_ > BPS) revert InvalidParameters();
        if (maxInputBytes_ == 0 || maxInputBytes_ > INPUT_BYTES_CEILING) revert InvalidParameters();
        if (maxCallbackGas_ == 0 || maxCallbackGas_ > CALLBACK_GAS_CEILING) revert InvalidParameters();
        for (uint256 i = 0; i < tokens.length; ++i) {
            if (tokens[i] == address(0)) revert ZeroAddress();
            _ledger.allowed[tokens[i]] = true;
        }
        registry = registry_;
        router = router_;
        cancelDelay = cancelDelay_;
        minRescue = minRescue_;
        burnBps = burnBps_;
        maxInputBytes = maxInputBytes_;
        maxCallbackGas = maxCallbackGas_;
    }

    // Balances ------------------------------------------------------------------------------------------------------

    /// @inheritdoc IInferenceMarket
    function deposit(address token, address account, uint256 amount) external nonReentrant returns (uint256 credited) {
        return _deposit(token, account, amount);
    }

    /// @inheritdoc IInferenceMarket
    function depositWithPermit(
        address token,
        address account,
        uint256 amount,
        uint256 permitDeadline,
        uint8 v,
        bytes32 r,
        bytes32 s
    ) external nonReentrant returns (uint256 credited) {
        _ledger.requireAllowed(token);
        // SAFETY: a permit can be brought by anyone who sees it; if it was, the allowance is there and the deposit goes on.
        // solhint-disable-next-line no-empty-blocks
        try IERC20Permit(token).permit(msg.sender, address(this), amount, permitDeadline, v, r, s) {} catch {}
        return _deposit(token, account, amount);
    }

    /// @inheritdoc IInferenceMarket
    function withdraw(address token, address to, uint256 amount) external nonReentrant {
        _ledger.push(token, msg.sender, to, amount);
        emit Withdrawn(token, msg.sender, to, amount);
    }

    /// @inheritdoc IInferenceMarket
    function balanceOf(address token, address account) external view returns (uint256) {
        return _ledger.balances[token][account];
    }

    /// @notice What slashing has taken out of circulation; the market keeps it for ever.
    function burntOf(address token) external view returns (uint256) {
        return _ledger.burnt[token];
    }

    /// @notice Whether fees and collateral may be in this token.
    function isTokenAllowed(address token) external view returns (bool) {
        return _ledger.allowed[token];
    }

    // Jobs ----------------------------------------------------------------------------------------------------------

    /// @inheritdoc IInferenceMarket
    function request(Request calldata req) external nonReentrant returns (JobId jobId) {
        // SAFETY: nobody spends another's balance.
        if (msg.sender != req.requester) revert NotRequester(msg.sender, req.requester);
        _ledger.requireAllowed(req.token);
        req.validate(minRescue, maxInputBytes, maxCallbackGas);

        (bytes4 selector, bytes32 keyHash, uint24 termsIndex, uint16 royaltyBps) = registry.jobTerms(req.modelId);
        if (royaltyBps > req.maxRoyaltyBps) revert RoyaltyAboveMaximum(royaltyBps, req.maxRoyaltyBps);
        IProofSystem proofSystem = router.activeImplementation(selector);
        uint8 keyMode = proofSystem.inputModeOf(keyHash);
        if (keyMode != uint8(req.inputMode)) revert InputModeMismatch(keyMode, uint8(req.inputMode));
        // SAFETY: an input that no proof can be about would cost its claimer the collateral (T3), and so would an output
        // whose settlement fits no transaction.
        proofSystem.checkInput(keyHash, req.input);
        uint256 outputLength = proofSystem.outputLengthOf(keyHash);
        if (outputLength > MAX_OUTPUT_BYTES) revert OutputTooLong(outputLength, MAX_OUTPUT_BYTES);

        jobId = jobIdOf(req);
        _jobs[jobId].open(jobId, address(proofSystem), termsIndex);
        // INVARIANT: all that this job can ever pay is taken now.
        _ledger.debit(req.token, msg.sender, req.maxFee);
        emit JobRequested(jobId, req.modelId, msg.sender, req);
    }

    /// @inheritdoc IInferenceMarket
    function claim(Request calldata req) external nonReentrant {
        JobId jobId = jobIdOf(req);
        Job storage job = _jobs[jobId];
        uint256 price = job.claim(jobId, req);
        // Reverts when the proof system was stopped since: what is no longer trusted takes no new work.
        router.activeImplementation(IProofSystem(job.proofSystem).selector());
        // INVARIANT: what can be slashed is taken when the exposure begins (INV-05).
        _ledger.debit(req.token, msg.sender, req.collateral);
        emit JobClaimed(jobId, msg.sender, price, block.timestamp + req.proofWindow);
    }

    /// @inheritdoc IInferenceMarket
    function fulfil(
        Request calldata req,
        address payee,
        bytes calldata output,
        bytes calldata seal
    ) external nonReentrant {
        if (payee == address(0)) revert ZeroAddress();
        JobId jobId = jobIdOf(req);
        Job storage job = _jobs[jobId];
        Due memory due = job.due(jobId, req, payee);

        // Router and deprecation are not asked: nothing that happened since the request can stop a live job (INV-08).
        (bytes32 keyHash, RoyaltyTerms memory terms) = registry.settlementTerms(req.modelId, job.termsIndex);
        // INVARIANT: the proof is about this chain, market, job, payee, model, input and output, or it reverts (INV-03).
        IProofSystem(job.proofSystem).verify(keyHash, contextOf(jobId, payee), req.input, output, seal);

        job.settle(output);
        uint256 royalty = (due.price * terms.bps) / BPS;
        _pay(jobId, req, payee, due, terms.payee, royalty);
        emit JobSettled(jobId, req.modelId, payee, due.price, royalty, output, seal);

        if (req.callbackGas != 0) {
            (bool ok, bytes memory returnData) = req.callConsumer(jobId, output);
            if (!ok) emit CallbackFailed(jobId, req.consumer, returnData);
        }
    }

    /// @inheritdoc IInferenceMarket
    function announceCancel(Request calldata req) external nonReentrant {
        if (msg.sender != req.requester) revert NotRequester(msg.sender, req.requester);
        JobId jobId = jobIdOf(req);
        _jobs[jobId].announceCancel(jobId);
        emit CancelAnnounced(jobId, block.timestamp + cancelDelay);
    }

    /// @inheritdoc IInferenceMarket
    function cancel(Request calldata req) external nonReentrant {
        if (msg.sender != req.requester) revert NotRequester(msg.sender, req.requester);
        JobId jobId = jobIdOf(req);
        _jobs[jobId].cancel(jobId, cancelDelay);
        _ledger.credit(req.token, req.requester, req.maxFee);
        emit JobCancelled(jobId);
    }

    /// @inheritdoc IInferenceMarket
    function expire(Request calldata req) external nonReentrant {
        JobId jobId = jobIdOf(req);
        address claimer = _jobs[jobId].expire(jobId, req);
        uint256 burnt;
        uint256 awarded;
        if (claimer != address(0)) (burnt, awarded) = _slash(req.collateral);
        _ledger.burn(req.token, burnt);
        _ledger.credit(req.token, req.requester, req.maxFee + awarded);
        emit JobExpired(jobId, claimer, burnt);
    }

    // Views ---------------------------------------------------------------------------------------------------------

    /// @inheritdoc IInferenceMarket
    function resultOf(JobId jobId) external view returns (bytes memory output) {
        return _jobs[jobId].result(jobId);
    }

    /// @inheritdoc IInferenceMarket
    function jobIdOf(Request calldata req) public view returns (JobId) {
        return JobId.wrap(_hashTypedDataV4(req.hash()));
    }

    /// @inheritdoc IInferenceMarket
    function contextOf(JobId jobId, address payee) public view returns (uint256) {
        return uint256(keccak256(abi.encode(DOMAIN_JOB, block.chainid, address(this), jobId, payee))) >> 8;
    }

    /// @inheritdoc IInferenceMarket
    function priceAt(Request calldata req, uint256 timestamp) external pure returns (uint256) {
        return req.priceAt(timestamp);
    }

    /// @inheritdoc IInferenceMarket
    function refundOf(Request calldata req) external view returns (uint256 refund) {
        Job storage job = _jobs[jobIdOf(req)];
        JobState state = job.state;
        if (state == JobState.Settled) return req.maxFee - req.priceAt(job.since);
        if (state == JobState.Cancelled) return req.maxFee;
        if (state == JobState.Expired) {
            refund = req.maxFee;
            if (job.claimer != address(0)) {
                (, uint256 awarded) = _slash(req.collateral);
                refund += awarded;
            }
        }
    }

    /// @inheritdoc IInferenceMarket
    function jobOf(
        JobId jobId
    )
        external
        view
        returns (JobState state, address claimer, uint256 price, uint256 since, address proofSystem, uint24 termsIndex)
    {
        Job storage job = _jobs[jobId];
        return (job.state, job.claimer, job.price, job.since, job.proofSystem, job.termsIndex);
    }

    // Internals -----------------------------------------------------------------------------------------------------

    function _deposit(address token, address account, uint256 amount) private returns (uint256 credited) {
        credited = _ledger.pull(token, account, amount);
        emit Deposited(token, account, msg.sender, credited);
    }

    /// @dev INVARIANT: pays out maxFee and the collateral, no more and no less: price - royalty and what the claimer's
    /// collateral gives to the payee, royalty to the model's side, the rest of the fee to the requester.
    function _pay(
        JobId jobId,
        Request calldata req,
        address payee,
        Due memory due,
        address royaltyPayee,
        uint256 royalty
    ) private {
        uint256 toPayee = due.price - royalty;
        if (due.late) {
            // SAFETY: also when the late claimer is the payee: proving late must not be the way around the slash.
            (uint256 burnt, uint256 awarded) = _slash(req.collateral);
            _ledger.burn(req.token, burnt);
            toPayee += awarded;
            emit ClaimerSlashed(jobId, due.claimer, burnt, awarded);
        } else if (due.claimer != address(0)) {
            toPayee += req.collateral;
        }
        _ledger.credit(req.token, payee, toPayee);
        _ledger.credit(req.token, royaltyPayee, royalty);
        _ledger.credit(req.token, req.requester, req.maxFee - due.price);
    }

    /// @dev What is not burnt is awarded; rounding goes to the burn.
    function _slash(uint256 collateral) private view returns (uint256 burnt, uint256 awarded) {
        awarded = (collateral * (BPS - burnBps)) / BPS;
        burnt = collateral - awarded;
    }
}
