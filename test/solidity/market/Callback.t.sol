// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity ^0.8.28;

import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {Vm} from "forge-std/Vm.sol";
import {IInferenceMarket, JobState} from "../../../contracts/interfaces/IInferenceMarket.sol";
import {
    GasBurningConsumer,
    RecordingConsumer,
    ReentrantConsumer,
    ReturnBombConsumer,
    RevertingConsumer
} from "../../../contracts/mocks/market/HostileConsumers.sol";
import {JobId} from "../../../contracts/types/JobId.sol";
import {Request} from "../../../contracts/types/Request.sol";
import {MarketTest} from "./MarketTest.sol";

/// T4: a consumer can hurt nobody but itself, and nobody can starve an honest one.
contract CallbackTest is MarketTest {
    function _openFor(address consumer, uint32 gasLimit) private returns (Request memory req, JobId jobId) {
        req = baseRequest();
        (req.consumer, req.callbackGas) = (consumer, gasLimit);
        jobId = open(req);
        claimAs(operator, req);
    }

    /// Settles, expecting the event that says that the callback failed, and the operator's money all the same.
    function _settlesThough(address consumer, uint32 gasLimit, bytes memory returnData) private {
        (Request memory req, JobId jobId) = _openFor(consumer, gasLimit);
        bytes memory seal = sealFor(req, operator, output);
        vm.expectEmit(address(market));
        emit IInferenceMarket.CallbackFailed(jobId, consumer, returnData);
        market.fulfil(req, operator, output, seal);
        assertState(jobId, JobState.Settled);
        assertEq(balance(operator), FUNDS + 9.5 ether);
        assertEq(market.resultOf(jobId), output);
    }

    /// The words 1 to n: what a bomb begins with.
    function _words(uint256 n) private pure returns (bytes memory data) {
        for (uint256 i = 1; i <= n; ++i) data = abi.encodePacked(data, i);
    }

    function test_DeliversTheOutputAfterAllEffects() public {
        RecordingConsumer consumer = new RecordingConsumer();
        (Request memory req, JobId jobId) = _openFor(address(consumer), 500_000);
        fulfilFor(operator, req);
        assertEq(consumer.calls(), 1);
        assertTrue(consumer.jobId() == jobId);
        assertTrue(consumer.modelId() == modelId);
        assertEq(consumer.output(), output);
        assertEq(consumer.resultSeen(), output, "the settled output is visible during the callback");
    }

    function test_NoCallbackWithoutGas() public {
        RecordingConsumer consumer = new RecordingConsumer();
        (Request memory req, JobId jobId) = _openFor(address(consumer), 0);
        vm.recordLogs();
        fulfilFor(operator, req);
        assertEq(vm.getRecordedLogs().length, 1, "nothing was called, so that nothing failed");
        assertEq(consumer.calls(), 0);
        assertState(jobId, JobState.Settled);
    }

    function test_SuccessfulCallbackEmitsNoFailure() public {
        (Request memory req, ) = _openFor(address(new RecordingConsumer()), 500_000);
        vm.recordLogs();
        fulfilFor(operator, req);
        Vm.Log[] memory logs = vm.getRecordedLogs();
        assertEq(logs.length, 1);
        assertEq(logs[0].topics[0], IInferenceMarket.JobSettled.selector);
    }

    function test_AnAccountWithoutCodeIsCalledInVain() public {
        (Request memory req, JobId jobId) = _openFor(stranger, 50_000);
        fulfilFor(operator, req);
        assertState(jobId, JobState.Settled);
    }

    function test_T4_Reverts() public {
        RevertingConsumer consumer = new RevertingConsumer();
        Request memory req = baseRequest();
        (req.consumer, req.callbackGas) = (address(consumer), 100_000);
        JobId jobId = market.jobIdOf(req);
        _settlesThough(address(consumer), 100_000, abi.encodeWithSelector(RevertingConsumer.Refusal.selector, jobId));
    }

    function test_T4_BurnsAllItsGas() public {
        _settlesThough(address(new GasBurningConsumer()), MAX_CALLBACK_GAS, "");
    }

    function test_T4_RevertBombIsCutTo256Bytes() public {
        _settlesThough(address(new ReturnBombConsumer(true, 400_000)), MAX_CALLBACK_GAS, _words(8));
    }

    function test_T4_RevertDataUpTo256BytesIsWhole() public {
        _settlesThough(address(new ReturnBombConsumer(true, 224)), 100_000, _words(7));
    }

    /// Megabytes of return data cost the sender no more than the gas the callback was allowed.
    function test_T4_ReturnBombCostsOnlyCallbackGas() public {
        (Request memory req, ) = _openFor(address(new ReturnBombConsumer(false, 400_000)), MAX_CALLBACK_GAS);
        bytes memory seal = sealFor(req, operator, output);
        uint256 before = gasleft();
        market.fulfil(req, operator, output, seal);
        assertLt(before - gasleft(), MAX_CALLBACK_GAS + 400_000);
    }

    /// Beside what the consumer burns, a callback is cheap: neither the call nor its failure needs much memory.
    function test_T4_ACallbackCostsLittleMoreThanItsGas() public {
        GasBurningConsumer consumer = new GasBurningConsumer();
        uint256[2] memory used;
        uint32[2] memory limits = [uint32(0), 100_000];
        for (uint256 i = 0; i < 2; ++i) {
            uint256 snapshot = vm.snapshotState();
            (Request memory req, ) = _openFor(address(consumer), limits[i]);
            bytes memory seal = sealFor(req, operator, output);
            uint256 before = gasleft();
            market.fulfil(req, operator, output, seal);
            used[i] = before - gasleft();
            vm.revertToState(snapshot);
        }
        assertLt(used[1], used[0] + 100_000 + 20_000);
    }

    function test_T4_ReentersEveryEntryPoint() public {
        ReentrantConsumer consumer = new ReentrantConsumer();
        (Request memory req, ) = _openFor(address(consumer), 1_000_000);
        bytes[] memory calls = entryPoints(req);
        bytes memory seal = sealFor(req, operator, output);
        for (uint256 i = 0; i < calls.length; ++i) {
            uint256 snapshot = vm.snapshotState();
            consumer.arm(calls[i]);
            market.fulfil(req, operator, output, seal);
            assertTrue(consumer.entered());
            assertFalse(consumer.lastOk());
            assertEq(
                consumer.lastReturn(),
                abi.encodeWithSelector(ReentrancyGuardTransient.ReentrancyGuardReentrantCall.selector)
            );
            assertEq(balance(operator), FUNDS + 9.5 ether);
            vm.revertToState(snapshot);
        }
    }

    /// The same proof from inside the callback of its own settlement.
    function test_T4_T5_ReentersWithTheSameProof() public {
        ReentrantConsumer consumer = new ReentrantConsumer();
        (Request memory req, ) = _openFor(address(consumer), 1_000_000);
        bytes memory seal = sealFor(req, operator, output);
        consumer.arm(abi.encodeCall(market.fulfil, (req, operator, output, seal)));
        market.fulfil(req, operator, output, seal);
        assertTrue(consumer.entered());
        assertFalse(consumer.lastOk());
        assertEq(balance(operator), FUNDS + 9.5 ether);
    }

    /// A hostile consumer that is requester and claimer as well gets no more than its due.
    function test_T4_ConsumerThatIsRequesterAndClaimer() public {
        ReentrantConsumer consumer = new ReentrantConsumer();
        token.mint(address(consumer), FUNDS);
        consumer.act(address(token), abi.encodeCall(token.approve, (address(market), FUNDS)));
        consumer.act(address(market), abi.encodeCall(market.deposit, (address(token), address(consumer), FUNDS)));
        consumer.act(address(market), abi.encodeCall(market.bond, (address(token), 7 ether)));
        Request memory req = baseRequest();
        (req.requester, req.consumer, req.callbackGas) = (address(consumer), address(consumer), 500_000);
        consumer.act(address(market), abi.encodeCall(market.request, (req)));
        consumer.act(address(market), abi.encodeCall(market.claim, (req)));
        consumer.arm(abi.encodeCall(market.withdraw, (address(token), address(consumer), 1)));
        fulfilFor(address(consumer), req);
        assertTrue(consumer.entered());
        assertFalse(consumer.lastOk());
        assertEq(balance(address(consumer)) + 7 ether + balance(royaltyPayee), FUNDS);
        assertEq(stakeOf(address(consumer)).bonded, 7 ether);
        assertEq(stakeOf(address(consumer)).exposure, 0);
    }

    /// The lock is gone after the transaction: a settlement with a callback does not close the market.
    function test_TheLockIsReleased() public {
        (Request memory req, ) = _openFor(address(new RevertingConsumer()), 100_000);
        fulfilFor(operator, req);
        vm.prank(operator);
        market.withdraw(address(token), operator, 1);
    }

    /// Whatever gas the sender gives: the settlement reverts as a whole, or the consumer got its gas.
    function testFuzz_T4_NobodyCanStarveAConsumer(uint256 gasGiven, uint32 gasLimit) public {
        RecordingConsumer consumer = new RecordingConsumer();
        gasLimit = uint32(bound(gasLimit, 200_000, MAX_CALLBACK_GAS));
        (Request memory req, JobId jobId) = _openFor(address(consumer), gasLimit);
        bytes memory call = abi.encodeCall(market.fulfil, (req, operator, output, sealFor(req, operator, output)));
        gasGiven = bound(gasGiven, gasLimit, uint256(gasLimit) + 500_000);
        (bool ok, ) = address(market).call{gas: gasGiven}(call);
        if (ok) {
            assertEq(consumer.calls(), 1);
            // What the callee sees first: its gas less the dispatch.
            assertGe(consumer.gasSeen() + 1_000, gasLimit);
            assertLe(consumer.gasSeen(), gasLimit);
        } else {
            assertState(jobId, JobState.Claimed);
        }
    }

    /// Just below what suffices the named error comes; the search also shows that there is such a point.
    function test_T4_TooLittleGasIsRefusedByName() public {
        RecordingConsumer consumer = new RecordingConsumer();
        (Request memory req, ) = _openFor(address(consumer), 1_000_000);
        bytes memory call = abi.encodeCall(market.fulfil, (req, operator, output, sealFor(req, operator, output)));
        uint256 low = 500_000;
        uint256 high = 2_000_000;
        while (high - low > 1) {
            uint256 middle = (low + high) / 2;
            uint256 snapshot = vm.snapshotState();
            (bool ok, ) = address(market).call{gas: middle}(call);
            vm.revertToState(snapshot);
            if (ok) high = middle;
            else low = middle;
        }
        (bool enough, bytes memory reason) = address(market).call{gas: low}(call);
        assertFalse(enough);
        // What is passed on (all but 1/64) and what the call itself may cost; one unit of gas was missing.
        uint256 required = 1_000_000 + uint256(1_000_000) / 63 + 1 + 6_000;
        assertEq(
            reason,
            abi.encodeWithSelector(IInferenceMarket.InsufficientCallbackGas.selector, required - 1, required)
        );
        (enough, ) = address(market).call{gas: high}(call);
        assertTrue(enough);
        assertGe(consumer.gasSeen() + 1_000, 1_000_000);
    }
}
