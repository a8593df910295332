// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity ^0.8.28;

import {Artifacts} from "../Artifacts.sol";
import {IInferenceMarket, JobState} from "../../../contracts/interfaces/IInferenceMarket.sol";
import {IModelRegistry} from "../../../contracts/interfaces/IModelRegistry.sol";
import {IProofSystem} from "../../../contracts/interfaces/IProofSystem.sol";
import {Claim, IProofSystemRouter} from "../../../contracts/interfaces/IProofSystemRouter.sol";
import {JobId} from "../../../contracts/types/JobId.sol";
import {ModelId} from "../../../contracts/types/ModelId.sol";
import {Request} from "../../../contracts/types/Request.sol";
import {MarketTest} from "../market/MarketTest.sol";

interface IShifty is IProofSystem {
    function become(bytes4 selector) external;
}

/// Takes almost all that a verification gets, and accepts.
contract SlowSystem {
    fallback() external {
        uint256 end = gasleft() - 6_950_000;
        while (gasleft() > end) {}
    }
}

/// The mock proves anything, as a forger would: what the router makes of two proofs that contradict each other.
contract StoppedKeysTest is MarketTest {
    bytes private other = hex"1102030405060708090a";
    bytes private input;

    function setUp() public override {
        super.setUp();
        input = baseRequest().input;
    }

    function claimOf(uint256 context, bytes memory out) private view returns (Claim memory) {
        return Claim(context, out, proofSystem.sealOf(keyHash, context, input, out));
    }

    function stop() private {
        vm.prank(stranger);
        router.stopKey(SELECTOR, keyHash, input, claimOf(1, output), claimOf(2, other));
    }

    function stopped() private view returns (bytes memory) {
        return abi.encodeWithSelector(IProofSystemRouter.KeyIsStopped.selector, SELECTOR, keyHash);
    }

    function test_AnyoneStopsAKeyWithAContradiction() public {
        Claim memory first = claimOf(1, output);
        Claim memory second = claimOf(1, other);
        assertFalse(router.isKeyStopped(SELECTOR, keyHash));
        vm.expectEmit(address(router));
        emit IProofSystemRouter.KeyStopped(SELECTOR, keyHash, first, second, input);
        vm.prank(stranger);
        router.stopKey(SELECTOR, keyHash, input, first, second);
        assertTrue(router.isKeyStopped(SELECTOR, keyHash));
        assertTrue(router.requireActive(address(proofSystem)));
        vm.expectRevert(stopped());
        router.requireKey(address(proofSystem), keyHash);
    }

    /// Each proof is looked at once, with the most gas that a verification gets.
    function test_BothProofsGetTheGasOfAVerification() public {
        Claim[2] memory claims = [claimOf(1, output), claimOf(2, other)];
        for (uint256 i = 0; i < 2; ++i) {
            bytes memory data = abi.encodeCall(
                IProofSystem.verify,
                (keyHash, claims[i].context, input, claims[i].output, claims[i].seal)
            );
            vm.expectCall(address(proofSystem), 0, 7_000_000, data, 1);
        }
        router.stopKey(SELECTOR, keyHash, input, claims[0], claims[1]);
    }

    /// A transaction (EIP-7825) carries two verifications as dear as the market takes, with the longest input that it takes.
    function test_EveryKeyThatSettlesCanBeStopped() public {
        vm.etch(address(proofSystem), address(new SlowSystem()).code);
        bytes memory long = new bytes(65_536);
        for (uint256 i = 0; i < long.length; i += 32) {
            assembly {
                mstore(add(add(long, 32), i), not(0))
            }
        }
        bytes memory data = abi.encodeCall(
            IProofSystemRouter.stopKey,
            (SELECTOR, keyHash, long, Claim(1, output, new bytes(16_384)), Claim(2, other, new bytes(16_384)))
        );
        uint256 intrinsic = 21_000 + 16 * data.length;
        (bool stoppedIt, ) = address(router).call{gas: (1 << 24) - intrinsic}(data);
        assertTrue(stoppedIt);
        assertTrue(router.isKeyStopped(SELECTOR, keyHash));
    }

    function test_AStoppedKeyTakesNoRequests() public {
        stop();
        Request memory req = baseRequest();
        vm.expectRevert(stopped());
        open(req);
    }

    function test_AStoppedKeyTakesNoClaims() public {
        Request memory req = baseRequest();
        open(req);
        stop();
        vm.prank(operator);
        vm.expectRevert(stopped());
        market.claim(req);
    }

    /// INV-08: what was requested or claimed before goes its way.
    function test_INV08_LiveJobsOfAStoppedKeySettle() public {
        (Request memory claimed, JobId first) = openAndClaim();
        Request memory unclaimed = baseRequest();
        unclaimed.nonce = 2;
        JobId second = open(unclaimed);
        Request memory abandoned = baseRequest();
        abandoned.nonce = 3;
        JobId third = open(abandoned);
        stop();
        fulfilFor(operator, claimed);
        fulfilFor(rescuer, unclaimed);
        assertState(first, JobState.Settled);
        assertState(second, JobState.Settled);
        vm.warp(abandoned.deadline);
        market.expire(abandoned);
        assertState(third, JobState.Expired);
    }

    function test_OtherKeysGoOn() public {
        stop();
        (bytes32 otherKey, ModelId otherModel) = registerModel(0, 64, 10, 2);
        router.requireKey(address(proofSystem), otherKey);
        Request memory req = baseRequest();
        req.modelId = otherModel;
        JobId jobId = open(req);
        claimAs(operator, req);
        assertState(jobId, JobState.Claimed);
    }

    function test_TwoProofsOfOneOutputAreNoContradiction() public {
        Claim memory first = claimOf(1, output);
        Claim memory second = claimOf(2, output);
        vm.expectRevert(IProofSystemRouter.NoConflict.selector);
        router.stopKey(SELECTOR, keyHash, input, first, second);
    }

    /// An honest key cannot be stopped: one of the two proofs would have to be forged.
    function testFuzz_BothProofsMustHold(uint256 context, bool firstIsBad, bytes32 badSeal) public {
        Claim memory first = claimOf(context, output);
        Claim memory second = claimOf(context, other);
        Claim memory bad = firstIsBad ? first : second;
        vm.assume(keccak256(bad.seal) != keccak256(abi.encodePacked(badSeal)));
        bad.seal = abi.encodePacked(badSeal);
        vm.expectRevert(IProofSystem.InvalidProof.selector);
        router.stopKey(SELECTOR, keyHash, input, first, second);
    }

    /// Two outputs of two inputs are what models are for.
    function test_BothProofsAreAboutOneInput() public {
        Claim memory first = claimOf(1, output);
        input[0] = 0x03;
        Claim memory second = claimOf(1, other);
        vm.expectRevert(IProofSystem.InvalidProof.selector);
        router.stopKey(SELECTOR, keyHash, input, first, second);
    }

    function test_OutputsInAnotherLengthAreNoOutputs() public {
        bytes memory long = bytes.concat(output, hex"00");
        Claim memory first = claimOf(1, output);
        Claim memory second = claimOf(1, long);
        vm.expectRevert(abi.encodeWithSelector(IProofSystem.WrongLength.selector, 10, 11));
        router.stopKey(SELECTOR, keyHash, input, first, second);
    }

    function test_AKeyIsStoppedOnce() public {
        stop();
        Claim memory first = claimOf(1, output);
        Claim memory second = claimOf(1, other);
        vm.expectRevert(stopped());
        router.stopKey(SELECTOR, keyHash, input, first, second);
    }

    function test_UnknownSystemsAndKeys() public {
        Claim memory first = claimOf(1, output);
        Claim memory second = claimOf(1, other);
        vm.expectRevert(abi.encodeWithSelector(IProofSystemRouter.SelectorUnset.selector, bytes4(0x01020304)));
        router.stopKey(0x01020304, keyHash, input, first, second);
        vm.expectRevert(abi.encodeWithSelector(IProofSystem.UnknownKey.selector, bytes32(uint256(1))));
        router.stopKey(SELECTOR, bytes32(uint256(1)), input, first, second);
    }

    /// Keys of a proof system that takes no new jobs can still be told to be broken: consumers read it.
    function test_KeysOfAStoppedSystemCanBeStopped() public {
        vm.prank(guardian);
        router.stop(SELECTOR);
        stop();
        assertTrue(router.isKeyStopped(SELECTOR, keyHash));
    }

    function test_AStoppedKeyTakesNoModels() public {
        stop();
        modelOwner = stranger; // another owner, so another id
        vm.expectRevert(stopped());
        this.registerAgain();
    }

    function registerAgain() external {
        registerModel(0, 64, 10, 1);
    }

    // The router's other promises ---------------------------------------------------------------------------------

    function test_T8_AnImplementationIsAddedOnce() public {
        IShifty shifty = IShifty(
            Artifacts.deploy("contracts/mocks/proofs/ShiftySystem.sol:ShiftySystem", abi.encode(bytes4(0x0a0b0c0d)))
        );
        vm.startPrank(admin);
        router.add(shifty);
        shifty.become(0x0d0c0b0a);
        vm.expectRevert(abi.encodeWithSelector(IProofSystemRouter.ImplementationTaken.selector, address(shifty)));
        router.add(shifty);
        vm.stopPrank();
        // It is still what it was added as.
        assertEq(address(router.activeImplementation(0x0a0b0c0d)), address(shifty));
        assertFalse(router.requireActive(address(shifty)));
    }

    function test_AddGivesBoundedGas() public {
        IShifty shifty = IShifty(
            Artifacts.deploy("contracts/mocks/proofs/ShiftySystem.sol:ShiftySystem", abi.encode(bytes4(0)))
        );
        uint256 before = gasleft();
        vm.prank(admin);
        vm.expectRevert();
        router.add(shifty);
        assertLt(before - gasleft(), 200_000);
        shifty.become(0x0a0b0c0d);
        vm.expectCall(address(shifty), 0, 100_000, abi.encodeCall(IProofSystem.selector, ()), 1);
        vm.prank(admin);
        router.add(shifty);
    }

    function test_RequireActiveKnowsOnlyWhatWasAdded() public {
        vm.expectRevert(abi.encodeWithSelector(IProofSystemRouter.SelectorUnset.selector, bytes4(0)));
        router.requireActive(stranger);
        assertFalse(router.requireActive(address(proofSystem)));
        vm.prank(admin);
        router.remove(SELECTOR);
        vm.expectRevert(abi.encodeWithSelector(IProofSystemRouter.SelectorRemoved.selector, SELECTOR));
        router.requireActive(address(proofSystem));
    }

    /// A claim of a job whose proof system was stopped since is refused; its settlement is not (INV-08).
    function test_T12_AStopIsReadByRequestAndClaimOnly() public {
        Request memory req = baseRequest();
        JobId jobId = open(req);
        vm.prank(guardian);
        router.stop(SELECTOR);
        vm.prank(operator);
        vm.expectRevert(abi.encodeWithSelector(IProofSystemRouter.SelectorStopped.selector, SELECTOR));
        market.claim(req);
        fulfilFor(operator, req);
        assertState(jobId, JobState.Settled);
    }
}
