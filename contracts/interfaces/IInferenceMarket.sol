// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {JobId} from "../types/JobId.sol";
import {ModelId} from "../types/ModelId.sol";
import {Request} from "../types/Request.sol";

/// A job's state as stored. Reopened is derived: Claimed, and the proof window is over.
enum JobState {
    None,
    Requested,
    Claimed,
    Settled,
    Cancelled,
    Expired
}

/// @title Escrow, claims and settlement of inference jobs
/// @notice VALIDITY life cycle (docs/spec/settlement.md):
///
///   Requested --claim--> Claimed --fulfil (claimer only)--> Settled
///       |                   '--proof window over--> Reopened --fulfil (anyone)--> Settled
///       |--fulfil (anyone)--> Settled
///       |--announceCancel, cancelDelay later: cancel--> Cancelled (a fulfil or claim in between wins)
///       '--deadline, anyone: expire (also from Claimed and Reopened)--> Expired (fee back; claimer slashed)
///
/// Every boundary: `<` before, `>=` after. Balances are pulled. Later calls carry the Request, whose hash is the job's
/// id. A job pins the proof system's address when it is requested.
/// @dev Safety: a job settles at most once, and only by a proof whose context names chain, market, job and payee.
/// Liveness: every state has an exit that anyone can take once the deadline has passed.
interface IInferenceMarket {
    event Deposited(address indexed token, address indexed account, address indexed from, uint256 amount);
    event Withdrawn(address indexed token, address indexed account, address to, uint256 amount);
    event JobRequested(JobId indexed jobId, ModelId indexed modelId, address indexed requester, Request request);
    event JobClaimed(JobId indexed jobId, address indexed claimer, uint256 price, uint256 proofDeadline);
    event CancelAnnounced(JobId indexed jobId, uint256 cancellableAt);
    event JobCancelled(JobId indexed jobId);
    event JobExpired(JobId indexed jobId, address indexed slashed, uint256 burnt);
    event JobSettled(
        JobId indexed jobId,
        ModelId indexed modelId,
        address indexed payee,
        uint256 price,
        uint256 royalty,
        bytes output,
        bytes seal
    );
    /// A claimer let the window pass and another settled the job.
    event ClaimerSlashed(JobId indexed jobId, address indexed claimer, uint256 burnt, uint256 toPayee);
    event CallbackFailed(JobId indexed jobId, address indexed consumer, bytes returnData);

    error TokenNotAllowed(address token);
    error InsufficientBalance(address token, address account, uint256 available, uint256 required);
    error NotRequester(address caller, address requester);
    error JobExists(JobId jobId);
    /// The job is in `actual`, from which the call cannot go on.
    error WrongState(JobId jobId, JobState actual);
    error InvalidFees(uint256 minFee, uint256 maxFee);
    error InvalidTimes();
    error RequestTooLate(uint256 claimDeadline, uint256 nowAt);
    error UnsupportedMode(uint8 mode);
    error UnsupportedInputMode(uint8 inputMode);
    error InputModeMismatch(uint8 keyMode, uint8 requestMode);
    error ReservedFieldNotZero();
    error InputTooLong(uint256 length, uint256 maximum);
    error OutputTooLong(uint256 length, uint256 maximum);
    error RoyaltyAboveMaximum(uint256 bps, uint256 maximum);
    error CallbackGasTooHigh(uint256 gasLimit, uint256 maximum);
    error CallbackWithoutConsumer();
    error ClaimTooLate(uint256 claimDeadline, uint256 nowAt);
    error NotClaimer(JobId jobId, address claimer, address payee);
    error JobDeadlinePassed(uint256 deadline, uint256 nowAt);
    error DeadlineNotReached(uint256 deadline, uint256 nowAt);
    error CancelNotAnnounced(JobId jobId);
    error CancelAlreadyAnnounced(JobId jobId);
    error CancelTooEarly(uint256 cancellableAt, uint256 nowAt);
    error InsufficientCallbackGas(uint256 available, uint256 required);
    error NoOutput(JobId jobId);
    error InvalidParameters();
    error ZeroAddress();

    // Balances ------------------------------------------------------------------------------------------------------

    /// @notice Takes `amount` from the caller and credits `account` with what really arrived.
    function deposit(address token, address account, uint256 amount) external returns (uint256 credited);

    /// @notice As `deposit`, with an ERC-2612 permit; a permit that was already used does not stop it.
    function depositWithPermit(
        address token,
        address account,
        uint256 amount,
        uint256 permitDeadline,
        uint8 v,
        bytes32 r,
        bytes32 s
    ) external returns (uint256 credited);

    /// @notice Sends `amount` of the caller's balance to `to`.
    function withdraw(address token, address to, uint256 amount) external;

    function balanceOf(address token, address account) external view returns (uint256);

    // Jobs ----------------------------------------------------------------------------------------------------------

    /// @notice Opens a job; maxFee moves from the caller's balance into escrow. The caller is the requester.
    function request(Request calldata req) external returns (JobId);

    /// @notice Takes the job for proofWindow seconds at the current price; collateral moves out of the caller's balance.
    function claim(Request calldata req) external;

    /// @notice Settles the job with a proof. Anyone may send it; `payee`, named in the proof's context, is paid.
    function fulfil(Request calldata req, address payee, bytes calldata output, bytes calldata seal) external;

    /// @notice Announces that an unclaimed job will be cancelled. Requester only.
    function announceCancel(Request calldata req) external;

    /// @notice Cancels, cancelDelay after the announcement, if nobody has claimed or fulfilled. Requester only.
    function cancel(Request calldata req) external;

    /// @notice Ends a job whose deadline has passed: the fee returns to the requester, a claimer is slashed. Anyone.
    function expire(Request calldata req) external;

    // Views ---------------------------------------------------------------------------------------------------------

    /// @notice The proven output of a settled job; reverts otherwise.
    function resultOf(JobId jobId) external view returns (bytes memory output);

    function jobIdOf(Request calldata req) external view returns (JobId);

    /// @notice The public input that binds a proof to chain, market, job and payee.
    function contextOf(JobId jobId, address payee) external view returns (uint256);

    /// @notice What a fulfil (unclaimed) or a claim would be paid at `timestamp`.
    function priceAt(Request calldata req, uint256 timestamp) external pure returns (uint256);

    /// @notice What the requester got back when the job ended: the fee without the price, and their share of a slash; 0
    /// while the job is open. For requesters that act for others and must know whose money came back.
    function refundOf(Request calldata req) external view returns (uint256);

    /// @notice A job as stored. `since`: while Requested, when its cancellation was announced, or 0; from then on, when it
    /// was claimed or, unclaimed, settled: a settled job was paid priceAt(req, since). `claimer` and `price`: of a claim.
    function jobOf(
        JobId jobId
    )
        external
        view
        returns (JobState state, address claimer, uint256 price, uint256 since, address proofSystem, uint24 termsIndex);
}
