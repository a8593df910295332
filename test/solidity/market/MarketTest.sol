// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity ^0.8.28;

import {Test} from "forge-std/Test.sol";
import {Artifacts} from "../Artifacts.sol";
import {IMarket, IMockProofSystem} from "../Deployed.sol";
import {IInferenceMarket, JobState} from "../../../contracts/interfaces/IInferenceMarket.sol";
import {IModelRegistry} from "../../../contracts/interfaces/IModelRegistry.sol";
import {IProofSystemRouter} from "../../../contracts/interfaces/IProofSystemRouter.sol";
import {TestToken} from "../../../contracts/mocks/market/TestToken.sol";
import {Fulfilment} from "../../../contracts/types/Fulfilment.sol";
import {JobId} from "../../../contracts/types/JobId.sol";
import {MarketParameters} from "../../../contracts/types/MarketParameters.sol";
import {ModelId} from "../../../contracts/types/ModelId.sol";
import {ModelSpec} from "../../../contracts/types/ModelSpec.sol";
import {Permit} from "../../../contracts/types/Permit.sol";
import {InputMode, Mode, Request} from "../../../contracts/types/Request.sol";
import {Stake} from "../../../contracts/types/Stake.sol";

/// A market with one model (64 u8 inputs in 0..16, ten i8 outputs), funded accounts, and a request to vary.
abstract contract MarketTest is Test {
    uint32 internal constant CANCEL_DELAY = 5 minutes;
    uint32 internal constant MIN_RESCUE = 30 minutes;
    uint32 internal constant MIN_CHALLENGE_WINDOW = 15 minutes;
    uint32 internal constant MAX_JOB_SECONDS = 7 days;
    uint32 internal constant UNBONDING_DELAY = 14 days;
    uint16 internal constant BURN_BPS = 6_000;
    uint32 internal constant MAX_INPUT = 4_096;
    uint32 internal constant MAX_CALLBACK_GAS = 2_000_000;
    uint16 internal constant ROYALTY_BPS = 500;
    uint256 internal constant FUNDS = 1_000 ether;
    bytes4 internal constant SELECTOR = 0x4d4f434b;

    address internal admin = makeAddr("admin");
    address internal guardian = makeAddr("guardian");
    address internal modelOwner = makeAddr("model owner");
    address internal royaltyPayee = makeAddr("royalty payee");
    address internal requester = makeAddr("requester");
    address internal operator = makeAddr("operator");
    address internal rescuer = makeAddr("rescuer");
    address internal stranger = makeAddr("stranger");

    IProofSystemRouter internal router;
    IMockProofSystem internal proofSystem;
    IModelRegistry internal registry;
    TestToken internal token;
    IMarket internal market;
    bytes32 internal keyHash;
    ModelId internal modelId;
    bytes internal output = hex"0102030405060708090a";

    function setUp() public virtual {
        vm.warp(1_800_000_000);
        router = IProofSystemRouter(
            Artifacts.deploy("contracts/proofs/ProofSystemRouter.sol:ProofSystemRouter", abi.encode(admin, guardian))
        );
        proofSystem = IMockProofSystem(
            Artifacts.deploy("contracts/mocks/proofs/MockProofSystem.sol:MockProofSystem", abi.encode(SELECTOR))
        );
        vm.prank(admin);
        router.add(proofSystem);
        registry = IModelRegistry(
            Artifacts.deploy("contracts/models/ModelRegistry.sol:ModelRegistry", abi.encode(router))
        );
        token = new TestToken();
        market = newMarket(address(token));
        (keyHash, modelId) = registerModel(0, 64, 10, 1);
        fund(token, requester);
        fund(token, operator);
        fund(token, rescuer);
    }

    // Deploying -----------------------------------------------------------------------------------------------------

    function newMarket(address token_) internal returns (IMarket) {
        address[] memory tokens = new address[](1);
        tokens[0] = token_;
        return
            IMarket(
                Artifacts.deploy(
                    "contracts/market/InferenceMarket.sol:InferenceMarket",
                    abi.encode(registry, router, tokens, baseParameters())
                )
            );
    }

    function baseParameters() internal pure returns (MarketParameters memory) {
        return
            MarketParameters({
                cancelDelay: CANCEL_DELAY,
                minRescue: MIN_RESCUE,
                minChallengeWindow: MIN_CHALLENGE_WINDOW,
                maxJobSeconds: MAX_JOB_SECONDS,
                unbondingDelay: UNBONDING_DELAY,
                burnBps: BURN_BPS,
                maxInputBytes: MAX_INPUT,
                maxCallbackGas: MAX_CALLBACK_GAS
            });
    }

    /// FUNDS as balance and FUNDS as stake.
    function fund(TestToken token_, address account) internal {
        token_.mint(account, 2 * FUNDS);
        vm.startPrank(account);
        token_.approve(address(market), type(uint256).max);
        market.deposit(address(token_), account, 2 * FUNDS);
        market.bond(address(token_), FUNDS);
        vm.stopPrank();
    }

    /// Registers a mock key and a model of modelOwner's with it.
    function registerModel(
        uint8 inputMode,
        uint32 inputs,
        uint32 outputs,
        uint256 salt
    ) internal returns (bytes32 key, ModelId id) {
        bytes memory inputSpecs = specList(inputs, 1, 0, 16);
        bytes memory outputSpecs = specList(outputs, 0, -128, 127);
        key = proofSystem.registerKey(
            abi.encodePacked(
                SELECTOR,
                inputMode,
                uint16(inputSpecs.length),
                inputSpecs,
                uint16(outputSpecs.length),
                outputSpecs,
                salt
            )
        );
        ModelSpec memory spec = ModelSpec({
            proofSystem: SELECTOR,
            keyHash: key,
            graphHash: keccak256("graph"),
            weightsHash: keccak256("weights"),
            inputSpecHash: keccak256(inputSpecs),
            outputSpecHash: keccak256(outputSpecs),
            setupHash: keccak256("transcript"),
            cid: abi.encodePacked(hex"01701220", keccak256("package")),
            previous: ModelId.wrap(0),
            name: "digits",
            royaltyPayee: royaltyPayee,
            royaltyBps: ROYALTY_BPS
        });
        vm.prank(modelOwner);
        id = registry.registerModel(spec);
    }

    /// One tensor of rank 1.
    function specList(uint32 size, uint8 typeCode, int32 lo, int32 hi) internal pure returns (bytes memory) {
        return abi.encodePacked(uint8(1), uint8(1), size, typeCode, int8(4), lo, hi);
    }

    // Requests ------------------------------------------------------------------------------------------------------

    function baseRequest() internal view returns (Request memory req) {
        req.requester = requester;
        req.modelId = modelId;
        req.inputMode = InputMode.PUBLIC;
        req.input = new bytes(64);
        for (uint256 i = 0; i < 64; ++i) req.input[i] = bytes1(uint8(i % 17));
        req.mode = Mode.VALIDITY;
        req.token = address(token);
        req.minFee = 10 ether;
        req.maxFee = 30 ether;
        req.rampStart = uint64(vm.getBlockTimestamp()) + 100;
        req.rampLength = 1_000;
        req.claimDeadline = uint64(vm.getBlockTimestamp()) + 3_000;
        req.proofWindow = 600;
        req.deadline = uint64(vm.getBlockTimestamp()) + 10_000;
        req.collateral = 7 ether;
        req.maxRoyaltyBps = 1_000;
        req.nonce = 1;
    }

    /// As baseRequest, OPTIMISTIC.
    function optimisticRequest() internal view returns (Request memory req) {
        req = baseRequest();
        req.mode = Mode.OPTIMISTIC;
        req.proposerBond = 40 ether;
        req.challengerBond = 5 ether;
        req.challengeWindow = 1_200;
    }

    /// An OPTIMISTIC request that the operator has claimed at minFee and proposed `proposed` for.
    function openAndPropose(bytes memory proposed) internal returns (Request memory req, JobId jobId) {
        req = optimisticRequest();
        jobId = open(req);
        claimAs(operator, req);
        vm.prank(operator);
        market.propose(req, proposed);
    }

    function challengeAs(address account, Request memory req, bytes memory proposed) internal {
        vm.prank(account);
        market.challenge(req, keccak256(proposed));
    }

    function open(Request memory req) internal returns (JobId) {
        vm.prank(req.requester);
        return market.request(req);
    }

    function claimAs(address account, Request memory req) internal {
        vm.prank(account);
        market.claim(req);
    }

    /// A request that the operator has claimed at minFee.
    function openAndClaim() internal returns (Request memory req, JobId jobId) {
        req = baseRequest();
        jobId = open(req);
        claimAs(operator, req);
    }

    function sealFor(Request memory req, address payee, bytes memory out) internal view returns (bytes memory) {
        return proofSystem.sealOf(keyHash, market.contextOf(market.jobIdOf(req), payee), req.input, out);
    }

    /// Sent by the stranger: who sends a settlement must not matter.
    function fulfilFor(address payee, Request memory req) internal {
        bytes memory seal = sealFor(req, payee, output);
        vm.prank(stranger);
        market.fulfil(req, payee, output, seal);
    }

    /// As fulfilFor, expecting a revert with exactly `err`.
    function expectFulfilRevert(address payee, Request memory req, bytes memory err) internal {
        bytes memory seal = sealFor(req, payee, output);
        vm.expectRevert(err);
        market.fulfil(req, payee, output, seal);
    }

    /// A call of each function that moves money or state.
    function entryPoints(Request memory req) internal view returns (bytes[] memory calls) {
        Request[] memory requests = new Request[](1);
        requests[0] = req;
        Fulfilment[] memory batch = new Fulfilment[](1);
        batch[0] = Fulfilment(req, operator, output, hex"");
        calls = new bytes[](20);
        calls[0] = abi.encodeCall(market.deposit, (req.token, operator, 1));
        calls[1] = abi.encodeCall(market.depositWithPermit, (req.token, operator, 1, 0, 27, 0, 0));
        calls[2] = abi.encodeCall(market.withdraw, (req.token, operator, 1));
        calls[3] = abi.encodeCall(market.request, (req));
        calls[4] = abi.encodeCall(market.claim, (req));
        calls[5] = abi.encodeCall(market.fulfil, (req, operator, output, hex""));
        calls[6] = abi.encodeCall(market.announceCancel, (req));
        calls[7] = abi.encodeCall(market.cancel, (req));
        calls[8] = abi.encodeCall(market.expire, (req));
        calls[9] = abi.encodeCall(market.bond, (req.token, 1));
        calls[10] = abi.encodeCall(market.unbond, (req.token, 1));
        calls[11] = abi.encodeCall(market.rebond, (req.token));
        calls[12] = abi.encodeCall(market.release, (req.token));
        calls[13] = abi.encodeCall(market.requestBySignature, (req, hex""));
        calls[14] = abi.encodeCall(market.requestWithPermit, (req, hex"", Permit(0, 0, 0, 0, 0)));
        calls[15] = abi.encodeCall(market.requestBatch, (requests, new bytes[](1)));
        calls[16] = abi.encodeCall(market.fulfilBatch, (batch));
        calls[17] = abi.encodeCall(market.propose, (req, output));
        calls[18] = abi.encodeCall(market.challenge, (req, keccak256(output)));
        calls[19] = abi.encodeCall(market.settle, (req));
    }

    // Looking -------------------------------------------------------------------------------------------------------

    function balance(address account) internal view returns (uint256) {
        return market.balanceOf(address(token), account);
    }

    function stakeOf(address account) internal view returns (Stake memory) {
        return market.stakeOf(address(token), account);
    }

    function stateOf(JobId jobId) internal view returns (JobState) {
        return market.jobOf(jobId).state;
    }

    function assertState(JobId jobId, JobState expected) internal view {
        assertEq(uint8(stateOf(jobId)), uint8(expected), "state");
    }

    function wrongState(JobId jobId, JobState actual) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(IInferenceMarket.WrongState.selector, jobId, actual);
    }
}
