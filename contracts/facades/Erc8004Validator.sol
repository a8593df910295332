// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IERC8004IdentityRegistry, IERC8004ValidationRegistry} from "../interfaces/erc/IERC8004.sol";
import {IInferenceMarket} from "../interfaces/IInferenceMarket.sol";
import {IModelRegistry} from "../interfaces/IModelRegistry.sol";
import {IProofSystemRouter} from "../interfaces/IProofSystemRouter.sol";
import {JobId} from "../types/JobId.sol";
import {ModelId} from "../types/ModelId.sol";
import {Mode, Request} from "../types/Request.sol";

/// Where a market's models and proof systems are.
interface IMarketParts {
    function registry() external view returns (IModelRegistry);

    function router() external view returns (IProofSystemRouter);
}

/// @title Posts settled jobs of one model as ERC-8004 validation responses
/// @notice An agent's owner or operator names this contract as validator of `requestHashOf(job, agent, salt)`; once the
/// job has settled, anyone has the response posted. It says: the agent asked for this inference, and the output is the
/// pinned model's (docs/spec/facades.md). It never says that something failed.
/// @dev Safety: a response exists only for a settled job of the pinned market and model, for an agent whose owner or
/// wallet is the job's requester, and once a job; only for a proven one unless the validator takes others; none any more
/// once somebody has shown that proofs can be forged for the model's key.
contract Erc8004Validator {
    /// `responseHash` of the response is the hash of the output, which `IInferenceMarket.resultOf(jobId)` returns.
    event SettlementPosted(JobId indexed jobId, uint256 indexed agentId, bytes32 indexed requestHash);

    error WrongModel(ModelId actual, ModelId expected);
    /// The job was settled without a proof up front, which this validator does not take.
    error NotProven();
    error AlreadyPosted(JobId jobId);
    /// The registry holds no request of this hash that names this contract.
    error NotAsked(bytes32 requestHash, address validator);
    /// Somebody filed the hash for another agent; ask again with another salt.
    error WrongAgent(bytes32 requestHash, uint256 actual, uint256 expected);
    /// The job's requester is neither the agent's owner nor its wallet.
    error NotAgentsJob(uint256 agentId, address requester);
    error ZeroAddressOrModel();

    bytes32 public constant DOMAIN_VALIDATION = keccak256("verigrad.erc8004.validation.v1");
    /// ERC-8004: 100 for passed.
    uint8 public constant PASSED = 100;

    IInferenceMarket public immutable market;
    ModelId public immutable modelId;
    IERC8004ValidationRegistry public immutable validationRegistry;
    /// Whether jobs count that nobody challenged, beside those that were proven.
    bool public immutable takesOptimistic;
    /// As the validation registry named it when this contract was deployed.
    IERC8004IdentityRegistry public immutable identityRegistry;

    // What tells whether the pinned model's key is stopped.
    IProofSystemRouter private immutable _router;
    bytes4 private immutable _proofSystem;
    bytes32 private immutable _keyHash;

    mapping(JobId jobId => bool) private _posted;

    /// @param market_ with `registry` and `router`, as InferenceMarket; the model is registered there
    constructor(
        IInferenceMarket market_,
        ModelId modelId_,
        IERC8004ValidationRegistry validationRegistry_,
        bool takesOptimistic_
    ) {
        if (address(market_) == address(0) || address(validationRegistry_) == address(0) || modelId_.isZero()) {
            revert ZeroAddressOrModel();
        }
        market = market_;
        modelId = modelId_;
        validationRegistry = validationRegistry_;
        takesOptimistic = takesOptimistic_;
        identityRegistry = IERC8004IdentityRegistry(validationRegistry_.getIdentityRegistry());
        if (address(identityRegistry) == address(0)) revert ZeroAddressOrModel();
        IMarketParts parts = IMarketParts(address(market_));
        _router = parts.router();
        (, _proofSystem, _keyHash, , , ) = parts.registry().modelOf(modelId_);
    }

    /// @notice Posts the settlement of a job for an agent. Anyone; once a job. Errors: IInferenceMarket.NoOutput unless the
    /// job is final, IProofSystemRouter.KeyIsStopped, and those above.
    /// @param req the job's Request
    /// @param salt the one of the validation request
    function post(Request calldata req, uint256 agentId, bytes32 salt) external returns (bytes32 requestHash) {
        // SAFETY: with any model, anybody could make one that says what they like and have it validated.
        if (req.modelId != modelId) revert WrongModel(req.modelId, modelId);
        // SAFETY: requester, operator and bonds are the agent's owner's to choose, and summaries without a tag count every
        // response alike: where nobody watches, an owner could have anything passed.
        if (req.mode != Mode.VALIDITY && !takesOptimistic) revert NotProven();
        // SAFETY: the market settles what was requested before; that its seals prove something nobody can say any more.
        if (_router.isKeyStopped(_proofSystem, _keyHash)) {
            revert IProofSystemRouter.KeyIsStopped(_proofSystem, _keyHash);
        }
        JobId jobId = market.jobIdOf(req);
        if (_posted[jobId]) revert AlreadyPosted(jobId);
        // INVARIANT: nothing is posted for a job that is not final: this reverts.
        bytes memory output = market.resultOf(jobId);

        requestHash = requestHashOf(jobId, agentId, salt);
        (address validator, uint256 askedAgent, , , , ) = validationRegistry.getValidationStatus(requestHash);
        if (validator != address(this)) revert NotAsked(requestHash, validator);
        if (askedAgent != agentId) revert WrongAgent(requestHash, askedAgent, agentId);
        // SAFETY: the registry lets an agent's owner ask about any hash, so also about other people's jobs.
        if (!_isAgents(agentId, req.requester)) revert NotAgentsJob(agentId, req.requester);

        // Before foreign code runs.
        _posted[jobId] = true;
        emit SettlementPosted(jobId, agentId, requestHash);
        validationRegistry.validationResponse(
            requestHash,
            PASSED,
            "",
            keccak256(output),
            req.mode == Mode.VALIDITY ? "validity" : "optimistic"
        );
    }

    /// @notice Whether the job's response was posted.
    function isPosted(JobId jobId) external view returns (bool) {
        return _posted[jobId];
    }

    /// @notice The hash by which an agent asks for the validation of a job.
    /// @param salt anything: whoever sees a request coming can file its hash first, for another agent; with another
    /// salt it is another hash
    function requestHashOf(JobId jobId, uint256 agentId, bytes32 salt) public view returns (bytes32) {
        return keccak256(payloadOf(jobId, agentId, salt));
    }

    /// @notice What the hash commits to: the content for the request's URI, as ERC-8004 wants it.
    function payloadOf(JobId jobId, uint256 agentId, bytes32 salt) public view returns (bytes memory) {
        return abi.encode(DOMAIN_VALIDATION, block.chainid, address(this), market, jobId, agentId, salt);
    }

    function _isAgents(uint256 agentId, address requester) private view returns (bool) {
        return identityRegistry.ownerOf(agentId) == requester || identityRegistry.getAgentWallet(agentId) == requester;
    }
}
