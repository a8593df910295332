// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity ^0.8.28;

import {IInferenceMarket, JobState} from "../../../contracts/interfaces/IInferenceMarket.sol";
import {JobId} from "../../../contracts/types/JobId.sol";
import {Request} from "../../../contracts/types/Request.sol";
import {OptimisticTest} from "./OptimisticTest.sol";

/// Who is paid at each ending of an OPTIMISTIC job. The operator claims at 10 ether with 7 ether of collateral and 40 of
/// bond, the challenger bonds 5; 60 % of a slash is burnt, the royalty is 5 %.
contract DisputesTest is OptimisticTest {
    uint256 private constant BURNT = 4.2 ether + 24 ether;

    function _assertWealth(address account, int256 change) private view {
        assertEq(int256(wealth(account)), int256(account == stranger ? 0 : 2 * FUNDS) + change, vm.getLabel(account));
    }

    function _assertMoney(int256 toRequester, int256 toOperator, int256 toChallenger, int256 toRescuer) private view {
        _assertWealth(requester, toRequester);
        _assertWealth(operator, toOperator);
        _assertWealth(challenger, toChallenger);
        _assertWealth(rescuer, toRescuer);
    }

    function _assertPaid(uint256 royalty, uint256 burnt) private view {
        assertEq(balance(royaltyPayee), royalty, "royalty");
        assertEq(market.burntOf(address(token)), burnt, "burnt");
    }

    function _settled(Request memory req, JobId jobId, address payee, bytes memory proven, bytes memory seal) private {
        vm.expectEmit(address(market));
        emit IInferenceMarket.JobSettled(jobId, req.modelId, payee, 10 ether, 0.5 ether, proven, seal);
    }

    // Unchallenged --------------------------------------------------------------------------------------------------

    function test_UnchallengedPaysTheProposer() public {
        (Request memory req, JobId jobId) = openAndPropose(output);
        skip(req.challengeWindow);
        _settled(req, jobId, operator, output, "");
        vm.prank(stranger);
        market.settle(req);
        _assertMoney(-10 ether, 9.5 ether, 0, 0);
        _assertPaid(0.5 ether, 0);
        assertStake(operator, FUNDS, 1, 0, 0);
        assertEq(market.resultOf(jobId), output);
        assertEq(market.refundOf(req), 20 ether);
    }

    /// The royalty is that of the request, whatever the owner asks for later.
    function test_SettleKeepsTheRoyaltyOfTheRequest() public {
        (Request memory req, ) = openAndPropose(output);
        vm.prank(modelOwner);
        registry.setRoyalty(modelId, stranger, 10_000);
        skip(req.challengeWindow);
        market.settle(req);
        _assertMoney(-10 ether, 9.5 ether, 0, 0);
        assertEq(balance(stranger), 0);
    }

    // Upheld --------------------------------------------------------------------------------------------------------

    /// A proof of what was proposed ends the wait; who brought it was not asked to, and gets nothing.
    function test_UpheldWithoutChallengePaysTheProposer() public {
        (Request memory req, JobId jobId) = openAndPropose(output);
        vm.expectEmit(address(market));
        emit IInferenceMarket.ProposalUpheld(jobId, operator, address(0), 0);
        _settled(req, jobId, rescuer, output, sealFor(req, rescuer, output));
        proveAs(rescuer, req, output);
        _assertMoney(-10 ether, 9.5 ether, 0, 0);
        _assertPaid(0.5 ether, 0);
        assertStake(operator, FUNDS, 1, 0, 0);
        assertEq(market.resultOf(jobId), output);
        assertEq(market.refundOf(req), 20 ether);
    }

    function test_UpheldAfterAChallengePaysTheChallengersBondToTheProver() public {
        (Request memory req, JobId jobId) = openAndPropose(output);
        challengeAs(challenger, req, output);
        uint256 snapshot = vm.snapshotState();
        vm.expectEmit(address(market));
        emit IInferenceMarket.ProposalUpheld(jobId, operator, challenger, 5 ether);
        _settled(req, jobId, operator, output, sealFor(req, operator, output));
        proveAs(operator, req, output);
        _assertMoney(-10 ether, 14.5 ether, -5 ether, 0);
        _assertPaid(0.5 ether, 0);
        assertStake(operator, FUNDS, 1, 0, 0);
        assertEq(market.resultOf(jobId), output);
        assertEq(market.refundOf(req), 20 ether);
        vm.revertToState(snapshot);

        // Whoever proves for the proposer earns the bond that the challenger lost, and the proposer the price.
        proveAs(rescuer, req, output);
        _assertMoney(-10 ether, 9.5 ether, -5 ether, 5 ether);
        _assertPaid(0.5 ether, 0);
    }

    // Overturned ----------------------------------------------------------------------------------------------------

    function test_OverturnedWithoutChallengePaysTheProverAll() public {
        (Request memory req, JobId jobId) = openAndPropose(lie);
        skip(1);
        vm.expectEmit(address(market));
        emit IInferenceMarket.ProposalOverturned(jobId, operator, address(0), BURNT, 2.8 ether + 16 ether, 0);
        _settled(req, jobId, rescuer, output, sealFor(req, rescuer, output));
        proveAs(rescuer, req, output);
        _assertMoney(-10 ether, -47 ether, 0, 9.5 ether + 18.8 ether);
        assertEq(balance(address(0)), 0, "nobody challenged, so that nobody gets a bond back");
        _assertPaid(0.5 ether, BURNT);
        assertStake(operator, FUNDS - 47 ether, 0, 1, 0);
        assertEq(market.resultOf(jobId), output);
        assertEq(market.refundOf(req), 20 ether);
    }

    function test_WhatIsBurntAddsUp() public {
        (Request memory req, ) = openAndPropose(lie);
        proveAs(rescuer, req, output);
        _assertPaid(0.5 ether, BURNT);
        req.nonce = 2;
        open(req);
        claimAs(operator, req);
        proposeAs(operator, req, lie);
        proveAs(rescuer, req, output);
        _assertPaid(1 ether, 2 * BURNT);
    }

    function test_OverturnedAfterAChallengePaysProverAndChallenger() public {
        (Request memory req, JobId jobId) = openAndPropose(lie);
        challengeAs(challenger, req, lie);
        skip(1);
        vm.expectEmit(address(market));
        emit IInferenceMarket.ProposalOverturned(jobId, operator, challenger, BURNT, 2.8 ether, 16 ether);
        _settled(req, jobId, rescuer, output, sealFor(req, rescuer, output));
        proveAs(rescuer, req, output);
        _assertMoney(-10 ether, -47 ether, 16 ether, 9.5 ether + 2.8 ether);
        _assertPaid(0.5 ether, BURNT);
        assertStake(operator, FUNDS - 47 ether, 0, 1, 0);
        assertEq(market.resultOf(jobId), output);
        assertEq(market.refundOf(req), 20 ether);
    }

    /// T1, T15: whoever sees a proof coming and challenges in front of it has its bond back and nothing more; so has the
    /// liar that would save a part of its own bond that way. A second later the challenge counts.
    function test_T15_AChallengeInFrontOfAProofEarnsNothing() public {
        (Request memory req, JobId jobId) = openAndPropose(lie);
        challengeAs(challenger, req, lie);
        uint256 snapshot = vm.snapshotState();
        vm.expectEmit(address(market));
        emit IInferenceMarket.ProposalOverturned(jobId, operator, challenger, BURNT, 2.8 ether + 16 ether, 0);
        proveAs(rescuer, req, output);
        _assertMoney(-10 ether, -47 ether, 0, 9.5 ether + 18.8 ether);
        _assertPaid(0.5 ether, BURNT);
        vm.revertToState(snapshot);

        skip(1);
        proveAs(rescuer, req, output);
        _assertMoney(-10 ether, -47 ether, 16 ether, 9.5 ether + 2.8 ether);
    }

    /// A challenger that proves itself earns both parts.
    function test_OverturnedByItsChallenger() public {
        (Request memory req, ) = openAndPropose(lie);
        challengeAs(challenger, req, lie);
        proveAs(challenger, req, output);
        _assertMoney(-10 ether, -47 ether, 9.5 ether + 18.8 ether, 0);
        _assertPaid(0.5 ether, BURNT);
    }

    /// A proposer that corrects itself by proof earns the price all the same, and loses what is burnt.
    function test_T16_OverturnedByItsOwnProposer() public {
        (Request memory req, ) = openAndPropose(lie);
        proveAs(operator, req, output);
        _assertMoney(-10 ether, 9.5 ether - int256(BURNT), 0, 0);
        _assertPaid(0.5 ether, BURNT);
        assertStake(operator, FUNDS - 47 ether, 0, 1, 0);
    }

    /// A liar that challenges itself, so that nobody else can, keeps nobody from the proof, and pays for both.
    function test_T16_AChallengeOfOnesOwnLieShieldsNothing() public {
        (Request memory req, JobId jobId) = openAndPropose(lie);
        challengeAs(operator, req, lie);
        skip(1);
        proveAs(rescuer, req, output);
        _assertMoney(-10 ether, 16 ether - 47 ether, 0, 9.5 ether + 2.8 ether);
        _assertPaid(0.5 ether, BURNT);
        assertEq(market.resultOf(jobId), output);
    }

    // Expired -------------------------------------------------------------------------------------------------------

    function test_ChallengedAndUnprovenReturnsTheFee() public {
        (Request memory req, JobId jobId) = openAndPropose(output);
        challengeAs(challenger, req, output);
        skip(req.proofWindow);
        vm.expectEmit(address(market));
        emit IInferenceMarket.ProposalOverturned(jobId, operator, challenger, BURNT, 2.8 ether, 16 ether);
        vm.expectEmit(address(market));
        emit IInferenceMarket.JobExpired(jobId, operator, BURNT);
        vm.prank(stranger);
        market.expire(req);
        _assertMoney(2.8 ether, -47 ether, 16 ether, 0);
        _assertPaid(0, BURNT);
        assertStake(operator, FUNDS - 47 ether, 0, 1, 1);
        assertEq(market.refundOf(req), 32.8 ether);
    }

    /// T2: who claims and proposes nothing loses its collateral; the bond was for a proposal.
    function test_T2_ClaimedAndSilentLosesTheCollateral() public {
        (Request memory req, JobId jobId) = reach(JobState.Claimed);
        vm.warp(req.deadline - 1);
        vm.expectRevert(
            abi.encodeWithSelector(
                IInferenceMarket.DeadlineNotReached.selector,
                uint256(req.deadline),
                uint256(req.deadline) - 1
            )
        );
        market.expire(req);
        vm.warp(req.deadline);
        vm.expectEmit(address(market));
        emit IInferenceMarket.JobExpired(jobId, operator, 4.2 ether);
        vm.prank(stranger);
        market.expire(req);
        _assertMoney(2.8 ether, -7 ether, 0, 0);
        _assertPaid(0, 4.2 ether);
        assertStake(operator, FUNDS - 7 ether, 0, 1, 1);
        assertEq(market.refundOf(req), 32.8 ether);
    }

    function test_UnclaimedReturnsTheFee() public {
        (Request memory req, ) = reach(JobState.Requested);
        vm.warp(req.deadline);
        market.expire(req);
        _assertMoney(0, 0, 0, 0);
        _assertPaid(0, 0);
    }

    // Without a proposal --------------------------------------------------------------------------------------------

    /// T2: from the window's end on anyone may prove; the claimer's bond is free again.
    function test_T2_ReopenedIsRescuedByProof() public {
        (Request memory req, JobId jobId) = reach(JobState.Claimed);
        skip(req.proofWindow);
        vm.expectEmit(address(market));
        emit IInferenceMarket.ClaimerSlashed(jobId, operator, 4.2 ether, 2.8 ether);
        _settled(req, jobId, rescuer, output, sealFor(req, rescuer, output));
        proveAs(rescuer, req, output);
        _assertMoney(-10 ether, -7 ether, 0, 9.5 ether + 2.8 ether);
        _assertPaid(0.5 ether, 4.2 ether);
        assertStake(operator, FUNDS - 7 ether, 0, 1, 0);
        assertEq(market.resultOf(jobId), output);
    }

    function test_ReopenedIsRescuedUntilTheDeadline() public {
        (Request memory req, ) = reach(JobState.Claimed);
        vm.warp(req.deadline);
        expectFulfilRevert(
            rescuer,
            req,
            abi.encodeWithSelector(
                IInferenceMarket.JobDeadlinePassed.selector,
                uint256(req.deadline),
                uint256(req.deadline)
            )
        );
        vm.warp(req.deadline - 1);
        proveAs(rescuer, req, output);
        _assertMoney(-10 ether, -7 ether, 0, 12.3 ether);
    }

    function test_AProofInsteadOfAProposal() public {
        (Request memory req, JobId jobId) = reach(JobState.Claimed);
        _settled(req, jobId, operator, output, sealFor(req, operator, output));
        proveAs(operator, req, output);
        _assertMoney(-10 ether, 9.5 ether, 0, 0);
        assertStake(operator, FUNDS, 1, 0, 0);
    }

    function test_AnUnclaimedJobIsProvenByAnyone() public {
        (Request memory req, ) = reach(JobState.Requested);
        vm.warp(req.rampStart + req.rampLength);
        proveAs(rescuer, req, output);
        _assertMoney(-30 ether, 0, 0, 28.5 ether);
    }

    /// An output of zeros is what storage holds before there is one: nobody has proposed it all the same.
    function test_AnUnclaimedJobWithAnOutputOfZerosPaysItsProver() public {
        (Request memory req, JobId jobId) = reach(JobState.Requested);
        proveAs(rescuer, req, new bytes(10));
        _assertMoney(-10 ether, 0, 0, 9.5 ether);
        assertEq(market.resultOf(jobId), new bytes(10));
    }

    /// T1: a fault proof copied from the mempool pays the one whom it names.
    function test_T1_ACopiedFaultProofPaysItsProver() public {
        (Request memory req, ) = openAndPropose(lie);
        challengeAs(challenger, req, lie);
        skip(1);
        bytes memory seal = sealFor(req, rescuer, output);
        vm.prank(operator);
        market.fulfil(req, rescuer, output, seal);
        _assertMoney(-10 ether, -47 ether, 16 ether, 12.3 ether);
    }
}

/// Every ending with every assignment of roles and any amounts, against payouts computed from the specification's
/// sentences; and what an account gains by fighting itself.
contract DisputeRolesTest is OptimisticTest {
    enum Ending {
        UNCHALLENGED,
        UPHELD,
        UPHELD_CHALLENGED,
        OVERTURNED,
        OVERTURNED_CHALLENGED,
        CHALLENGE_EXPIRED,
        CLAIM_EXPIRED,
        RESCUED,
        PROVEN,
        UNCLAIMED
    }

    struct Roles {
        address requester;
        address proposer;
        address challenger;
        address prover;
        address royaltyPayee;
    }

    struct Terms {
        uint96 minFee;
        uint96 maxFee;
        uint96 collateral;
        uint96 proposerBond;
        uint96 challengerBond;
        uint16 royaltyBps;
        uint32 wait;
    }

    address[4] private _people = [makeAddr("alice"), makeAddr("bob"), makeAddr("carol"), makeAddr("dave")];
    mapping(address account => int256) private _gain;
    uint256 private _royaltyBps;

    function setUp() public override {
        super.setUp();
        for (uint256 i = 0; i < _people.length; ++i) fund(token, _people[i]);
    }

    /// An ending from `first` to `last`, each as likely as any: fuzzed numbers themselves are mostly edges.
    function _ending(uint256 seed, Ending first, Ending last) private pure returns (Ending) {
        uint256 count = uint256(last) - uint256(first) + 1;
        return Ending(uint256(first) + (uint256(keccak256(abi.encode(seed))) % count));
    }

    /// Two bits for each role.
    function _roles(uint256 seed) private view returns (Roles memory) {
        seed = uint256(keccak256(abi.encode("roles", seed)));
        return
            Roles(
                _people[seed & 3],
                _people[(seed >> 2) & 3],
                _people[(seed >> 4) & 3],
                _people[(seed >> 6) & 3],
                _people[(seed >> 8) & 3]
            );
    }

    function _request(Terms memory t, Roles memory r) private returns (Request memory req) {
        _royaltyBps = bound(t.royaltyBps, 0, 10_000);
        vm.prank(modelOwner);
        registry.setRoyalty(modelId, r.royaltyPayee, uint16(_royaltyBps));
        req = optimisticRequest();
        req.requester = r.requester;
        req.maxRoyaltyBps = 10_000;
        req.maxFee = uint96(bound(t.maxFee, 0, FUNDS / 2));
        req.minFee = uint96(bound(t.minFee, 0, req.maxFee));
        req.collateral = uint96(bound(t.collateral, 0, FUNDS / 4));
        req.proposerBond = uint96(bound(t.proposerBond, req.maxFee == 0 ? 1 : req.maxFee, (FUNDS * 3) / 4));
        req.challengerBond = uint96(
            bound(t.challengerBond, 1, req.proposerBond < FUNDS / 4 ? req.proposerBond : FUNDS / 4)
        );
    }

    /// Brings the job to its ending; returns the price that it is settled at.
    function _play(Request memory req, Roles memory r, Ending ending, uint256 wait) private returns (uint256 price) {
        open(req);
        skip(bound(wait, 0, req.claimDeadline - vm.getBlockTimestamp() - 1));
        price = market.priceAt(req, vm.getBlockTimestamp());
        if (ending == Ending.UNCLAIMED) {
            proveAs(r.prover, req, output);
            return price;
        }
        claimAs(r.proposer, req);
        if (ending == Ending.CLAIM_EXPIRED) {
            vm.warp(req.deadline);
            market.expire(req);
        } else if (ending == Ending.RESCUED) {
            skip(req.proofWindow);
            proveAs(r.prover, req, output);
        } else if (ending == Ending.PROVEN) {
            proveAs(r.proposer, req, output);
        } else {
            _dispute(req, r, ending);
        }
    }

    function _dispute(Request memory req, Roles memory r, Ending ending) private {
        proposeAs(r.proposer, req, lie);
        if (
            ending == Ending.UPHELD_CHALLENGED ||
            ending == Ending.OVERTURNED_CHALLENGED ||
            ending == Ending.CHALLENGE_EXPIRED
        ) {
            challengeAs(r.challenger, req, lie);
            skip(1);
        }
        if (ending == Ending.UNCHALLENGED) {
            skip(req.challengeWindow);
            market.settle(req);
        } else if (ending == Ending.CHALLENGE_EXPIRED) {
            skip(req.proofWindow - 1);
            market.expire(req);
        } else {
            bool upheld = ending == Ending.UPHELD || ending == Ending.UPHELD_CHALLENGED;
            proveAs(r.prover, req, upheld ? lie : output);
        }
    }

    function _award(uint256 amount) private pure returns (int256) {
        return int256((amount * (10_000 - BURN_BPS)) / 10_000);
    }

    /// What each role gains, and what is burnt.
    function _expect(Request memory req, Roles memory r, Ending ending, uint256 price) private returns (int256 burnt) {
        int256 c = int256(uint256(req.collateral));
        int256 b = int256(uint256(req.proposerBond));
        bool expired = ending == Ending.CLAIM_EXPIRED || ending == Ending.CHALLENGE_EXPIRED;
        if (ending == Ending.CLAIM_EXPIRED || ending == Ending.RESCUED) {
            _gain[r.proposer] -= c;
            _gain[expired ? r.requester : r.prover] += _award(req.collateral);
            burnt = c - _award(req.collateral);
        } else if (ending == Ending.UPHELD_CHALLENGED) {
            _gain[r.challenger] -= int256(uint256(req.challengerBond));
            _gain[r.prover] += int256(uint256(req.challengerBond));
        } else if (
            ending == Ending.OVERTURNED || ending == Ending.OVERTURNED_CHALLENGED || ending == Ending.CHALLENGE_EXPIRED
        ) {
            _gain[r.proposer] -= c + b;
            _gain[expired ? r.requester : r.prover] += _award(req.collateral);
            _gain[ending == Ending.OVERTURNED ? r.prover : r.challenger] += _award(req.proposerBond);
            burnt = c + b - _award(req.collateral) - _award(req.proposerBond);
        }
        if (!expired) _expectFee(r, ending, int256(price));
    }

    function _expectFee(Roles memory r, Ending ending, int256 price) private {
        bool byProof =
            ending == Ending.OVERTURNED ||
                ending == Ending.OVERTURNED_CHALLENGED ||
                ending == Ending.RESCUED ||
                ending == Ending.UNCLAIMED;
        int256 royalty = (price * int256(_royaltyBps)) / 10_000;
        _gain[r.requester] -= price;
        _gain[r.royaltyPayee] += royalty;
        _gain[byProof ? r.prover : r.proposer] += price - royalty;
    }

    /// Whoever plays which role, with any amounts: everybody has what the sentences say, and nothing is lost or made.
    function testFuzz_PayoutsOfEveryEndingAndRole(Terms memory t, uint256 seed) public {
        Ending ending = _ending(seed, Ending.UNCHALLENGED, Ending.UNCLAIMED);
        Roles memory r = _roles(seed);
        Request memory req = _request(t, r);
        uint256 price = _play(req, r, ending, t.wait);
        int256 burnt = _expect(req, r, ending, price);

        uint256 sum = market.burntOf(address(token));
        assertEq(sum, uint256(burnt), "burnt");
        for (uint256 i = 0; i < _people.length; ++i) {
            assertEq(int256(wealth(_people[i])), int256(2 * FUNDS) + _gain[_people[i]], "wealth");
            assertEq(stakeOf(_people[i]).exposure, 0, "exposure");
            sum += wealth(_people[i]);
        }
        assertEq(sum, 8 * FUNDS, "conservation");

        bool expired = ending == Ending.CLAIM_EXPIRED || ending == Ending.CHALLENGE_EXPIRED;
        assertState(market.jobIdOf(req), expired ? JobState.Expired : JobState.Settled);
        assertEq(
            market.refundOf(req),
            expired ? uint256(req.maxFee) + uint256(_award(req.collateral)) : req.maxFee - price,
            "refund"
        );
    }

    /// T16, INV-10: one person who is proposer and challenger, and whoever else of a job besides, never has more after a
    /// fight than after none, or after no job at all.
    function testFuzz_T16_FightingOneselfNeverPays(Terms memory t, uint256 seed, uint8 mask) public {
        Roles memory r = _roles(seed);
        Request memory req = _request(t, r);
        Ending ending = _ending(seed, Ending.UPHELD, Ending.RESCUED);
        int256 peace = _gainOf(mask, req, r, Ending.UNCHALLENGED, t.wait);
        int256 fight = _gainOf(mask, req, r, ending, t.wait);
        assertLe(fight, peace > 0 ? peace : int256(0));
    }

    /// T16: and where something was slashed, everybody together has less by at least half of it.
    function testFuzz_T16_AtLeastHalfOfASlashIsGone(Terms memory t, uint256 seed) public {
        Ending ending = _ending(seed, Ending.OVERTURNED, Ending.RESCUED);
        Roles memory r = _roles(seed);
        Request memory req = _request(t, r);
        _play(req, r, ending, t.wait);
        bool bonded = uint8(ending) <= uint8(Ending.CHALLENGE_EXPIRED);
        uint256 slashed = uint256(req.collateral) + (bonded ? req.proposerBond : 0);
        assertGe(market.burntOf(address(token)) * 2, slashed);
        assertLe(market.burntOf(address(token)), slashed);
    }

    /// A lie that is found out by others costs its proposer at least the most that the job could have paid.
    function testFuzz_T16_ALieCostsMoreThanItCouldEarn(Terms memory t, bool challenged) public {
        Roles memory r = Roles(_people[0], _people[1], _people[2], _people[3], royaltyPayee);
        Request memory req = _request(t, r);
        _play(req, r, challenged ? Ending.OVERTURNED_CHALLENGED : Ending.OVERTURNED, t.wait);
        assertLe(wealth(r.proposer) + req.maxFee, 2 * FUNDS);
        assertLt(wealth(r.proposer), 2 * FUNDS);
        assertGe(wealth(r.challenger), 2 * FUNDS);
        assertGe(wealth(r.prover), 2 * FUNDS);
    }

    /// What the owned accounts gain together; the state is as before.
    function _gainOf(
        uint8 mask,
        Request memory req,
        Roles memory r,
        Ending ending,
        uint256 wait
    ) private returns (int256 gain) {
        uint256 snapshot = vm.snapshotState();
        gain = -int256(_owned(mask, r));
        _play(req, r, ending, wait);
        gain += int256(_owned(mask, r));
        vm.revertToState(snapshot);
    }

    /// The proposer's and the challenger's accounts, and those in the mask.
    function _owned(uint8 mask, Roles memory r) private view returns (uint256 sum) {
        for (uint256 i = 0; i < _people.length; ++i) {
            bool owned = _people[i] == r.proposer || _people[i] == r.challenger || (mask >> i) & 1 == 1;
            if (owned) sum += wealth(_people[i]);
        }
    }
}
