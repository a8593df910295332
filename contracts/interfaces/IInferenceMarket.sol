// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Fulfilment} from "../types/Fulfilment.sol";
import {JobId} from "../types/JobId.sol";
import {MarketParameters} from "../types/MarketParameters.sol";
import {ModelId} from "../types/ModelId.sol";
import {Permit} from "../types/Permit.sol";
import {Request} from "../types/Request.sol";
import {Stake} from "../types/Stake.sol";

/// A job's state as stored. Reopened is derived: Claimed, and the proof window is over.
enum JobState {
    None,
    Requested,
    Claimed,
    Proposed,
    Challenged,
    Settled,
    Cancelled,
    Expired
}

/// A job as stored. A settled job was paid `price` if it has a claimer, else priceAt(request, since).
struct JobRecord {
    JobState state;
    // When its cancellation was announced, or 0, while Requested; then of the claim, the proposal or the challenge,
    // whichever came last; of the settlement for a job that was settled unclaimed. Seconds since 1970.
    uint40 since;
    address claimer;
    uint96 price; // locked at the claim
    address challenger;
    address proofSystem;
    uint24 termsIndex; // of the model's royalty
    uint24 outputLength; // bytes
}

/// @title Escrow, claims and settlement of inference jobs
/// @notice Life cycle (docs/spec/settlement.md):
///
///   Requested --claim--> Claimed --fulfil (claimer only)--> Settled
///       |                   '--proof window over--> Reopened --fulfil (anyone)--> Settled
///       |--fulfil (anyone)--> Settled
///       |--announceCancel, cancelDelay later: cancel--> Cancelled (a fulfil or claim in between wins)
///       '--deadline, anyone: expire (also from Claimed and Reopened)--> Expired (fee back; claimer slashed)
///
/// and, OPTIMISTIC only:
///
///   Claimed --propose (claimer only)--> Proposed --challenge window over, anyone: settle--> Settled
///   Proposed --challenge--> Challenged --proof window over, anyone: expire--> Expired (fee back; proposer slashed)
///   Proposed or Challenged --fulfil: a proof of any output, anyone--> Settled with that output
///
/// Every boundary: `<` before, `>=` after. Balances are pulled. Later calls carry the Request, whose hash is the job's
/// id. A job pins the proof system's address when it is requested.
/// @dev Safety: a job settles at most once, and only by a proof whose context names chain, market, job and payee, or by
/// a proposal that nobody challenged. Liveness: every state has an exit that anyone can take once its time is over.
interface IInferenceMarket {
    event Deposited(address indexed token, address indexed account, address indexed from, uint256 amount);
    event Withdrawn(address indexed token, address indexed account, address to, uint256 amount);
    event Bonded(address indexed token, address indexed account, uint256 amount);
    event Unbonding(address indexed token, address indexed account, uint256 amount, uint256 releasableAt);
    event Rebonded(address indexed token, address indexed account, uint256 amount);
    event Released(address indexed token, address indexed account, uint256 amount);
    event NonceInvalidated(address indexed requester, uint256 nonce);
    event JobRequested(JobId indexed jobId, ModelId indexed modelId, address indexed requester, Request request);
    event JobClaimed(JobId indexed jobId, address indexed claimer, uint256 price, uint256 proofDeadline);
    event CancelAnnounced(JobId indexed jobId, uint256 cancellableAt);
    event JobCancelled(JobId indexed jobId);
    event JobProposed(JobId indexed jobId, address indexed proposer, bytes output, uint256 challengeDeadline);
    event JobChallenged(JobId indexed jobId, address indexed challenger, uint256 proofDeadline);
    /// Nobody settled: the fee and, of a claimer's collateral, what is not burnt went back to the requester.
    event JobExpired(JobId indexed jobId, address indexed slashed, uint256 burnt);
    /// `payee` is the one in the proof's context. It got the price, without the royalty, unless the proof upheld a
    /// proposal: then the proposer did (ProposalUpheld). An empty `seal`: nobody challenged `payee`'s proposal.
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
    /// A proof showed the proposed output: its proposer got the price, the proof's payee the challenger's bond, if any.
    event ProposalUpheld(JobId indexed jobId, address indexed proposer, address indexed challenger, uint256 toPayee);
    /// A proof showed another output, or no proof came: the proposer lost collateral and bond, the challenger has its bond
    /// back. `toPayee` went to the proof's payee or, when the job expired, to the requester; `toChallenger` is a part of
    /// the proposer's bond, or zero for a challenge in the very second of the proof.
    event ProposalOverturned(
        JobId indexed jobId,
        address indexed proposer,
        address indexed challenger,
        uint256 burnt,
        uint256 toPayee,
        uint256 toChallenger
    );
    /// An item of a batch was refused, with the error that `fulfil` would have reverted with.
    event FulfilmentRefused(JobId indexed jobId, bytes reason);
    event CallbackFailed(JobId indexed jobId, address indexed consumer, bytes returnData);

    error TokenNotAllowed(address token);
    error InsufficientBalance(address token, address account, uint256 available, uint256 required);
    error InsufficientStake(uint256 available, uint256 required);
    error StakeLocked(uint256 releasableAt, uint256 nowAt);
    /// Nothing is unbonding, or open jobs need all of it: expire those whose deadline has passed.
    error NothingToRelease();
    error NotRequester(address caller, address requester);
    error InvalidSignature(address requester);
    error NonceIsInvalidated(address requester, uint256 nonce);
    error BatchTooLong(uint256 length, uint256 maximum);
    error BatchLengthMismatch();
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
    error ChallengeWindowTooShort(uint256 window, uint256 minimum);
    error InvalidBonds(uint256 proposerBond, uint256 challengerBond);
    error InputTooLong(uint256 length, uint256 maximum);
    error OutputTooLong(uint256 length, uint256 maximum);
    error RoyaltyAboveMaximum(uint256 bps, uint256 maximum);
    error CallbackGasTooHigh(uint256 gasLimit, uint256 maximum);
    error CallbackWithoutConsumer();
    error ClaimTooLate(uint256 claimDeadline, uint256 nowAt);
    error NotClaimer(JobId jobId, address claimer, address payee);
    /// The claimer's, the challenge or the proof window of the job's state is over.
    error WindowOver(JobId jobId, uint256 windowEnd, uint256 nowAt);
    error WindowOpen(JobId jobId, uint256 windowEnd, uint256 nowAt);
    error WrongOutputLength(uint256 expected, uint256 actual);
    /// The output proposed is not the one that the challenge is about.
    error AnotherProposal(JobId jobId, bytes32 outputHash);
    error JobDeadlinePassed(uint256 deadline, uint256 nowAt);
    error DeadlineNotReached(uint256 deadline, uint256 nowAt);
    error CancelNotAnnounced(JobId jobId);
    error CancelAlreadyAnnounced(JobId jobId);
    error CancelTooEarly(uint256 cancellableAt, uint256 nowAt);
    error InsufficientCallbackGas(uint256 available, uint256 required);
    /// The proof system ran out of gas; send the transaction with more, or fewer items.
    error VerificationOutOfGas(JobId jobId);
    error NoOutput(JobId jobId);
    error InvalidParameters();
    error ZeroAddress();

    /// @notice What the market was deployed with.
    function parameters() external view returns (MarketParameters memory);

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

    // Stake ---------------------------------------------------------------------------------------------------------

    /// @notice Moves `amount` of the caller's balance into its stake, which backs its claims.
    function bond(address token, uint256 amount) external;

    /// @notice Takes `amount` out of what backs claims. It stays slashable until released, unbondingDelay seconds later;
    /// unbonding more restarts the clock for all of it.
    function unbond(address token, uint256 amount) external;

    /// @notice Lets all that is unbonding back claims again.
    function rebond(address token) external;

    /// @notice Moves into the caller's balance what has unbonded and no open job needs.
    function release(address token) external returns (uint256 amount);

    function stakeOf(address token, address account) external view returns (Stake memory);

    // Requests ------------------------------------------------------------------------------------------------------

    /// @notice Opens a job; maxFee moves from the caller's balance into escrow. The caller is the requester.
    function request(Request calldata req) external returns (JobId);

    /// @notice As `request`, brought by anyone: `signature` is the requester's over the job's id (an EIP-712 digest), by
    /// its key or, of a contract, by ERC-1271.
    function requestBySignature(Request calldata req, bytes calldata signature) external returns (JobId);

    /// @notice As `requestBySignature` (an empty signature: the caller is the requester), and takes what the requester's
    /// balance lacks for maxFee from its tokens, by an ERC-2612 permit or an allowance; a permit that was already used
    /// does not stop it.
    function requestWithPermit(
        Request calldata req,
        bytes calldata signature,
        Permit calldata permit
    ) external returns (JobId);

    /// @notice Opens several jobs, or none. An empty signature: the caller is that request's requester.
    function requestBatch(
        Request[] calldata requests,
        bytes[] calldata signatures
    ) external returns (JobId[] memory jobIds);

    /// @notice The caller's signed requests with this nonce, if not brought yet, can no longer be brought.
    function invalidateNonce(uint256 nonce) external;

    /// @notice Announces that an unclaimed job will be cancelled. Requester only.
    function announceCancel(Request calldata req) external;

    /// @notice Cancels, cancelDelay after the announcement, if nobody has claimed or fulfilled. Requester only.
    function cancel(Request calldata req) external;

    // Settlement ----------------------------------------------------------------------------------------------------

    /// @notice Takes the job for proofWindow seconds at the current price; collateral and proposer's bond are exposed.
    function claim(Request calldata req) external;

    /// @notice Settles the job with a proof. Anyone may send it; `payee`, named in the proof's context, is paid.
    function fulfil(Request calldata req, address payee, bytes calldata output, bytes calldata seal) external;

    /// @notice `fulfil` for several jobs; those of one key share one verification where the proof system has one.
    /// @return refusals for each item, empty when it was settled, else the error that `fulfil` would have reverted with
    function fulfilBatch(Fulfilment[] calldata batch) external returns (bytes[] memory refusals);

    /// @notice Proposes an output, unproven. OPTIMISTIC, claimer only, within its window.
    function propose(Request calldata req, bytes calldata output) external;

    /// @notice Disputes a proposal: whoever proves the output within proofWindow decides. challengerBond moves out of the
    /// caller's balance.
    /// @param outputHash keccak256 of the output that the caller takes for wrong
    function challenge(Request calldata req, bytes32 outputHash) external;

    /// @notice Settles a job whose proposal nobody challenged. Anyone.
    function settle(Request calldata req) external;

    /// @notice Ends a job that nobody settled: the fee returns to the requester, a claimer is slashed. Anyone.
    function expire(Request calldata req) external;

    // Views ---------------------------------------------------------------------------------------------------------

    /// @notice The output of a settled job, proven or, OPTIMISTIC, final; reverts otherwise.
    function resultOf(JobId jobId) external view returns (bytes memory output);

    function jobIdOf(Request calldata req) external view returns (JobId);

    /// @notice The public input that binds a proof to chain, market, job and payee.
    function contextOf(JobId jobId, address payee) external view returns (uint256);

    /// @notice What a fulfil (unclaimed) or a claim would be paid at `timestamp`.
    function priceAt(Request calldata req, uint256 timestamp) external pure returns (uint256);

    /// @notice What the requester got back when the job ended: the fee without the price, and their share of a slash; 0
    /// while the job is open. For requesters that act for others and must know whose money came back.
    function refundOf(Request calldata req) external view returns (uint256);

    function jobOf(JobId jobId) external view returns (JobRecord memory);

    function isNonceInvalidated(address requester, uint256 nonce) external view returns (bool);
}
