// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity ^0.8.28;

import {JobState} from "../../../contracts/interfaces/IInferenceMarket.sol";
import {Mode, Request} from "../../../contracts/types/Request.sol";
import {JobHandler} from "./JobHandler.sol";
import {ShadowJob} from "./Shadow.sol";

/// Proposals, challenges, and proposals that nobody challenged.
abstract contract DisputeHandler is JobHandler {
    function propose(uint256 seed) external observed(seed) {
        if (jobs.length == 0) return;
        uint256 job = _pickOptimistic(CLAIMED);
        _propose(job, _draw(8) == 0 ? _account() : shadows[job].claimer, _draw(3) == 0 ? OUTPUT_B : OUTPUT_A);
    }

    function challenge(uint256 seed) external observed(seed) {
        if (jobs.length == 0) return;
        uint256 job = _pickOptimistic(PROPOSED);
        _challenge(job, accounts[_draw(ACTORS)], _draw(8) == 0 ? keccak256("another") : keccak256(shadows[job].output));
    }

    /// By anyone.
    function settle(uint256 seed) external observed(seed) {
        if (jobs.length == 0) return;
        uint256 job = _pickOptimistic(PROPOSED);
        for (uint256 i = 0; i < jobs.length; ++i) if (_isFinal(i) && _draw(2) == 0) job = i;
        Request memory r = requests[job];
        bool allowed = _isFinal(job);
        if (allowed) _arm(job);
        uint256[] memory before = _weigh(r.token);
        bool done = _call(_account(), abi.encodeCall(market.settle, (r)));
        if (_agree(allowed ? 8 : 7, done, allowed, "settle")) {
            _finalised(job);
            _requireCalledBack(job);
        }
        _judge(r.token, before);
    }

    function _propose(uint256 job, address who, bytes memory output) internal {
        ShadowJob storage s = shadows[job];
        Request memory r = requests[job];
        bool allowed =
            r.mode == Mode.OPTIMISTIC && s.state == JobState.Claimed && who == s.claimer && time < _windowEnd(job);
        if (_agree(2, _call(who, abi.encodeCall(market.propose, (r, output))), allowed, "propose"))
            (s.state, s.since, s.output) = (JobState.Proposed, time, output);
    }

    function _challenge(uint256 job, address who, bytes32 outputHash) internal {
        Request memory r = requests[job];
        bool allowed =
            shadows[job].state == JobState.Proposed &&
                time < _windowEnd(job) &&
                outputHash == keccak256(shadows[job].output) &&
                held[r.token][who].balance >= r.challengerBond;
        uint256[] memory before = _weigh(r.token);
        bool done = _call(who, abi.encodeCall(market.challenge, (r, outputHash)));
        if (_agree(2, done, allowed, "challenge")) _challenged(job, who);
        _judge(r.token, before);
    }

    /// Whether `settle` ends the job now.
    function _isFinal(uint256 job) internal view returns (bool) {
        return shadows[job].state == JobState.Proposed && time >= _windowEnd(job);
    }

    /// As `_pick`, an OPTIMISTIC one if there is one.
    function _pickOptimistic(uint256 states) private returns (uint256 job) {
        job = _pick(states);
        for (uint256 i = 0; i < jobs.length; ++i) {
            uint256 candidate = (job + i) % jobs.length;
            if (requests[candidate].mode != Mode.OPTIMISTIC) continue;
            if ((states >> uint256(shadows[candidate].state)) & 1 == 1) return candidate;
        }
    }
}
