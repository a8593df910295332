// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity ^0.8.28;

import {JobState} from "../../../contracts/interfaces/IInferenceMarket.sol";
import {Fulfilment} from "../../../contracts/types/Fulfilment.sol";
import {JobId} from "../../../contracts/types/JobId.sol";
import {Permit} from "../../../contracts/types/Permit.sol";
import {Request} from "../../../contracts/types/Request.sol";
import {RequestHandler} from "./RequestHandler.sol";
import {ShadowJob} from "./Shadow.sol";
import {IHostileConsumer, Model} from "./World.sol";

/// Claims, proofs good and bad, alone and in batches, cancellations and expiries.
abstract contract JobHandler is RequestHandler {
    uint256 private constant OPEN = REQUESTED | CLAIMED | PROPOSED | CHALLENGED;
    uint256 private constant MAX_BATCH = 5;

    function claim(uint256 seed) external observed(seed) {
        if (jobs.length == 0) return;
        uint256 job = _pick(REQUESTED);
        for (uint256 i = 0; i < jobs.length; ++i) {
            if (shadows[i].state == JobState.Requested && time < requests[i].claimDeadline && _draw(2) == 0) job = i;
        }
        _claim(job, accounts[_draw(ACTORS)]);
    }

    /// A valid proof, sent by anyone: it must settle exactly when its payee is entitled.
    function fulfil(uint256 seed) external observed(seed) {
        if (jobs.length == 0) return;
        (uint256 job, Fulfilment memory f) = _goodProof();
        bool allowed = _entitled(job, f.payee);
        if (allowed) _arm(job);
        bytes memory data = abi.encodeCall(market.fulfil, (f.request, f.payee, f.output, f.seal));
        uint256[] memory before = _weigh(f.request.token);
        if (_agree(allowed ? 4 : 3, _call(_account(), data), allowed, "fulfil")) {
            _proven(job, f.payee, f.output);
            _requireCalledBack(job);
        }
        _judge(f.request.token, before);
    }

    /// Proofs about something else must never settle.
    function forge(uint256 seed) external observed(seed) {
        if (jobs.length == 0) return;
        (, Fulfilment memory f) = _badProof();
        uint256[] memory before = _weigh(f.request.token);
        bytes memory data = abi.encodeCall(market.fulfil, (f.request, f.payee, f.output, f.seal));
        _agree(3, _call(_account(), data), false, "a forged proof");
        _judge(f.request.token, before);
    }

    /// Good and bad proofs, now and then two of one job.
    function fulfilBatch(uint256 seed) external observed(seed) {
        if (jobs.length == 0) return;
        uint256 count = 1 + _draw(MAX_BATCH);
        Fulfilment[] memory batch = new Fulfilment[](count);
        uint256[] memory which = new uint256[](count);
        bool[] memory good = new bool[](count);
        for (uint256 i = 0; i < count; ++i) {
            good[i] = _draw(4) != 0;
            (which[i], batch[i]) = good[i] ? _goodProof() : _badProof();
        }
        _arm(which[0]);
        uint256[][] memory before = new uint256[][](tokens.length);
        for (uint256 t = 0; t < tokens.length; ++t) before[t] = _weigh(address(tokens[t]));

        vm.prank(accounts[STRANGER]);
        try market.fulfilBatch(batch) returns (bytes[] memory refusals) {
            _expectBatch(batch, which, good, refusals);
        } catch {
            _break(4, "a batch was refused");
        }
        for (uint256 t = 0; t < tokens.length; ++t) _judge(address(tokens[t]), before[t]);
    }

    function announceCancel(uint256 seed) external observed(seed) {
        if (jobs.length == 0) return;
        uint256 job = _pick(REQUESTED);
        ShadowJob storage s = shadows[job];
        Request memory r = requests[job];
        address who = _draw(8) == 0 ? _account() : r.requester;
        bool allowed = who == r.requester && s.state == JobState.Requested && s.since == 0;
        if (_agree(2, _call(who, abi.encodeCall(market.announceCancel, (r))), allowed, "announceCancel"))
            s.since = time;
    }

    function cancel(uint256 seed) external observed(seed) {
        if (jobs.length == 0) return;
        uint256 job = _announced();
        ShadowJob storage s = shadows[job];
        Request memory r = requests[job];
        address who = _draw(8) == 0 ? _account() : r.requester;
        bool allowed =
            who == r.requester && s.state == JobState.Requested && s.since != 0 && time >= s.since + CANCEL_DELAY;
        uint256[] memory before = _weigh(r.token);
        bool done = _call(who, abi.encodeCall(market.cancel, (r)));
        if (_agree(allowed ? 8 : 2, done, allowed, "cancel")) _cancelled(job);
        _judge(r.token, before);
    }

    /// By anyone.
    function expire(uint256 seed) external observed(seed) {
        if (jobs.length == 0) return;
        uint256 job = _due();
        Request memory r = requests[job];
        uint256[] memory before = _weigh(r.token);
        bool allowed = _expires(job);
        bool done = _call(_account(), abi.encodeCall(market.expire, (r)));
        if (_agree(allowed ? 8 : 2, done, allowed, "expire")) _expired(job);
        _judge(r.token, before);
    }

    // Shared with the invariants and the other handlers -------------------------------------------------------------

    function _claim(uint256 job, address who) internal {
        ShadowJob storage s = shadows[job];
        Request memory r = requests[job];
        Model storage m = models[s.model];
        uint256 amount = _exposureOf(job);
        bool covered = amount == 0 || held[r.token][who].bonded >= exposure(r.token, who) + amount;
        bool allowed =
            s.state == JobState.Requested &&
                time < r.claimDeadline &&
                active[m.selector] &&
                !keyStopped[m.key] &&
                covered;
        uint256[] memory before = _weigh(r.token);
        bool done = _call(who, abi.encodeCall(market.claim, (r)));
        if (_agree(covered ? 2 : 5, done, allowed, "claim")) _claimed(job, who);
        _judge(r.token, before);
    }

    /// Whether `expire` ends the job now.
    function _expires(uint256 job) internal view returns (bool) {
        JobState state = shadows[job].state;
        if (state == JobState.Challenged) return time >= _windowEnd(job);
        return (state == JobState.Requested || state == JobState.Claimed) && time >= requests[job].deadline;
    }

    function _seal(uint256 job, address payee, bytes memory output) internal view returns (bytes memory) {
        return _sealOf(job, market.contextOf(jobs[job], payee), output);
    }

    function _sealOf(uint256 job, uint256 context, bytes memory output) internal view returns (bytes memory) {
        Model storage m = models[shadows[job].model];
        return m.system.sealOf(m.key, context, requests[job].input, output);
    }

    /// One of the market's entry points, as real a call as can be, for a callback to try. `who`: as in MoneyHandler.
    function _reentry(uint256 who) internal override returns (bytes memory) {
        (address token, uint256 kind) = (address(tokens[REENTRANT_TOKEN]), _draw(jobs.length == 0 ? 7 : 21));
        address self = who == 0 ? token : accounts[HOSTILE];
        if (kind == 0) return abi.encodeCall(market.deposit, (token, self, 1));
        if (kind == 1) return abi.encodeCall(market.depositWithPermit, (token, self, 1, 0, 27, 0, 0));
        if (kind == 2) return abi.encodeCall(market.withdraw, (token, self, 1));
        if (kind == 3) return abi.encodeCall(market.bond, (token, 1));
        if (kind == 4) return abi.encodeCall(market.unbond, (token, 1));
        if (kind == 5) return abi.encodeCall(market.rebond, (token));
        if (kind == 6) return abi.encodeCall(market.release, (token));
        (uint256 job, Fulfilment memory f) = _goodProof();
        return _reentryAbout(kind, requests[job], f);
    }

    function _reentryAbout(uint256 kind, Request memory r, Fulfilment memory f) private view returns (bytes memory) {
        Request[] memory one = new Request[](1);
        Fulfilment[] memory batch = new Fulfilment[](1);
        (one[0], batch[0]) = (r, f);
        if (kind == 7) return abi.encodeCall(market.request, (r));
        if (kind == 8) return abi.encodeCall(market.requestBySignature, (r, hex""));
        if (kind == 9) return abi.encodeCall(market.requestWithPermit, (r, hex"", Permit(0, 0, 0, 0, 0)));
        if (kind == 10) return abi.encodeCall(market.requestBatch, (one, new bytes[](1)));
        if (kind == 11) return abi.encodeCall(market.invalidateNonce, (r.nonce));
        if (kind == 12) return abi.encodeCall(market.announceCancel, (r));
        if (kind == 13) return abi.encodeCall(market.cancel, (r));
        if (kind == 14) return abi.encodeCall(market.claim, (r));
        if (kind == 15) return abi.encodeCall(market.fulfilBatch, (batch));
        if (kind == 16) return abi.encodeCall(market.propose, (r, OUTPUT_A));
        if (kind == 17) return abi.encodeCall(market.challenge, (r, keccak256(OUTPUT_A)));
        if (kind == 18) return abi.encodeCall(market.settle, (r));
        if (kind == 19) return abi.encodeCall(market.expire, (r));
        return abi.encodeCall(market.fulfil, (r, f.payee, f.output, f.seal));
    }

    /// Gives the hostile consumer something to try in the job's callback.
    function _arm(uint256 job) internal {
        if (requests[job].consumer == consumers[0]) IHostileConsumer(consumers[0]).arm(_reentry(1));
    }

    function _requireCalledBack(uint256 job) internal {
        if (requests[job].callbackGas == 0) return;
        reached["called back"] += 1;
        if (requests[job].consumer == consumers[0]) _requireLocked(IHostileConsumer(consumers[0]));
    }

    // Internals -----------------------------------------------------------------------------------------------------

    /// Half of the time for the claimer, if there is one.
    function _goodProof() private returns (uint256 job, Fulfilment memory f) {
        job = _pick(_draw(3) == 0 ? PROPOSED | CHALLENGED : REQUESTED | CLAIMED);
        address claimer = shadows[job].claimer;
        address payee = claimer != address(0) && _draw(2) == 0 ? claimer : _account();
        bytes memory output = _draw(3) == 0 ? OUTPUT_B : OUTPUT_A;
        return (job, Fulfilment(requests[job], payee, output, _seal(job, payee, output)));
    }

    /// As a good proof, with the seal of another payee, output, job or chain.
    function _badProof() private returns (uint256 job, Fulfilment memory f) {
        (job, f) = _goodProof();
        uint256 kind = _draw(5);
        if (kind == 0) f.seal = _seal(job, f.payee == accounts[0] ? accounts[1] : accounts[0], f.output);
        if (kind == 1) f.output = keccak256(f.output) == keccak256(OUTPUT_A) ? OUTPUT_B : OUTPUT_A;
        if (kind == 2) f.seal = _sealOf(job, market.contextOf(JobId.wrap(keccak256("another")), f.payee), f.output);
        if (kind == 3) f.seal = _sealOf(job, 0, f.output);
        if (kind == 4) f.payee = f.payee == accounts[STRANGER] ? accounts[0] : accounts[STRANGER];
    }

    /// What a batch does is what its items would have done one after the other.
    function _expectBatch(
        Fulfilment[] memory batch,
        uint256[] memory which,
        bool[] memory good,
        bytes[] memory refusals
    ) private {
        uint256 refused;
        for (uint256 i = 0; i < batch.length; ++i) {
            bool allowed = good[i] && _entitled(which[i], batch[i].payee);
            if (!allowed) ++refused;
            if (_agree(allowed ? 4 : 3, refusals[i].length == 0, allowed, "an item of a batch")) {
                _proven(which[i], batch[i].payee, batch[i].output);
                _requireCalledBack(which[i]);
            }
        }
        if (refused != 0 && refused != batch.length) reached["batch of good and bad"] += 1;
    }

    /// A job whose cancellation was announced, if there is one.
    function _announced() private returns (uint256 job) {
        job = _pick(REQUESTED);
        for (uint256 i = 0; i < jobs.length; ++i) {
            if (shadows[i].state == JobState.Requested && shadows[i].since != 0) return i;
        }
    }

    /// A job that expires now, if there is one.
    function _due() private returns (uint256 job) {
        job = _pick(OPEN);
        for (uint256 i = 0; i < jobs.length; ++i) if (_expires(i) && _draw(2) == 0) return i;
    }
}
