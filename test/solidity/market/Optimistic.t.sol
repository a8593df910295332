// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity ^0.8.28;

import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {IInferenceMarket, JobRecord, JobState} from "../../../contracts/interfaces/IInferenceMarket.sol";
import {IProofSystem} from "../../../contracts/interfaces/IProofSystem.sol";
import {
    RecordingConsumer,
    ReentrantConsumer,
    RevertingConsumer
} from "../../../contracts/mocks/market/HostileConsumers.sol";
import {JobId} from "../../../contracts/types/JobId.sol";
import {InputMode, Request} from "../../../contracts/types/Request.sol";
import {OptimisticTest} from "./OptimisticTest.sol";

/// The arrows of OPTIMISTIC: who may take which, from where, and when. Who is paid: Disputes.t.sol.
contract OptimisticArrowsTest is OptimisticTest {
    JobState[8] private _states = [
        JobState.None,
        JobState.Requested,
        JobState.Claimed,
        JobState.Proposed,
        JobState.Challenged,
        JobState.Settled,
        JobState.Cancelled,
        JobState.Expired
    ];

    function _windowOver(JobId jobId, uint256 end) private view returns (bytes memory) {
        return abi.encodeWithSelector(IInferenceMarket.WindowOver.selector, jobId, end, vm.getBlockTimestamp());
    }

    function _windowOpen(JobId jobId, uint256 end) private view returns (bytes memory) {
        return abi.encodeWithSelector(IInferenceMarket.WindowOpen.selector, jobId, end, vm.getBlockTimestamp());
    }

    function _notReached(uint256 end) private view returns (bytes memory) {
        return abi.encodeWithSelector(IInferenceMarket.DeadlineNotReached.selector, end, vm.getBlockTimestamp());
    }

    /// `account` makes the call; it is refused with exactly `err`, or, where `err` is empty, leads to `next`.
    function _takes(address account, bytes memory data, bytes memory err, JobId jobId, JobState next) private {
        vm.prank(account);
        (bool ok, bytes memory returned) = address(market).call(data);
        assertEq(ok, err.length == 0);
        if (err.length != 0) assertEq(returned, err);
        assertState(jobId, next);
    }

    // Every call in every state -------------------------------------------------------------------------------------

    function test_ClaimInEveryState() public {
        for (uint256 i = 0; i < _states.length; ++i) {
            uint256 snapshot = vm.snapshotState();
            (Request memory req, JobId jobId) = reach(_states[i]);
            bool allowed = _states[i] == JobState.Requested;
            bytes memory err = allowed ? bytes("") : wrongState(jobId, _states[i]);
            _takes(rescuer, abi.encodeCall(market.claim, (req)), err, jobId, allowed ? JobState.Claimed : _states[i]);
            vm.revertToState(snapshot);
        }
    }

    function test_ProposeInEveryState() public {
        for (uint256 i = 0; i < _states.length; ++i) {
            uint256 snapshot = vm.snapshotState();
            (Request memory req, JobId jobId) = reach(_states[i]);
            bool allowed = _states[i] == JobState.Claimed;
            _takes(
                operator,
                abi.encodeCall(market.propose, (req, output)),
                allowed ? bytes("") : wrongState(jobId, _states[i]),
                jobId,
                allowed ? JobState.Proposed : _states[i]
            );
            vm.revertToState(snapshot);
        }
    }

    function test_ChallengeInEveryState() public {
        for (uint256 i = 0; i < _states.length; ++i) {
            uint256 snapshot = vm.snapshotState();
            (Request memory req, JobId jobId) = reach(_states[i]);
            bool allowed = _states[i] == JobState.Proposed;
            _takes(
                rescuer,
                abi.encodeCall(market.challenge, (req, keccak256(lie))),
                allowed ? bytes("") : wrongState(jobId, _states[i]),
                jobId,
                allowed ? JobState.Challenged : _states[i]
            );
            vm.revertToState(snapshot);
        }
    }

    /// At once, and when every window and the deadline are long over.
    function test_SettleInEveryState() public {
        for (uint256 i = 0; i < 2 * _states.length; ++i) {
            uint256 snapshot = vm.snapshotState();
            JobState state = _states[i % _states.length];
            (Request memory req, JobId jobId) = reach(state);
            uint256 end = vm.getBlockTimestamp() + req.challengeWindow;
            bool later = i >= _states.length;
            if (later) skip(365 days);
            bytes memory err = wrongState(jobId, state);
            bool allowed = later && state == JobState.Proposed;
            if (allowed) err = "";
            else if (state == JobState.Proposed) err = _windowOpen(jobId, end);
            _takes(stranger, abi.encodeCall(market.settle, (req)), err, jobId, allowed ? JobState.Settled : state);
            vm.revertToState(snapshot);
        }
    }

    function test_FulfilInEveryState() public {
        for (uint256 i = 0; i < _states.length; ++i) {
            uint256 snapshot = vm.snapshotState();
            JobState state = _states[i];
            (Request memory req, JobId jobId) = reach(state);
            bool allowed = state != JobState.None && uint8(state) <= uint8(JobState.Challenged);
            _takes(
                stranger,
                abi.encodeCall(market.fulfil, (req, operator, output, sealFor(req, operator, output))),
                allowed ? bytes("") : wrongState(jobId, state),
                jobId,
                allowed ? JobState.Settled : state
            );
            vm.revertToState(snapshot);
        }
    }

    function test_ExpireInEveryState() public {
        for (uint256 i = 0; i < 2 * _states.length; ++i) {
            uint256 snapshot = vm.snapshotState();
            JobState state = _states[i % _states.length];
            (Request memory req, JobId jobId) = reach(state);
            uint256 end = state == JobState.Challenged ? vm.getBlockTimestamp() + req.proofWindow : req.deadline;
            bool later = i >= _states.length;
            if (later) skip(365 days);
            bool can = state == JobState.Requested || state == JobState.Claimed || state == JobState.Challenged;
            bytes memory err = wrongState(jobId, state);
            if (can) err = later ? bytes("") : _notReached(end);
            _takes(stranger, abi.encodeCall(market.expire, (req)), err, jobId, can && later ? JobState.Expired : state);
            vm.revertToState(snapshot);
        }
    }

    function test_AnnounceAndCancelInEveryState() public {
        for (uint256 i = 0; i < _states.length; ++i) {
            uint256 snapshot = vm.snapshotState();
            (Request memory req, JobId jobId) = reach(_states[i]);
            bool allowed = _states[i] == JobState.Requested;
            bytes memory err =
                allowed
                    ? abi.encodeWithSelector(IInferenceMarket.CancelNotAnnounced.selector, jobId)
                    : wrongState(jobId, _states[i]);
            _takes(requester, abi.encodeCall(market.cancel, (req)), err, jobId, _states[i]);
            if (allowed) err = "";
            _takes(requester, abi.encodeCall(market.announceCancel, (req)), err, jobId, _states[i]);
            vm.revertToState(snapshot);
        }
    }

    /// A request cannot be opened again, whatever became of it.
    function test_RequestInEveryState() public {
        for (uint256 i = 1; i < _states.length; ++i) {
            uint256 snapshot = vm.snapshotState();
            (Request memory req, JobId jobId) = reach(_states[i]);
            if (_states[i] != JobState.Expired)
                _takes(
                    requester,
                    abi.encodeCall(market.request, (req)),
                    abi.encodeWithSelector(IInferenceMarket.JobExists.selector, jobId),
                    jobId,
                    _states[i]
                );
            vm.revertToState(snapshot);
        }
    }

    // Who -----------------------------------------------------------------------------------------------------------

    function testFuzz_OnlyTheClaimerProposes(address account) public {
        vm.assume(account != operator);
        (Request memory req, JobId jobId) = reach(JobState.Claimed);
        vm.prank(account);
        vm.expectRevert(abi.encodeWithSelector(IInferenceMarket.NotClaimer.selector, jobId, operator, account));
        market.propose(req, output);
    }

    function test_OnlyTheClaimerProvesWithinItsWindow() public {
        (Request memory req, JobId jobId) = reach(JobState.Claimed);
        expectFulfilRevert(
            rescuer,
            req,
            abi.encodeWithSelector(IInferenceMarket.NotClaimer.selector, jobId, operator, rescuer)
        );
    }

    function test_ChallengeNeedsItsBond() public {
        (Request memory req, JobId jobId) = reach(JobState.Proposed);
        token.mint(stranger, 5 ether);
        vm.startPrank(stranger);
        token.approve(address(market), 5 ether);
        market.deposit(address(token), stranger, 5 ether - 1);
        bytes memory short = abi.encodeWithSelector(
            IInferenceMarket.InsufficientBalance.selector,
            address(token),
            stranger,
            5 ether - 1,
            5 ether
        );
        vm.expectRevert(short);
        market.challenge(req, keccak256(lie));
        assertState(jobId, JobState.Proposed);
        market.deposit(address(token), stranger, 1);
        market.challenge(req, keccak256(lie));
        vm.stopPrank();
        assertEq(balance(stranger), 0);
        assertState(jobId, JobState.Challenged);
    }

    /// Anyone may doubt: the requester, the proposer itself, a stranger to the job.
    function test_AnyoneChallengesSettlesAndExpires() public {
        address[4] memory all = [requester, operator, rescuer, royaltyPayee];
        fund(token, royaltyPayee);
        (Request memory req, JobId jobId) = reach(JobState.Proposed);
        for (uint256 i = 0; i < all.length; ++i) {
            uint256 snapshot = vm.snapshotState();
            challengeAs(all[i], req, lie);
            assertEq(market.jobOf(jobId).challenger, all[i]);
            skip(req.proofWindow);
            vm.prank(all[(i + 1) % 4]);
            market.expire(req);
            assertState(jobId, JobState.Expired);
            vm.revertToState(snapshot);
            skip(req.challengeWindow);
            vm.prank(all[i]);
            market.settle(req);
            assertState(jobId, JobState.Settled);
            vm.revertToState(snapshot);
        }
    }

    function test_AProposalIsChallengedOnce() public {
        (Request memory req, JobId jobId) = reach(JobState.Challenged);
        vm.prank(rescuer);
        vm.expectRevert(wrongState(jobId, JobState.Challenged));
        market.challenge(req, keccak256(lie));
        assertEq(market.jobOf(jobId).challenger, challenger);
    }

    function test_AClaimerProposesOnce() public {
        (Request memory req, JobId jobId) = reach(JobState.Proposed);
        vm.prank(operator);
        vm.expectRevert(wrongState(jobId, JobState.Proposed));
        market.propose(req, output);
        assertEq(market.jobOf(jobId).since, vm.getBlockTimestamp());
    }

    // What is written -----------------------------------------------------------------------------------------------

    function test_ProposeEmitsTheOutputAndItsDeadline() public {
        (Request memory req, JobId jobId) = reach(JobState.Claimed);
        skip(10);
        uint256 proposedAt = vm.getBlockTimestamp();
        vm.expectEmit(address(market));
        emit IInferenceMarket.JobProposed(jobId, operator, lie, proposedAt + req.challengeWindow);
        proposeAs(operator, req, lie);
        JobRecord memory job = market.jobOf(jobId);
        assertEq(uint8(job.state), uint8(JobState.Proposed));
        assertEq(job.since, proposedAt);
        assertEq(job.claimer, operator);
        assertEq(job.price, 10 ether);
        assertEq(job.challenger, address(0));
        assertEq(stakeOf(operator).exposure, 47 ether);
    }

    function test_ChallengeTakesTheBondAndRestartsTheClock() public {
        (Request memory req, JobId jobId) = reach(JobState.Proposed);
        skip(10);
        uint256 challengedAt = vm.getBlockTimestamp();
        vm.expectEmit(address(market));
        emit IInferenceMarket.JobChallenged(jobId, challenger, challengedAt + req.proofWindow);
        challengeAs(challenger, req, lie);
        assertEq(balance(challenger), FUNDS - 5 ether);
        assertEq(stakeOf(challenger).exposure, 0);
        JobRecord memory job = market.jobOf(jobId);
        assertEq(job.since, challengedAt);
        assertEq(job.challenger, challenger);
        assertEq(job.claimer, operator);
    }

    /// The price is that of the claim, however long the dispute takes.
    function testFuzz_ThePriceIsThatOfTheClaim(uint256 claimAt) public {
        Request memory req = optimisticRequest();
        JobId jobId = open(req);
        claimAt = bound(claimAt, vm.getBlockTimestamp(), req.claimDeadline - 1);
        vm.warp(claimAt);
        claimAs(operator, req);
        skip(req.proofWindow - 1);
        proposeAs(operator, req, output);
        skip(req.challengeWindow - 1);
        challengeAs(challenger, req, output);
        skip(req.proofWindow - 1);
        proveAs(operator, req, output);
        assertEq(market.jobOf(jobId).price, market.priceAt(req, claimAt));
        assertEq(balance(requester), FUNDS - market.priceAt(req, claimAt));
    }

    // Windows (T15) -------------------------------------------------------------------------------------------------

    function test_T15_ProposeWindowIsExact() public {
        (Request memory req, JobId jobId) = reach(JobState.Claimed);
        uint256 end = vm.getBlockTimestamp() + req.proofWindow;
        for (uint256 late = 0; late < 2; ++late) {
            vm.warp(end + late);
            vm.prank(operator);
            vm.expectRevert(_windowOver(jobId, end));
            market.propose(req, output);
        }
        vm.warp(end - 1);
        proposeAs(operator, req, output);
        assertState(jobId, JobState.Proposed);
    }

    function test_T15_ChallengeWindowIsExact() public {
        (Request memory req, JobId jobId) = reach(JobState.Proposed);
        uint256 end = vm.getBlockTimestamp() + req.challengeWindow;
        for (uint256 late = 0; late < 2; ++late) {
            vm.warp(end + late);
            vm.prank(challenger);
            vm.expectRevert(_windowOver(jobId, end));
            market.challenge(req, keccak256(lie));
        }
        vm.warp(end - 1);
        challengeAs(challenger, req, lie);
        assertState(jobId, JobState.Challenged);
    }

    function test_T15_SettleWindowIsExact() public {
        (Request memory req, JobId jobId) = reach(JobState.Proposed);
        uint256 end = vm.getBlockTimestamp() + req.challengeWindow;
        vm.warp(end - 1);
        vm.expectRevert(_windowOpen(jobId, end));
        market.settle(req);
        for (uint256 late = 0; late < 2; ++late) {
            uint256 snapshot = vm.snapshotState();
            vm.warp(end + late);
            market.settle(req);
            assertState(jobId, JobState.Settled);
            vm.revertToState(snapshot);
        }
    }

    function test_T15_ProofOfAProposalIsInTimeUntilItsWindowEnds() public {
        (Request memory req, JobId jobId) = reach(JobState.Proposed);
        uint256 end = vm.getBlockTimestamp() + req.challengeWindow;
        for (uint256 late = 0; late < 2; ++late) {
            vm.warp(end + late);
            expectFulfilRevert(rescuer, req, _windowOver(jobId, end));
        }
        vm.warp(end - 1);
        proveAs(rescuer, req, output);
        assertState(jobId, JobState.Settled);
    }

    function test_T15_ProofOfAChallengeIsInTimeUntilItsWindowEnds() public {
        (Request memory req, JobId jobId) = reach(JobState.Challenged);
        uint256 end = vm.getBlockTimestamp() + req.proofWindow;
        for (uint256 late = 0; late < 2; ++late) {
            vm.warp(end + late);
            expectFulfilRevert(rescuer, req, _windowOver(jobId, end));
        }
        vm.warp(end - 1);
        proveAs(rescuer, req, output);
        assertState(jobId, JobState.Settled);
    }

    function test_T15_ExpiryOfAChallengeIsExact() public {
        (Request memory req, JobId jobId) = reach(JobState.Challenged);
        uint256 end = vm.getBlockTimestamp() + req.proofWindow;
        vm.warp(end - 1);
        vm.expectRevert(_notReached(end));
        market.expire(req);
        for (uint256 late = 0; late < 2; ++late) {
            uint256 snapshot = vm.snapshotState();
            vm.warp(end + late);
            market.expire(req);
            assertState(jobId, JobState.Expired);
            vm.revertToState(snapshot);
        }
    }

    /// A dispute extends the clock: who is challenged at the last second has the whole proof window.
    function test_T15_AChallengeAtTheLastSecondLeavesTheWholeWindow() public {
        (Request memory req, JobId jobId) = reach(JobState.Proposed);
        skip(req.challengeWindow - 1);
        challengeAs(challenger, req, lie);
        skip(req.proofWindow - 1);
        proveAs(operator, req, lie);
        assertState(jobId, JobState.Settled);
    }

    /// The last possible claim, proposal, challenge and proof all fit before the deadline, with minRescue to spare.
    function test_T15_TheLatestDisputeEndsBeforeTheDeadline() public {
        Request memory req = optimisticRequest();
        req.deadline = req.claimDeadline + 2 * req.proofWindow + req.challengeWindow + MIN_RESCUE;
        JobId jobId = open(req);
        vm.warp(req.claimDeadline - 1);
        claimAs(operator, req);
        skip(req.proofWindow - 1);
        proposeAs(operator, req, lie);
        skip(req.challengeWindow - 1);
        challengeAs(challenger, req, lie);
        skip(req.proofWindow - 1);
        assertLt(vm.getBlockTimestamp() + MIN_RESCUE, req.deadline);
        proveAs(rescuer, req, output);
        assertEq(market.resultOf(jobId), output);
    }

    /// At any second of a proposal it can be disputed, or settled: one of both, never both.
    function testFuzz_T15_DisputeOrSettleNeverBoth(uint256 wait) public {
        (Request memory req, ) = reach(JobState.Proposed);
        wait = bound(wait, 0, wait % 8 == 0 ? 365 days : 2 * req.challengeWindow);
        skip(wait);
        bytes memory seal = sealFor(req, rescuer, output);
        uint256 snapshot = vm.snapshotState();
        (bool proven, ) = address(market).call(abi.encodeCall(market.fulfil, (req, rescuer, output, seal)));
        vm.revertToState(snapshot);
        vm.prank(challenger);
        (bool challenged, ) = address(market).call(abi.encodeCall(market.challenge, (req, keccak256(lie))));
        vm.revertToState(snapshot);
        (bool settled, ) = address(market).call(abi.encodeCall(market.settle, (req)));
        assertEq(proven, wait < req.challengeWindow);
        assertEq(challenged, wait < req.challengeWindow);
        assertEq(settled, wait >= req.challengeWindow);
    }

    /// At any second of a challenge it can be decided by proof, or expire: one of both, never both.
    function testFuzz_T15_ProveOrExpireNeverBoth(uint256 wait) public {
        (Request memory req, ) = reach(JobState.Challenged);
        wait = bound(wait, 0, wait % 8 == 0 ? 365 days : 2 * req.challengeWindow);
        skip(wait);
        bytes memory seal = sealFor(req, rescuer, output);
        uint256 snapshot = vm.snapshotState();
        (bool proven, ) = address(market).call(abi.encodeCall(market.fulfil, (req, rescuer, output, seal)));
        vm.revertToState(snapshot);
        (bool expired, ) = address(market).call(abi.encodeCall(market.expire, (req)));
        assertEq(proven, wait < req.proofWindow);
        assertEq(expired, wait >= req.proofWindow);
    }

    // What is proposed ----------------------------------------------------------------------------------------------

    function testFuzz_RefusesAProposalOfAnotherLength(uint8 length) public {
        vm.assume(length != 10);
        (Request memory req, ) = reach(JobState.Claimed);
        vm.prank(operator);
        vm.expectRevert(abi.encodeWithSelector(IInferenceMarket.WrongOutputLength.selector, 10, uint256(length)));
        market.propose(req, new bytes(length));
    }

    function test_ValidityJobsTakeNoProposal() public {
        (Request memory req, ) = openAndClaim();
        vm.prank(operator);
        vm.expectRevert(abi.encodeWithSelector(IInferenceMarket.UnsupportedMode.selector, uint8(0)));
        market.propose(req, output);
    }

    /// T10: after a reorganisation the proposal may be another; a challenge of the first does not hit the second.
    function test_T10_AChallengeNamesWhatItChallenges() public {
        (Request memory req, JobId jobId) = reach(JobState.Claimed);
        uint256 snapshot = vm.snapshotState();
        proposeAs(operator, req, lie);
        vm.revertToState(snapshot);
        proposeAs(operator, req, output);
        vm.prank(challenger);
        vm.expectRevert(abi.encodeWithSelector(IInferenceMarket.AnotherProposal.selector, jobId, keccak256(output)));
        market.challenge(req, keccak256(lie));
        assertEq(balance(challenger), FUNDS);
        assertState(jobId, JobState.Proposed);
    }

    function testFuzz_T10_NoOtherHashChallenges(bytes32 hash, bytes10 proposed) public {
        (Request memory req, JobId jobId) = reach(JobState.Claimed);
        proposeAs(operator, req, abi.encodePacked(proposed));
        bytes32 right = keccak256(abi.encodePacked(proposed));
        vm.assume(hash != right);
        vm.startPrank(challenger);
        vm.expectRevert(abi.encodeWithSelector(IInferenceMarket.AnotherProposal.selector, jobId, right));
        market.challenge(req, hash);
        market.challenge(req, right);
        vm.stopPrank();
        assertState(jobId, JobState.Challenged);
    }

    /// INV-07: neither a proposal nor a disputed one is an output; what expired never was one.
    function testFuzz_ProposalsAreNotReadableBeforeTheyAreFinal(bytes10 proposed, bool challenged) public {
        (Request memory req, JobId jobId) = reach(JobState.Claimed);
        bytes memory err = abi.encodeWithSelector(IInferenceMarket.NoOutput.selector, jobId);
        vm.expectRevert(err);
        market.resultOf(jobId);
        proposeAs(operator, req, abi.encodePacked(proposed));
        vm.expectRevert(err);
        market.resultOf(jobId);
        skip(req.challengeWindow - 1);
        if (challenged) challengeAs(challenger, req, abi.encodePacked(proposed));
        skip(challenged ? req.proofWindow : 1);
        vm.expectRevert(err);
        market.resultOf(jobId);
        if (challenged) {
            market.expire(req);
            vm.expectRevert(err);
            market.resultOf(jobId);
        } else {
            market.settle(req);
            assertEq(market.resultOf(jobId), abi.encodePacked(proposed));
        }
    }

    /// Every length around the slots' edges: nothing of a fallen proposal is left, and an upheld one stays as it was.
    function test_OutputsAreOverwrittenAtEveryLength() public {
        uint32[8] memory sizes = [uint32(1), 31, 32, 33, 63, 64, 65, 200];
        for (uint256 i = 0; i < sizes.length; ++i) {
            Request memory req = optimisticRequest();
            (keyHash, req.modelId) = registerModel(0, 64, sizes[i], 1);
            (lie, output) = (new bytes(sizes[i]), new bytes(sizes[i]));
            for (uint256 j = 0; j < sizes[i]; ++j) (lie[j], output[j]) = (0xff, bytes1(uint8(j)));
            JobId jobId = open(req);
            claimAs(operator, req);
            proposeAs(operator, req, lie);
            uint256 snapshot = vm.snapshotState();
            proveAs(rescuer, req, output);
            assertEq(market.resultOf(jobId), output, "overturned");
            vm.revertToState(snapshot);
            proveAs(rescuer, req, lie);
            assertEq(market.resultOf(jobId), lie, "upheld");
            vm.revertToState(snapshot);
            skip(req.challengeWindow);
            market.settle(req);
            assertEq(market.resultOf(jobId), lie, "unchallenged");
        }
    }

    function testFuzz_OutputsOfAnyLengthAreOverwritten(bytes calldata proposed, bytes32 seed) public {
        uint256 length = bound(proposed.length, 1, 300);
        Request memory req = optimisticRequest();
        (keyHash, req.modelId) = registerModel(0, 64, uint32(length), 2);
        bytes memory first = new bytes(length);
        bytes memory second = new bytes(length);
        for (uint256 i = 0; i < length; ++i) {
            first[i] = i < proposed.length ? proposed[i] : bytes1(0xaa);
            second[i] = keccak256(abi.encode(seed, i / 32))[i % 32];
        }
        JobId jobId = open(req);
        claimAs(operator, req);
        proposeAs(operator, req, first);
        challengeAs(challenger, req, first);
        proveAs(rescuer, req, second);
        assertEq(market.resultOf(jobId), second);
    }

    /// A dispute is decided by a proof of this job, and by nothing else.
    function test_ABadProofDecidesNothing() public {
        (Request memory req, JobId jobId) = reach(JobState.Challenged);
        bytes memory seal = sealFor(req, rescuer, output);
        vm.startPrank(rescuer);
        vm.expectRevert(IProofSystem.InvalidProof.selector);
        market.fulfil(req, rescuer, lie, seal);
        vm.expectRevert(IProofSystem.InvalidProof.selector);
        market.fulfil(req, stranger, output, seal);
        vm.expectRevert(IInferenceMarket.ZeroAddress.selector);
        market.fulfil(req, address(0), output, seal);
        vm.stopPrank();
        assertState(jobId, JobState.Challenged);
    }

    /// T5: one settlement a job, however it came about.
    function test_T5_AProofAfterTheProposalIsFinal() public {
        (Request memory req, JobId jobId) = reach(JobState.Settled);
        expectFulfilRevert(rescuer, req, wrongState(jobId, JobState.Settled));
        assertEq(market.resultOf(jobId), lie);
    }

    function test_T5_AProofTwiceInADispute() public {
        (Request memory req, JobId jobId) = reach(JobState.Challenged);
        proveAs(rescuer, req, output);
        uint256 before = wealth(rescuer);
        expectFulfilRevert(rescuer, req, wrongState(jobId, JobState.Settled));
        vm.expectRevert(wrongState(jobId, JobState.Settled));
        market.settle(req);
        assertEq(wealth(rescuer), before);
    }

    // Bounds --------------------------------------------------------------------------------------------------------

    function _refused(Request memory req, bytes memory err) private {
        vm.prank(requester);
        vm.expectRevert(err);
        market.request(req);
    }

    function _invalidBonds(uint256 proposerBond, uint256 challengerBond) private pure returns (bytes memory) {
        return abi.encodeWithSelector(IInferenceMarket.InvalidBonds.selector, proposerBond, challengerBond);
    }

    function test_ProposerBondCoversTheFee() public {
        Request memory req = optimisticRequest();
        req.proposerBond = req.maxFee - 1;
        _refused(req, _invalidBonds(30 ether - 1, 5 ether));
        req.proposerBond = req.maxFee;
        open(req);
    }

    function test_ChallengerBondIsBetweenNothingAndTheProposers() public {
        Request memory req = optimisticRequest();
        req.challengerBond = 0;
        _refused(req, _invalidBonds(40 ether, 0));
        req.challengerBond = req.proposerBond + 1;
        _refused(req, _invalidBonds(40 ether, 40 ether + 1));
        req.challengerBond = req.proposerBond;
        open(req);
        (req.challengerBond, req.nonce) = (1, 2);
        open(req);
    }

    function testFuzz_BondsAreAsTheMarketDemands(uint96 maxFee, uint96 proposerBond, uint96 challengerBond) public {
        Request memory req = optimisticRequest();
        req.maxFee = uint96(bound(maxFee, req.minFee, FUNDS));
        req.proposerBond = uint96(bound(proposerBond, 0, 2 * FUNDS));
        req.challengerBond = uint96(bound(challengerBond, 0, 2 * FUNDS));
        if (req.proposerBond >= req.maxFee && req.challengerBond != 0 && req.challengerBond <= req.proposerBond)
            open(req);
        else _refused(req, _invalidBonds(req.proposerBond, req.challengerBond));
    }

    function test_ChallengeWindowBoundaryIsExact() public {
        Request memory req = optimisticRequest();
        req.challengeWindow = MIN_CHALLENGE_WINDOW - 1;
        _refused(
            req,
            abi.encodeWithSelector(
                IInferenceMarket.ChallengeWindowTooShort.selector,
                uint256(MIN_CHALLENGE_WINDOW) - 1,
                uint256(MIN_CHALLENGE_WINDOW)
            )
        );
        req.challengeWindow = MIN_CHALLENGE_WINDOW;
        open(req);
    }

    function test_TimesLeaveRoomForADispute() public {
        Request memory req = optimisticRequest();
        req.deadline = req.claimDeadline + 2 * req.proofWindow + req.challengeWindow + MIN_RESCUE - 1;
        _refused(req, abi.encodeWithSelector(IInferenceMarket.InvalidTimes.selector));
        req.deadline += 1;
        open(req);
    }

    /// No choice of windows wraps around; of those that a job could have about half fit.
    function testFuzz_WindowsNeverOverflow(
        uint64 claimDeadline,
        uint32 proofWindow,
        uint32 window,
        uint64 deadline
    ) public {
        Request memory req = optimisticRequest();
        bool wide = deadline % 2 == 0;
        req.claimDeadline = uint64(
            bound(claimDeadline, req.rampStart, wide ? type(uint64).max : req.rampStart + 1 days)
        );
        req.proofWindow = uint32(bound(proofWindow, 1, wide ? type(uint32).max : 1 days));
        req.challengeWindow = uint32(bound(window, MIN_CHALLENGE_WINDOW, wide ? type(uint32).max : 1 days));
        req.deadline = uint64(bound(deadline, req.rampStart, vm.getBlockTimestamp() + MAX_JOB_SECONDS));
        uint256 end = uint256(req.claimDeadline) + 2 * uint256(req.proofWindow) + req.challengeWindow + MIN_RESCUE;
        if (end > req.deadline) _refused(req, abi.encodeWithSelector(IInferenceMarket.InvalidTimes.selector));
        else open(req);
    }

    /// Whoever is to challenge must be able to run the model.
    function test_RefusesACommittedInput() public {
        Request memory req = optimisticRequest();
        (, req.modelId) = registerModel(1, 64, 10, 2);
        (req.inputMode, req.input) = (InputMode.COMMITTED, abi.encodePacked(uint256(17)));
        _refused(req, abi.encodeWithSelector(IInferenceMarket.UnsupportedInputMode.selector, uint8(1)));
    }

    // T12, T21 ------------------------------------------------------------------------------------------------------

    /// Nothing that anybody stops can keep a dispute from its end.
    function test_T12_DisputesEndThoughStoppedAndDeprecated() public {
        (Request memory req, JobId jobId) = reach(JobState.Claimed);
        vm.prank(guardian);
        router.stop(SELECTOR);
        vm.prank(admin);
        router.remove(SELECTOR);
        vm.prank(modelOwner);
        registry.deprecate(modelId);
        proposeAs(operator, req, lie);
        uint256 snapshot = vm.snapshotState();
        skip(req.challengeWindow);
        market.settle(req);
        assertState(jobId, JobState.Settled);
        vm.revertToState(snapshot);
        challengeAs(challenger, req, lie);
        snapshot = vm.snapshotState();
        proveAs(rescuer, req, output);
        assertState(jobId, JobState.Settled);
        vm.revertToState(snapshot);
        skip(req.proofWindow);
        market.expire(req);
        assertState(jobId, JobState.Expired);
    }

    function test_T21_AClaimAndProposalAfterTheAnnouncementWin() public {
        Request memory req = optimisticRequest();
        JobId jobId = open(req);
        vm.prank(requester);
        market.announceCancel(req);
        skip(CANCEL_DELAY);
        claimAs(operator, req);
        proposeAs(operator, req, output);
        vm.prank(requester);
        vm.expectRevert(wrongState(jobId, JobState.Proposed));
        market.cancel(req);
        // The challenge window runs from the proposal.
        skip(req.challengeWindow - 1);
        vm.expectRevert(_windowOpen(jobId, vm.getBlockTimestamp() + 1));
        market.settle(req);
    }

    // Callback ------------------------------------------------------------------------------------------------------

    function _proposedFor(address consumer) private returns (Request memory req, JobId jobId) {
        req = optimisticRequest();
        (req.consumer, req.callbackGas) = (consumer, 500_000);
        jobId = open(req);
        claimAs(operator, req);
        proposeAs(operator, req, lie);
    }

    function test_SettleCallsTheConsumerBack() public {
        RecordingConsumer consumer = new RecordingConsumer();
        (Request memory req, JobId jobId) = _proposedFor(address(consumer));
        assertEq(consumer.calls(), 0, "a proposal is not an answer");
        skip(req.challengeWindow);
        market.settle(req);
        assertEq(consumer.calls(), 1);
        assertTrue(consumer.jobId() == jobId);
        assertEq(consumer.output(), lie);
        assertEq(consumer.resultSeen(), lie);
    }

    function test_AnOverturnedProposalIsNeverDelivered() public {
        RecordingConsumer consumer = new RecordingConsumer();
        (Request memory req, ) = _proposedFor(address(consumer));
        challengeAs(challenger, req, lie);
        assertEq(consumer.calls(), 0);
        proveAs(rescuer, req, output);
        assertEq(consumer.calls(), 1);
        assertEq(consumer.output(), output);
        assertEq(consumer.resultSeen(), output);
    }

    function test_T4_AFailingConsumerDoesNotStopASettlement() public {
        RevertingConsumer consumer = new RevertingConsumer();
        (Request memory req, JobId jobId) = _proposedFor(address(consumer));
        skip(req.challengeWindow);
        vm.expectEmit(address(market));
        emit IInferenceMarket.CallbackFailed(
            jobId,
            address(consumer),
            abi.encodeWithSelector(RevertingConsumer.Refusal.selector, jobId)
        );
        market.settle(req);
        assertState(jobId, JobState.Settled);
        assertEq(balance(operator), FUNDS + 9.5 ether);
    }

    /// Whatever gas `settle` is sent with: it reverts as a whole, or the consumer got its gas.
    function testFuzz_T4_NobodyStarvesAConsumerBySettling(uint256 gasGiven) public {
        RecordingConsumer consumer = new RecordingConsumer();
        (Request memory req, JobId jobId) = _proposedFor(address(consumer));
        skip(req.challengeWindow);
        gasGiven = bound(gasGiven, 400_000, 900_000);
        (bool ok, bytes memory reason) = address(market).call{gas: gasGiven}(abi.encodeCall(market.settle, (req)));
        if (ok) {
            assertEq(consumer.calls(), 1);
            assertGe(consumer.gasSeen() + 1_000, req.callbackGas);
        } else {
            assertState(jobId, JobState.Proposed);
            assertEq(bytes4(reason), IInferenceMarket.InsufficientCallbackGas.selector);
        }
    }

    function test_T4_SettlementsCallbackFindsEveryDoorShut() public {
        ReentrantConsumer consumer = new ReentrantConsumer();
        (Request memory req, ) = _proposedFor(address(consumer));
        skip(req.challengeWindow);
        bytes[] memory calls = entryPoints(req);
        for (uint256 i = 0; i < calls.length; ++i) {
            uint256 snapshot = vm.snapshotState();
            consumer.arm(calls[i]);
            market.settle(req);
            assertTrue(consumer.entered());
            assertFalse(consumer.lastOk());
            assertEq(
                consumer.lastReturn(),
                abi.encodeWithSelector(ReentrancyGuardTransient.ReentrancyGuardReentrantCall.selector)
            );
            vm.revertToState(snapshot);
        }
    }
}
