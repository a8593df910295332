// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity ^0.8.28;

import {JobState} from "../../../contracts/interfaces/IInferenceMarket.sol";
import {Claim} from "../../../contracts/interfaces/IProofSystemRouter.sol";
import {InputMode, Mode, Request} from "../../../contracts/types/Request.sol";
import {DisputeHandler} from "./DisputeHandler.sol";
import {ShadowJob} from "./Shadow.sol";
import {IHostileConsumer, Model} from "./World.sol";

/// The clock; and model owner, router's owner, guardian and those who find forged proofs, who may stop new jobs and
/// nothing else.
abstract contract WorldHandler is DisputeHandler {
    uint256 private constant MAX_MODELS = 6;

    mapping(uint256 system => bool) internal removed;

    /// Six jobs, in as many states as they get to, for campaigns to begin with.
    function begin() external observed(0) {
        IHostileConsumer(consumers[0]).arm(_reentry(1));
        for (uint256 i = 0; i < 6; ++i) {
            Request memory r = _draft(i % ACTORS);
            while (i > 1 && r.mode != Mode.OPTIMISTIC) r = _draft(i % ACTORS);
            _send(r);
        }
        _observe(); // arrows are told apart between two looks
        for (uint256 i = 1; i < jobs.length; ++i) _claim(i, accounts[(i + 1) % ACTORS]);
        _observe();
        for (uint256 i = 3; i < jobs.length; ++i) _propose(i, shadows[i].claimer, OUTPUT_A);
        _observe();
        _challenge(jobs.length - 1, accounts[0], keccak256(OUTPUT_A));
    }

    /// On by a little, or by much, or to one second around a moment that matters to a job or to stake.
    function warp(uint256 seed) external observed(seed) {
        uint256 kind = _draw(8);
        uint256 target = time + 1 + _draw(kind == 7 ? 3_000 : 100);
        uint256 edge;
        if (kind > 3 && kind != 7 && jobs.length != 0)
            edge = _edgeOf(_pick(REQUESTED | CLAIMED | PROPOSED | CHALLENGED));
        if (kind == 2 || kind == 3) {
            (address token, address account) = _unbonding(_draw(tokens.length), _draw(ACTORS));
            edge = held[token][account].releasableAt;
        }
        edge = edge + _draw(3);
        if (edge > time + 1) target = edge - 1;
        time = target;
    }

    function setRoyalty(uint256 seed) external observed(seed) {
        Model storage m = models[_draw(models.length)];
        (m.royaltyBps, m.royaltyPayee) = (_draw(4) == 0 ? BPS : _draw(2_000), _account());
        vm.prank(modelOwner);
        registry.setRoyalty(m.id, m.royaltyPayee, uint16(m.royaltyBps));
    }

    /// Another model, or one that there is already, which must be refused.
    function registerVersion(uint256 seed) external observed(seed) {
        Model storage m = models[_draw(models.length)];
        if (models.length < MAX_MODELS && _draw(3) != 0) {
            uint256 system = _draw(added);
            if (!active[systems[system].selector()]) return;
            _registerModel(systems[system], _draw(3) == 0 ? InputMode.COMMITTED : InputMode.PUBLIC, models.length + 1);
        } else {
            vm.prank(modelOwner);
            try registry.registerModel(_spec(m.selector, m.key)) {
                _break(9, "a model was registered twice");
            } catch {} // solhint-disable-line no-empty-blocks
        }
    }

    function deprecate(uint256 seed) external observed(seed) {
        Model storage m = models[_modelInUse()];
        if (!m.deprecated) _deprecate(m);
    }

    /// By the guardian.
    function stop(uint256 seed) external observed(seed) {
        uint256 system = _draw(added);
        if (_draw(2) == 0 && active[systems[system].selector()]) _stop(system);
    }

    /// By the router's owner.
    function remove(uint256 seed) external observed(seed) {
        uint256 system = _draw(added);
        if (_draw(3) == 0 && !removed[system]) _remove(system);
    }

    /// Another proof system, and a model of it.
    function addSystem(uint256 seed) external observed(seed) {
        if (added == systems.length || models.length >= MAX_MODELS) return;
        _addSystem();
        _registerModel(systems[added - 1], InputMode.PUBLIC, models.length + 1);
    }

    /// By anyone who has two proofs of two outputs for one input.
    function stopKey(uint256 seed) external observed(seed) {
        Model storage m = models[_modelInUse()];
        if (!keyStopped[m.key]) _stopKey(m);
    }

    function _deprecate(Model storage m) internal {
        vm.prank(modelOwner);
        registry.deprecate(m.id);
        m.deprecated = true;
        reached["deprecated"] += 1;
    }

    function _stop(uint256 system) internal {
        bytes4 selector = systems[system].selector();
        vm.prank(guardian);
        router.stop(selector);
        active[selector] = false;
        reached["stopped"] += 1;
    }

    function _remove(uint256 system) internal {
        bytes4 selector = systems[system].selector();
        vm.prank(admin);
        router.remove(selector);
        (active[selector], removed[system]) = (false, true);
        reached["removed"] += 1;
    }

    function _stopKey(Model storage m) internal {
        bytes memory input = m.inputMode == InputMode.PUBLIC ? PUBLIC_INPUT : COMMITTED_INPUT;
        Claim memory first = Claim(1, OUTPUT_A, m.system.sealOf(m.key, 1, input, OUTPUT_A));
        Claim memory second = Claim(2, OUTPUT_B, m.system.sealOf(m.key, 2, input, OUTPUT_B));
        vm.prank(accounts[STRANGER]);
        router.stopKey(m.selector, m.key, input, first, second);
        keyStopped[m.key] = true;
        reached["key stopped"] += 1;
    }

    /// More often than not that of a job which can still be claimed, if there is one.
    function _modelInUse() private returns (uint256) {
        return jobs.length != 0 && _draw(4) != 0 ? shadows[_pick(REQUESTED)].model : _draw(models.length);
    }

    /// A moment from which a rule about the job changes.
    function _edgeOf(uint256 job) private returns (uint256) {
        ShadowJob storage s = shadows[job];
        Request memory r = requests[job];
        if (s.state != JobState.Requested) return _draw(4) == 0 ? r.deadline : _windowEnd(job);
        uint256 kind = _draw(4);
        if (s.since != 0) return s.since + CANCEL_DELAY;
        if (kind == 0) return r.claimDeadline;
        if (kind == 1) return r.deadline;
        return kind == 2 ? r.rampStart : uint256(r.rampStart) + r.rampLength;
    }
}
