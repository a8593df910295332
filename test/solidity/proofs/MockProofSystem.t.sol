// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity ^0.8.28;

import {Test} from "forge-std/Test.sol";
import {Artifacts} from "../Artifacts.sol";
import {IProofSystem} from "../../../contracts/interfaces/IProofSystem.sol";
import {MockProofSystem} from "../../../contracts/mocks/proofs/MockProofSystem.sol";
import {SpecBuilder} from "../libraries/SpecBuilder.sol";

contract MockProofSystemTest is Test {
    bytes4 private constant SELECTOR = 0x11223344;

    MockProofSystem private system;
    bytes private key;
    bytes32 private keyHash;
    bytes private input;
    bytes private output;

    function setUp() public {
        system = MockProofSystem(
            Artifacts.deploy("contracts/mocks/proofs/MockProofSystem.sol:MockProofSystem", abi.encode(SELECTOR))
        );
        (bytes memory inputSpecs, bytes memory outputSpecs) = SpecBuilder.digits();
        key = bytes.concat(SpecBuilder.head(SELECTOR, 0, inputSpecs, outputSpecs), bytes32(0));
        vm.expectEmit(address(system));
        emit IProofSystem.KeyRegistered(keccak256(key), keccak256(inputSpecs), keccak256(outputSpecs));
        keyHash = system.registerKey(key);
        input = SpecBuilder.repeat(16, 64);
        output = SpecBuilder.repeat(0xff, 20);
    }

    function test_KeyCanBeReadBack() public view {
        assertEq(system.keyOf(keyHash), key);
        assertEq(system.inputModeOf(keyHash), 0);
        assertTrue(system.isRegistered(keyHash));
    }

    function testFuzz_SealBindsItsClaim(uint256 context, uint256 otherContext) public {
        vm.assume(context != otherContext);
        bytes memory seal = system.sealOf(keyHash, context, input, output);
        assertEq(seal.length, 32); // a groth16 seal has 256
        system.verify(keyHash, context, input, output, seal);
        vm.expectRevert(IProofSystem.InvalidProof.selector);
        system.verify(keyHash, otherContext, input, output, seal);
        output[0] = 0;
        vm.expectRevert(IProofSystem.InvalidProof.selector);
        system.verify(keyHash, context, input, output, seal);
    }

    function test_InputsAndOutputsAreCheckedAsByRealSystems() public {
        bytes memory seal = system.sealOf(keyHash, 1, input, output);
        bytes memory short = SpecBuilder.repeat(0, 63);
        vm.expectRevert(abi.encodeWithSelector(IProofSystem.WrongLength.selector, 64, 63));
        system.checkInput(keyHash, short);
        vm.expectRevert(abi.encodeWithSelector(IProofSystem.WrongLength.selector, 20, 63));
        system.verify(keyHash, 1, input, short, seal);
        input[7] = bytes1(uint8(17));
        vm.expectRevert(abi.encodeWithSelector(IProofSystem.ValueOutOfRange.selector, 7, 17, 0, 16));
        system.verify(keyHash, 1, input, output, seal);
    }

    function test_BatchesAndTheirLengths() public {
        uint256[] memory contexts = new uint256[](2);
        (bytes[] memory inputs, bytes[] memory outputs, bytes[] memory seals) = (
            new bytes[](2),
            new bytes[](2),
            new bytes[](2)
        );
        for (uint256 i = 0; i < 2; ++i) {
            (contexts[i], inputs[i], outputs[i]) = (i, input, output);
            seals[i] = system.sealOf(keyHash, i, input, output);
        }
        system.verifyBatch(keyHash, contexts, inputs, outputs, seals);
        seals[1] = seals[0];
        vm.expectRevert(IProofSystem.InvalidProof.selector);
        system.verifyBatch(keyHash, contexts, inputs, outputs, seals);
        vm.expectRevert(IProofSystem.BatchLengthMismatch.selector);
        system.verifyBatch(keyHash, contexts, inputs, outputs, new bytes[](1));
    }
}
