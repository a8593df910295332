// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity ^0.8.28;

import {JobState} from "../../../contracts/interfaces/IInferenceMarket.sol";
import {ReentrantConsumer} from "../../../contracts/mocks/market/HostileConsumers.sol";
import {JobId} from "../../../contracts/types/JobId.sol";
import {ModelId} from "../../../contracts/types/ModelId.sol";
import {Request} from "../../../contracts/types/Request.sol";
import {MarketTest} from "../market/MarketTest.sol";

/// Everybody at once: requesters, operators, rescuers, model owner, guardian, a consumer that calls back into the
/// market, and the clock. Beside the market it keeps a second ledger by the rules of docs/spec/settlement.md, written
/// without looking at the market's; the invariants compare the two.
contract MarketHandler is MarketTest {
    struct Shadow {
        JobState state;
        address claimer;
        uint256 price; // locked at claim
        uint256 since;
        uint256 royaltyBps; // at request
        address royaltyPayee;
        bytes32 key;
        bytes32 finalRecord; // hash of jobOf, once the job has ended
        uint256 settlements;
    }

    uint256 private constant MAX_JOBS = 12;

    address[] public accounts;
    Request[] private _requests;
    JobId[] public jobs;
    mapping(JobId => Shadow) public shadows;
    mapping(address account => uint256) public expected;
    uint256 public expectedBurnt;
    uint256 public deposited;
    uint256 public withdrawn;
    uint256 public time;

    ModelId[] public models;
    mapping(ModelId => bytes32) public commitments;
    mapping(ModelId => bytes32) private _keys;
    mapping(ModelId => uint256) private _royaltyBps;
    mapping(ModelId => address) private _royaltyPayee;

    ReentrantConsumer public hostile;

    /// Broken promises, counted when they are seen, so that a later step cannot hide one.
    uint256 public illegalArrows; // INV-02
    uint256 public forgedSettlements; // INV-03
    uint256 public refusedSettlements; // INV-04
    uint256 public reentered; // a callback got through the lock

    /// How often each ending was reached.
    mapping(JobState => uint256) public ended;
    uint256 public rescues;
    uint256 public slashes;
    uint256 public callbacks;

    constructor() {
        setUp();
        time = vm.getBlockTimestamp();
        hostile = new ReentrantConsumer();
        fund(token, address(hostile));
        accounts = [requester, operator, rescuer, address(hostile), royaltyPayee, stranger];
        for (uint256 i = 0; i < 4; ++i) expected[accounts[i]] = FUNDS;
        deposited = 4 * FUNDS;
        _track(modelId, keyHash);
    }

    modifier observed() {
        vm.warp(time);
        _;
        _observe();
    }

    // Money ---------------------------------------------------------------------------------------------------------

    function deposit(uint256 who, uint256 to, uint256 amount) external observed {
        amount = _bound(amount, 0, 100 ether);
        address from = _actor(who);
        token.mint(from, amount);
        vm.startPrank(from);
        token.approve(address(market), amount);
        market.deposit(address(token), _actor(to), amount);
        vm.stopPrank();
        expected[_actor(to)] += amount;
        deposited += amount;
    }

    function withdraw(uint256 who, uint256 to, uint256 amount) external observed {
        address account = accounts[who % accounts.length];
        amount = _bound(amount, 0, expected[account] + 1);
        vm.prank(account);
        try market.withdraw(address(token), accounts[to % accounts.length], amount) {
            expected[account] -= amount; // underflows, and fails the run, if more could leave than there was
            withdrawn += amount;
        } catch {}
    }

    // Jobs ----------------------------------------------------------------------------------------------------------

    function request(uint256 who, uint256 model, uint256 fees, uint256 times, uint256 collateral) external observed {
        if (jobs.length >= MAX_JOBS) return;
        Request memory req = baseRequest();
        req.requester = _actor(who);
        req.modelId = models[model % models.length];
        req.minFee = uint96(_bound(uint128(fees), 0, 20 ether));
        req.maxFee = req.minFee + uint96(_bound(uint128(fees >> 128), 0, 30 ether));
        req.rampLength = uint32(_bound(uint64(times), 0, 2_000));
        req.claimDeadline = uint64(time + _bound(uint64(times >> 64), 1, 3_000));
        req.rampStart = uint64(_bound(uint32(times >> 96), 0, req.claimDeadline));
        req.proofWindow = uint32(_bound(uint64(times >> 128), 1, 600));
        req.deadline = req.claimDeadline + req.proofWindow + MIN_RESCUE + uint64(_bound(times >> 192, 0, 1_000));
        req.collateral = uint96(_bound(collateral, 0, 20 ether));
        req.maxRoyaltyBps = 10_000;
        req.nonce = jobs.length;
        if (times % 2 == 0) (req.consumer, req.callbackGas) = (address(hostile), 300_000);
        vm.prank(req.requester);
        try market.request(req) returns (JobId jobId) {
            _requests.push(req);
            jobs.push(jobId);
            expected[req.requester] -= req.maxFee;
            Shadow storage s = shadows[jobId];
            s.royaltyBps = _royaltyBps[req.modelId];
            s.royaltyPayee = _royaltyPayee[req.modelId];
            s.key = _keys[req.modelId];
        } catch {}
    }

    function claim(uint256 who, uint256 job) external observed {
        if (jobs.length == 0) return;
        (Request memory req, Shadow storage s) = _job(job);
        address claimer = _actor(who);
        vm.prank(claimer);
        try market.claim(req) {
            (s.claimer, s.price, s.since) = (claimer, market.priceAt(req, time), time);
            expected[claimer] -= req.collateral;
        } catch {}
    }

    /// A valid proof, which must settle exactly when its payee is entitled.
    function fulfil(uint256 who, uint256 job, uint256 reentry) external observed {
        if (jobs.length == 0) return;
        (Request memory req, Shadow storage s) = _job(job);
        address payee = who % 3 == 0 && s.claimer != address(0) ? s.claimer : _actor(who >> 2);
        bool late = s.state == JobState.Claimed && time >= s.since + req.proofWindow;
        bool entitled =
            time < req.deadline &&
                (s.state == JobState.Requested || (s.state == JobState.Claimed && (late || payee == s.claimer)));
        keyHash = s.key;
        bytes memory seal = sealFor(req, payee, output);
        bytes[] memory calls = entryPoints(req);
        calls[2] = abi.encodeCall(market.withdraw, (address(token), address(hostile), 1));
        calls[5] = abi.encodeCall(market.fulfil, (req, payee, output, seal));
        hostile.arm(calls[reentry % calls.length]);

        vm.prank(_actor(reentry));
        try market.fulfil(req, payee, output, seal) {
            if (!entitled) forgedSettlements += 1;
            s.settlements += 1;
            _expectPayment(req, s, payee, late);
            if (req.callbackGas != 0) {
                callbacks += 1;
                if (hostile.lastOk()) reentered += 1;
            }
        } catch {
            if (entitled) refusedSettlements += 1;
        }
    }

    /// Proofs that must never settle: of another payee, of another output, of another job.
    function forge(uint256 who, uint256 job, uint256 kind) external observed {
        if (jobs.length == 0) return;
        (Request memory req, Shadow storage s) = _job(job);
        keyHash = s.key;
        address payee = s.claimer == address(0) ? _actor(who) : s.claimer;
        bytes memory seal;
        if (kind % 3 == 0) seal = sealFor(req, stranger, output);
        if (kind % 3 == 1) seal = sealFor(req, payee, hex"ffffffffffffffffffff");
        if (kind % 3 == 2) {
            req.nonce += 1_000;
            seal = sealFor(req, payee, output);
            req.nonce -= 1_000;
        }
        vm.prank(_actor(who));
        try market.fulfil(req, payee, output, seal) {
            forgedSettlements += 1;
        } catch {}
    }

    function announceCancel(uint256 job) external observed {
        if (jobs.length == 0) return;
        (Request memory req, ) = _job(job);
        vm.prank(req.requester);
        try market.announceCancel(req) {} catch {}
    }

    function cancel(uint256 job) external observed {
        if (jobs.length == 0) return;
        (Request memory req, ) = _job(job);
        vm.prank(req.requester);
        try market.cancel(req) {
            expected[req.requester] += req.maxFee;
        } catch {}
    }

    function expire(uint256 who, uint256 job) external observed {
        if (jobs.length == 0) return;
        (Request memory req, Shadow storage s) = _job(job);
        vm.prank(_actor(who));
        try market.expire(req) {
            expected[req.requester] += req.maxFee;
            if (s.claimer != address(0)) expected[req.requester] += _expectSlash(req);
        } catch {}
    }

    // Time, owners, guardian ----------------------------------------------------------------------------------------

    /// Forward by a little, or to one second around a moment that matters to a job.
    function warp(uint256 seed, uint256 job) external observed {
        uint256 target = time + _bound(seed >> 8, 1, 400);
        if (jobs.length != 0 && seed % 8 < 5) {
            (Request memory req, Shadow storage s) = _job(job);
            uint256 edge = seed % 8 == 0 ? req.deadline : req.claimDeadline;
            if (seed % 8 > 1 && s.state == JobState.Claimed) edge = s.since + req.proofWindow;
            edge = edge + ((seed >> 8) % 3) - 1;
            if (edge > time) target = edge;
        }
        time = target;
    }

    function setRoyalty(uint256 model, uint256 bps, bool toStranger) external observed {
        ModelId id = models[model % models.length];
        bps = _bound(bps, 0, 10_000);
        address payee = toStranger ? stranger : royaltyPayee;
        vm.prank(modelOwner);
        registry.setRoyalty(id, payee, uint16(bps));
        (_royaltyBps[id], _royaltyPayee[id]) = (bps, payee);
    }

    function registerVersion(uint256 salt) external observed {
        if (models.length >= 4) return;
        (bytes32 key, ModelId id) = registerModel(0, 64, 10, _bound(salt, 1_000, type(uint256).max));
        _track(id, key);
    }

    function deprecate(uint256 model, uint256 chance) external observed {
        if (chance % 4 != 0) return;
        vm.prank(modelOwner);
        try registry.deprecate(models[model % models.length]) {} catch {}
    }

    function stop(uint256 chance) external observed {
        if (chance % 4 != 0) return;
        vm.prank(guardian);
        try router.stop(SELECTOR) {} catch {}
    }

    // Asked by the invariants ---------------------------------------------------------------------------------------

    /// Fees and collateral of open jobs, by the second ledger.
    function openEscrow() external view returns (uint256 sum) {
        for (uint256 i = 0; i < jobs.length; ++i) {
            JobState state = shadows[jobs[i]].state;
            if (state == JobState.Requested || state == JobState.Claimed) sum += _requests[i].maxFee;
            if (state == JobState.Claimed) sum += _requests[i].collateral;
        }
    }

    /// Ends every job after all deadlines and withdraws everything; reverts if anybody cannot.
    function endAll() external {
        for (uint256 i = 0; i < jobs.length; ++i) if (_requests[i].deadline > time) time = _requests[i].deadline;
        vm.warp(time);
        for (uint256 i = 0; i < jobs.length; ++i) {
            JobState state = stateOf(jobs[i]);
            if (state == JobState.Requested || state == JobState.Claimed) market.expire(_requests[i]);
        }
        for (uint256 i = 0; i < accounts.length; ++i) {
            uint256 amount = balance(accounts[i]);
            vm.prank(accounts[i]);
            market.withdraw(address(token), accounts[i], amount);
            assertEq(balance(accounts[i]), 0);
        }
        assertEq(token.balanceOf(address(market)), market.burntOf(address(token)));
    }

    function commitmentsOf(ModelId id) public view returns (bytes32) {
        (address owner, bytes4 selector, bytes32 key, bytes32 setupHash, ModelId previous, ) = registry.modelOf(id);
        (bytes32 settledBy, ) = registry.settlementTerms(id, 0);
        return keccak256(abi.encode(owner, selector, key, setupHash, previous, settledBy));
    }

    function counts() external view returns (uint256 jobCount, uint256 accountCount, uint256 modelCount) {
        return (jobs.length, accounts.length, models.length);
    }

    function marketBalance(address account) external view returns (uint256) {
        return balance(account);
    }

    function marketTotals() external view returns (uint256 held, uint256 burnt) {
        return (token.balanceOf(address(market)), market.burntOf(address(token)));
    }

    // Internals -----------------------------------------------------------------------------------------------------

    function _actor(uint256 seed) private view returns (address) {
        return accounts[seed % 4];
    }

    /// An open job if there is one, so that most calls matter; now and then any.
    function _job(uint256 seed) private view returns (Request memory, Shadow storage) {
        uint256 i = seed % jobs.length;
        if (seed % 8 != 7) {
            for (uint256 k = 0; k < jobs.length; ++k) {
                if (uint8(shadows[jobs[i]].state) < uint8(JobState.Settled)) break;
                i = (i + 1) % jobs.length;
            }
        }
        return (_requests[i], shadows[jobs[i]]);
    }

    function _track(ModelId id, bytes32 key) private {
        models.push(id);
        commitments[id] = commitmentsOf(id);
        (_keys[id], _royaltyBps[id], _royaltyPayee[id]) = (key, ROYALTY_BPS, royaltyPayee);
    }

    function _expectPayment(Request memory req, Shadow storage s, address payee, bool late) private {
        uint256 price = s.claimer == address(0) ? market.priceAt(req, time) : s.price;
        uint256 royalty = (price * s.royaltyBps) / 10_000;
        expected[payee] += price - royalty;
        expected[s.royaltyPayee] += royalty;
        expected[req.requester] += req.maxFee - price;
        if (late) {
            expected[payee] += _expectSlash(req);
            rescues += 1;
        } else if (s.claimer != address(0)) {
            expected[s.claimer] += req.collateral;
        }
    }

    /// What is left of a slashed collateral for the winner.
    function _expectSlash(Request memory req) private returns (uint256 awarded) {
        awarded = (uint256(req.collateral) * (10_000 - BURN_BPS)) / 10_000;
        expectedBurnt += req.collateral - awarded;
        slashes += 1;
    }

    /// INV-02: compares every job with what it was before this step.
    function _observe() private {
        for (uint256 i = 0; i < jobs.length; ++i) {
            Shadow storage s = shadows[jobs[i]];
            (JobState state, address claimer, uint256 price, uint256 since, address pinned, uint24 terms) = market
                .jobOf(jobs[i]);
            bytes32 record = keccak256(abi.encode(state, claimer, price, since, pinned, terms));
            if (s.finalRecord != bytes32(0) && s.finalRecord != record) illegalArrows += 1;
            if (state != s.state) {
                if (!_isArrow(s.state, state)) illegalArrows += 1;
                s.state = state;
                if (uint8(state) >= uint8(JobState.Settled)) {
                    s.finalRecord = record;
                    ended[state] += 1;
                }
            }
        }
    }

    function _isArrow(JobState from, JobState to) private pure returns (bool) {
        if (from == JobState.None) return to == JobState.Requested;
        if (from == JobState.Requested)
            return
                to == JobState.Claimed || to == JobState.Settled || to == JobState.Cancelled || to == JobState.Expired;
        return from == JobState.Claimed && (to == JobState.Settled || to == JobState.Expired);
    }
}
