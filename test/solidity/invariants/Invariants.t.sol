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
        bytes4[] memory actions = new bytes4[](18);
        actions[0] = MarketHandler.deposit.selector;
        actions[1] = MarketHandler.withdraw.selector;
        // Twice or more: without jobs, claims and time nothing happens.
        actions[2] = MarketHandler.request.selector;
        actions[3] = MarketHandler.request.selector;
        actions[4] = MarketHandler.claim.selector;
        actions[5] = MarketHandler.claim.selector;
        actions[6] = MarketHandler.fulfil.selector;
        actions[7] = MarketHandler.fulfil.selector;
        actions[8] = MarketHandler.forge.selector;
        actions[9] = MarketHandler.announceCancel.selector;
        actions[10] = MarketHandler.cancel.selector;
        actions[11] = MarketHandler.expire.selector;
        actions[12] = MarketHandler.warp.selector;
        actions[13] = MarketHandler.setRoyalty.selector;
        actions[14] = MarketHandler.registerVersion.selector;
        actions[15] = MarketHandler.deprecate.selector;
        actions[16] = MarketHandler.warp.selector;
        actions[17] = MarketHandler.stop.selector;
        targetSelector(FuzzSelector({addr: address(handler), selectors: actions}));
        targetContract(address(handler));
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
        // From the top: deadline's slack, proof window, claim window, ramp length; even: with a callback.
        uint256 times = (500 << 192) | (300 << 128) | (1_000 << 64) | 1_000;
        for (uint256 i = 0; i < 6; ++i) handler.request(0, 0, (5 ether << 128) | 2 ether, times, 4 ether);
        (uint256 jobs, , ) = handler.counts();
        assertEq(jobs, 6);
        handler.claim(1, 0);
        handler.claim(1, 1);
        handler.claim(1, 2);
        handler.announceCancel(4);
        handler.fulfil(2, 0, 2); // the claimer, in time, with a hostile callback
        handler.fulfil(4, 3, 5); // unclaimed
        handler.fulfil(4, 1, 0); // entitled: who % 2 == 0 picks the claimer
        handler.forge(0, 2, 0);
        handler.forge(0, 2, 1);
        handler.forge(0, 2, 2);
        handler.stop(0);
        handler.deprecate(0, 0);
        handler.warp(400 << 8, 0);
        handler.cancel(4);
        handler.fulfil(5, 2, 2); // actor 2 rescues after the window
        handler.warp((1 << 8) | 3, 5);
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
