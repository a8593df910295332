// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity ^0.8.28;

import {Artifacts} from "../Artifacts.sol";
import {IInferenceMarket, JobState} from "../../../contracts/interfaces/IInferenceMarket.sol";
import {IProofSystem} from "../../../contracts/interfaces/IProofSystem.sol";
import {RecordingConsumer} from "../../../contracts/mocks/market/HostileConsumers.sol";
import {Fulfilment} from "../../../contracts/types/Fulfilment.sol";
import {JobId} from "../../../contracts/types/JobId.sol";
import {ModelId} from "../../../contracts/types/ModelId.sol";
import {ModelSpec} from "../../../contracts/types/ModelSpec.sol";
import {Request} from "../../../contracts/types/Request.sol";
import {MarketTest} from "./MarketTest.sol";

/// Has every key, and takes every proof.
contract GullibleSystem {
    bytes4 public constant selector = 0x59454121;

    function specHashes(bytes32) external pure returns (bytes32, bytes32) {
        return (bytes32(uint256(1)), bytes32(uint256(2)));
    }

    function inputModeOf(bytes32) external pure returns (uint8) {
        return 0;
    }

    function outputLengthOf(bytes32) external pure returns (uint256) {
        return 10;
    }

    function checkInput(bytes32, bytes calldata) external pure {}

    function verify(bytes32, uint256, bytes calldata, bytes calldata, bytes calldata) external pure {}

    function verifyBatch(
        bytes32,
        uint256[] calldata,
        bytes[] calldata,
        bytes[] calldata,
        bytes[] calldata
    ) external pure {}
}

contract BatchTest is MarketTest {
    uint64 private constant VERIFY_GAS = 7_000_000;
    uint64 private constant BATCH_VERIFY_GAS = 14_000_000;

    /// A claimed job with a valid proof for the operator; each nonce another job.
    function claimedJob(uint256 nonce) private returns (Fulfilment memory) {
        Request memory req = baseRequest();
        req.nonce = nonce;
        open(req);
        claimAs(operator, req);
        return Fulfilment(req, operator, output, sealFor(req, operator, output));
    }

    function jobs(uint256 count) private returns (Fulfilment[] memory batch) {
        batch = new Fulfilment[](count);
        for (uint256 i = 0; i < count; ++i) batch[i] = claimedJob(i);
    }

    function stateAt(Fulfilment memory item) private view returns (JobState) {
        return stateOf(market.jobIdOf(item.request));
    }

    function test_ABatchPaysWhatSinglesPay() public {
        Fulfilment[] memory batch = jobs(4);
        uint256 snapshot = vm.snapshotState();
        for (uint256 i = 0; i < 4; ++i) {
            market.fulfil(batch[i].request, operator, batch[i].output, batch[i].seal);
        }
        uint256[3] memory singles = [balance(operator), balance(requester), balance(royaltyPayee)];
        vm.revertToState(snapshot);
        vm.prank(stranger);
        bytes[] memory refusals = market.fulfilBatch(batch);
        assertEq(refusals.length, 4);
        for (uint256 i = 0; i < 4; ++i) {
            assertEq(refusals[i].length, 0);
            assertEq(market.resultOf(market.jobIdOf(batch[i].request)), output);
        }
        assertEq(balance(operator), singles[0]);
        assertEq(balance(requester), singles[1]);
        assertEq(balance(royaltyPayee), singles[2]);
        assertEq(stakeOf(operator).exposure, 0);
        assertEq(stakeOf(operator).settled, 4);
    }

    /// A bad seal makes the common verification fail; the others settle all the same, and it says why it did not.
    function test_OneBadSealHurtsNobodyElse() public {
        Fulfilment[] memory batch = jobs(4);
        batch[2].seal = sealFor(batch[2].request, stranger, output);
        vm.expectEmit(address(market));
        emit IInferenceMarket.FulfilmentRefused(
            market.jobIdOf(batch[2].request),
            abi.encodeWithSelector(IProofSystem.InvalidProof.selector)
        );
        bytes[] memory refusals = market.fulfilBatch(batch);
        for (uint256 i = 0; i < 4; ++i) {
            assertEq(uint8(stateAt(batch[i])), uint8(i == 2 ? JobState.Claimed : JobState.Settled));
        }
        assertEq(refusals[2], abi.encodeWithSelector(IProofSystem.InvalidProof.selector));
    }

    /// Which items are bad is any pattern; exactly the good ones settle.
    function testFuzz_ExactlyTheGoodOnesSettle(uint256 pattern) public {
        Fulfilment[] memory batch = jobs(6);
        for (uint256 i = 0; i < 6; ++i) {
            uint256 kind = (pattern >> (8 * i)) % 6;
            if (kind == 1) batch[i].seal = hex"00";
            if (kind == 2) batch[i].payee = rescuer; // not entitled
            if (kind == 3) batch[i].request.nonce += 1_000; // no such job
            if (kind == 4) batch[i].output = hex"ff";
            if (kind == 5) batch[i].payee = address(0);
        }
        bytes[] memory refusals = market.fulfilBatch(batch);
        uint256 settled = 0;
        for (uint256 i = 0; i < 6; ++i) {
            bool good = (pattern >> (8 * i)) % 6 == 0;
            assertEq(refusals[i].length == 0, good);
            assertEq(stateAt(batch[i]) == JobState.Settled, good);
            if (good) ++settled;
        }
        assertEq(stakeOf(operator).settled, settled);
        assertEq(balance(royaltyPayee), (settled * 10 ether * ROYALTY_BPS) / 10_000);
    }

    /// Each refusal is the error that `fulfil` reverts with.
    function test_RefusalsAreFulfilsErrors() public {
        Fulfilment[] memory batch = jobs(5);
        batch[0].payee = rescuer;
        batch[1].payee = address(0);
        batch[2].request.nonce += 1_000;
        batch[3].output = hex"ff";
        batch[4].seal = hex"00";
        uint256 snapshot = vm.snapshotState();
        bytes[] memory refusals = market.fulfilBatch(batch);
        vm.revertToState(snapshot);
        for (uint256 i = 0; i < 5; ++i) {
            vm.expectRevert(refusals[i]);
            market.fulfil(batch[i].request, batch[i].payee, batch[i].output, batch[i].seal);
        }
    }

    function test_AJobTwiceInABatchIsPaidOnce() public {
        Fulfilment[] memory batch = new Fulfilment[](3);
        batch[0] = batch[2] = claimedJob(1);
        batch[1] = claimedJob(2);
        bytes[] memory refusals = market.fulfilBatch(batch);
        JobId jobId = market.jobIdOf(batch[0].request);
        assertEq(refusals[0].length + refusals[1].length, 0);
        assertEq(refusals[2], wrongState(jobId, JobState.Settled));
        assertEq(balance(royaltyPayee), (2 * 10 ether * uint256(ROYALTY_BPS)) / 10_000);
    }

    /// Two claimants of one unclaimed job, both with a valid proof: the first in the batch.
    function test_OfTwoPayeesTheFirstIsPaid() public {
        Request memory req = baseRequest();
        open(req);
        Fulfilment[] memory batch = new Fulfilment[](2);
        batch[0] = Fulfilment(req, rescuer, output, sealFor(req, rescuer, output));
        batch[1] = Fulfilment(req, operator, output, sealFor(req, operator, output));
        market.fulfilBatch(batch);
        assertEq(balance(rescuer), FUNDS + 10 ether - (10 ether * uint256(ROYALTY_BPS)) / 10_000);
        assertEq(balance(operator), FUNDS);
    }

    function test_JobsOfSeveralKeysInOneBatch() public {
        Fulfilment[] memory batch = new Fulfilment[](4);
        batch[0] = claimedJob(1);
        batch[2] = claimedJob(2);
        (bytes32 firstKey, ModelId firstModel) = (keyHash, modelId);
        (keyHash, modelId) = registerModel(0, 64, 10, 2);
        assertTrue(firstKey != keyHash && firstModel != modelId);
        batch[1] = claimedJob(3);
        batch[3] = claimedJob(4);
        expectTogether(firstKey, two(batch[0], batch[2]));
        expectTogether(keyHash, two(batch[1], batch[3]));
        expectNoCall(IProofSystem.verify.selector);
        bytes[] memory refusals = market.fulfilBatch(batch);
        for (uint256 i = 0; i < 4; ++i) assertEq(refusals[i].length, 0);
    }

    // What proof systems are asked ----------------------------------------------------------------------------------

    function two(Fulfilment memory a, Fulfilment memory b) private pure returns (Fulfilment[] memory list) {
        list = new Fulfilment[](2);
        (list[0], list[1]) = (a, b);
    }

    /// What a proof has to be about (docs/spec/formats.md, section 7), not as the market computes it.
    function contextFor(Fulfilment memory f) private view returns (uint256) {
        bytes32 domain = keccak256("verigrad.job.v1");
        return uint256(keccak256(abi.encode(domain, block.chainid, market, market.jobIdOf(f.request), f.payee))) >> 8;
    }

    function expectTogether(bytes32 key, Fulfilment[] memory list) private {
        uint256[] memory contexts = new uint256[](list.length);
        bytes[] memory inputs = new bytes[](list.length);
        bytes[] memory outputs = new bytes[](list.length);
        bytes[] memory seals = new bytes[](list.length);
        for (uint256 i = 0; i < list.length; ++i) {
            contexts[i] = contextFor(list[i]);
            (inputs[i], outputs[i], seals[i]) = (list[i].request.input, list[i].output, list[i].seal);
        }
        bytes memory data = abi.encodeCall(IProofSystem.verifyBatch, (key, contexts, inputs, outputs, seals));
        vm.expectCall(address(proofSystem), 0, BATCH_VERIFY_GAS, data, 1);
    }

    function expectNoCall(bytes4 function_) private {
        vm.expectCall(address(proofSystem), abi.encodeWithSelector(function_), 0);
    }

    function test_ProofsOfOneKeyAreLookedAtTogetherAndOnce() public {
        Fulfilment[] memory batch = jobs(2);
        expectTogether(keyHash, batch);
        expectNoCall(IProofSystem.verify.selector);
        market.fulfilBatch(batch);
    }

    function test_AProofAloneIsLookedAtByItself() public {
        Fulfilment[] memory batch = jobs(1);
        Fulfilment memory f = batch[0];
        vm.expectCall(
            address(proofSystem),
            0,
            VERIFY_GAS,
            abi.encodeCall(IProofSystem.verify, (keyHash, contextFor(f), f.request.input, f.output, f.seal)),
            1
        );
        expectNoCall(IProofSystem.verifyBatch.selector);
        vm.expectEmit(address(market));
        JobId jobId = market.jobIdOf(f.request);
        emit IInferenceMarket.JobSettled(jobId, modelId, operator, 10 ether, 0.5 ether, output, f.seal);
        market.fulfilBatch(batch);
    }

    /// What is refused for another reason is not looked at: nobody can make others pay for a verification.
    function test_RefusedItemsAreNotLookedAt() public {
        Fulfilment[] memory batch = jobs(3);
        market.fulfil(batch[1].request, operator, output, batch[1].seal);
        expectTogether(keyHash, two(batch[0], batch[2]));
        expectNoCall(IProofSystem.verify.selector);
        bytes[] memory refusals = market.fulfilBatch(batch);
        assertEq(refusals[1], wrongState(market.jobIdOf(batch[1].request), JobState.Settled));
    }

    /// T8: two proof systems may have keys of one hash; the proofs of each are its own affair, whatever the other takes.
    function test_T8_AGullibleSystemVouchesForNoOther() public {
        IProofSystem gullible = IProofSystem(address(new GullibleSystem()));
        vm.prank(admin);
        router.add(gullible);
        ModelSpec memory spec;
        (spec.proofSystem, spec.keyHash) = (gullible.selector(), keyHash);
        (spec.inputSpecHash, spec.outputSpecHash) = gullible.specHashes(keyHash);
        (spec.graphHash, spec.weightsHash) = (keccak256("graph"), keccak256("weights"));
        spec.cid = abi.encodePacked(hex"01701220", keccak256("package"));
        Request memory req = baseRequest();
        vm.prank(modelOwner);
        req.modelId = registry.registerModel(spec);
        open(req);
        claimAs(operator, req);

        Fulfilment[] memory batch = two(Fulfilment(req, operator, output, hex"00"), claimedJob(2));
        batch[1].seal = hex"00";
        bytes[] memory refusals = market.fulfilBatch(batch);
        assertEq(refusals[0].length, 0);
        assertEq(refusals[1], abi.encodeWithSelector(IProofSystem.MalformedSeal.selector));
        assertEq(uint8(stateAt(batch[0])), uint8(JobState.Settled));
        assertEq(uint8(stateAt(batch[1])), uint8(JobState.Claimed));
    }

    /// Views inside a callback show every job of the batch as settled: callbacks come after all effects.
    function test_CallbacksComeAfterAllEffects() public {
        RecordingConsumer consumer = RecordingConsumer(
            Artifacts.deploy("contracts/mocks/market/HostileConsumers.sol:RecordingConsumer", "")
        );
        Fulfilment[] memory batch = new Fulfilment[](2);
        Request memory req = baseRequest();
        (req.consumer, req.callbackGas) = (address(consumer), 500_000);
        open(req);
        batch[0] = Fulfilment(req, rescuer, output, sealFor(req, rescuer, output));
        batch[1] = claimedJob(2);
        vm.expectCall(address(consumer), abi.encodeWithSelector(consumer.onInference.selector), 1);
        market.fulfilBatch(batch);
        assertEq(consumer.calls(), 1);
        assertEq(consumer.output(), output);
    }

    /// One callback after the other: none disturbs the memory of what comes after it.
    function test_CallbacksDisturbNothingOfABatch() public {
        RecordingConsumer consumer = RecordingConsumer(
            Artifacts.deploy("contracts/mocks/market/HostileConsumers.sol:RecordingConsumer", "")
        );
        Fulfilment[] memory batch = new Fulfilment[](4);
        for (uint256 i = 0; i < 4; ++i) {
            Request memory req = baseRequest();
            (req.nonce, req.consumer, req.callbackGas) = (i, address(consumer), 500_000);
            open(req);
            batch[i] = Fulfilment(req, rescuer, output, sealFor(req, rescuer, output));
        }
        batch[2].seal = hex"00";
        bytes memory err = abi.encodeWithSelector(IProofSystem.MalformedSeal.selector);
        vm.expectEmit(address(market));
        emit IInferenceMarket.FulfilmentRefused(market.jobIdOf(batch[2].request), err);
        bytes[] memory refusals = market.fulfilBatch(batch);
        assertEq(refusals.length, 4);
        for (uint256 i = 0; i < 4; ++i) assertEq(refusals[i], i == 2 ? err : bytes(""));
        assertEq(consumer.calls(), 3);
        assertTrue(consumer.jobId() == market.jobIdOf(batch[3].request));
        assertEq(consumer.output(), output);
    }

    /// Too little gas for a verification is nobody's refusal.
    function test_WantOfGasRevertsTheWhole() public {
        Fulfilment[] memory batch = jobs(4);
        bytes memory data = abi.encodeCall(market.fulfilBatch, (batch));
        uint256 before = gasleft();
        uint256 snapshot = vm.snapshotState();
        (bool ok, ) = address(market).call(data);
        assertTrue(ok);
        uint256 used = before - gasleft();
        vm.revertToState(snapshot);
        for (uint256 part = 2; part < 12; ++part) {
            snapshot = vm.snapshotState();
            (ok, ) = address(market).call{gas: (used * part) / 12}(data);
            for (uint256 i = 0; i < 4; ++i) {
                assertEq(uint8(stateAt(batch[i])), uint8(ok ? JobState.Settled : JobState.Claimed));
            }
            vm.revertToState(snapshot);
        }
    }

    /// A proof system that fails without a word gave no verdict: neither a settlement nor a refusal.
    function test_AWordlessFailureIsNoVerdict() public {
        Fulfilment[] memory batch = jobs(2);
        JobId first = market.jobIdOf(batch[0].request);
        vm.etch(address(proofSystem), hex"fe");
        bytes memory wordless = abi.encodeWithSelector(IInferenceMarket.VerificationOutOfGas.selector, first);
        vm.expectRevert(wordless);
        market.fulfil(batch[0].request, operator, output, batch[0].seal);
        vm.expectRevert(wordless);
        market.fulfilBatch(batch);
        vm.etch(address(proofSystem), hex"60036000fd"); // reverts with three bytes
        vm.expectRevert(wordless);
        market.fulfilBatch(batch);
        for (uint256 i = 0; i < 2; ++i) assertEq(uint8(stateAt(batch[i])), uint8(JobState.Claimed));
    }

    function test_T17_ABatchIsBounded() public {
        uint256 most = market.MAX_BATCH();
        vm.expectRevert(abi.encodeWithSelector(IInferenceMarket.BatchTooLong.selector, most + 1, most));
        market.fulfilBatch(new Fulfilment[](most + 1));
        assertEq(market.fulfilBatch(new Fulfilment[](0)).length, 0);
    }

    /// The largest batch fits a transaction (EIP-7825).
    function test_T17_TheLargestBatchFitsATransaction() public {
        Fulfilment[] memory batch = jobs(market.MAX_BATCH());
        uint256 before = gasleft();
        market.fulfilBatch(batch);
        assertLt(before - gasleft(), 1 << 24);
    }
}
