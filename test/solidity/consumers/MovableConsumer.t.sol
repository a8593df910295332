// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity ^0.8.28;

import {Artifacts} from "../Artifacts.sol";
import {IMarket} from "../Deployed.sol";
import {ConsumerBase} from "../../../contracts/consumers/ConsumerBase.sol";
import {MovableConsumer} from "../../../contracts/consumers/MovableConsumer.sol";
import {IInferenceMarket, JobState} from "../../../contracts/interfaces/IInferenceMarket.sol";
import {IModelRegistry} from "../../../contracts/interfaces/IModelRegistry.sol";
import {JobId} from "../../../contracts/types/JobId.sol";
import {ModelId} from "../../../contracts/types/ModelId.sol";
import {Request} from "../../../contracts/types/Request.sol";
import {MarketTest} from "../market/MarketTest.sol";

/// A dApp whose owner, and nobody else, moves it.
contract MovingConsumer is MovableConsumer {
    address private immutable _owner;
    uint256 public answers;
    bytes public lastOutput;

    constructor(IInferenceMarket market_, ModelId modelId_, uint32 delay) MovableConsumer(market_, modelId_, delay) {
        _owner = msg.sender;
    }

    function ask(Request memory req) external returns (JobId) {
        return _requestInference(req);
    }

    function offer(IInferenceMarket next) external {
        require(msg.sender == _owner, "owner only");
        _offerMarket(next);
    }

    function withdrawOffer() external {
        require(msg.sender == _owner, "owner only");
        _withdrawOffer();
    }

    function accept(IInferenceMarket next) external {
        require(msg.sender == _owner, "owner only");
        _acceptMarket(next);
    }

    function takeOut(IInferenceMarket from, address token, uint256 amount) external {
        from.withdraw(token, _owner, amount);
    }

    function _handleInference(JobId, bytes memory output) internal override {
        answers += 1;
        lastOutput = output;
    }
}

contract MovableConsumerTest is MarketTest {
    uint32 private constant DELAY = 2 days;

    MovingConsumer private consumer;
    IMarket private next;

    function setUp() public override {
        super.setUp();
        consumer = new MovingConsumer(market, modelId, DELAY);
        next = newMarket(address(token));
        token.mint(address(this), 200 ether);
        token.approve(address(market), 100 ether);
        token.approve(address(next), 100 ether);
        market.deposit(address(token), address(consumer), 100 ether);
        next.deposit(address(token), address(consumer), 100 ether);
    }

    function move() private {
        consumer.offer(next);
        vm.warp(vm.getBlockTimestamp() + DELAY);
        consumer.accept(next);
    }

    function ask() private returns (Request memory req, JobId jobId) {
        req = baseRequest();
        req.callbackGas = 200_000;
        req.claimDeadline += 3 days;
        req.deadline += 3 days;
        uint256 nonce = asked++;
        jobId = consumer.ask(req);
        (req.requester, req.consumer, req.nonce) = (address(consumer), address(consumer), nonce);
    }

    uint256 private asked;

    function fulfilOn(IMarket at, Request memory req) private {
        uint256 context = at.contextOf(at.jobIdOf(req), rescuer);
        at.fulfil(req, rescuer, output, proofSystem.sealOf(keyHash, context, req.input, output));
    }

    function test_Constructor() public {
        vm.expectRevert(ConsumerBase.ZeroMarketOrModel.selector);
        new MovingConsumer(IInferenceMarket(address(0)), modelId, DELAY);
        vm.expectRevert(ConsumerBase.ZeroMarketOrModel.selector);
        new MovingConsumer(market, ModelId.wrap(0), DELAY);
        vm.expectRevert(MovableConsumer.ZeroDelay.selector);
        new MovingConsumer(market, modelId, 0);
    }

    function test_MovesInTwoSteps() public {
        uint256 acceptableAt = vm.getBlockTimestamp() + DELAY;
        vm.expectEmit(address(consumer));
        emit MovableConsumer.MarketOffered(next, acceptableAt);
        consumer.offer(next);
        assertEq(address(consumer.market()), address(market));
        (IInferenceMarket offered, uint256 from) = consumer.offeredMarket();
        assertEq(address(offered), address(next));
        assertEq(from, acceptableAt);

        vm.warp(acceptableAt - 1);
        vm.expectRevert(abi.encodeWithSelector(MovableConsumer.OfferTooYoung.selector, acceptableAt, acceptableAt - 1));
        consumer.accept(next);
        vm.warp(acceptableAt);
        vm.expectEmit(address(consumer));
        emit MovableConsumer.MarketMoved(market, next);
        consumer.accept(next);
        assertEq(address(consumer.market()), address(next));
        vm.expectRevert(MovableConsumer.NoOffer.selector);
        consumer.accept(next);
    }

    function test_NewJobsAreAskedOfTheNewMarket() public {
        move();
        (Request memory req, JobId jobId) = ask();
        assertEq(uint8(next.jobOf(jobId).state), uint8(JobState.Requested));
        fulfilOn(next, req);
        assertEq(consumer.answers(), 1);
        assertEq(consumer.lastOutput(), output);
    }

    /// A job of before is answered by the old market, by callback, after the move.
    function test_OldJobsAreAnsweredByTheOldMarket() public {
        (Request memory req, JobId jobId) = ask();
        move();
        assertTrue(consumer.isPending(jobId));
        fulfilOn(market, req);
        assertEq(consumer.answers(), 1);
        // And the money that it gave back can be had.
        uint256 left = market.balanceOf(address(token), address(consumer));
        consumer.takeOut(market, address(token), left);
        assertEq(token.balanceOf(address(this)), left);
    }

    function test_OldAnswersCanBeCollected() public {
        Request memory req = baseRequest();
        JobId jobId = consumer.ask(req); // no callback
        (req.requester, req.consumer, req.nonce) = (address(consumer), address(consumer), 0);
        fulfilOn(market, req);
        move();
        consumer.collectInference(jobId);
        assertEq(consumer.answers(), 1);
        vm.expectRevert(abi.encodeWithSelector(ConsumerBase.JobNotPending.selector, jobId));
        consumer.collectInference(jobId);
    }

    /// T20: neither market answers for the other's jobs, and nobody else for any.
    function test_T20_EachMarketAnswersItsOwnJobs() public {
        (, JobId old) = ask();
        vm.prank(address(next));
        vm.expectRevert(abi.encodeWithSelector(ConsumerBase.NotMarket.selector, address(next)));
        consumer.onInference(old, modelId, output);
        move();
        (, JobId fresh) = ask();
        vm.prank(address(market));
        vm.expectRevert(abi.encodeWithSelector(ConsumerBase.NotMarket.selector, address(market)));
        consumer.onInference(fresh, modelId, output);
        vm.prank(address(next));
        vm.expectRevert(abi.encodeWithSelector(ConsumerBase.NotMarket.selector, address(next)));
        consumer.onInference(old, modelId, output);
        JobId unknown = JobId.wrap(keccak256("unknown"));
        vm.prank(address(next));
        vm.expectRevert(abi.encodeWithSelector(ConsumerBase.JobNotPending.selector, unknown));
        consumer.onInference(unknown, modelId, output);
    }

    function test_AnOfferCanBeWithdrawnAndReplaced() public {
        vm.expectRevert(MovableConsumer.NoOffer.selector);
        consumer.withdrawOffer();
        consumer.offer(next);
        vm.expectEmit(address(consumer));
        emit MovableConsumer.OfferWithdrawn(next);
        consumer.withdrawOffer();
        vm.warp(vm.getBlockTimestamp() + DELAY);
        vm.expectRevert(MovableConsumer.NoOffer.selector);
        consumer.accept(next);

        consumer.offer(next);
        vm.warp(vm.getBlockTimestamp() + DELAY - 1);
        IMarket another = newMarket(address(token));
        consumer.offer(another); // starts the clock anew
        vm.warp(vm.getBlockTimestamp() + 1);
        vm.expectRevert(MovableConsumer.NoOffer.selector);
        consumer.accept(next);
        vm.expectRevert(
            abi.encodeWithSelector(
                MovableConsumer.OfferTooYoung.selector,
                vm.getBlockTimestamp() + DELAY - 1,
                vm.getBlockTimestamp()
            )
        );
        consumer.accept(another);
    }

    function test_AnOfferNeedsACodeThere() public {
        vm.expectRevert(abi.encodeWithSelector(MovableConsumer.NoMarketThere.selector, stranger));
        consumer.offer(IInferenceMarket(stranger));
        vm.expectRevert(abi.encodeWithSelector(MovableConsumer.NoMarketThere.selector, address(0)));
        consumer.offer(IInferenceMarket(address(0)));
    }

    /// The whole move, with a new registry: the same spec gives the same id, and the dApp goes on with it.
    function test_AModelKeepsItsIdInANewRegistry() public {
        IModelRegistry newRegistry = IModelRegistry(
            Artifacts.deploy("contracts/models/ModelRegistry.sol:ModelRegistry", abi.encode(router))
        );
        IModelRegistry oldRegistry = registry;
        registry = newRegistry;
        next = newMarket(address(token));
        (, ModelId id) = registerModel(0, 64, 10, 1); // the spec that setUp registered in the old one
        assertTrue(id == modelId);
        assertEq(oldRegistry.ownerOf(id), newRegistry.ownerOf(id));
        vm.prank(modelOwner);
        oldRegistry.deprecate(id);

        token.mint(address(this), 100 ether);
        token.approve(address(next), 100 ether);
        next.deposit(address(token), address(consumer), 100 ether);
        move();
        (Request memory req, ) = ask();
        fulfilOn(next, req);
        assertEq(consumer.answers(), 1);
    }
}
