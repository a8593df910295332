// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {InferenceConsumer} from "../../contracts/consumers/InferenceConsumer.sol";
import {OutputGuards} from "../../contracts/consumers/OutputGuards.sol";
import {TensorType} from "../../contracts/consumers/TensorCodec.sol";
import {IInferenceMarket, JobState} from "../../contracts/interfaces/IInferenceMarket.sol";
import {JobId} from "../../contracts/types/JobId.sol";
import {ModelId} from "../../contracts/types/ModelId.sol";
import {InputMode, Mode, Request} from "../../contracts/types/Request.sol";

/// @title Reads handwritten digits, on chain, for a fee
/// @notice A user pays, the pinned model reads the picture, anyone can look the digit up. An unsure model is refused:
/// a digit that leads by less than minMargin is recorded as Refused. Whatever the market gives back of a fee goes to
/// the user who paid it.
/// @dev The shape of a dApp on Verigrad: InferenceConsumer for the answer, OutputGuards before believing it, refundOf to
/// tell whose money came back. It holds no token and has no owner.
contract DigitReader is InferenceConsumer {
    using SafeERC20 for IERC20;

    enum Outcome {
        None,
        Pending,
        Read,
        Refused
    }

    struct Reading {
        address user; // who paid
        Outcome outcome;
        bool refunded;
        uint8 digit;
        uint32 margin; // lead over the runner-up, in the model's output unit
    }

    event ReadingRequested(JobId indexed jobId, address indexed user, uint256 fee);
    event DigitRead(JobId indexed jobId, uint256 digit, uint256 margin);
    event ReadingRefused(JobId indexed jobId, uint256 margin, uint256 minMargin);
    event Refunded(JobId indexed jobId, address indexed user, uint256 amount);

    error FeeNotCredited(uint256 credited, uint256 fee);
    error UnknownReading(JobId jobId);
    error NotUser(address caller, address user);
    error AlreadyRefunded(JobId jobId);
    error JobStillOpen(JobId jobId, JobState state);

    // The offer: an operator who claims at once takes half the fee, one who waits ten minutes risks that another did.
    uint32 private constant RAMP_LENGTH = 10 minutes;
    uint32 private constant CLAIM_WINDOW = 20 minutes;
    uint32 private constant PROOF_WINDOW = 10 minutes;
    uint32 private constant RESCUE_WINDOW = 1 hours;
    uint32 private constant CALLBACK_GAS = 150_000;
    uint16 private constant MAX_ROYALTY_BPS = 1_000;

    IERC20 public immutable token;
    /// What a claimer stakes, in the token.
    uint96 public immutable collateral;
    /// Integer type of the model's logits.
    TensorType public immutable logitType;
    /// Least lead of the winner that is believed, in the logits' integer unit.
    uint256 public immutable minMargin;

    mapping(JobId jobId => Reading) private _readings;

    constructor(
        IInferenceMarket market_,
        ModelId modelId_,
        IERC20 token_,
        uint96 collateral_,
        TensorType logitType_,
        uint256 minMargin_
    ) InferenceConsumer(market_, modelId_) {
        token = token_;
        collateral = collateral_;
        logitType = logitType_;
        minMargin = minMargin_;
    }

    /// @notice Has a picture read. The caller has approved `fee`, of which at most all and at least half is spent.
    /// @param pixels canonical encoding of the model's input
    function read(bytes calldata pixels, uint96 fee) external returns (JobId jobId) {
        token.safeTransferFrom(msg.sender, address(this), fee);
        token.forceApprove(address(market), fee);
        uint256 credited = market.deposit(address(token), address(this), fee);
        // SAFETY: the balance on the market is shared by all users; a job spends what its own user brought.
        if (credited != fee) revert FeeNotCredited(credited, fee);

        Request memory req;
        req.inputMode = InputMode.PUBLIC;
        req.input = pixels;
        req.mode = Mode.VALIDITY;
        req.token = address(token);
        req.minFee = fee / 2;
        req.maxFee = fee;
        req.rampStart = uint64(block.timestamp);
        req.rampLength = RAMP_LENGTH;
        req.claimDeadline = uint64(block.timestamp) + CLAIM_WINDOW;
        req.proofWindow = PROOF_WINDOW;
        req.deadline = req.claimDeadline + PROOF_WINDOW + RESCUE_WINDOW;
        req.collateral = collateral;
        req.maxRoyaltyBps = MAX_ROYALTY_BPS;
        req.callbackGas = CALLBACK_GAS;
        jobId = _requestInference(req);

        Reading storage reading = _readings[jobId];
        (reading.user, reading.outcome) = (msg.sender, Outcome.Pending);
        emit ReadingRequested(jobId, msg.sender, fee);
    }

    /// @notice Announces that the job will be called off; only its user, only while nobody has claimed it.
    /// @param req the job's Request, from the market's JobRequested event; so in the functions below
    function announceCancel(Request calldata req) external {
        _requireUser(req);
        market.announceCancel(req);
    }

    /// @notice Calls the job off, the market's delay after the announcement. `refund` then returns the fee.
    function cancel(Request calldata req) external {
        _requireUser(req);
        market.cancel(req);
    }

    /// @notice Sends the user what the market gave back: the unspent part of a settled job's fee, the whole fee of a
    /// cancelled or expired one, and with an expired one the requester's share of the claimer's collateral. Anyone may
    /// call it; once a job.
    function refund(Request calldata req) external {
        JobId jobId = market.jobIdOf(req);
        Reading storage reading = _readings[jobId];
        address user = reading.user;
        if (user == address(0)) revert UnknownReading(jobId);
        if (reading.refunded) revert AlreadyRefunded(jobId);
        JobState state = market.jobOf(jobId).state;
        if (state < JobState.Settled) revert JobStillOpen(jobId, state);

        // SAFETY: before the token's code runs.
        reading.refunded = true;
        uint256 amount = market.refundOf(req);
        market.withdraw(address(token), user, amount);
        emit Refunded(jobId, user, amount);
    }

    /// @notice What is known of a reading; `digit` means something only when `outcome` is Read.
    function readingOf(JobId jobId) external view returns (Reading memory) {
        return _readings[jobId];
    }

    /// @dev See ConsumerBase.
    function _handleInference(JobId jobId, bytes memory output) internal override {
        (uint256 digit, uint256 margin) = OutputGuards.argmaxWithMargin(output, logitType);
        Reading storage reading = _readings[jobId];
        reading.margin = uint32(margin); // of values of at most 32 bits
        if (margin < minMargin) {
            // The work was done and is paid for: an unsure answer is an answer, only not one to act on.
            reading.outcome = Outcome.Refused;
            emit ReadingRefused(jobId, margin, minMargin);
        } else {
            (reading.outcome, reading.digit) = (Outcome.Read, uint8(digit)); // the pinned model has ten outputs
            emit DigitRead(jobId, digit, margin);
        }
    }

    function _requireUser(Request calldata req) private view {
        address user = _readings[market.jobIdOf(req)].user;
        if (msg.sender != user) revert NotUser(msg.sender, user);
    }
}
