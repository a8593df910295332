// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity ^0.8.28;

import {JobRecord, JobState} from "../../../contracts/interfaces/IInferenceMarket.sol";
import {JobId} from "../../../contracts/types/JobId.sol";
import {Mode, Request} from "../../../contracts/types/Request.sol";
import {World} from "./World.sol";

/// A job by the rules of docs/spec/settlement.md.
struct ShadowJob {
    JobState state;
    JobState seen; // the market's, after the last step
    uint256 model;
    address claimer;
    address challenger;
    uint256 price;
    uint256 since;
    uint256 royaltyBps; // at request
    address royaltyPayee;
    bytes output; // proposed, or final
    uint256 refund;
    uint256 settlements;
    bytes32 finalRecord; // hash of the market's record once the job has ended
}

/// What an account owns of one token, beside what its open jobs hold.
struct Holding {
    uint256 balance;
    uint256 bonded;
    uint256 unbonding;
    uint256 releasableAt;
    uint256 settled;
    uint256 slashed;
    uint256 expired;
}

/// The second ledger: who owns what, and what may happen, by the rules of docs/spec/settlement.md. It never asks the
/// market; the invariants compare the two.
abstract contract Shadow is World {
    Request[] internal requests;
    JobId[] public jobs;
    ShadowJob[] internal shadows;
    mapping(address token => mapping(address account => Holding)) internal held;
    mapping(address token => uint256) public burnt;
    mapping(address token => uint256) public deposited;
    mapping(address token => uint256) public withdrawn;
    mapping(address requester => mapping(uint256 nonce => bool)) internal invalidated;

    /// Broken promises by the number of the invariant, kept when they are seen, so that no later step hides one.
    mapping(uint256 invariantNumber => string) public broken;
    /// How often each thing that a campaign must not miss has happened.
    mapping(bytes32 what => uint256) public reached;

    // What this step has moved, by the rules, for each token: see `_judge`.
    mapping(address token => int256) private _released; // out of jobs, less what went into them
    mapping(address token => uint256) private _lost; // slashed
    mapping(address token => uint256) private _parties; // bit for each account that took part
    mapping(address token => uint256) private _royaltyPayees;

    function _break(uint256 number, string memory what) internal {
        if (bytes(broken[number]).length == 0) broken[number] = what;
    }

    /// The market and the rules must agree on whether a call goes through. Returns whether it did, by both.
    function _agree(uint256 number, bool done, bool allowed, string memory what) internal returns (bool) {
        if (done != allowed) _break(number, string.concat(what, done ? ": should be refused" : ": should go through"));
        return done && allowed;
    }

    // Rules: time and price -----------------------------------------------------------------------------------------

    function _priceNow(Request memory r) internal view returns (uint256) {
        if (time < r.rampStart) return r.minFee;
        if (time >= uint256(r.rampStart) + r.rampLength) return r.maxFee;
        return r.minFee + (uint256(r.maxFee - r.minFee) * (time - r.rampStart)) / r.rampLength;
    }

    /// When the window of the job's state ends; for Requested and late Claimed, its deadline.
    function _windowEnd(uint256 job) internal view returns (uint256) {
        ShadowJob storage s = shadows[job];
        if (s.state == JobState.Claimed || s.state == JobState.Challenged) return s.since + requests[job].proofWindow;
        if (s.state == JobState.Proposed) return s.since + requests[job].challengeWindow;
        return requests[job].deadline;
    }

    function _isLate(uint256 job) internal view returns (bool) {
        return shadows[job].state == JobState.Claimed && time >= _windowEnd(job);
    }

    /// Whether a valid proof that names `payee` settles the job now (INV-04).
    function _entitled(uint256 job, address payee) internal view returns (bool) {
        JobState state = shadows[job].state;
        if (state == JobState.Proposed || state == JobState.Challenged) return time < _windowEnd(job);
        if (time >= requests[job].deadline) return false;
        if (state == JobState.Claimed) return _isLate(job) || payee == shadows[job].claimer;
        return state == JobState.Requested;
    }

    function _isOpen(uint256 job) internal view returns (bool) {
        JobState state = shadows[job].state;
        return state != JobState.None && uint8(state) < uint8(JobState.Settled);
    }

    // Rules: stake --------------------------------------------------------------------------------------------------

    function _exposureOf(uint256 job) internal view returns (uint256) {
        return uint256(requests[job].collateral) + requests[job].proposerBond;
    }

    /// The sum of an operator's open exposures.
    function exposure(address token, address account) public view returns (uint256 sum) {
        for (uint256 i = 0; i < jobs.length; ++i) {
            JobState state = shadows[i].state;
            if (state != JobState.Claimed && state != JobState.Proposed && state != JobState.Challenged) continue;
            if (shadows[i].claimer == account && requests[i].token == token) sum += _exposureOf(i);
        }
    }

    /// Half or more is burnt, the rest awarded, rounded down.
    function _award(uint256 amount) internal pure returns (uint256) {
        return (amount * (BPS - BURN_BPS)) / BPS;
    }

    /// `amount` of the claimer's stake is gone: bonded stake first. Returns what is not burnt.
    function _slash(uint256 job, uint256 amount) private returns (uint256 awarded) {
        address token = requests[job].token;
        Holding storage h = held[token][shadows[job].claimer];
        uint256 fromBonded = amount < h.bonded ? amount : h.bonded;
        h.bonded -= fromBonded;
        h.unbonding -= amount - fromBonded;
        if (amount > fromBonded) reached["unbonding stake slashed"] += 1;
        awarded = _award(amount);
        burnt[token] += amount - awarded;
        _lost[token] += amount;
        _party(job, shadows[job].claimer);
    }

    // Rules: what a job pays ----------------------------------------------------------------------------------------

    function _opened(Request memory r, JobId id, uint256 model) internal {
        jobs.push(id);
        requests.push(r);
        ShadowJob storage s = shadows.push();
        (s.state, s.model) = (JobState.Requested, model);
        (s.royaltyBps, s.royaltyPayee) = (models[model].royaltyBps, models[model].royaltyPayee);
        held[r.token][r.requester].balance -= r.maxFee;
        _hold(jobs.length - 1, r.requester, r.maxFee);
    }

    function _claimed(uint256 job, address claimer) internal {
        ShadowJob storage s = shadows[job];
        s.price = _priceNow(requests[job]);
        (s.state, s.claimer, s.since) = (JobState.Claimed, claimer, time);
    }

    function _challenged(uint256 job, address challenger) internal {
        ShadowJob storage s = shadows[job];
        (s.state, s.challenger, s.since) = (JobState.Challenged, challenger, time);
        held[requests[job].token][challenger].balance -= requests[job].challengerBond;
        _hold(job, challenger, requests[job].challengerBond);
    }

    /// A valid proof of `output` that names `payee` has settled the job.
    function _proven(uint256 job, address payee, bytes memory output) internal {
        ShadowJob storage s = shadows[job];
        Request memory r = requests[job];
        mapping(address => Holding) storage h = held[r.token];
        _party(job, payee);
        if (s.state == JobState.Requested) {
            (s.price, s.since) = (_priceNow(r), time);
            _payFee(job, payee);
            reached["settled unclaimed"] += 1;
        } else if (_isLate(job)) {
            h[payee].balance += _slash(job, r.collateral);
            h[s.claimer].slashed += 1;
            _payFee(job, payee);
            reached[payee == s.claimer ? bytes32("rescued by the late claimer") : bytes32("rescued")] += 1;
        } else if (s.state == JobState.Claimed) {
            h[s.claimer].settled += 1;
            _payFee(job, payee);
            reached["settled in time"] += 1;
        } else if (keccak256(s.output) == keccak256(output)) {
            h[s.claimer].settled += 1;
            h[payee].balance += _releaseChallengerBond(job);
            _payFee(job, s.claimer);
            reached[s.challenger == address(0) ? bytes32("upheld unchallenged") : bytes32("upheld")] += 1;
        } else {
            bool challenged = s.challenger != address(0);
            // A challenge of the same second showed nothing.
            address winner = challenged && s.since != time ? s.challenger : payee;
            h[payee].balance += _slash(job, r.collateral);
            h[winner].balance += _slash(job, r.proposerBond);
            if (challenged) h[s.challenger].balance += _releaseChallengerBond(job);
            h[s.claimer].slashed += 1;
            _payFee(job, payee);
            reached[challenged ? bytes32("overturned") : bytes32("overturned unchallenged")] += 1;
        }
        _ended(job, JobState.Settled);
        s.output = output;
        s.settlements += 1;
    }

    /// Nobody challenged the proposal in time.
    function _finalised(uint256 job) internal {
        held[requests[job].token][shadows[job].claimer].settled += 1;
        _payFee(job, shadows[job].claimer);
        _ended(job, JobState.Settled);
        shadows[job].settlements += 1;
        reached["settled as final"] += 1;
    }

    function _cancelled(uint256 job) internal {
        _refund(job, requests[job].maxFee);
        _ended(job, JobState.Cancelled);
        reached["cancelled"] += 1;
    }

    function _expired(uint256 job) internal {
        ShadowJob storage s = shadows[job];
        Request memory r = requests[job];
        if (s.state == JobState.Requested) {
            _refund(job, r.maxFee);
            reached["expired unclaimed"] += 1;
        } else {
            Holding storage claimer = held[r.token][s.claimer];
            (claimer.slashed, claimer.expired) = (claimer.slashed + 1, claimer.expired + 1);
            _refund(job, r.maxFee + _slash(job, r.collateral));
            if (s.state == JobState.Challenged) {
                held[r.token][s.challenger].balance += _slash(job, r.proposerBond) + _releaseChallengerBond(job);
                reached["expired challenged"] += 1;
            } else {
                reached["expired claimed"] += 1;
            }
        }
        _ended(job, JobState.Expired);
    }

    function _payFee(uint256 job, address earner) private {
        ShadowJob storage s = shadows[job];
        Request memory r = requests[job];
        uint256 royalty = (s.price * s.royaltyBps) / BPS;
        held[r.token][earner].balance += s.price - royalty;
        held[r.token][s.royaltyPayee].balance += royalty;
        _party(job, earner);
        _royaltyPayees[r.token] |= 1 << indexOf[s.royaltyPayee];
        _refund(job, r.maxFee - s.price);
    }

    /// Ends the escrow of the fee: `amount` is the requester's.
    function _refund(uint256 job, uint256 amount) private {
        Request memory r = requests[job];
        shadows[job].refund = amount;
        held[r.token][r.requester].balance += amount;
        _party(job, r.requester);
        _released[r.token] += int256(uint256(r.maxFee));
    }

    function _releaseChallengerBond(uint256 job) private returns (uint256 bond) {
        if (shadows[job].challenger == address(0)) return 0;
        bond = requests[job].challengerBond;
        _released[requests[job].token] += int256(bond);
        _party(job, shadows[job].challenger);
    }

    function _hold(uint256 job, address account, uint256 amount) private {
        _released[requests[job].token] -= int256(amount);
        _party(job, account);
    }

    function _party(uint256 job, address account) private {
        _parties[requests[job].token] |= 1 << indexOf[account];
    }

    function _ended(uint256 job, JobState state) private {
        shadows[job].state = state;
    }

    /// Tokens of `account` became balance.
    function _credited(address token, address account, uint256 amount) internal {
        held[token][account].balance += amount;
        deposited[token] += amount;
        _released[token] += int256(amount);
        _parties[token] |= 1 << indexOf[account];
    }

    // Who gains (INV-10) --------------------------------------------------------------------------------------------

    /// The market's own numbers: what each account has there, but for what jobs hold.
    function _weigh(address token) internal returns (uint256[] memory wealth) {
        (_released[token], _lost[token], _parties[token], _royaltyPayees[token]) = (0, 0, 0, 0);
        wealth = new uint256[](accounts.length);
        for (uint256 i = 0; i < wealth.length; ++i) wealth[i] = _wealthOf(token, accounts[i]);
    }

    /// If all who took part in this step, with or without the royalty's payee, were one party: it has gained no more
    /// than what its jobs gave back, less at least half of what was slashed; and nobody else's money has moved.
    function _judge(address token, uint256[] memory before) internal {
        int256 gain;
        int256 royalty;
        for (uint256 i = 0; i < before.length; ++i) {
            int256 change = int256(_wealthOf(token, accounts[i])) - int256(before[i]);
            if ((_parties[token] >> i) & 1 == 1) gain += change;
            else if ((_royaltyPayees[token] >> i) & 1 == 1) royalty += change;
            else if (change != 0) _break(10, "money of one who took no part");
        }
        int256 bound = _released[token] - int256((_lost[token] + 1) / 2);
        if (gain > bound) _break(10, "a party gained by its own jobs");
        if (gain + royalty > bound) _break(10, "a party that owns the model gained by its own jobs");
        if (_lost[token] != 0) reached["slashed"] += 1;
    }

    function _wealthOf(address token, address account) internal view returns (uint256) {
        (uint256 bonded, uint256 unbonding, ) = stakeOf(token, account);
        return market.balanceOf(token, account) + bonded + unbonding;
    }

    function stakeOf(address token, address account) public view returns (uint256, uint256, uint256) {
        return (
            market.stakeOf(token, account).bonded,
            market.stakeOf(token, account).unbonding,
            market.stakeOf(token, account).exposure
        );
    }

    // Arrows (INV-02) -----------------------------------------------------------------------------------------------

    /// Compares every job with what it was before this step and with what the rules say.
    function _observe() internal {
        for (uint256 i = 0; i < jobs.length; ++i) {
            ShadowJob storage s = shadows[i];
            JobRecord memory r = market.jobOf(jobs[i]);
            if (s.seen != r.state) {
                if (!_isArrow(s.seen, r.state, requests[i].mode)) _break(2, "not an arrow");
                s.seen = r.state;
            }
            if (r.state != s.state) _break(2, "another state than the rules'");
            if (r.claimer != s.claimer || r.challenger != s.challenger || r.since != s.since)
                _break(2, "another record than the rules'");
            if (s.claimer != address(0) && r.price != s.price) _break(2, "another price than the rules'");
            if (uint8(r.state) < uint8(JobState.Settled)) continue;
            bytes32 record = keccak256(abi.encode(r));
            if (s.finalRecord == bytes32(0)) s.finalRecord = record;
            else if (s.finalRecord != record) _break(2, "a job changed after its end");
        }
    }

    function _isArrow(JobState from, JobState to, Mode mode) private pure returns (bool) {
        if (from == JobState.None) return to == JobState.Requested;
        if (from == JobState.Requested)
            return
                to == JobState.Claimed || to == JobState.Settled || to == JobState.Cancelled || to == JobState.Expired;
        if (from == JobState.Claimed)
            return
                to == JobState.Settled ||
                to == JobState.Expired ||
                (to == JobState.Proposed && mode == Mode.OPTIMISTIC);
        if (from == JobState.Proposed) return to == JobState.Challenged || to == JobState.Settled;
        return from == JobState.Challenged && (to == JobState.Settled || to == JobState.Expired);
    }
}
