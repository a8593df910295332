// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity ^0.8.28;

import {Artifacts} from "../Artifacts.sol";
import {Erc8004Validator} from "../../../contracts/facades/Erc8004Validator.sol";
import {IERC8004IdentityRegistry, IERC8004ValidationRegistry} from "../../../contracts/interfaces/erc/IERC8004.sol";
import {IInferenceMarket} from "../../../contracts/interfaces/IInferenceMarket.sol";
import {Claim, IProofSystemRouter} from "../../../contracts/interfaces/IProofSystemRouter.sol";
import {
    AgentRegistry,
    ReenteringValidationRegistry,
    ValidationRegistry
} from "../../../contracts/mocks/facades/AgentRegistries.sol";
import {JobId} from "../../../contracts/types/JobId.sol";
import {ModelId} from "../../../contracts/types/ModelId.sol";
import {Request} from "../../../contracts/types/Request.sol";
import {MarketTest} from "../market/MarketTest.sol";

contract Erc8004ValidatorTest is MarketTest {
    bytes32 private constant SALT = keccak256("salt");
    string private constant AGENT_REGISTRIES = "contracts/mocks/facades/AgentRegistries.sol:";

    AgentRegistry private agents;
    ValidationRegistry private validations;
    Erc8004Validator private validator;
    uint256 private agentId; // the requester's

    function setUp() public override {
        super.setUp();
        agents = AgentRegistry(Artifacts.deploy(string.concat(AGENT_REGISTRIES, "AgentRegistry"), ""));
        validations = ValidationRegistry(
            Artifacts.deploy(string.concat(AGENT_REGISTRIES, "ValidationRegistry"), abi.encode(agents))
        );
        validator = _newValidator(validations, true);
        vm.prank(requester);
        agentId = agents.register();
    }

    function _newValidator(ValidationRegistry validations_, bool takesOptimistic) private returns (Erc8004Validator) {
        return
            Erc8004Validator(
                Artifacts.deploy(
                    "contracts/facades/Erc8004Validator.sol:Erc8004Validator",
                    abi.encode(market, modelId, validations_, takesOptimistic)
                )
            );
    }

    function _settled() private returns (Request memory req, JobId jobId) {
        req = baseRequest();
        jobId = open(req);
        fulfilFor(operator, req);
    }

    function _ask(address caller, uint256 agent, JobId jobId, uint256 forAgent) private returns (bytes32 requestHash) {
        requestHash = validator.requestHashOf(jobId, forAgent, SALT);
        vm.prank(caller);
        validations.validationRequest(address(validator), agent, "ipfs://request", requestHash);
    }

    function _count(uint256 agent) private view returns (uint64 count, uint8 average) {
        address[] memory validators = new address[](1);
        validators[0] = address(validator);
        return validations.getSummary(agent, validators, "validity");
    }

    // The ERC's shape -----------------------------------------------------------------------------------------------

    function test_SelectorsFromTheText() public pure {
        assertEq(IERC8004ValidationRegistry.validationRequest.selector, bytes4(0xaaf400c4));
        assertEq(IERC8004ValidationRegistry.validationResponse.selector, bytes4(0x3d659a96));
        assertEq(IERC8004ValidationRegistry.getValidationStatus.selector, bytes4(0xff2febfc));
        assertEq(IERC8004ValidationRegistry.getSummary.selector, bytes4(0x1b7cabd6));
        assertEq(IERC8004ValidationRegistry.getAgentValidations.selector, bytes4(0x8d5d0c2d));
        assertEq(IERC8004ValidationRegistry.getValidatorRequests.selector, bytes4(0x4bf3158c));
        assertEq(IERC8004ValidationRegistry.getIdentityRegistry.selector, bytes4(0xbc4d861b));
        assertEq(IERC8004IdentityRegistry.getAgentWallet.selector, bytes4(keccak256("getAgentWallet(uint256)")));
        assertEq(
            IERC8004ValidationRegistry.ValidationResponse.selector,
            keccak256("ValidationResponse(address,uint256,bytes32,uint8,string,bytes32,string)")
        );
        assertEq(
            IERC8004ValidationRegistry.ValidationRequest.selector,
            keccak256("ValidationRequest(address,uint256,string,bytes32)")
        );
    }

    // Posting -------------------------------------------------------------------------------------------------------

    function testFuzz_AnyonePostsASettledJobOfTheAgents(address caller) public {
        (Request memory req, JobId jobId) = _settled();
        bytes32 requestHash = _ask(requester, agentId, jobId, agentId);
        vm.expectEmit(address(validator));
        emit Erc8004Validator.SettlementPosted(jobId, agentId, requestHash);
        vm.expectEmit(address(validations));
        emit IERC8004ValidationRegistry.ValidationResponse(
            address(validator),
            agentId,
            requestHash,
            100,
            "",
            keccak256(output),
            "validity"
        );
        vm.prank(caller);
        assertEq(validator.post(req, agentId, SALT), requestHash);
        assertTrue(validator.isPosted(jobId));
        (uint64 count, uint8 average) = _count(agentId);
        assertEq(count, 1);
        assertEq(average, 100);
    }

    function test_AskedBeforeTheJobSettles() public {
        Request memory req = baseRequest();
        JobId jobId = open(req);
        _ask(requester, agentId, jobId, agentId);
        fulfilFor(operator, req);
        validator.post(req, agentId, SALT);
        assertTrue(validator.isPosted(jobId));
    }

    function test_AnOperatorOfTheAgentMayAsk() public {
        (Request memory req, JobId jobId) = _settled();
        vm.prank(requester);
        agents.setApprovalForAll(operator, true);
        _ask(operator, agentId, jobId, agentId);
        validator.post(req, agentId, SALT);
        assertTrue(validator.isPosted(jobId));
    }

    function test_TheAgentsWalletMayHaveBeenTheRequester() public {
        (Request memory req, JobId jobId) = _settled();
        vm.prank(requester);
        agents.transfer(agentId, stranger);
        vm.prank(stranger);
        agents.setAgentWallet(agentId, requester);
        _ask(stranger, agentId, jobId, agentId);
        validator.post(req, agentId, SALT);
        assertTrue(validator.isPosted(jobId));
    }

    // Nothing for a job that is not settled ------------------------------------------------------------------------

    function _expectNoOutput(Request memory req, JobId jobId) private {
        vm.expectRevert(abi.encodeWithSelector(IInferenceMarket.NoOutput.selector, jobId));
        validator.post(req, agentId, SALT);
    }

    function test_NothingBeforeTheJobIsSettled() public {
        Request memory req = baseRequest();
        JobId jobId = market.jobIdOf(req);
        _ask(requester, agentId, jobId, agentId);
        _expectNoOutput(req, jobId);
        open(req);
        _expectNoOutput(req, jobId);
        claimAs(operator, req);
        _expectNoOutput(req, jobId);
    }

    /// A proposal counts when it is final, and the tag says that it was not proven.
    function test_OptimisticJobsWhenFinalUnderTheirOwnTag() public {
        (Request memory req, JobId jobId) = openAndPropose(output);
        bytes32 requestHash = _ask(requester, agentId, jobId, agentId);
        _expectNoOutput(req, jobId);
        vm.warp(vm.getBlockTimestamp() + req.challengeWindow);
        _expectNoOutput(req, jobId);
        market.settle(req);
        validator.post(req, agentId, SALT);
        (, , uint8 response, bytes32 responseHash, string memory tag, ) = validations.getValidationStatus(requestHash);
        assertEq(response, 100);
        assertEq(responseHash, keccak256(output));
        assertEq(tag, "optimistic");
        (uint64 count, ) = _count(agentId);
        assertEq(count, 0, "not among the proven ones");
    }

    /// An agent's owner can be its own operator, choose dust for bonds and propose anything; a registry's summary without
    /// a tag counts every 100 alike. So a validator says 100 about what nobody proved only if it was deployed to.
    function test_NothingUnprovenUnlessDeployedToTakeIt() public {
        validator = _newValidator(validations, false);
        (Request memory req, JobId jobId) = openAndPropose(output);
        _ask(requester, agentId, jobId, agentId);
        vm.warp(vm.getBlockTimestamp() + req.challengeWindow);
        market.settle(req);
        vm.expectRevert(Erc8004Validator.NotProven.selector);
        validator.post(req, agentId, SALT);
    }

    /// The job stays settled, but somebody can forge for its key: it was proven no more.
    function test_NothingMoreOfAStoppedKey() public {
        (Request memory req, JobId jobId) = _settled();
        _ask(requester, agentId, jobId, agentId);
        bytes memory other = hex"1102030405060708090a";
        router.stopKey(
            SELECTOR,
            keyHash,
            req.input,
            Claim(1, output, proofSystem.sealOf(keyHash, 1, req.input, output)),
            Claim(2, other, proofSystem.sealOf(keyHash, 2, req.input, other))
        );
        vm.expectRevert(abi.encodeWithSelector(IProofSystemRouter.KeyIsStopped.selector, SELECTOR, keyHash));
        validator.post(req, agentId, SALT);
    }

    function test_NothingForAnExpiredJob() public {
        Request memory req = baseRequest();
        JobId jobId = open(req);
        _ask(requester, agentId, jobId, agentId);
        vm.warp(req.deadline);
        market.expire(req);
        _expectNoOutput(req, jobId);
    }

    /// A Request that differs in anything from the settled one is another job, which has no output.
    function testFuzz_NothingForAChangedRequest(uint8 field, uint96 other) public {
        (Request memory req, JobId jobId) = _settled();
        _ask(requester, agentId, jobId, agentId);
        field = field % 6;
        if (field == 0) req.requester = address(uint160(other));
        else if (field == 1) req.input[0] = bytes1(uint8(req.input[0]) ^ 1);
        else if (field == 2) req.maxFee = other;
        else if (field == 3) req.nonce = other;
        else if (field == 4) req.consumer = address(uint160(other) + 1);
        else req.deadline = uint64(other);
        JobId changed = market.jobIdOf(req);
        vm.assume(!(changed == jobId));
        _expectNoOutput(req, changed);
    }

    // Nothing twice -------------------------------------------------------------------------------------------------

    function test_OnceAJobWhateverTheSaltOrAgent() public {
        (Request memory req, JobId jobId) = _settled();
        _ask(requester, agentId, jobId, agentId);
        validator.post(req, agentId, SALT);
        bytes memory already = abi.encodeWithSelector(Erc8004Validator.AlreadyPosted.selector, jobId);
        vm.expectRevert(already);
        validator.post(req, agentId, SALT);

        bytes32 salt = keccak256("another salt");
        vm.startPrank(requester);
        uint256 second = agents.register();
        validations.validationRequest(address(validator), agentId, "", validator.requestHashOf(jobId, agentId, salt));
        validations.validationRequest(address(validator), second, "", validator.requestHashOf(jobId, second, SALT));
        vm.stopPrank();
        vm.expectRevert(already);
        validator.post(req, agentId, salt);
        vm.expectRevert(already);
        validator.post(req, second, SALT);
    }

    function test_NotTwiceByReentry() public {
        ReenteringValidationRegistry hostile = ReenteringValidationRegistry(
            Artifacts.deploy(string.concat(AGENT_REGISTRIES, "ReenteringValidationRegistry"), abi.encode(agents))
        );
        (validations, validator) = (hostile, _newValidator(hostile, true));
        (Request memory req, JobId jobId) = _settled();
        _ask(requester, agentId, jobId, agentId);
        hostile.setAgain(abi.encodeCall(validator.post, (req, agentId, SALT)));
        validator.post(req, agentId, SALT);
        assertFalse(hostile.reentered());
    }

    // Nothing for an agent that did not ask, or whose job it is not ------------------------------------------------

    function test_NothingUnasked() public {
        (Request memory req, JobId jobId) = _settled();
        bytes32 requestHash = validator.requestHashOf(jobId, agentId, SALT);
        vm.expectRevert(abi.encodeWithSelector(Erc8004Validator.NotAsked.selector, requestHash, address(0)));
        validator.post(req, agentId, SALT);
    }

    function test_NothingForARequestToAnotherValidator() public {
        (Request memory req, JobId jobId) = _settled();
        bytes32 requestHash = validator.requestHashOf(jobId, agentId, SALT);
        vm.prank(requester);
        validations.validationRequest(stranger, agentId, "", requestHash);
        vm.expectRevert(abi.encodeWithSelector(Erc8004Validator.NotAsked.selector, requestHash, stranger));
        validator.post(req, agentId, SALT);
    }

    /// Anybody's settled job would otherwise be a reference for everybody's agent.
    function test_NobodyBorrowsAnothersJob() public {
        (Request memory req, JobId jobId) = _settled();
        vm.startPrank(stranger);
        uint256 borrower = agents.register();
        vm.stopPrank();
        _ask(stranger, borrower, jobId, borrower);
        vm.expectRevert(abi.encodeWithSelector(Erc8004Validator.NotAgentsJob.selector, borrower, requester));
        validator.post(req, borrower, SALT);
    }

    /// Requests that were filed for an agent do not follow it to a new owner.
    function test_ASoldAgentLosesItsSellersJobs() public {
        (Request memory req, JobId jobId) = _settled();
        _ask(requester, agentId, jobId, agentId);
        vm.prank(requester);
        agents.transfer(agentId, stranger);
        vm.expectRevert(abi.encodeWithSelector(Erc8004Validator.NotAgentsJob.selector, agentId, requester));
        validator.post(req, agentId, SALT);
    }

    /// The hash can be filed by whoever sees it coming; it then answers nobody, and another salt gets past.
    function test_AFiledHashDoesNotSpeakForAnotherAgent() public {
        (Request memory req, JobId jobId) = _settled();
        vm.prank(stranger);
        uint256 squatter = agents.register();
        bytes32 squatted = _ask(stranger, squatter, jobId, agentId);
        vm.expectRevert(abi.encodeWithSelector(Erc8004Validator.WrongAgent.selector, squatted, squatter, agentId));
        validator.post(req, agentId, SALT);
        bytes32 salt = keccak256("another salt");
        bytes32 requestHash = validator.requestHashOf(jobId, agentId, salt);
        vm.prank(requester);
        validations.validationRequest(address(validator), agentId, "", requestHash);
        validator.post(req, agentId, salt);
        assertTrue(validator.isPosted(jobId));
    }

    function test_OnlyThePinnedModel() public {
        (, ModelId other) = registerModel(0, 64, 10, 2);
        Request memory req = baseRequest();
        req.modelId = other;
        vm.expectRevert(abi.encodeWithSelector(Erc8004Validator.WrongModel.selector, other, modelId));
        validator.post(req, agentId, SALT);
    }

    // The hash ------------------------------------------------------------------------------------------------------

    function testFuzz_HashesAreBoundToJobAgentSaltChainAndValidator(
        JobId jobId,
        uint256 agent,
        bytes32 salt,
        JobId jobId2,
        uint256 agent2,
        bytes32 salt2
    ) public {
        bytes32 requestHash = validator.requestHashOf(jobId, agent, salt);
        assertEq(requestHash, keccak256(validator.payloadOf(jobId, agent, salt)));
        bool same = jobId == jobId2 && agent == agent2 && salt == salt2;
        assertEq(validator.requestHashOf(jobId2, agent2, salt2) == requestHash, same);
        assertFalse(_newValidator(validations, true).requestHashOf(jobId, agent, salt) == requestHash);
        vm.chainId(31_338);
        assertFalse(validator.requestHashOf(jobId, agent, salt) == requestHash);
    }

    function test_PayloadLayout() public view {
        JobId jobId = JobId.wrap(keccak256("job"));
        assertEq(
            validator.payloadOf(jobId, 7, SALT),
            abi.encode(
                keccak256("verigrad.erc8004.validation.v1"),
                block.chainid,
                address(validator),
                address(market),
                jobId,
                7,
                SALT
            )
        );
    }

    function test_NeedsMarketModelAndRegistry() public {
        address[2] memory none = [address(0), address(validations)];
        for (uint256 i = 0; i < 3; ++i) {
            vm.expectRevert(Erc8004Validator.ZeroAddressOrModel.selector);
            this.deployWith(
                i == 0 ? address(0) : address(market),
                i == 1 ? ModelId.wrap(0) : modelId,
                none[i == 2 ? 0 : 1]
            );
        }
    }

    function test_NeedsAnIdentityRegistry() public {
        vm.mockCall(address(validations), abi.encodeCall(validations.getIdentityRegistry, ()), abi.encode(address(0)));
        vm.expectRevert(Erc8004Validator.ZeroAddressOrModel.selector);
        this.deployWith(address(market), modelId, address(validations));
    }

    function deployWith(address market_, ModelId modelId_, address registry_) external {
        Artifacts.deploy(
            "contracts/facades/Erc8004Validator.sol:Erc8004Validator",
            abi.encode(market_, modelId_, registry_, false)
        );
    }
}
