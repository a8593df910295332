// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity ^0.8.28;

import {Test} from "forge-std/Test.sol";
import {Endgame} from "./Endgame.sol";

/// Fuzzed are contracts that are declared where the test is.
contract Handler is Endgame {}

/// Numbers as in test/PROPERTIES.md, which also says which mutations of the market each of them has caught. Every handler
/// reverts only if it is wrong itself, and hardhat.config.ts lets no revert pass.
contract InvariantsTest is Test {
    Handler private handler;

    function setUp() public {
        handler = new Handler();
        handler.begin();
        bytes4[] memory actions = _actions();
        targetSelector(FuzzSelector({addr: address(handler), selectors: actions}));
        targetContract(address(handler));
    }

    /// Balances + stakes + escrow + challengers' bonds + burnt == deposited - withdrawn == what the market holds.
    function invariant_INV01_ConservationOfTokens() public view {
        assertEq(handler.conservation(), "");
    }

    /// A job moves only along the arrows, when, by whom and at the price that the rules say; an ended job does not move.
    function invariant_INV02_StatesMoveAlongTheArrows() public view {
        assertEq(handler.broken(2), "");
    }

    /// A job settles at most once, pays only the payee in its context, and every account owns what the rules say.
    function invariant_INV03_SettlesOnceAndPaysThePayeeOnly() public view {
        assertEq(handler.ownership(), "");
    }

    /// A valid proof settles whenever its payee is entitled, whoever stopped or deprecated what.
    function invariant_INV04_EntitledProofsSettle() public {
        _play(handler.probe);
        assertEq(handler.broken(4), "");
    }

    /// Bonded + unbonding >= exposure == the sum of the operator's open exposures.
    function invariant_INV05_StakeCoversOpenExposure() public view {
        assertEq(handler.solvency(), "");
    }

    /// After all deadlines every job ends and everybody withdraws to zero.
    function invariant_INV06_EverybodyGetsOut() public {
        if (handler.steps() % 4 == 0) _play(handler.leave);
    }

    /// No output can be read that is not proven or, OPTIMISTIC, not final.
    function invariant_INV07_OutputsAreProvenOrFinal() public view {
        assertEq(handler.outputs(), "");
    }

    /// Deprecation, stops of systems and keys, removals, hostile consumers and tokens block nobody's money.
    function invariant_INV08_NobodysMoneyIsBlocked() public {
        assertEq(handler.broken(8), "");
        if (handler.steps() % 4 == 0) _play(handler.sabotageAndLeave);
    }

    /// A model id's commitments never change.
    function invariant_INV09_CommitmentsAreForEver() public view {
        assertEq(handler.commitments(), "");
    }

    /// If all who take part in a job were one party, with or without the model's royalty, it would never gain, and would
    /// lose at least half of what is slashed; and nobody else's money moves.
    function invariant_INV10_FightingOneselfNeverPays() public view {
        assertEq(handler.broken(10), "");
    }

    /// What the campaigns above go through, counted over 96 of them with these seeds: none of it is left out.
    function test_CampaignsReachEveryEnding() public {
        bytes32[30] memory whats = [
            bytes32("settled in time"),
            "settled unclaimed",
            "rescued",
            "rescued by the late claimer",
            "settled as final",
            "upheld",
            "upheld unchallenged",
            "overturned",
            "overturned unchallenged",
            "cancelled",
            "expired unclaimed",
            "expired claimed",
            "expired challenged",
            "slashed",
            "unbonding stake slashed",
            "released",
            "released but for open jobs",
            "key stopped",
            "batch of good and bad",
            "opened",
            "opened, optimistic",
            "opened by signature",
            "opened by permit",
            "opened in a batch",
            "deposited by permit",
            "called back",
            "re-entered in vain",
            "stopped",
            "removed",
            "deprecated"
        ];
        uint256[30] memory counts;
        bytes4[] memory actions = _actions();
        uint256 start = vm.snapshotState();
        for (uint256 run = 0; run < 96; ++run) {
            for (uint256 step = 0; step < 32; ++step) {
                uint256 seed = uint256(keccak256(abi.encode(run, step)));
                bytes4 action = actions[seed % actions.length];
                // solhint-disable-next-line avoid-low-level-calls
                (bool done, bytes memory reason) = address(handler).call(abi.encodeWithSelector(action, seed));
                assertTrue(done, string(reason));
            }
            for (uint256 i = 0; i < whats.length; ++i) counts[i] += handler.reached(whats[i]);
            for (uint256 i = 1; i <= 10; ++i) assertEq(handler.broken(i), "");
            vm.revertToState(start);
        }
        for (uint256 i = 0; i < whats.length; ++i) {
            emit log_named_uint(string(abi.encodePacked(whats[i])), counts[i]);
        }
        for (uint256 i = 0; i < whats.length; ++i) {
            assertGt(counts[i], 0, string(abi.encodePacked(whats[i])));
        }
    }

    /// Calls what always reverts: with Done if all is well, else with what is wrong.
    function _play(function() external scene) private {
        try scene() {
            fail();
        } catch Error(string memory wrong) {
            assertEq(wrong, "");
        } catch (bytes memory reason) {
            assertEq(reason, abi.encodeWithSelector(Endgame.Done.selector));
        }
    }

    /// Some more than once: without jobs, claims, proposals and time nothing happens.
    function _actions() private view returns (bytes4[] memory actions) {
        bytes4[27] memory names = [
            handler.deposit.selector,
            handler.withdraw.selector,
            handler.bond.selector,
            handler.unbond.selector,
            handler.rebond.selector,
            handler.release.selector,
            handler.freeze.selector,
            handler.request.selector,
            handler.invalidateNonce.selector,
            handler.claim.selector,
            handler.fulfil.selector,
            handler.forge.selector,
            handler.fulfilBatch.selector,
            handler.announceCancel.selector,
            handler.cancel.selector,
            handler.expire.selector,
            handler.propose.selector,
            handler.challenge.selector,
            handler.settle.selector,
            handler.warp.selector,
            handler.setRoyalty.selector,
            handler.registerVersion.selector,
            handler.deprecate.selector,
            handler.stop.selector,
            handler.remove.selector,
            handler.addSystem.selector,
            handler.stopKey.selector
        ];
        uint8[27] memory weights = [1, 1, 1, 3, 1, 3, 1, 4, 1, 4, 2, 1, 2, 3, 3, 3, 4, 3, 3, 11, 1, 1, 2, 1, 1, 1, 1];
        actions = new bytes4[](63);
        uint256 next;
        for (uint256 i = 0; i < names.length; ++i) {
            for (uint256 k = 0; k < weights[i]; ++k) actions[next++] = names[i];
        }
    }
}
