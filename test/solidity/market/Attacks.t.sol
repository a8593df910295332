// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity ^0.8.28;

import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {Artifacts} from "../Artifacts.sol";
import {IMarket} from "../Deployed.sol";
import {SpecBuilder} from "../libraries/SpecBuilder.sol";
import {TrapdoorKey} from "../proofs/TrapdoorKey.sol";
import {IInferenceMarket, JobState} from "../../../contracts/interfaces/IInferenceMarket.sol";
import {IProofSystem} from "../../../contracts/interfaces/IProofSystem.sol";
import {TestToken} from "../../../contracts/mocks/market/TestToken.sol";
import {Fulfilment} from "../../../contracts/types/Fulfilment.sol";
import {JobId} from "../../../contracts/types/JobId.sol";
import {ModelId} from "../../../contracts/types/ModelId.sol";
import {ModelSpec} from "../../../contracts/types/ModelSpec.sol";
import {Permit} from "../../../contracts/types/Permit.sol";
import {Request} from "../../../contracts/types/Request.sol";
import {Stake} from "../../../contracts/types/Stake.sol";
import {MarketTest} from "./MarketTest.sol";

/// Says yes to everything, and counts.
contract SpyToken {
    uint256 public calls;

    fallback() external {
        calls += 1;
        assembly ("memory-safe") {
            mstore(0, 1)
            return(0, 32)
        }
    }
}

/// Calls its caller back in the middle of a permit.
contract ReentrantPermitToken is TestToken {
    bytes private _call;
    bytes public lastReturn;
    bool public lastOk;

    function arm(bytes calldata data) external {
        _call = data;
    }

    function permit(address, address, uint256, uint256, uint8, bytes32, bytes32) public override {
        // solhint-disable-next-line avoid-low-level-calls
        (lastOk, lastReturn) = msg.sender.call(_call);
    }
}

/// Attacks that cut across the parts that the other tests are about.
contract AttacksTest is MarketTest {
    bytes private _lie = hex"0a090807060504030201";

    // Tokens --------------------------------------------------------------------------------------------------------

    /// T11: whoever has nothing of a token may withdraw nothing of it; what stands at its address is not called.
    function test_T11_WithdrawingNothingCallsNobody() public {
        SpyToken spy = new SpyToken();
        vm.prank(stranger);
        market.withdraw(address(spy), stranger, 0);
        assertEq(spy.calls(), 0);
        vm.expectRevert(
            abi.encodeWithSelector(IInferenceMarket.InsufficientBalance.selector, address(spy), stranger, 0, 1)
        );
        vm.prank(stranger);
        market.withdraw(address(spy), stranger, 1);
    }

    /// T14, T11: inside a permit every door is shut.
    function test_T14_PermitsFindEveryDoorShut() public {
        ReentrantPermitToken odd = new ReentrantPermitToken();
        market = newMarket(address(odd));
        fund(odd, operator);
        Request memory req = baseRequest();
        (req.requester, req.token) = (operator, address(odd));
        req.maxFee = uint96(2 * FUNDS); // more than the balance, so that tokens are taken
        bytes[] memory calls = entryPoints(req);
        odd.mint(operator, FUNDS);
        for (uint256 i = 0; i < calls.length; ++i) {
            uint256 snapshot = vm.snapshotState();
            odd.arm(calls[i]);
            vm.startPrank(operator);
            if (i % 2 == 0) market.requestWithPermit(req, "", Permit(FUNDS, 0, 0, 0, 0));
            else market.depositWithPermit(address(odd), operator, 1, 0, 0, 0, 0);
            vm.stopPrank();
            assertFalse(odd.lastOk());
            assertEq(bytes4(odd.lastReturn()), ReentrancyGuardTransient.ReentrancyGuardReentrantCall.selector);
            vm.revertToState(snapshot);
        }
    }

    // Signatures ----------------------------------------------------------------------------------------------------

    /// T13: an invalidated nonce shuts every way by which others bring a request, and none by which the requester does.
    function test_T13_AnInvalidatedNonceShutsEveryDoorToOthers() public {
        (address signer, uint256 key) = makeAddrAndKey("signer");
        fund(token, signer);
        Request[] memory requests = new Request[](1);
        requests[0] = baseRequest();
        requests[0].requester = signer;
        bytes[] memory signatures = new bytes[](1);
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, JobId.unwrap(market.jobIdOf(requests[0])));
        signatures[0] = abi.encodePacked(r, s, v);
        vm.prank(signer);
        market.invalidateNonce(requests[0].nonce);

        bytes memory err = abi.encodeWithSelector(
            IInferenceMarket.NonceIsInvalidated.selector,
            signer,
            requests[0].nonce
        );
        vm.expectRevert(err);
        market.requestBySignature(requests[0], signatures[0]);
        vm.expectRevert(err);
        market.requestWithPermit(requests[0], signatures[0], Permit(0, 0, 0, 0, 0));
        vm.expectRevert(err);
        market.requestBatch(requests, signatures);
        assertState(open(requests[0]), JobState.Requested);
    }

    /// T13: on a chain that takes another id no job has its id any more; none can be ended there, let alone twice.
    function test_T13_AJobEndsOnTheChainThatItWasOpenedOn() public {
        (Request memory req, JobId jobId) = openAndClaim();
        vm.warp(req.deadline);
        uint256 chain = block.chainid;
        vm.chainId(chain + 1);
        JobId other = market.jobIdOf(req);
        assertTrue(JobId.unwrap(other) != JobId.unwrap(jobId));
        vm.expectRevert(wrongState(other, JobState.None));
        market.expire(req);
        vm.chainId(chain);
        market.expire(req);
        assertState(jobId, JobState.Expired);
    }

    // Amounts -------------------------------------------------------------------------------------------------------

    /// Fee and bonds as large as their fields: nothing wraps, everything is paid, and all of it can be taken out.
    function testFuzz_TheLargestAmountsAreConserved(uint256 claimAt, bool truth) public {
        uint256 most = type(uint96).max;
        address[3] memory people = [requester, operator, rescuer];
        for (uint256 i = 0; i < 3; ++i) _topUp(people[i], most);
        vm.prank(operator);
        market.bond(address(token), most - FUNDS);

        Request memory req = optimisticRequest();
        (req.minFee, req.maxFee, req.collateral) = (0, uint96(most), 0);
        (req.proposerBond, req.challengerBond) = (uint96(most), uint96(most));
        open(req);
        skip(bound(claimAt, 0, 2_999));
        claimAs(operator, req);
        assertEq(stakeOf(operator).exposure, most);
        bytes memory proposed = truth ? output : _lie;
        vm.prank(operator);
        market.propose(req, proposed);
        challengeAs(rescuer, req, proposed);
        fulfilFor(rescuer, req);

        assertEq(stakeOf(operator).exposure, 0);
        assertEq(stakeOf(operator).bonded, truth ? most : 0);
        uint256 burnt = market.burntOf(address(token));
        assertEq(burnt, truth ? 0 : most - (most * (10_000 - BURN_BPS)) / 10_000);
        _takeOut(people);
        assertEq(token.balanceOf(address(market)), burnt);
    }

    function _topUp(address account, uint256 amount) private {
        token.mint(address(this), amount);
        token.approve(address(market), amount);
        market.deposit(address(token), account, amount);
    }

    /// Everything that these, and the royalty payee, have.
    function _takeOut(address[3] memory people) private {
        uint256[3] memory bonded;
        for (uint256 i = 0; i < 3; ++i) {
            bonded[i] = stakeOf(people[i]).bonded;
            if (bonded[i] == 0) continue;
            vm.prank(people[i]);
            market.unbond(address(token), bonded[i]);
        }
        skip(UNBONDING_DELAY);
        for (uint256 i = 0; i < 3; ++i) {
            vm.startPrank(people[i]);
            if (bonded[i] != 0) market.release(address(token));
            market.withdraw(address(token), people[i], balance(people[i]));
            vm.stopPrank();
        }
        uint256 royalties = balance(royaltyPayee);
        vm.prank(royaltyPayee);
        market.withdraw(address(token), royaltyPayee, royalties);
    }

    // Batches -------------------------------------------------------------------------------------------------------

    /// One batch with every reason to settle, in two tokens, of one operator, with a job in it twice: everybody has what
    /// the settlements one by one pay.
    function test_ABatchOfEveryGroundPaysWhatSinglesPay() public {
        TestToken second = new TestToken();
        _trade(token, second);
        Fulfilment[] memory batch = _everyGround(address(token), address(second));

        uint256 snapshot = vm.snapshotState();
        for (uint256 i = 0; i + 1 < batch.length; ++i) {
            market.fulfil(batch[i].request, batch[i].payee, batch[i].output, batch[i].seal);
        }
        bytes32 singles = _everything(address(token), address(second));
        vm.revertToState(snapshot);
        assertTrue(singles != _everything(address(token), address(second)));

        bytes[] memory refusals = market.fulfilBatch(batch);
        uint256 last = batch.length - 1;
        for (uint256 i = 0; i < last; ++i) assertEq(refusals[i], "");
        assertEq(refusals[last], wrongState(market.jobIdOf(batch[last].request), JobState.Settled));
        assertEq(_everything(address(token), address(second)), singles);
        assertEq(stakeOf(operator).exposure + market.stakeOf(address(second), operator).exposure, 0);
    }

    /// From now on `market` is one with two tokens.
    function _trade(TestToken first, TestToken second) private {
        address[] memory tokens = new address[](2);
        (tokens[0], tokens[1]) = (address(first), address(second));
        market = IMarket(
            Artifacts.deploy(
                "contracts/market/InferenceMarket.sol:InferenceMarket",
                abi.encode(registry, router, tokens, baseParameters())
            )
        );
        address[3] memory people = [requester, operator, rescuer];
        for (uint256 i = 0; i < 3; ++i) {
            fund(first, people[i]);
            fund(second, people[i]);
        }
    }

    /// Late and in time, unclaimed, upheld and overturned, challenged and not; the last one is the one before it again,
    /// for another payee.
    function _everyGround(address first, address second) private returns (Fulfilment[] memory batch) {
        batch = new Fulfilment[](9);
        batch[0] = _item(0, first, false, "", rescuer);
        batch[1] = _item(1, second, true, "", rescuer);
        skip(600);
        batch[2] = _item(2, second, false, "", operator);
        batch[3] = _unclaimed(3, first);
        batch[4] = _item(4, first, true, output, rescuer);
        batch[5] = _item(5, second, true, _lie, rescuer);
        batch[6] = _item(6, first, true, output, operator);
        challengeAs(rescuer, batch[6].request, output);
        batch[7] = _item(7, second, true, _lie, operator);
        challengeAs(rescuer, batch[7].request, _lie);
        batch[8] = batch[7];
        batch[8] = Fulfilment(batch[7].request, rescuer, output, sealFor(batch[7].request, rescuer, output));
    }

    function _unclaimed(uint256 nonce, address token_) private returns (Fulfilment memory) {
        Request memory req = baseRequest();
        (req.nonce, req.token) = (nonce, token_);
        open(req);
        return Fulfilment(req, rescuer, output, sealFor(req, rescuer, output));
    }

    /// A job that the operator has claimed, and proposed something for if `proposed` is not empty.
    function _item(
        uint256 nonce,
        address token_,
        bool optimistic,
        bytes memory proposed,
        address payee
    ) private returns (Fulfilment memory) {
        Request memory req = optimistic ? optimisticRequest() : baseRequest();
        (req.nonce, req.token) = (nonce, token_);
        open(req);
        claimAs(operator, req);
        if (proposed.length != 0) {
            vm.prank(operator);
            market.propose(req, proposed);
        }
        return Fulfilment(req, payee, output, sealFor(req, payee, output));
    }

    /// All that anybody has, in both tokens.
    function _everything(address first, address second) private view returns (bytes32 sum) {
        address[5] memory people = [requester, operator, rescuer, royaltyPayee, modelOwner];
        address[2] memory tokens = [first, second];
        for (uint256 t = 0; t < 2; ++t) {
            sum = keccak256(abi.encode(sum, market.burntOf(tokens[t])));
            for (uint256 i = 0; i < 5; ++i) {
                Stake memory stake = market.stakeOf(tokens[t], people[i]);
                sum = keccak256(abi.encode(sum, market.balanceOf(tokens[t], people[i]), stake));
            }
        }
    }

    /// T17: a seal whose B lies outside its subgroup makes the pairing precompile take all that it is given. It is given
    /// little, so that the other seals of a batch are still verified.
    function test_T17_APointOutsideItsSubgroupEndsNoBatch() public {
        IProofSystem groth16 = _useGroth16();
        Fulfilment[] memory batch = new Fulfilment[](4);
        for (uint256 i = 0; i < 4; ++i) {
            Request memory req = baseRequest();
            (req.nonce, req.modelId) = (i, modelId);
            open(req);
            claimAs(operator, req);
            batch[i] = Fulfilment(req, operator, output, _forge(req, 7 + i));
        }
        bytes memory stray = TrapdoorKey.twistPointOutsideSubgroup();
        for (uint256 k = 0; k < 128; ++k) batch[1].seal[64 + k] = stray[k];

        uint256 before = gasleft();
        bytes[] memory refusals = market.fulfilBatch{gas: 1 << 24}(batch);
        assertLt(before - gasleft(), 3_000_000);
        for (uint256 i = 0; i < 4; ++i) {
            assertEq(refusals[i], i == 1 ? abi.encodePacked(IProofSystem.MalformedSeal.selector) : bytes(""));
        }
        uint256 context = market.contextOf(market.jobIdOf(batch[1].request), operator);
        before = gasleft();
        vm.expectRevert(IProofSystem.MalformedSeal.selector);
        groth16.verify{gas: 7_000_000}(keyHash, context, batch[1].request.input, output, batch[1].seal);
        assertLt(before - gasleft(), 1_000_000);
    }

    /// From now on `modelId` is a model with a groth16 key of which the tests know the trapdoor.
    function _useGroth16() private returns (IProofSystem groth16) {
        groth16 = IProofSystem(Artifacts.deploy("contracts/proofs/Groth16ProofSystem.sol:Groth16ProofSystem", ""));
        vm.prank(admin);
        router.add(groth16);
        ModelSpec memory spec;
        spec.proofSystem = groth16.selector();
        bytes memory inputSpecs = specList(64, 1, 0, 16);
        bytes memory outputSpecs = specList(10, 0, -128, 127);
        bytes memory head = SpecBuilder.head(spec.proofSystem, 0, inputSpecs, outputSpecs);
        keyHash = groth16.registerKey(TrapdoorKey.build(head, 4));
        (spec.inputSpecHash, spec.outputSpecHash) = (keccak256(inputSpecs), keccak256(outputSpecs));
        (spec.keyHash, spec.graphHash, spec.weightsHash) = (keyHash, keccak256("graph"), keccak256("weights"));
        spec.cid = abi.encodePacked(hex"01701220", keccak256("package"));
        vm.prank(modelOwner);
        modelId = registry.registerModel(spec);
    }

    /// A valid seal for the operator.
    function _forge(Request memory req, uint256 a) private view returns (bytes memory) {
        int256[] memory pixels = new int256[](64);
        for (uint256 i = 0; i < 64; ++i) pixels[i] = int256(uint256(uint8(req.input[i])));
        int256[] memory scores = new int256[](10);
        for (uint256 i = 0; i < 10; ++i) scores[i] = int256(int8(uint8(output[i])));
        uint256[] memory input = SpecBuilder.packed(pixels, 0, 16);
        uint256[] memory signals = new uint256[](4);
        signals[0] = market.contextOf(market.jobIdOf(req), operator);
        (signals[1], signals[2]) = (input[0], input[1]);
        signals[3] = SpecBuilder.packed(scores, -128, 127)[0];
        return TrapdoorKey.forge(signals, a, 1);
    }
}
