// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity ^0.8.28;

import {Test} from "forge-std/Test.sol";
import {JobState} from "../../../contracts/interfaces/IInferenceMarket.sol";
import {JobId} from "../../../contracts/types/JobId.sol";
import {ModelId} from "../../../contracts/types/ModelId.sol";
import {MarketHandler} from "./MarketHandler.sol";

/// Fuzzed are contracts that are declared where the test is.
contract Handler is MarketHandler {}

/// Numbers as in test/PROPERTIES.md, which also says which mutation of the market each of them has caught.
contract InvariantsTest is Test {
    Handler private handler;

    function setUp() public {
        handler = new Handler();
        // Campaigns begin with three open jobs, one of them claimed.
        uint256 times = _times();
        for (uint256 i = 0; i < 3; ++i) handler.request(i, 0, (5 ether << 128) | 2 ether, times, 4 ether);
        handler.claim(1, 0);
        // Some more than once: without jobs, claims and time nothing happens.
        bytes4[22] memory weighted = [
            MarketHandler.deposit.selector,
            MarketHandler.withdraw.selector,
            MarketHandler.request.selector,
            MarketHandler.request.selector,
            MarketHandler.claim.selector,
            MarketHandler.claim.selector,
            MarketHandler.claim.selector,
            MarketHandler.fulfil.selector,
            MarketHandler.fulfil.selector,
            MarketHandler.fulfil.selector,
            MarketHandler.fulfil.selector,
            MarketHandler.forge.selector,
            MarketHandler.forge.selector,
            MarketHandler.announceCancel.selector,
            MarketHandler.cancel.selector,
            MarketHandler.expire.selector,
            MarketHandler.warp.selector,
            MarketHandler.warp.selector,
            MarketHandler.setRoyalty.selector,
            MarketHandler.registerVersion.selector,
            MarketHandler.deprecate.selector,
            MarketHandler.stop.selector
        ];
        bytes4[] memory actions = new bytes4[](weighted.length);
        for (uint256 i = 0; i < weighted.length; ++i) actions[i] = weighted[i];
        targetSelector(FuzzSelector({addr: address(handler), selectors: actions}));
        targetContract(address(handler));
    }

    /// From the top: deadline's slack, proof window, claim window, ramp length; even: with a callback.
    function _times() private pure returns (uint256) {
        return (500 << 192) | (300 << 128) | (1_000 << 64) | 1_000;
    }

    function _sumOfBalances() private view returns (uint256 sum) {
        (, uint256 accounts, ) = handler.counts();
        for (uint256 i = 0; i < accounts; ++i) sum += handler.marketBalance(handler.accounts(i));
    }

    /// Balances + escrow + collateral + burnt == deposited - withdrawn == what the market holds.
    function invariant_INV01_ConservationOfTokens() public view {
        (uint256 held, uint256 burnt) = handler.marketTotals();
        assertEq(_sumOfBalances() + handler.openEscrow() + burnt, handler.deposited() - handler.withdrawn());
        assertEq(held, handler.deposited() - handler.withdrawn());
    }

    /// A job moves only along the arrows, and an ended job does not move.
    function invariant_INV02_StatesMoveAlongTheArrows() public view {
        assertEq(handler.illegalArrows(), 0);
    }

    /// A job settles at most once, pays only the payee in its context, and every account holds what the rules say.
    function invariant_INV03_SettlesOnceAndPaysThePayeeOnly() public view {
        (uint256 jobs, uint256 accounts, ) = handler.counts();
        assertEq(handler.forgedSettlements(), 0);
        assertEq(handler.reentered(), 0);
        for (uint256 i = 0; i < jobs; ++i) {
            (JobState state, , , , , , , , uint256 settlements) = handler.shadows(handler.jobs(i));
            assertEq(settlements, state == JobState.Settled ? 1 : 0);
        }
        for (uint256 i = 0; i < accounts; ++i) {
            address account = handler.accounts(i);
            assertEq(handler.marketBalance(account), handler.expected(account));
        }
        (, uint256 burnt) = handler.marketTotals();
        assertEq(burnt, handler.expectedBurnt());
    }

    /// A valid proof settles whenever its payee is entitled, whoever stopped or deprecated what (with INV-08).
    function invariant_INV04_EntitledProofsSettle() public view {
        assertEq(handler.refusedSettlements(), 0);
    }

    /// After all deadlines every job ends and everybody withdraws to zero.
    function invariant_INV06_EverybodyGetsOut() public {
        uint256 snapshot = vm.snapshotState();
        handler.endAll();
        vm.revertToState(snapshot);
    }

    /// A model id's commitments never change.
    function invariant_INV09_CommitmentsAreForEver() public view {
        (, , uint256 models) = handler.counts();
        for (uint256 i = 0; i < models; ++i) {
            ModelId id = handler.models(i);
            assertEq(handler.commitmentsOf(id), handler.commitments(id));
        }
    }

    /// The handlers reach what the invariants are about: each ending, a rescue, slashes, hostile callbacks.
    function test_HandlersReachEveryEnding() public {
        handler = new Handler();
        uint256 times = _times();
        for (uint256 i = 0; i < 6; ++i) handler.request(0, 0, (5 ether << 128) | 2 ether, times, 4 ether);
        (uint256 jobs, , ) = handler.counts();
        assertEq(jobs, 6);
        handler.claim(1, 0);
        handler.claim(1, 1);
        handler.claim(1, 2);
        handler.announceCancel(4);
        handler.fulfil(0, 0, 2); // the claimer, in time, with a hostile callback
        handler.fulfil(8, 3, 5); // unclaimed
        handler.fulfil(3, 1, 0); // who % 3 == 0 picks the claimer
        handler.forge(0, 2, 0);
        handler.forge(0, 2, 1);
        handler.forge(0, 2, 2);
        handler.stop(0);
        handler.deprecate(0, 0);
        handler.warp((400 << 8) | 7, 0); // by 400 seconds
        handler.cancel(4);
        handler.fulfil(8, 2, 2); // actor 2 rescues after the window
        handler.warp(1 << 8, 5); // to the deadline
        handler.expire(3, 5);
        assertEq(handler.ended(JobState.Settled), 4, "settled");
        assertEq(handler.ended(JobState.Cancelled), 1, "cancelled");
        assertEq(handler.ended(JobState.Expired), 1, "expired");
        assertEq(handler.rescues(), 1, "rescued");
        assertEq(handler.slashes(), 1, "slashed");
        assertEq(handler.callbacks(), 4, "called back");
        assertTrue(handler.hostile().entered());
        invariant_INV01_ConservationOfTokens();
        invariant_INV02_StatesMoveAlongTheArrows();
        invariant_INV03_SettlesOnceAndPaysThePayeeOnly();
        invariant_INV04_EntitledProofsSettle();
        invariant_INV06_EverybodyGetsOut();
        invariant_INV09_CommitmentsAreForEver();
    }
}
