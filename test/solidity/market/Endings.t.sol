// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity ^0.8.28;

import {IInferenceMarket, JobRecord, JobState} from "../../../contracts/interfaces/IInferenceMarket.sol";
import {JobId} from "../../../contracts/types/JobId.sol";
import {Request} from "../../../contracts/types/Request.sol";
import {MarketTest} from "./MarketTest.sol";

/// Cancellation and expiry: how money comes back when nobody proved.
contract EndingsTest is MarketTest {
    function _announce(Request memory req) private {
        vm.prank(requester);
        market.announceCancel(req);
    }

    function _cancel(Request memory req) private {
        vm.prank(requester);
        market.cancel(req);
    }

    function _cancelRefused(Request memory req, bytes memory err) private {
        vm.prank(requester);
        vm.expectRevert(err);
        market.cancel(req);
    }

    // Cancel --------------------------------------------------------------------------------------------------------

    function test_CancelReturnsTheFee() public {
        Request memory req = baseRequest();
        JobId jobId = open(req);
        uint256 at = vm.getBlockTimestamp();
        vm.expectEmit(address(market));
        emit IInferenceMarket.CancelAnnounced(jobId, at + CANCEL_DELAY);
        _announce(req);
        JobRecord memory job = market.jobOf(jobId);
        assertEq(uint8(job.state), uint8(JobState.Requested));
        assertEq(job.since, at);
        vm.warp(at + CANCEL_DELAY);
        vm.expectEmit(address(market));
        emit IInferenceMarket.JobCancelled(jobId);
        _cancel(req);
        assertEq(balance(requester), FUNDS);
        assertState(jobId, JobState.Cancelled);
        assertEq(market.refundOf(req), 30 ether);
    }

    function test_CancelDelayBoundaryIsExact() public {
        Request memory req = baseRequest();
        JobId jobId = open(req);
        uint256 ready = vm.getBlockTimestamp() + CANCEL_DELAY;
        _announce(req);
        vm.warp(ready - 1);
        _cancelRefused(req, abi.encodeWithSelector(IInferenceMarket.CancelTooEarly.selector, ready, ready - 1));
        vm.warp(ready + 1);
        _cancel(req);
        assertState(jobId, JobState.Cancelled);
    }

    function test_CancelNeedsAnAnnouncement() public {
        Request memory req = baseRequest();
        JobId jobId = open(req);
        _cancelRefused(req, abi.encodeWithSelector(IInferenceMarket.CancelNotAnnounced.selector, jobId));
    }

    function test_AnnouncementCannotBeRepeated() public {
        Request memory req = baseRequest();
        JobId jobId = open(req);
        _announce(req);
        vm.prank(requester);
        vm.expectRevert(abi.encodeWithSelector(IInferenceMarket.CancelAlreadyAnnounced.selector, jobId));
        market.announceCancel(req);
    }

    function test_OnlyTheRequesterCancels() public {
        Request memory req = baseRequest();
        open(req);
        bytes memory err = abi.encodeWithSelector(IInferenceMarket.NotRequester.selector, operator, requester);
        vm.startPrank(operator);
        vm.expectRevert(err);
        market.announceCancel(req);
        vm.expectRevert(err);
        market.cancel(req);
        vm.stopPrank();
    }

    function test_CancelTwice() public {
        Request memory req = baseRequest();
        JobId jobId = open(req);
        _announce(req);
        vm.warp(vm.getBlockTimestamp() + CANCEL_DELAY);
        _cancel(req);
        _cancelRefused(req, wrongState(jobId, JobState.Cancelled));
        assertEq(balance(requester), FUNDS);
    }

    function test_UnknownJobsCannotBeCancelled() public {
        Request memory req = baseRequest();
        bytes memory err = wrongState(market.jobIdOf(req), JobState.None);
        _cancelRefused(req, err);
        vm.prank(requester);
        vm.expectRevert(err);
        market.announceCancel(req);
    }

    function test_ClaimedJobsCannotBeCancelled() public {
        (Request memory req, JobId jobId) = openAndClaim();
        vm.prank(requester);
        vm.expectRevert(wrongState(jobId, JobState.Claimed));
        market.announceCancel(req);
        _cancelRefused(req, wrongState(jobId, JobState.Claimed));
        // Nor when the claimer has let its window pass: a rescuer may be proving.
        vm.warp(vm.getBlockTimestamp() + req.proofWindow);
        _cancelRefused(req, wrongState(jobId, JobState.Claimed));
    }

    /// T21: the output was in the mempool; the settlement lands before the delay is over.
    function test_T21_FulfilBetweenAnnounceAndCancelWins() public {
        Request memory req = baseRequest();
        JobId jobId = open(req);
        uint256 announced = vm.getBlockTimestamp();
        _announce(req);
        vm.warp(announced + CANCEL_DELAY - 1);
        fulfilFor(operator, req);
        assertEq(balance(operator), FUNDS + (market.priceAt(req, announced + CANCEL_DELAY - 1) * 95) / 100);
        vm.warp(announced + CANCEL_DELAY);
        _cancelRefused(req, wrongState(jobId, JobState.Settled));
    }

    function test_T21_FulfilWinsUntilCancelLands() public {
        Request memory req = baseRequest();
        JobId jobId = open(req);
        _announce(req);
        vm.warp(vm.getBlockTimestamp() + 2 * CANCEL_DELAY);
        fulfilFor(operator, req);
        assertState(jobId, JobState.Settled);
        assertEq(market.refundOf(req), req.maxFee - market.priceAt(req, vm.getBlockTimestamp()));
    }

    function test_T21_ClaimAfterTheAnnouncementWins() public {
        Request memory req = baseRequest();
        JobId jobId = open(req);
        uint256 announced = vm.getBlockTimestamp();
        _announce(req);
        vm.warp(announced + CANCEL_DELAY);
        claimAs(operator, req);
        _cancelRefused(req, wrongState(jobId, JobState.Claimed));
        // The window runs from the claim, not from the announcement.
        vm.warp(announced + CANCEL_DELAY + req.proofWindow - 1);
        fulfilFor(operator, req);
        assertEq(market.burntOf(address(token)), 0);
    }

    function test_CancelledJobsAcceptNothing() public {
        Request memory req = baseRequest();
        JobId jobId = open(req);
        _announce(req);
        vm.warp(vm.getBlockTimestamp() + CANCEL_DELAY);
        _cancel(req);
        bytes memory err = wrongState(jobId, JobState.Cancelled);
        expectFulfilRevert(operator, req, err);
        vm.prank(operator);
        vm.expectRevert(err);
        market.claim(req);
        vm.warp(req.deadline);
        vm.expectRevert(err);
        market.expire(req);
        vm.expectRevert(abi.encodeWithSelector(IInferenceMarket.NoOutput.selector, jobId));
        market.resultOf(jobId);
    }

    function test_CancelledRequestCannotBeOpenedAgain() public {
        Request memory req = baseRequest();
        JobId jobId = open(req);
        _announce(req);
        vm.warp(vm.getBlockTimestamp() + CANCEL_DELAY);
        _cancel(req);
        vm.prank(requester);
        vm.expectRevert(abi.encodeWithSelector(IInferenceMarket.JobExists.selector, jobId));
        market.request(req);
    }

    // Expire --------------------------------------------------------------------------------------------------------

    function test_ExpireUnclaimedReturnsTheFee() public {
        Request memory req = baseRequest();
        JobId jobId = open(req);
        vm.warp(req.deadline);
        vm.expectEmit(address(market));
        emit IInferenceMarket.JobExpired(jobId, address(0), 0);
        vm.prank(stranger);
        market.expire(req);
        assertEq(balance(requester), FUNDS);
        assertState(jobId, JobState.Expired);
        assertEq(market.refundOf(req), 30 ether);
    }

    function test_ExpireAfterAnAnnouncementReturnsTheFeeOnly() public {
        Request memory req = baseRequest();
        open(req);
        _announce(req);
        vm.warp(req.deadline);
        market.expire(req);
        assertEq(balance(requester), FUNDS);
        assertEq(market.refundOf(req), 30 ether);
    }

    function test_T2_ExpireSlashesTheClaimer() public {
        (Request memory req, JobId jobId) = openAndClaim();
        vm.warp(req.deadline);
        vm.expectEmit(address(market));
        emit IInferenceMarket.JobExpired(jobId, operator, 4.2 ether);
        vm.prank(stranger);
        market.expire(req);
        assertEq(balance(requester), FUNDS + 2.8 ether);
        assertEq(balance(operator), FUNDS);
        assertEq(stakeOf(operator).bonded, FUNDS - 7 ether);
        assertEq(market.burntOf(address(token)), 4.2 ether);
        assertEq(market.refundOf(req), 32.8 ether);
    }

    function test_T2_EveryExpiryIsCounted() public {
        Request memory req = baseRequest();
        for (uint256 i = 1; i <= 3; ++i) {
            req.nonce = i;
            open(req);
            claimAs(operator, req);
        }
        vm.warp(req.deadline);
        for (uint256 i = 1; i <= 3; ++i) {
            req.nonce = i;
            market.expire(req);
            assertEq(stakeOf(operator).expired, i);
            assertEq(stakeOf(operator).slashed, i);
            assertEq(market.burntOf(address(token)), i * 4.2 ether);
        }
    }

    function test_T2_DeadlineBoundaryIsExact() public {
        (Request memory req, JobId jobId) = openAndClaim();
        vm.warp(req.deadline - 1);
        vm.expectRevert(
            abi.encodeWithSelector(
                IInferenceMarket.DeadlineNotReached.selector,
                uint256(req.deadline),
                uint256(req.deadline) - 1
            )
        );
        market.expire(req);
        vm.warp(req.deadline + 1);
        market.expire(req);
        assertState(jobId, JobState.Expired);
    }

    function test_ExpireTwice() public {
        (Request memory req, JobId jobId) = openAndClaim();
        vm.warp(req.deadline);
        market.expire(req);
        vm.expectRevert(wrongState(jobId, JobState.Expired));
        market.expire(req);
    }

    function test_ExpireRefusesUnknownAndSettledJobs() public {
        Request memory req = baseRequest();
        vm.warp(req.deadline - 9_000);
        vm.expectRevert(wrongState(market.jobIdOf(req), JobState.None));
        market.expire(req);
        JobId jobId = open(req);
        fulfilFor(operator, req);
        vm.warp(req.deadline);
        vm.expectRevert(wrongState(jobId, JobState.Settled));
        market.expire(req);
    }

    function test_T12_ExpireWorksThoughStoppedAndDeprecated() public {
        (Request memory req, JobId jobId) = openAndClaim();
        vm.prank(guardian);
        router.stop(SELECTOR);
        vm.prank(modelOwner);
        registry.deprecate(modelId);
        vm.warp(req.deadline);
        market.expire(req);
        assertState(jobId, JobState.Expired);
    }

    function test_T12_CancelWorksThoughStopped() public {
        Request memory req = baseRequest();
        JobId jobId = open(req);
        vm.prank(guardian);
        router.stop(SELECTOR);
        _announce(req);
        vm.warp(vm.getBlockTimestamp() + CANCEL_DELAY);
        _cancel(req);
        assertState(jobId, JobState.Cancelled);
    }

    /// At any second exactly one of fulfil and expire is possible.
    function testFuzz_T15_SettleOrExpireNeverBoth(uint256 at, bool claimed) public {
        Request memory req = baseRequest();
        JobId jobId = open(req);
        if (claimed) claimAs(operator, req);
        at = bound(at, vm.getBlockTimestamp(), uint256(req.deadline) * 2);
        vm.warp(at);
        bytes memory seal = sealFor(req, operator, output);
        uint256 snapshot = vm.snapshotState();
        (bool fulfilled, ) = address(market).call(abi.encodeCall(market.fulfil, (req, operator, output, seal)));
        vm.revertToState(snapshot);
        (bool expired, ) = address(market).call(abi.encodeCall(market.expire, (req)));
        assertEq(fulfilled, at < req.deadline);
        assertEq(expired, at >= req.deadline);
        assertState(
            jobId,
            expired
                ? JobState.Expired
                : claimed
                    ? JobState.Claimed
                    : JobState.Requested
        );
    }

    /// At any second of a claimed job exactly the entitled can settle.
    function testFuzz_T15_WindowSplitsClaimerFromRescuer(uint256 at) public {
        (Request memory req, ) = openAndClaim();
        uint256 end = vm.getBlockTimestamp() + req.proofWindow;
        at = bound(at, vm.getBlockTimestamp(), req.deadline - 1);
        vm.warp(at);
        bytes memory seal = sealFor(req, rescuer, output);
        (bool rescued, ) = address(market).call(abi.encodeCall(market.fulfil, (req, rescuer, output, seal)));
        assertEq(rescued, at >= end);
    }
}
