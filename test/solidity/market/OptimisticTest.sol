// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity ^0.8.28;

import {JobState} from "../../../contracts/interfaces/IInferenceMarket.sol";
import {JobId} from "../../../contracts/types/JobId.sol";
import {Request} from "../../../contracts/types/Request.sol";
import {Stake} from "../../../contracts/types/Stake.sol";
import {MarketTest} from "./MarketTest.sol";

/// An OPTIMISTIC job in any state: requested by the requester, claimed and proposed by the operator, challenged by the
/// challenger. `output` is true, `lie` is not.
abstract contract OptimisticTest is MarketTest {
    address internal challenger = makeAddr("challenger");
    bytes internal lie = hex"ff02030405060708090a";

    function setUp() public virtual override {
        super.setUp();
        fund(token, challenger);
    }

    /// A new job, brought to `state` at the current time where no window has to pass.
    function reach(JobState state) internal returns (Request memory req, JobId jobId) {
        req = optimisticRequest();
        jobId = market.jobIdOf(req);
        if (state == JobState.None) return (req, jobId);
        open(req);
        if (state == JobState.Requested) return (req, jobId);
        if (state == JobState.Cancelled) {
            vm.startPrank(requester);
            market.announceCancel(req);
            skip(CANCEL_DELAY);
            market.cancel(req);
            vm.stopPrank();
            return (req, jobId);
        }
        claimAs(operator, req);
        if (state == JobState.Claimed) return (req, jobId);
        if (state == JobState.Expired) {
            vm.warp(req.deadline);
            market.expire(req);
            return (req, jobId);
        }
        proposeAs(operator, req, lie);
        if (state == JobState.Proposed) return (req, jobId);
        if (state == JobState.Settled) {
            skip(req.challengeWindow);
            market.settle(req);
            return (req, jobId);
        }
        challengeAs(challenger, req, lie);
    }

    function proposeAs(address account, Request memory req, bytes memory proposed) internal {
        vm.prank(account);
        market.propose(req, proposed);
    }

    /// Settles with a proof of `proven`, sent by the stranger.
    function proveAs(address payee, Request memory req, bytes memory proven) internal {
        bytes memory seal = sealFor(req, payee, proven);
        vm.prank(stranger);
        market.fulfil(req, payee, proven, seal);
    }

    /// All that an account has in the market.
    function wealth(address account) internal view returns (uint256) {
        Stake memory stake = stakeOf(account);
        return balance(account) + stake.bonded + stake.unbonding;
    }

    function assertStake(
        address account,
        uint256 bonded,
        uint256 settled,
        uint256 slashed,
        uint256 expired
    ) internal view {
        Stake memory stake = stakeOf(account);
        assertEq(stake.bonded, bonded, "bonded");
        assertEq(stake.exposure, 0, "exposure");
        assertEq(stake.settled, settled, "settled");
        assertEq(stake.slashed, slashed, "slashed");
        assertEq(stake.expired, expired, "expired");
    }
}
