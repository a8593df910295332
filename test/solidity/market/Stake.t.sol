// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity ^0.8.28;

import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {Artifacts} from "../Artifacts.sol";
import {IMarket} from "../Deployed.sol";
import {IInferenceMarket, JobState} from "../../../contracts/interfaces/IInferenceMarket.sol";
import {TestToken} from "../../../contracts/mocks/market/TestToken.sol";
import {JobId} from "../../../contracts/types/JobId.sol";
import {Request} from "../../../contracts/types/Request.sol";
import {Stake} from "../../../contracts/types/Stake.sol";
import {OptimisticTest} from "./OptimisticTest.sol";

/// What backs claims: bonding, the delayed way out, and what a slash finds (T9).
contract StakeTest is OptimisticTest {
    uint256 private _nonce;

    function _bond(address account, uint256 amount) private {
        vm.prank(account);
        market.bond(address(token), amount);
    }

    function _unbond(address account, uint256 amount) private {
        vm.prank(account);
        market.unbond(address(token), amount);
    }

    function _rebond(address account) private {
        vm.prank(account);
        market.rebond(address(token));
    }

    function _release(address account) private returns (uint256) {
        vm.prank(account);
        return market.release(address(token));
    }

    function _releaseRefused(address account, bytes memory err) private {
        vm.prank(account);
        vm.expectRevert(err);
        market.release(address(token));
    }

    function _short(uint256 available, uint256 required) private pure returns (bytes memory) {
        return abi.encodeWithSelector(IInferenceMarket.InsufficientStake.selector, available, required);
    }

    function _locked(uint256 releasableAt) private view returns (bytes memory) {
        return abi.encodeWithSelector(IInferenceMarket.StakeLocked.selector, releasableAt, vm.getBlockTimestamp());
    }

    function _nothing() private pure returns (bytes memory) {
        return abi.encodeWithSelector(IInferenceMarket.NothingToRelease.selector);
    }

    /// An account whose stake is `amount` and whose balance is zero.
    function _staker(string memory name, uint256 amount) private returns (address account) {
        account = makeAddr(name);
        token.mint(account, amount);
        vm.startPrank(account);
        token.approve(address(market), amount);
        market.deposit(address(token), account, amount);
        market.bond(address(token), amount);
        vm.stopPrank();
    }

    /// A job of the requester's that `account` has claimed for this collateral.
    function _claimed(address account, uint96 collateral) private returns (Request memory req) {
        req = baseRequest();
        req.collateral = collateral;
        req.nonce = 1_000 + _nonce++;
        open(req);
        claimAs(account, req);
    }

    function _claimRefused(address account, uint96 collateral, bytes memory err) private {
        Request memory req = baseRequest();
        req.collateral = collateral;
        req.nonce = 1_000 + _nonce++;
        open(req);
        vm.prank(account);
        vm.expectRevert(err);
        market.claim(req);
    }

    function _assertStake(address account, uint256 bonded, uint256 unbonding, uint256 exposure) private view {
        Stake memory stake = stakeOf(account);
        assertEq(stake.bonded, bonded, "bonded");
        assertEq(stake.unbonding, unbonding, "unbonding");
        assertEq(stake.exposure, exposure, "exposure");
    }

    // Bond ----------------------------------------------------------------------------------------------------------

    function test_BondMovesBalanceIntoStake() public {
        vm.expectEmit(address(market));
        emit IInferenceMarket.Bonded(address(token), operator, 3 ether);
        _bond(operator, 3 ether);
        assertEq(balance(operator), FUNDS - 3 ether);
        _assertStake(operator, FUNDS + 3 ether, 0, 0);
        assertEq(token.balanceOf(address(market)), 8 * FUNDS, "no token moves");
    }

    function testFuzz_BondUpToTheBalance(uint256 amount) public {
        vm.prank(operator);
        if (amount > FUNDS)
            vm.expectRevert(
                abi.encodeWithSelector(
                    IInferenceMarket.InsufficientBalance.selector,
                    address(token),
                    operator,
                    FUNDS,
                    amount
                )
            );
        market.bond(address(token), amount);
        assertEq(stakeOf(operator).bonded, amount > FUNDS ? FUNDS : FUNDS + amount);
        assertEq(wealth(operator), 2 * FUNDS);
    }

    /// The widest stake there can be; one unit more is refused and stays a balance.
    function test_BondsUpToTheWidthOfItsField() public {
        uint256 top = type(uint96).max;
        address whale = _staker("whale", top);
        token.mint(whale, 1);
        vm.startPrank(whale);
        token.approve(address(market), 1);
        market.deposit(address(token), whale, 1);
        vm.expectRevert(abi.encodeWithSelector(SafeCast.SafeCastOverflowedUintDowncast.selector, uint8(96), top + 1));
        market.bond(address(token), 1);
        vm.stopPrank();
        assertEq(balance(whale), 1);
        _assertStake(whale, top, 0, 0);
    }

    /// Bonded and unbonding are a field each: neither wraps when both are full, and all of it comes out again.
    function test_UnbondingAndRebondingDoNotWrap() public {
        uint256 top = type(uint96).max;
        address whale = _staker("whale", top);
        _unbond(whale, top);
        token.mint(whale, 1);
        vm.startPrank(whale);
        token.approve(address(market), 1);
        market.deposit(address(token), whale, 1);
        market.bond(address(token), 1);
        bytes memory tooWide = abi.encodeWithSelector(
            SafeCast.SafeCastOverflowedUintDowncast.selector,
            uint8(96),
            top + 1
        );
        vm.expectRevert(tooWide);
        market.unbond(address(token), 1);
        vm.expectRevert(tooWide);
        market.rebond(address(token));
        vm.stopPrank();
        _assertStake(whale, 1, top, 0);
        skip(UNBONDING_DELAY);
        assertEq(_release(whale), top);
        assertEq(balance(whale), top);
    }

    // Unbond --------------------------------------------------------------------------------------------------------

    function test_UnbondStartsTheClock() public {
        uint256 end = vm.getBlockTimestamp() + UNBONDING_DELAY;
        vm.expectEmit(address(market));
        emit IInferenceMarket.Unbonding(address(token), operator, 4 ether, end);
        _unbond(operator, 4 ether);
        _assertStake(operator, FUNDS - 4 ether, 4 ether, 0);
        assertEq(stakeOf(operator).releasableAt, end);
        assertEq(balance(operator), FUNDS);
    }

    function testFuzz_UnbondUpToTheBond(uint256 amount) public {
        bool refused = amount == 0 || amount > FUNDS;
        vm.prank(operator);
        if (refused) vm.expectRevert(_short(FUNDS, amount));
        market.unbond(address(token), amount);
        _assertStake(operator, refused ? FUNDS : FUNDS - amount, refused ? 0 : amount, 0);
    }

    /// Nobody restarts a clock for nothing; the whole bond may go, and not one unit more.
    function test_UnbondBoundariesAreExact() public {
        vm.startPrank(operator);
        vm.expectRevert(_short(FUNDS, 0));
        market.unbond(address(token), 0);
        vm.expectRevert(_short(FUNDS, FUNDS + 1));
        market.unbond(address(token), FUNDS + 1);
        market.unbond(address(token), FUNDS);
        vm.stopPrank();
        _assertStake(operator, 0, FUNDS, 0);
    }

    /// Unbonding stake is not bonded: it cannot be unbonded again.
    function test_UnbondRefusesWhatIsUnbondingAlready() public {
        _unbond(operator, FUNDS);
        vm.prank(operator);
        vm.expectRevert(_short(0, 1));
        market.unbond(address(token), 1);
    }

    /// Exposed stake may start to unbond: the job finds it there.
    function test_UnbondDoesNotAskForExposure() public {
        Request memory req = _claimed(operator, 7 ether);
        _unbond(operator, FUNDS);
        _assertStake(operator, 0, FUNDS, 7 ether);
        fulfilFor(operator, req);
        _assertStake(operator, 0, FUNDS, 0);
    }

    /// The clock restarts for all of it, so that no old unbonding lets new stake out early.
    function testFuzz_T9_UnbondingMoreRestartsTheClock(uint256 gap, uint256 first, uint256 second) public {
        first = bound(first, 1, FUNDS - 1);
        second = bound(second, 1, FUNDS - first);
        _unbond(operator, first);
        uint256 end = vm.getBlockTimestamp() + UNBONDING_DELAY;
        skip(bound(gap, 1, 2 * UNBONDING_DELAY));
        _unbond(operator, second);
        uint256 restarted = vm.getBlockTimestamp() + UNBONDING_DELAY;
        assertGt(restarted, end);
        vm.warp(restarted - 1);
        _releaseRefused(operator, _locked(restarted));
        vm.warp(restarted);
        assertEq(_release(operator), first + second);
    }

    // Rebond --------------------------------------------------------------------------------------------------------

    function test_RebondBacksClaimsAgain() public {
        address staker = _staker("staker", 7 ether);
        _unbond(staker, 7 ether);
        _claimRefused(staker, 7 ether, _short(0, 7 ether));
        vm.expectEmit(address(market));
        emit IInferenceMarket.Rebonded(address(token), staker, 7 ether);
        _rebond(staker);
        _assertStake(staker, 7 ether, 0, 0);
        _claimed(staker, 7 ether);
        _assertStake(staker, 7 ether, 0, 7 ether);
    }

    function test_RebondOfNothingChangesNothing() public {
        _rebond(operator);
        _assertStake(operator, FUNDS, 0, 0);
    }

    /// Rebonding is no way around the delay: what is unbonded afterwards waits again.
    function test_T9_RebondAndUnbondWaitsAgain() public {
        _unbond(operator, 5 ether);
        skip(UNBONDING_DELAY);
        _rebond(operator);
        _releaseRefused(operator, _nothing());
        _unbond(operator, 5 ether);
        _releaseRefused(operator, _locked(vm.getBlockTimestamp() + UNBONDING_DELAY));
    }

    // Release -------------------------------------------------------------------------------------------------------

    function test_T9_ReleaseBoundaryIsExact() public {
        _unbond(operator, 5 ether);
        uint256 end = vm.getBlockTimestamp() + UNBONDING_DELAY;
        vm.warp(end - 1);
        _releaseRefused(operator, _locked(end));
        vm.warp(end);
        uint256 snapshot = vm.snapshotState();
        vm.expectEmit(address(market));
        emit IInferenceMarket.Released(address(token), operator, 5 ether);
        assertEq(_release(operator), 5 ether);
        assertEq(balance(operator), FUNDS + 5 ether);
        _assertStake(operator, FUNDS - 5 ether, 0, 0);
        vm.revertToState(snapshot);
        vm.warp(end + 1);
        assertEq(_release(operator), 5 ether);
    }

    function test_ReleaseRefusesWhenNothingUnbonds() public {
        _releaseRefused(operator, _nothing());
        _releaseRefused(stranger, _nothing());
        _unbond(operator, 1);
        skip(UNBONDING_DELAY);
        _release(operator);
        _releaseRefused(operator, _nothing());
    }

    function test_ReleasedStakeCanBeWithdrawn() public {
        _unbond(operator, FUNDS);
        skip(UNBONDING_DELAY);
        _release(operator);
        vm.prank(operator);
        market.withdraw(address(token), operator, 2 * FUNDS);
        assertEq(token.balanceOf(operator), 2 * FUNDS);
    }

    function testFuzz_T9_NothingIsReleasedBeforeTheDelay(uint256 amount, uint256 wait) public {
        amount = bound(amount, 1, FUNDS);
        wait = bound(wait, 0, 3 * UNBONDING_DELAY);
        _unbond(operator, amount);
        uint256 end = vm.getBlockTimestamp() + UNBONDING_DELAY;
        skip(wait);
        if (wait < UNBONDING_DELAY) _releaseRefused(operator, _locked(end));
        else assertEq(_release(operator), amount);
        assertEq(wealth(operator), 2 * FUNDS);
    }

    /// Whatever the times of a job: claim it, unbond at once, and its deadline comes while the stake is still there.
    function testFuzz_T9_NoJobOutlastsTheDelay(uint256 claimAt, uint256 window, uint256 end, uint96 collateral) public {
        Request memory req = baseRequest();
        uint256 latest = vm.getBlockTimestamp() + MAX_JOB_SECONDS;
        req.claimDeadline = uint64(bound(claimAt, vm.getBlockTimestamp() + 1, latest - MIN_RESCUE - 1));
        req.rampStart = req.claimDeadline;
        req.proofWindow = uint32(bound(window, 1, latest - MIN_RESCUE - req.claimDeadline));
        req.deadline = uint64(bound(end, uint256(req.claimDeadline) + req.proofWindow + MIN_RESCUE, latest));
        req.collateral = uint96(bound(collateral, 1, FUNDS));
        open(req);
        vm.warp(req.claimDeadline - 1);
        claimAs(operator, req);
        _unbond(operator, FUNDS);
        uint256 releasableAt = vm.getBlockTimestamp() + UNBONDING_DELAY;
        vm.warp(req.deadline);
        _releaseRefused(operator, _locked(releasableAt));
        market.expire(req);
        assertEq(wealth(operator), 2 * FUNDS - req.collateral);
    }

    /// T9: a job that everybody forgot still finds its stake, years later.
    function test_T9_ReleaseLeavesWhatAForgottenJobNeeds() public {
        address staker = _staker("staker", 10 ether);
        Request memory req = _claimed(staker, 7 ether);
        _unbond(staker, 10 ether);
        skip(3 * 365 days);
        assertEq(_release(staker), 3 ether);
        _assertStake(staker, 0, 7 ether, 7 ether);
        _releaseRefused(staker, _nothing());
        market.expire(req);
        _assertStake(staker, 0, 0, 0);
        _releaseRefused(staker, _nothing());
        assertEq(wealth(staker), 3 ether);
    }

    /// What is still bonded covers the exposure first, so that unbonding stake is held back only for the rest.
    function test_T9_BondedStakeCoversTheExposureFirst() public {
        address staker = _staker("staker", 10 ether);
        _claimed(staker, 7 ether);
        _unbond(staker, 3 ether);
        skip(UNBONDING_DELAY);
        assertEq(_release(staker), 3 ether);
        _unbond(staker, 1 ether);
        skip(UNBONDING_DELAY);
        _releaseRefused(staker, _nothing());
        _bond(staker, 1 ether);
        assertEq(_release(staker), 1 ether);
        _assertStake(staker, 7 ether, 0, 7 ether);
    }

    /// A proposal that nobody settled holds its stake back, and gives it free, at once, when somebody does.
    function test_T9_SettlingAForgottenProposalFreesTheStake() public {
        (Request memory req, ) = openAndPropose(output);
        _unbond(operator, FUNDS);
        skip(UNBONDING_DELAY);
        assertEq(_release(operator), FUNDS - 47 ether);
        _releaseRefused(operator, _nothing());
        vm.prank(stranger);
        market.settle(req);
        assertEq(_release(operator), 47 ether);
        assertEq(balance(operator), 2 * FUNDS + 9.5 ether);
    }

    // Claims --------------------------------------------------------------------------------------------------------

    function testFuzz_ClaimNeedsItsExposureBonded(uint96 bonded, uint96 collateral) public {
        bonded = uint96(bound(bonded, 1, FUNDS));
        address staker = _staker("staker", bonded);
        if (collateral > bonded) _claimRefused(staker, collateral, _short(bonded, collateral));
        else _claimed(staker, collateral);
        _assertStake(staker, bonded, 0, collateral > bonded ? 0 : collateral);
    }

    /// OPTIMISTIC: the proposer's bond is at stake from the claim on.
    function test_OptimisticClaimExposesTheBondToo() public {
        address staker = _staker("staker", 47 ether - 1);
        Request memory req = optimisticRequest();
        open(req);
        vm.prank(staker);
        vm.expectRevert(_short(47 ether - 1, 47 ether));
        market.claim(req);
        token.mint(staker, 1);
        vm.startPrank(staker);
        token.approve(address(market), 1);
        market.deposit(address(token), staker, 1);
        market.bond(address(token), 1);
        market.claim(req);
        vm.stopPrank();
        _assertStake(staker, 47 ether, 0, 47 ether);
    }

    /// Collateral and bond are a uint96 each; their sum is no small number.
    function test_ExposureOfTheWidestRequestDoesNotWrap() public {
        Request memory req = optimisticRequest();
        (req.collateral, req.proposerBond) = (type(uint96).max, type(uint96).max);
        open(req);
        vm.prank(operator);
        vm.expectRevert(_short(FUNDS, 2 * uint256(type(uint96).max)));
        market.claim(req);
    }

    function test_T9_UnbondingStakeBacksNoClaim() public {
        _unbond(operator, FUNDS - 5 ether);
        _claimRefused(operator, 7 ether, _short(5 ether, 7 ether));
        _claimed(operator, 5 ether);
    }

    /// Exposure above what is bonded is no free stake, and new bonds make good for it first.
    function test_T9_ExposureAboveTheBondIsNoFreeStake() public {
        address staker = _staker("staker", 10 ether);
        _claimed(staker, 7 ether);
        _unbond(staker, 10 ether);
        _claimRefused(staker, 1, _short(0, 1));
        token.mint(staker, 8 ether);
        vm.startPrank(staker);
        token.approve(address(market), 8 ether);
        market.deposit(address(token), staker, 8 ether);
        market.bond(address(token), 7 ether);
        vm.stopPrank();
        _claimRefused(staker, 1, _short(0, 1));
        _bond(staker, 1 ether);
        _claimRefused(staker, 1 ether + 1, _short(1 ether, 1 ether + 1));
        _claimed(staker, 1 ether);
    }

    /// A job that can cost nothing needs no stake, not even when the exposure is above the bond.
    function test_AJobWithoutCollateralNeedsNoStake() public {
        Request memory free = _claimed(stranger, 0);
        fulfilFor(stranger, free);
        assertEq(stakeOf(stranger).settled, 1);
        _claimed(operator, 7 ether);
        _unbond(operator, FUNDS);
        _claimed(operator, 0);
        _assertStake(operator, 0, FUNDS, 7 ether);
    }

    function test_OpenJobsAddUpAndEndOneByOne() public {
        address staker = _staker("staker", 20 ether);
        Request memory first = _claimed(staker, 7 ether);
        Request memory second = _claimed(staker, 9 ether);
        _claimRefused(staker, 5 ether, _short(4 ether, 5 ether));
        fulfilFor(staker, first);
        _assertStake(staker, 20 ether, 0, 9 ether);
        _claimed(staker, 5 ether);
        vm.warp(second.deadline);
        market.expire(second);
        _assertStake(staker, 11 ether, 0, 5 ether);
    }

    function test_StakeIsOfOneToken() public {
        TestToken other = new TestToken();
        address[] memory tokens = new address[](2);
        (tokens[0], tokens[1]) = (address(token), address(other));
        market = IMarket(
            Artifacts.deploy(
                "contracts/market/InferenceMarket.sol:InferenceMarket",
                abi.encode(registry, router, tokens, baseParameters())
            )
        );
        fund(token, requester);
        fund(other, operator);
        Request memory req = baseRequest();
        open(req);
        vm.prank(operator);
        vm.expectRevert(_short(0, 7 ether));
        market.claim(req);
    }

    // Slash ---------------------------------------------------------------------------------------------------------

    /// Bonded stake pays first, unbonding stake the rest; both together always have it.
    function testFuzz_T9_SlashTakesBondedThenUnbonding(uint96 stake, uint96 collateral, uint96 unbonded) public {
        stake = uint96(bound(stake, 1, FUNDS));
        collateral = uint96(bound(collateral, 1, stake));
        unbonded = uint96(bound(unbonded, 1, stake));
        address staker = _staker("staker", stake);
        Request memory req = _claimed(staker, collateral);
        _unbond(staker, unbonded);
        vm.warp(req.deadline);
        market.expire(req);
        uint256 bonded = stake - unbonded;
        uint256 fromBonded = collateral < bonded ? collateral : bonded;
        _assertStake(staker, bonded - fromBonded, unbonded - (collateral - fromBonded), 0);
    }

    /// Unbonding at the last second before the slash, and waiting out the delay before anybody slashes, saves nothing.
    function test_T9_UnbondingSavesNothingFromTheSlash() public {
        address staker = _staker("staker", 7 ether);
        Request memory req = _claimed(staker, 7 ether);
        vm.warp(req.deadline - 1);
        _unbond(staker, 7 ether);
        skip(UNBONDING_DELAY);
        _releaseRefused(staker, _nothing());
        market.expire(req);
        _assertStake(staker, 0, 0, 0);
        assertEq(wealth(staker), 0);
    }

    // The record ----------------------------------------------------------------------------------------------------

    function test_RecordOfAnOperator() public {
        fulfilFor(operator, _claimed(operator, 7 ether));
        assertStake(operator, FUNDS, 1, 0, 0);

        Request memory req = _claimed(operator, 7 ether);
        skip(req.proofWindow);
        fulfilFor(rescuer, req);
        assertStake(operator, FUNDS - 7 ether, 1, 1, 0);
        assertStake(rescuer, FUNDS, 0, 0, 0); // a rescue is paid, and no claim

        req = _claimed(operator, 7 ether);
        vm.warp(req.deadline);
        market.expire(req);
        assertStake(operator, FUNDS - 14 ether, 1, 2, 1);
    }

    function test_RecordOfAProposer() public {
        (Request memory req, ) = openAndPropose(output);
        uint256 snapshot = vm.snapshotState();

        skip(req.challengeWindow);
        market.settle(req);
        assertStake(operator, FUNDS, 1, 0, 0);
        vm.revertToState(snapshot);

        proveAs(rescuer, req, output);
        assertStake(operator, FUNDS, 1, 0, 0);
        vm.revertToState(snapshot);

        proveAs(rescuer, req, lie);
        assertStake(operator, FUNDS - 47 ether, 0, 1, 0);
        vm.revertToState(snapshot);

        challengeAs(challenger, req, output);
        skip(req.proofWindow);
        market.expire(req);
        assertStake(operator, FUNDS - 47 ether, 0, 1, 1);
        assertStake(challenger, FUNDS, 0, 0, 0);
    }
}
