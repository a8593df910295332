// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity ^0.8.28;

import {IMarket} from "../Deployed.sol";
import {ConsumerBase} from "../../../contracts/consumers/ConsumerBase.sol";
import {InferenceConsumer} from "../../../contracts/consumers/InferenceConsumer.sol";
import {IInferenceMarket, JobState} from "../../../contracts/interfaces/IInferenceMarket.sol";
import {JobId} from "../../../contracts/types/JobId.sol";
import {ModelId} from "../../../contracts/types/ModelId.sol";
import {Request} from "../../../contracts/types/Request.sol";
import {MarketTest} from "../market/MarketTest.sol";

/// The smallest dApp: counts its answers; can be told to refuse them.
contract CountingConsumer is InferenceConsumer {
    error Refusing();

    uint256 public answers;
    bytes public lastOutput;
    bool public refusing;

    constructor(IInferenceMarket market_, ModelId modelId_) InferenceConsumer(market_, modelId_) {}

    function ask(Request memory req) external returns (JobId) {
        return _requestInference(req);
    }

    function setRefusing(bool refusing_) external {
        refusing = refusing_;
    }

    function _handleInference(JobId, bytes memory output) internal override {
        if (refusing) revert Refusing();
        answers += 1;
        lastOutput = output;
    }
}

contract InferenceConsumerTest is MarketTest {
    CountingConsumer private consumer;

    function setUp() public override {
        super.setUp();
        consumer = _newConsumer();
    }

    function _newConsumer() private returns (CountingConsumer c) {
        c = new CountingConsumer(market, modelId);
        vm.prank(requester);
        market.withdraw(address(token), requester, 100 ether);
        vm.prank(requester);
        token.approve(address(market), 100 ether);
        vm.prank(requester);
        market.deposit(address(token), address(c), 100 ether);
    }

    function _ask(uint32 gasLimit) private returns (Request memory req, JobId jobId) {
        req = baseRequest();
        req.callbackGas = gasLimit;
        jobId = consumer.ask(req);
        (req.requester, req.consumer, req.nonce) = (address(consumer), address(consumer), 0);
        assertTrue(jobId == market.jobIdOf(req), "the base sets requester, model, consumer and nonce");
    }

    function _notPending(JobId jobId) private pure returns (bytes memory) {
        return abi.encodeWithSelector(ConsumerBase.JobNotPending.selector, jobId);
    }

    function test_TakesTheAnswerToItsOwnJob() public {
        (Request memory req, JobId jobId) = _ask(200_000);
        assertTrue(consumer.isPending(jobId));
        fulfilFor(operator, req);
        assertEq(consumer.answers(), 1);
        assertEq(consumer.lastOutput(), output);
        assertFalse(consumer.isPending(jobId));
    }

    function test_SetsItsOwnNonces() public {
        (, JobId first) = _ask(200_000);
        JobId second = consumer.ask(baseRequest());
        assertFalse(first == second);
    }

    function test_CannotAskForAnotherModel() public {
        Request memory req = baseRequest();
        (, req.modelId) = registerModel(0, 64, 10, 5);
        JobId jobId = consumer.ask(req);
        (req.requester, req.consumer, req.nonce) = (address(consumer), address(consumer), 0);
        assertFalse(jobId == market.jobIdOf(req));
        req.modelId = modelId;
        assertTrue(jobId == market.jobIdOf(req));
    }

    function test_T20_RefusesEveryCallerButTheMarket() public {
        (, JobId jobId) = _ask(200_000);
        vm.prank(stranger);
        vm.expectRevert(abi.encodeWithSelector(ConsumerBase.NotMarket.selector, stranger));
        consumer.onInference(jobId, modelId, output);
        // Nor another market, however genuine.
        IMarket clone = newMarket(address(token));
        vm.prank(address(clone));
        vm.expectRevert(abi.encodeWithSelector(ConsumerBase.NotMarket.selector, address(clone)));
        consumer.onInference(jobId, modelId, output);
        assertEq(consumer.answers(), 0);
    }

    /// A stranger names the contract as consumer of a job of its pinned model.
    function test_T20_RefusesAStrangersJob() public {
        Request memory req = baseRequest();
        (req.consumer, req.callbackGas) = (address(consumer), 200_000);
        JobId jobId = open(req);
        bytes memory seal = sealFor(req, operator, output);
        vm.expectEmit(address(market));
        emit IInferenceMarket.CallbackFailed(jobId, address(consumer), _notPending(jobId));
        market.fulfil(req, operator, output, seal);
        assertEq(consumer.answers(), 0);
        vm.expectRevert(_notPending(jobId));
        consumer.collectInference(jobId);
    }

    /// A stranger registers a hostile model and names the contract as consumer.
    function test_T20_RefusesAnotherModel() public {
        Request memory req = baseRequest();
        bytes32 hostileKey;
        (hostileKey, req.modelId) = registerModel(0, 64, 10, 6);
        (req.consumer, req.callbackGas) = (address(consumer), 200_000);
        JobId jobId = open(req);
        keyHash = hostileKey;
        bytes memory seal = sealFor(req, operator, output);
        vm.expectEmit(address(market));
        emit IInferenceMarket.CallbackFailed(
            jobId,
            address(consumer),
            abi.encodeWithSelector(ConsumerBase.WrongModel.selector, req.modelId, modelId)
        );
        market.fulfil(req, operator, output, seal);
        assertEq(consumer.answers(), 0);
    }

    /// Even the market cannot answer twice.
    function test_AnswersEachJobOnce() public {
        (Request memory req, JobId jobId) = _ask(200_000);
        fulfilFor(operator, req);
        vm.prank(address(market));
        vm.expectRevert(_notPending(jobId));
        consumer.onInference(jobId, modelId, output);
        vm.expectRevert(_notPending(jobId));
        consumer.collectInference(jobId);
        assertEq(consumer.answers(), 1);
    }

    function test_CollectsAfterAFailedCallback() public {
        (Request memory req, JobId jobId) = _ask(200_000);
        consumer.setRefusing(true);
        fulfilFor(operator, req);
        assertState(jobId, JobState.Settled);
        assertTrue(consumer.isPending(jobId));
        consumer.setRefusing(false);
        vm.prank(stranger);
        consumer.collectInference(jobId);
        assertEq(consumer.answers(), 1);
        assertEq(consumer.lastOutput(), output);
    }

    function test_CollectsAfterACallbackThatRanOutOfGas() public {
        (Request memory req, JobId jobId) = _ask(3_000);
        fulfilFor(operator, req);
        assertTrue(consumer.isPending(jobId));
        consumer.collectInference(jobId);
        assertEq(consumer.answers(), 1);
    }

    function test_CollectsWithoutACallback() public {
        (Request memory req, JobId jobId) = _ask(0);
        fulfilFor(operator, req);
        assertEq(consumer.answers(), 0);
        consumer.collectInference(jobId);
        assertEq(consumer.answers(), 1);
    }

    function test_CollectsNothingThatIsNotSettled() public {
        (Request memory req, JobId jobId) = _ask(200_000);
        vm.expectRevert(abi.encodeWithSelector(IInferenceMarket.NoOutput.selector, jobId));
        consumer.collectInference(jobId);
        vm.warp(req.deadline);
        market.expire(req);
        vm.expectRevert(abi.encodeWithSelector(IInferenceMarket.NoOutput.selector, jobId));
        consumer.collectInference(jobId);
        assertTrue(consumer.isPending(jobId));
    }

    function test_RefusesToBeBuiltWithoutMarketOrModel() public {
        vm.expectRevert(ConsumerBase.ZeroMarketOrModel.selector);
        new CountingConsumer(IInferenceMarket(address(0)), modelId);
        vm.expectRevert(ConsumerBase.ZeroMarketOrModel.selector);
        new CountingConsumer(market, ModelId.wrap(0));
    }
}
