// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity ^0.8.28;

import {IInferenceMarket, JobRecord, JobState} from "../../../contracts/interfaces/IInferenceMarket.sol";
import {IProofSystemRouter} from "../../../contracts/interfaces/IProofSystemRouter.sol";
import {JobId} from "../../../contracts/types/JobId.sol";
import {Request} from "../../../contracts/types/Request.sol";
import {Stake} from "../../../contracts/types/Stake.sol";
import {MarketTest} from "./MarketTest.sol";

contract ClaimTest is MarketTest {
    function test_LocksPriceAndStake() public {
        Request memory req = baseRequest();
        JobId jobId = open(req);
        uint256 at = req.rampStart + 500;
        vm.warp(at);
        vm.expectEmit(address(market));
        emit IInferenceMarket.JobClaimed(jobId, operator, 20 ether, at + 600);
        claimAs(operator, req);
        assertEq(balance(operator), FUNDS);
        Stake memory stake = stakeOf(operator);
        assertEq(stake.bonded, FUNDS);
        assertEq(stake.exposure, 7 ether);
        JobRecord memory job = market.jobOf(jobId);
        assertEq(uint8(job.state), uint8(JobState.Claimed));
        assertEq(job.claimer, operator);
        assertEq(job.price, 20 ether);
        assertEq(job.since, at);
        assertEq(job.challenger, address(0));
        assertEq(job.proofSystem, address(proofSystem));
        assertEq(job.outputLength, 10);
    }

    function test_RefusesAJobThatDoesNotExist() public {
        Request memory req = baseRequest();
        vm.expectRevert(wrongState(market.jobIdOf(req), JobState.None));
        market.claim(req);
    }

    function test_RefusesASecondClaim() public {
        (Request memory req, JobId jobId) = openAndClaim();
        vm.prank(rescuer);
        vm.expectRevert(wrongState(jobId, JobState.Claimed));
        market.claim(req);
    }

    /// Reopened is open to proofs, not to claims: a second window could pass the deadline.
    function test_RefusesToClaimAReopenedJob() public {
        (Request memory req, JobId jobId) = openAndClaim();
        vm.warp(vm.getBlockTimestamp() + req.proofWindow);
        vm.prank(rescuer);
        vm.expectRevert(wrongState(jobId, JobState.Claimed));
        market.claim(req);
    }

    function test_RefusesASettledJob() public {
        (Request memory req, JobId jobId) = openAndClaim();
        fulfilFor(operator, req);
        vm.prank(rescuer);
        vm.expectRevert(wrongState(jobId, JobState.Settled));
        market.claim(req);
    }

    function test_T15_ClaimDeadlineBoundaryIsExact() public {
        Request memory req = baseRequest();
        open(req);
        uint256 claimDeadline = req.claimDeadline;
        for (uint256 late = 0; late < 2; ++late) {
            vm.warp(claimDeadline + late);
            vm.prank(operator);
            vm.expectRevert(
                abi.encodeWithSelector(IInferenceMarket.ClaimTooLate.selector, claimDeadline, claimDeadline + late)
            );
            market.claim(req);
        }
        vm.warp(claimDeadline - 1);
        claimAs(operator, req);
    }

    function test_RefusesWithoutStake() public {
        Request memory req = baseRequest();
        JobId jobId = open(req);
        vm.prank(stranger);
        vm.expectRevert(abi.encodeWithSelector(IInferenceMarket.InsufficientStake.selector, 0, 7 ether));
        market.claim(req);
        assertState(jobId, JobState.Requested);
    }

    function test_RefusesOnceTheProofSystemIsStopped() public {
        Request memory req = baseRequest();
        open(req);
        vm.prank(guardian);
        router.stop(SELECTOR);
        vm.prank(operator);
        vm.expectRevert(abi.encodeWithSelector(IProofSystemRouter.SelectorStopped.selector, SELECTOR));
        market.claim(req);
    }

    function test_RefusesOnceTheProofSystemIsRemoved() public {
        Request memory req = baseRequest();
        open(req);
        vm.prank(admin);
        router.remove(SELECTOR);
        vm.prank(operator);
        vm.expectRevert(abi.encodeWithSelector(IProofSystemRouter.SelectorRemoved.selector, SELECTOR));
        market.claim(req);
    }

    function test_DeprecationDoesNotStopAClaim() public {
        Request memory req = baseRequest();
        JobId jobId = open(req);
        vm.prank(modelOwner);
        registry.deprecate(modelId);
        claimAs(operator, req);
        assertState(jobId, JobState.Claimed);
    }

    function test_RequesterMayClaimItsOwnJob() public {
        Request memory req = baseRequest();
        open(req);
        claimAs(requester, req);
        assertEq(balance(requester), FUNDS - 30 ether);
        assertEq(stakeOf(requester).exposure, 7 ether);
    }

    /// Any change of the request is another job, which nobody opened.
    function testFuzz_RefusesAnAlteredRequest(uint96 fee) public {
        Request memory req = baseRequest();
        open(req);
        vm.assume(fee != req.maxFee);
        req.maxFee = fee;
        vm.prank(operator);
        vm.expectPartialRevert(IInferenceMarket.WrongState.selector);
        market.claim(req);
    }

    // Price ---------------------------------------------------------------------------------------------------------

    function test_PriceAtTheEdgesOfTheRamp() public view {
        Request memory req = baseRequest();
        uint256 start = req.rampStart;
        assertEq(market.priceAt(req, 0), 10 ether);
        assertEq(market.priceAt(req, start - 1), 10 ether);
        assertEq(market.priceAt(req, start), 10 ether);
        assertEq(market.priceAt(req, start + 1), 10 ether + 20 ether / 1_000);
        assertEq(market.priceAt(req, start + 999), 30 ether - 20 ether / 1_000);
        assertEq(market.priceAt(req, start + 1_000), 30 ether);
        assertEq(market.priceAt(req, type(uint256).max), 30 ether);
    }

    function test_ARampOfNoLengthIsAStep() public view {
        Request memory req = baseRequest();
        req.rampLength = 0;
        assertEq(market.priceAt(req, req.rampStart - 1), 10 ether);
        assertEq(market.priceAt(req, req.rampStart), 30 ether);
    }

    function test_PriceRoundsDown() public view {
        Request memory req = baseRequest();
        (req.minFee, req.maxFee, req.rampLength) = (0, 10, 3);
        assertEq(market.priceAt(req, req.rampStart + 1), 3);
        assertEq(market.priceAt(req, req.rampStart + 2), 6);
    }

    /// For all times and fees: between minFee and maxFee, never falling, no overflow.
    function testFuzz_PriceIsMonotoneAndBounded(
        uint96 minFee,
        uint96 maxFee,
        uint64 start,
        uint32 length,
        uint256 t,
        uint256 later
    ) public view {
        Request memory req = baseRequest();
        (req.minFee, req.maxFee) = minFee <= maxFee ? (minFee, maxFee) : (maxFee, minFee);
        (req.rampStart, req.rampLength) = (start, length);
        t = bound(t, 0, uint256(start) + length + 1);
        later = bound(later, t, uint256(start) + length + 1);
        uint256 price = market.priceAt(req, t);
        assertGe(price, req.minFee);
        assertLe(price, req.maxFee);
        assertLe(price, market.priceAt(req, later));
    }

    function testFuzz_ClaimLocksThePriceOfItsTime(uint256 at, uint256 settleAt) public {
        Request memory req = baseRequest();
        JobId jobId = open(req);
        at = bound(at, vm.getBlockTimestamp(), req.claimDeadline - 1);
        vm.warp(at);
        claimAs(operator, req);
        settleAt = bound(settleAt, at, at + req.proofWindow - 1);
        vm.warp(settleAt);
        fulfilFor(operator, req);
        uint256 price = market.jobOf(jobId).price;
        assertEq(price, market.priceAt(req, at));
        assertEq(balance(requester), FUNDS - price);
        assertEq(market.refundOf(req), req.maxFee - price);
    }
}
