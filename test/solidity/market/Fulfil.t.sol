// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity ^0.8.28;

import {IMarket} from "../Deployed.sol";
import {IInferenceMarket, JobRecord, JobState} from "../../../contracts/interfaces/IInferenceMarket.sol";
import {IProofSystem} from "../../../contracts/interfaces/IProofSystem.sol";
import {JobId} from "../../../contracts/types/JobId.sol";
import {ModelId} from "../../../contracts/types/ModelId.sol";
import {Request} from "../../../contracts/types/Request.sol";
import {MarketTest} from "./MarketTest.sol";

contract FulfilTest is MarketTest {
    // Claimed -------------------------------------------------------------------------------------------------------

    function test_PaysPayeeRoyaltyAndRequester() public {
        (Request memory req, JobId jobId) = openAndClaim();
        bytes memory seal = sealFor(req, operator, output);
        vm.expectEmit(address(market));
        emit IInferenceMarket.JobSettled(jobId, modelId, operator, 10 ether, 0.5 ether, output, seal);
        fulfilFor(operator, req);
        assertEq(balance(operator), FUNDS + 9.5 ether);
        assertEq(stakeOf(operator).bonded, FUNDS);
        assertEq(stakeOf(operator).exposure, 0);
        assertEq(balance(royaltyPayee), 0.5 ether);
        assertEq(balance(requester), FUNDS - 10 ether);
        assertEq(market.burntOf(address(token)), 0);
        assertState(jobId, JobState.Settled);
        assertEq(market.resultOf(jobId), output);
        assertEq(market.refundOf(req), 20 ether);
    }

    function test_T1_ClaimedJobPaysNobodyElse() public {
        (Request memory req, JobId jobId) = openAndClaim();
        expectFulfilRevert(
            rescuer,
            req,
            abi.encodeWithSelector(IInferenceMarket.NotClaimer.selector, jobId, operator, rescuer)
        );
    }

    function test_T2_WindowBoundaryIsExact() public {
        (Request memory req, JobId jobId) = openAndClaim();
        uint256 end = vm.getBlockTimestamp() + req.proofWindow;
        vm.warp(end - 1);
        expectFulfilRevert(
            rescuer,
            req,
            abi.encodeWithSelector(IInferenceMarket.NotClaimer.selector, jobId, operator, rescuer)
        );
        uint256 snapshot = vm.snapshotState();
        fulfilFor(operator, req);
        assertEq(balance(operator), FUNDS + 9.5 ether, "on time");
        vm.revertToState(snapshot);
        vm.warp(end);
        snapshot = vm.snapshotState();
        fulfilFor(rescuer, req);
        assertEq(balance(rescuer), FUNDS + 9.5 ether + 2.8 ether, "rescued at the boundary");
        vm.revertToState(snapshot);
        fulfilFor(operator, req);
        assertEq(balance(operator), FUNDS + 9.5 ether + 2.8 ether, "late at the boundary");
        assertEq(stakeOf(operator).bonded, FUNDS - 7 ether, "and slashed");
    }

    function test_TimesAfterTheWindowUntilTheDeadline() public {
        (Request memory req, ) = openAndClaim();
        uint256 snapshot = vm.snapshotState();
        for (uint256 i = 0; i < 2; ++i) {
            vm.warp(req.deadline + i);
            expectFulfilRevert(
                rescuer,
                req,
                abi.encodeWithSelector(
                    IInferenceMarket.JobDeadlinePassed.selector,
                    uint256(req.deadline),
                    req.deadline + i
                )
            );
        }
        vm.revertToState(snapshot);
        vm.warp(req.deadline - 1);
        fulfilFor(rescuer, req);
    }

    // Reopened ------------------------------------------------------------------------------------------------------

    function test_T2_RescuerGetsLockedPriceAndPartOfTheSlash() public {
        (Request memory req, JobId jobId) = openAndClaim();
        vm.warp(req.rampStart + req.rampLength + 1);
        vm.expectEmit(address(market));
        emit IInferenceMarket.ClaimerSlashed(jobId, operator, 4.2 ether, 2.8 ether);
        fulfilFor(rescuer, req);
        assertEq(balance(rescuer), FUNDS + 9.5 ether + 2.8 ether);
        assertEq(balance(operator), FUNDS);
        assertEq(stakeOf(operator).bonded, FUNDS - 7 ether);
        assertEq(stakeOf(operator).exposure, 0);
        assertEq(balance(requester), FUNDS - 10 ether);
        assertEq(balance(royaltyPayee), 0.5 ether);
        assertEq(market.burntOf(address(token)), 4.2 ether);
        assertEq(market.refundOf(req), 20 ether);
    }

    /// Proving late is not the way around the slash, not even for the claimer.
    function test_T16_LateClaimerLosesTheBurntPart() public {
        (Request memory req, JobId jobId) = openAndClaim();
        vm.warp(vm.getBlockTimestamp() + req.proofWindow);
        vm.expectEmit(address(market));
        emit IInferenceMarket.ClaimerSlashed(jobId, operator, 4.2 ether, 2.8 ether);
        fulfilFor(operator, req);
        assertEq(balance(operator) + stakeOf(operator).bonded, 2 * FUNDS + 9.5 ether - 4.2 ether);
    }

    function testFuzz_SlashBurnsAtLeastItsShare(uint96 collateral) public {
        collateral = uint96(bound(collateral, 0, FUNDS));
        Request memory req = baseRequest();
        req.collateral = collateral;
        open(req);
        claimAs(operator, req);
        vm.warp(vm.getBlockTimestamp() + req.proofWindow);
        fulfilFor(rescuer, req);
        uint256 burnt = market.burntOf(address(token));
        assertGe(burnt * 10_000, uint256(collateral) * BURN_BPS);
        assertEq(balance(rescuer) + burnt, FUNDS + 9.5 ether + collateral);
    }

    // Unclaimed -----------------------------------------------------------------------------------------------------

    function test_UnclaimedPaysTheCurrentPrice() public {
        Request memory req = baseRequest();
        JobId jobId = open(req);
        vm.warp(req.rampStart + 500);
        fulfilFor(rescuer, req);
        assertEq(balance(rescuer), FUNDS + 19 ether);
        assertEq(balance(royaltyPayee), 1 ether);
        assertEq(balance(requester), FUNDS - 20 ether);
        JobRecord memory job = market.jobOf(jobId);
        assertEq(job.claimer, address(0));
        assertEq(job.price, 0);
        assertEq(job.since, req.rampStart + 500);
        assertEq(market.refundOf(req), 10 ether);
    }

    function test_UnclaimedSettlesBetweenClaimDeadlineAndDeadline() public {
        Request memory req = baseRequest();
        open(req);
        vm.warp(req.deadline - 1);
        fulfilFor(rescuer, req);
        assertEq(balance(requester), FUNDS - 30 ether);
    }

    function test_T15_UnclaimedDeadlineBoundaryIsExact() public {
        Request memory req = baseRequest();
        open(req);
        for (uint256 i = 0; i < 2; ++i) {
            vm.warp(req.deadline + i);
            expectFulfilRevert(
                rescuer,
                req,
                abi.encodeWithSelector(
                    IInferenceMarket.JobDeadlinePassed.selector,
                    uint256(req.deadline),
                    req.deadline + i
                )
            );
        }
    }

    // Refusals ------------------------------------------------------------------------------------------------------

    function test_RefusesAJobThatDoesNotExist() public {
        Request memory req = baseRequest();
        expectFulfilRevert(operator, req, wrongState(market.jobIdOf(req), JobState.None));
    }

    function test_RefusesPayeeZero() public {
        Request memory req = baseRequest();
        open(req);
        expectFulfilRevert(address(0), req, abi.encodeWithSelector(IInferenceMarket.ZeroAddress.selector));
    }

    function test_RefusesAnOutputThatWasNotProven() public {
        (Request memory req, JobId jobId) = openAndClaim();
        bytes memory seal = sealFor(req, operator, output);
        vm.expectRevert(IProofSystem.InvalidProof.selector);
        market.fulfil(req, operator, hex"0102030405060708090b", seal);
        assertState(jobId, JobState.Claimed);
        vm.expectRevert(abi.encodeWithSelector(IInferenceMarket.NoOutput.selector, jobId));
        market.resultOf(jobId);
    }

    function test_RefusesAnOutputOfAnotherLength() public {
        (Request memory req, ) = openAndClaim();
        bytes memory longer = abi.encodePacked(output, hex"00");
        bytes memory seal = sealFor(req, operator, longer);
        vm.expectRevert(abi.encodeWithSelector(IProofSystem.WrongLength.selector, 10, 11));
        market.fulfil(req, operator, longer, seal);
    }

    function testFuzz_RefusesAnyOtherSeal(bytes calldata seal) public {
        (Request memory req, ) = openAndClaim();
        vm.assume(keccak256(seal) != keccak256(sealFor(req, operator, output)));
        vm.expectRevert();
        market.fulfil(req, operator, output, seal);
    }

    // T1: a copied proof pays nobody else ---------------------------------------------------------------------------

    function test_T1_SealOfAnotherPayee() public {
        Request memory req = baseRequest();
        open(req);
        bytes memory seal = sealFor(req, operator, output);
        vm.prank(rescuer);
        vm.expectRevert(IProofSystem.InvalidProof.selector);
        market.fulfil(req, rescuer, output, seal);
        // The copy pays the one whom the proof names, whoever sends it.
        vm.prank(rescuer);
        market.fulfil(req, operator, output, seal);
        assertEq(balance(operator), FUNDS + 9.5 ether);
        assertEq(balance(rescuer), FUNDS);
    }

    function test_T1_SealOfAnotherJob() public {
        Request memory req = baseRequest();
        open(req);
        bytes memory seal = sealFor(req, operator, output);
        req.nonce = 2;
        open(req);
        vm.expectRevert(IProofSystem.InvalidProof.selector);
        market.fulfil(req, operator, output, seal);
    }

    function test_T1_SealOfAnotherMarket() public {
        IMarket clone = newMarket(address(token));
        Request memory req = baseRequest();
        open(req);
        bytes memory seal = proofSystem.sealOf(
            keyHash,
            clone.contextOf(market.jobIdOf(req), operator),
            req.input,
            output
        );
        vm.expectRevert(IProofSystem.InvalidProof.selector);
        market.fulfil(req, operator, output, seal);
    }

    /// A fork of the chain: the id changes with the chain id, so the job itself is unknown there.
    function test_T1_T13_SealOfAnotherChain() public {
        Request memory req = baseRequest();
        open(req);
        bytes memory seal = sealFor(req, operator, output);
        vm.chainId(block.chainid + 1);
        vm.expectRevert(wrongState(market.jobIdOf(req), JobState.None));
        market.fulfil(req, operator, output, seal);
    }

    function testFuzz_T1_ContextBindsJobAndPayee(bytes32 job, bytes32 job2, address payee, address payee2) public view {
        uint256 a = market.contextOf(JobId.wrap(job), payee);
        assertEq(a == market.contextOf(JobId.wrap(job2), payee), job == job2);
        assertEq(a == market.contextOf(JobId.wrap(job), payee2), payee == payee2);
        assertLt(a, 1 << 248);
    }

    // T5: a job settles once ----------------------------------------------------------------------------------------

    function test_T5_SameProofTwice() public {
        (Request memory req, JobId jobId) = openAndClaim();
        fulfilFor(operator, req);
        expectFulfilRevert(operator, req, wrongState(jobId, JobState.Settled));
        assertEq(balance(operator), FUNDS + 9.5 ether);
    }

    /// Nothing is keyed by a seal: other bytes, another payee, another output of a settled job change nothing.
    function test_T5_AnotherProofOfASettledJob() public {
        (Request memory req, JobId jobId) = openAndClaim();
        fulfilFor(operator, req);
        bytes memory other = hex"00000000000000000000";
        bytes memory seal = sealFor(req, rescuer, other);
        vm.expectRevert(wrongState(jobId, JobState.Settled));
        market.fulfil(req, rescuer, other, seal);
        assertEq(market.resultOf(jobId), output);
    }

    // Snapshots -----------------------------------------------------------------------------------------------------

    function test_RoyaltyIsThatOfTheRequest() public {
        (Request memory req, JobId jobId) = openAndClaim();
        vm.prank(modelOwner);
        registry.setRoyalty(modelId, stranger, 10_000);
        fulfilFor(operator, req);
        assertEq(balance(royaltyPayee), 0.5 ether);
        assertEq(balance(stranger), 0);
        assertEq(market.jobOf(jobId).termsIndex, 0);

        req.nonce = 2;
        req.maxRoyaltyBps = 10_000;
        JobId second = open(req);
        assertEq(market.jobOf(second).termsIndex, 1);
        fulfilFor(operator, req);
        assertEq(balance(stranger), 10 ether);
    }

    function test_RoyaltyMayBeZero() public {
        vm.prank(modelOwner);
        registry.setRoyalty(modelId, address(0), 0);
        Request memory req = baseRequest();
        open(req);
        fulfilFor(operator, req);
        assertEq(balance(operator), FUNDS + 10 ether);
        assertEq(balance(address(0)), 0);
    }

    /// Whatever price, royalty and collateral: what goes in comes out.
    function testFuzz_ConservesTheEscrow(uint96 maxFee, uint16 bps, uint96 collateral, uint256 at, bool late) public {
        Request memory req = baseRequest();
        req.maxFee = uint96(bound(maxFee, req.minFee, FUNDS));
        req.collateral = uint96(bound(collateral, 0, FUNDS));
        req.maxRoyaltyBps = 10_000;
        vm.prank(modelOwner);
        registry.setRoyalty(modelId, royaltyPayee, uint16(bound(bps, 0, 10_000)));
        open(req);
        at = bound(at, vm.getBlockTimestamp(), req.claimDeadline - 1);
        vm.warp(at);
        claimAs(operator, req);
        if (late) vm.warp(at + req.proofWindow);
        address payee = late ? rescuer : operator;
        fulfilFor(payee, req);
        uint256 sum = balance(requester) + balance(operator) + balance(rescuer) + balance(royaltyPayee);
        sum += uint256(stakeOf(requester).bonded) + stakeOf(operator).bonded + stakeOf(rescuer).bonded;
        assertEq(sum + market.burntOf(address(token)), 6 * FUNDS);
        assertEq(token.balanceOf(address(market)), 6 * FUNDS);
    }

    // T8: nothing changes what a live job is proven with ------------------------------------------------------------

    function test_T8_LiveJobsSettleUnderTheKeyOfTheirRequest() public {
        (Request memory req, JobId jobId) = openAndClaim();
        (bytes32 newKey, ModelId newVersion) = registerModel(0, 64, 10, 2);
        assertFalse(newVersion == modelId);
        vm.prank(admin);
        router.remove(SELECTOR);
        bytes memory seal = proofSystem.sealOf(newKey, market.contextOf(jobId, operator), req.input, output);
        vm.expectRevert(IProofSystem.InvalidProof.selector);
        market.fulfil(req, operator, output, seal);
        assertEq(market.jobOf(jobId).proofSystem, address(proofSystem));
        fulfilFor(operator, req);
        assertState(jobId, JobState.Settled);
    }

    // T12: nothing stops a live job ---------------------------------------------------------------------------------

    function test_T12_SettlesThoughStoppedAndDeprecated() public {
        (Request memory req, JobId jobId) = openAndClaim();
        vm.prank(guardian);
        router.stop(SELECTOR);
        vm.prank(admin);
        router.remove(SELECTOR);
        vm.prank(modelOwner);
        registry.deprecate(modelId);
        fulfilFor(operator, req);
        assertState(jobId, JobState.Settled);
    }

    function test_T12_UnclaimedSettlesThoughStopped() public {
        Request memory req = baseRequest();
        JobId jobId = open(req);
        vm.prank(guardian);
        router.stop(SELECTOR);
        fulfilFor(rescuer, req);
        assertState(jobId, JobState.Settled);
    }

    // Outputs -------------------------------------------------------------------------------------------------------

    /// Every length around the slots' edges reads back as it was proven; what follows it in the calldata is not stored.
    function test_OutputsReadBackAtEveryLength() public {
        uint32[8] memory sizes = [uint32(1), 31, 32, 33, 63, 64, 65, 200];
        for (uint256 i = 0; i < sizes.length; ++i) {
            Request memory req = baseRequest();
            (keyHash, req.modelId) = registerModel(0, 64, sizes[i], 1);
            req.nonce = 100 + i;
            output = new bytes(sizes[i]);
            for (uint256 j = 0; j < sizes[i]; ++j) output[j] = bytes1(uint8(255 - j));
            JobId jobId = open(req);
            fulfilFor(operator, req);
            assertEq(market.resultOf(jobId), output);
        }
    }
}
