// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IInferenceMarket, JobRecord, JobState} from "../interfaces/IInferenceMarket.sol";
import {IModelRegistry} from "../interfaces/IModelRegistry.sol";
import {IProofSystem} from "../interfaces/IProofSystem.sol";
import {IProofSystemRouter} from "../interfaces/IProofSystemRouter.sol";
import {Fulfilment} from "../types/Fulfilment.sol";
import {JobId} from "../types/JobId.sol";
import {MarketParameters} from "../types/MarketParameters.sol";
import {RoyaltyTerms} from "../types/ModelSpec.sol";
import {Request} from "../types/Request.sol";
import {Stake} from "../types/Stake.sol";
import {BalanceLib, Ledger} from "./BalanceLib.sol";
import {CallbackLib} from "./CallbackLib.sol";
import {Due, Grounds, Job, JobLib} from "./JobLib.sol";
import {MarketAccounts} from "./MarketAccounts.sol";
import {MarketRequests} from "./MarketRequests.sol";
import {RequestLib} from "./RequestLib.sol";
import {SettlementMath} from "./SettlementMath.sol";
import {StakeLib} from "./StakeLib.sol";

/// @title Escrow, claims and settlement of inference jobs
/// @notice Immutable: no owner, no proxy, nothing to pause. Rules and reasons: docs/spec/settlement.md.
/// @dev Orders the work; MarketRequests opens jobs, MarketAccounts holds balances and stake, the libraries do the rest.
/// Every function that moves money takes the reentrancy lock, deposits and withdrawals included; consumers' callbacks
/// come after all effects.
contract InferenceMarket is MarketRequests {
    using BalanceLib for Ledger;
    using CallbackLib for Request;
    using JobLib for Job;
    using RequestLib for Request;
    using StakeLib for Stake;

    /// First word of every job's context (docs/spec/formats.md, section 7).
    bytes32 public constant DOMAIN_JOB = keccak256("verigrad.job.v1");
    /// Most gas that a proof system gets for a verification. A transaction (EIP-7825) has room for two: what the market lets
    /// settle can be shown to be forged (IProofSystemRouter.stopKey).
    uint256 public constant MAX_VERIFY_GAS = 7_000_000;
    /// Most gas for the verification of a batch: what a transaction has, without the settlements.
    uint256 private constant MAX_BATCH_VERIFY_GAS = 14_000_000;

    /// A settlement by proof on its way.
    struct Item {
        JobId jobId;
        address payee;
        IProofSystem proofSystem; // zero: refused
        bytes32 keyHash;
        RoyaltyTerms terms;
        bool verified; // or refused, its proof was looked at
    }

    /// @param tokens the ERC-20s that fees and stake may be in, for ever; none may charge its sender more than the amount
    /// of a transfer, and none may change balances by itself
    constructor(
        IModelRegistry registry_,
        IProofSystemRouter router_,
        address[] memory tokens,
        MarketParameters memory parameters_
    ) MarketAccounts(tokens, parameters_) MarketRequests(registry_, router_) {}

    // Jobs ----------------------------------------------------------------------------------------------------------

    /// @inheritdoc IInferenceMarket
    function claim(Request calldata req) external nonReentrant {
        JobId jobId = jobIdOf(req);
        Job storage job = _jobs[jobId];
        uint256 price = job.claim(jobId, req);
        // Reverts when the proof system was stopped since: what is no longer trusted takes no new work.
        bool keysStopped = router.requireActive(job.proofSystem);
        if (keysStopped) {
            (bytes32 keyHash, ) = registry.settlementTerms(req.modelId, job.termsIndex);
            router.requireKey(job.proofSystem, keyHash);
        }
        // INVARIANT: what can be slashed is set aside when the exposure begins (INV-05).
        _ledger.stakes[req.token][msg.sender].lock(req.exposure());
        emit JobClaimed(jobId, msg.sender, price, block.timestamp + req.proofWindow);
    }

    /// @inheritdoc IInferenceMarket
    function fulfil(
        Request calldata req,
        address payee,
        bytes calldata output,
        bytes calldata seal
    ) external nonReentrant {
        (Item memory item, Due memory due, bytes memory refusal) = _prepare(req, payee);
        if (refusal.length == 0) refusal = _verify(item, req.input, output, seal);
        if (refusal.length != 0) _revertWith(refusal);
        _settleProven(item, req, due, output, seal);
        _callBack(item.jobId, req, output);
    }

    /// @inheritdoc IInferenceMarket
    function fulfilBatch(Fulfilment[] calldata batch) external nonReentrant returns (bytes[] memory refusals) {
        uint256 count = batch.length;
        if (count > MAX_BATCH) revert BatchTooLong(count, MAX_BATCH);
        refusals = new bytes[](count);
        Item[] memory items = new Item[](count);
        for (uint256 i = 0; i < count; ++i) {
            (items[i], , refusals[i]) = _prepare(batch[i].request, batch[i].payee);
        }
        for (uint256 i = 0; i < count; ++i) {
            if (refusals[i].length == 0 && !items[i].verified) _verifyKey(batch, items, refusals, i);
        }
        for (uint256 i = 0; i < count; ++i) {
            if (refusals[i].length != 0) continue;
            // Asked again: a job can be twice in a batch.
            Due memory due;
            Fulfilment calldata f = batch[i];
            (due, refusals[i]) = _jobs[items[i].jobId].due(items[i].jobId, f.request, f.payee);
            if (refusals[i].length == 0) _settleProven(items[i], f.request, due, f.output, f.seal);
        }
        for (uint256 i = 0; i < count; ++i) {
            if (refusals[i].length == 0) _callBack(items[i].jobId, batch[i].request, batch[i].output);
            else emit FulfilmentRefused(items[i].jobId, refusals[i]);
        }
    }

    /// @inheritdoc IInferenceMarket
    function propose(Request calldata req, bytes calldata output) external nonReentrant {
        JobId jobId = jobIdOf(req);
        _jobs[jobId].propose(jobId, req, output);
        emit JobProposed(jobId, msg.sender, output, block.timestamp + req.challengeWindow);
    }

    /// @inheritdoc IInferenceMarket
    function challenge(Request calldata req, bytes32 outputHash) external nonReentrant {
        JobId jobId = jobIdOf(req);
        _jobs[jobId].challenge(jobId, req, outputHash);
        _ledger.debit(req.token, msg.sender, req.challengerBond);
        emit JobChallenged(jobId, msg.sender, block.timestamp + req.proofWindow);
    }

    /// @inheritdoc IInferenceMarket
    function settle(Request calldata req) external nonReentrant {
        JobId jobId = jobIdOf(req);
        Job storage job = _jobs[jobId];
        bytes memory output = job.finalise(jobId, req);
        (, RoyaltyTerms memory terms) = registry.settlementTerms(req.modelId, job.termsIndex);
        (address proposer, uint96 price) = (job.claimer, job.price);
        _ledger.stakes[req.token][proposer].unlock(req.exposure());
        uint256 royalty = _payFee(req, proposer, price, terms);
        emit JobSettled(jobId, req.modelId, proposer, price, royalty, output, "");
        _callBack(jobId, req, output);
    }

    /// @inheritdoc IInferenceMarket
    function expire(Request calldata req) external nonReentrant {
        JobId jobId = jobIdOf(req);
        (address claimer, address challenger) = _jobs[jobId].expire(jobId, req);
        uint256 burnt;
        uint256 awarded;
        if (challenger != address(0)) {
            (burnt, awarded) = _slashProposer(jobId, req, claimer, challenger, address(0));
        } else if (claimer != address(0)) {
            (burnt, awarded) = _slashCollateral(req, claimer, true);
        }
        _ledger.credit(req.token, req.requester, req.maxFee + awarded);
        emit JobExpired(jobId, claimer, burnt);
    }

    // Views ---------------------------------------------------------------------------------------------------------

    /// @inheritdoc IInferenceMarket
    function resultOf(JobId jobId) external view returns (bytes memory output) {
        return _jobs[jobId].result(jobId);
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
        bool claimed = job.claimer != address(0);
        if (state == JobState.Settled) return req.maxFee - (claimed ? job.price : req.priceAt(job.since));
        if (state == JobState.Cancelled) return req.maxFee;
        if (state == JobState.Expired) {
            refund = req.maxFee;
            if (claimed) {
                (, uint256 awarded) = SettlementMath.slash(req.collateral, _burnBps);
                refund += awarded;
            }
        }
    }

    /// @inheritdoc IInferenceMarket
    function jobOf(JobId jobId) external view returns (JobRecord memory) {
        Job storage job = _jobs[jobId];
        return
            JobRecord(
                job.state,
                job.since,
                job.claimer,
                job.price,
                job.challenger,
                job.proofSystem,
                job.termsIndex,
                job.outputLength
            );
    }

    // Internals -----------------------------------------------------------------------------------------------------

    /// @dev What is known of a settlement by proof before the proof is looked at; `refusal` as in JobLib.due.
    function _prepare(
        Request calldata req,
        address payee
    ) private view returns (Item memory item, Due memory due, bytes memory refusal) {
        item.jobId = jobIdOf(req);
        item.payee = payee;
        if (payee == address(0)) return (item, due, abi.encodeWithSelector(ZeroAddress.selector));
        Job storage job = _jobs[item.jobId];
        (due, refusal) = job.due(item.jobId, req, payee);
        if (refusal.length != 0) return (item, due, refusal);
        // Router and deprecation are not asked: nothing that happened since the request can stop a live job (INV-08).
        item.proofSystem = IProofSystem(job.proofSystem);
        (item.keyHash, item.terms) = registry.settlementTerms(req.modelId, job.termsIndex);
    }

    /// @dev INVARIANT: empty only if the seal proves, about this chain, market, job and payee, that the model maps this
    /// input to this output (INV-03).
    function _verify(
        Item memory item,
        bytes calldata input,
        bytes calldata output,
        bytes calldata seal
    ) private view returns (bytes memory refusal) {
        uint256 context = contextOf(item.jobId, item.payee);
        try item.proofSystem.verify{gas: MAX_VERIFY_GAS}(item.keyHash, context, input, output, seal) {
            return "";
        } catch (bytes memory reason) {
            // SAFETY: an error without a name is want of gas: the sender's fault, and no verdict about a proof.
            if (reason.length < 4) revert VerificationOutOfGas(item.jobId);
            return reason;
        }
    }

    /// @dev Verifies item `first` and all later ones of its key: together, or, when that fails, each by itself.
    function _verifyKey(
        Fulfilment[] calldata batch,
        Item[] memory items,
        bytes[] memory refusals,
        uint256 first
    ) private view {
        uint256[] memory group = new uint256[](batch.length);
        uint256 size = 0;
        for (uint256 i = first; i < batch.length; ++i) {
            // A refused item has no proof system.
            if (items[i].proofSystem != items[first].proofSystem || items[i].keyHash != items[first].keyHash) continue;
            items[i].verified = true;
            group[size++] = i;
        }
        if (size > 1 && _verifyTogether(batch, items, group, size)) return;
        for (uint256 j = 0; j < size; ++j) {
            Fulfilment calldata f = batch[group[j]];
            refusals[group[j]] = _verify(items[group[j]], f.request.input, f.output, f.seal);
        }
    }

    function _verifyTogether(
        Fulfilment[] calldata batch,
        Item[] memory items,
        uint256[] memory group,
        uint256 size
    ) private view returns (bool) {
        uint256[] memory contexts = new uint256[](size);
        bytes[] memory inputs = new bytes[](size);
        bytes[] memory outputs = new bytes[](size);
        bytes[] memory seals = new bytes[](size);
        for (uint256 j = 0; j < size; ++j) {
            Fulfilment calldata f = batch[group[j]];
            contexts[j] = contextOf(items[group[j]].jobId, f.payee);
            inputs[j] = f.request.input;
            outputs[j] = f.output;
            seals[j] = f.seal;
        }
        Item memory head = items[group[0]];
        try head.proofSystem.verifyBatch{gas: MAX_BATCH_VERIFY_GAS}(head.keyHash, contexts, inputs, outputs, seals) {
            return true;
        } catch {
            return false; // no verdict yet: each item is asked about by itself
        }
    }

    /// @dev The proof has been verified. INVARIANT: all that the job held is paid out, no more and no less: the fee, the
    /// challenger's bond, and of the claimer's stake what the job exposed is unlocked or slashed.
    function _settleProven(
        Item memory item,
        Request calldata req,
        Due memory due,
        bytes calldata output,
        bytes calldata seal
    ) private {
        (JobId jobId, address payee) = (item.jobId, item.payee);
        bool upheld = _jobs[jobId].prove(output);
        address earner = payee; // of the price
        if (due.grounds == Grounds.IN_TIME) {
            _ledger.stakes[req.token][due.claimer].unlock(req.exposure());
        } else if (due.grounds == Grounds.RESCUED) {
            // SAFETY: also when the late claimer is the payee: proving late must not be the way around the slash.
            (uint256 burnt, uint256 awarded) = _slashCollateral(req, due.claimer, false);
            _ledger.credit(req.token, payee, awarded);
            emit ClaimerSlashed(jobId, due.claimer, burnt, awarded);
        } else if (upheld) {
            earner = due.claimer;
            _ledger.stakes[req.token][due.claimer].unlock(req.exposure());
            uint256 toPayee = due.challenger == address(0) ? 0 : req.challengerBond;
            _ledger.credit(req.token, payee, toPayee);
            emit ProposalUpheld(jobId, due.claimer, due.challenger, toPayee);
        } else if (due.grounds == Grounds.DISPUTED) {
            (, uint256 awarded) = _slashProposer(jobId, req, due.claimer, due.challenger, payee);
            _ledger.credit(req.token, payee, awarded);
        }
        uint256 royalty = _payFee(req, earner, uint96(due.price), item.terms);
        emit JobSettled(jobId, req.modelId, payee, due.price, royalty, output, seal);
    }

    /// @dev INVARIANT: pays out maxFee, no more and no less.
    function _payFee(
        Request calldata req,
        address earner,
        uint96 price,
        RoyaltyTerms memory terms
    ) private returns (uint256 royalty) {
        royalty = SettlementMath.royaltyOf(price, terms.bps);
        _ledger.credit(req.token, earner, price - royalty);
        _ledger.credit(req.token, terms.payee, royalty);
        _ledger.credit(req.token, req.requester, req.maxFee - price);
    }

    /// @dev A claimer that neither proved nor proposed in time loses its collateral; its bond is free again.
    function _slashCollateral(
        Request calldata req,
        address claimer,
        bool expired
    ) private returns (uint256 burnt, uint256 awarded) {
        (burnt, awarded) = SettlementMath.slash(req.collateral, _burnBps);
        _ledger.stakes[req.token][claimer].slash(req.exposure(), req.collateral, expired);
        _ledger.burn(req.token, burnt);
    }

    /// @dev A proposer that was wrong, or has no proof, loses collateral and bond. The challenger gets its bond back and
    /// the award of the proposer's; whoever helped the requester, or the requester, gets the collateral's. Without a
    /// challenge before the proof both awards go to the proof's payee.
    /// @param payee of the proof; zero when the job expired
    function _slashProposer(
        JobId jobId,
        Request calldata req,
        address proposer,
        address challenger,
        address payee
    ) private returns (uint256 burnt, uint256 awarded) {
        (uint256 burntCollateral, uint256 fromCollateral) = SettlementMath.slash(req.collateral, _burnBps);
        (uint256 burntBond, uint256 fromBond) = SettlementMath.slash(req.proposerBond, _burnBps);
        uint256 exposure = req.exposure();
        _ledger.stakes[req.token][proposer].slash(exposure, exposure, payee == address(0));
        burnt = burntCollateral + burntBond;
        _ledger.burn(req.token, burnt);
        awarded = fromCollateral;
        // SAFETY: a challenge in the very second of the proof shows only that somebody saw the proof coming.
        if (challenger == address(0) || _jobs[jobId].since == block.timestamp) {
            (awarded, fromBond) = (awarded + fromBond, 0);
        }
        if (challenger != address(0)) _ledger.credit(req.token, challenger, req.challengerBond + fromBond);
        emit ProposalOverturned(jobId, proposer, challenger, burnt, awarded, fromBond);
    }

    function _callBack(JobId jobId, Request calldata req, bytes memory output) private {
        if (req.callbackGas == 0) return;
        (bool ok, bytes memory returnData) = req.callConsumer(jobId, output);
        if (!ok) emit CallbackFailed(jobId, req.consumer, returnData);
    }

    function _revertWith(bytes memory reason) private pure {
        assembly ("memory-safe") {
            revert(add(reason, 32), mload(reason))
        }
    }
}
