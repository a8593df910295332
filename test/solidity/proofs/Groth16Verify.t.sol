// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity ^0.8.28;

import {IProofSystem} from "../../../contracts/interfaces/IProofSystem.sol";
import {SpecBuilder} from "../libraries/SpecBuilder.sol";
import {Groth16Fixture} from "./Groth16Fixture.sol";
import {TrapdoorKey} from "./TrapdoorKey.sol";

contract Groth16VerifyTest is Groth16Fixture {
    function testFuzz_AcceptsValidClaims(uint256 seed) public view {
        _verify(_claim(seed));
    }

    function test_GasOfVerify() public {
        Claim memory claim = _claim(1);
        bytes memory call = abi.encodeCall(
            system.verify,
            (keyHash, claim.context, claim.input, claim.output, claim.seal)
        );
        vm.cool(address(system));
        uint256 before = gasleft();
        (bool ok, ) = address(system).staticcall(call);
        uint256 used = before - gasleft();
        assertTrue(ok);
        assertLe(used, 245_000);
    }

    function testFuzz_UnknownKey(bytes32 hash) public {
        vm.assume(hash != keyHash);
        Claim memory claim = _claim(1);
        vm.expectRevert(abi.encodeWithSelector(IProofSystem.UnknownKey.selector, hash));
        system.verify(hash, claim.context, claim.input, claim.output, claim.seal);
    }

    // Context ---------------------------------------------------------------------------------------------------------

    function testFuzz_AnotherContext(uint256 seed, uint256 context) public {
        Claim memory claim = _claim(seed);
        context = bound(context, 0, R - 1);
        vm.assume(context != claim.context);
        claim.context = context;
        vm.expectRevert(IProofSystem.InvalidProof.selector);
        _verify(claim);
    }

    function testFuzz_T6_ContextPlusTheOrder(uint256 seed, uint256 times) public {
        Claim memory claim = _claim(seed);
        claim.context += bound(times, 1, 4) * R; // the same residue: the equation would hold
        vm.expectRevert(abi.encodeWithSelector(IProofSystem.ScalarOutOfField.selector, 0, claim.context));
        _verify(claim);
    }

    function test_ContextAtTheEdgesOfTheField() public {
        Claim memory claim = _claim(1);
        int256[] memory pixels = SpecBuilder.values(1, 64, 0, 16);
        int256[] memory scores = SpecBuilder.values(~uint256(1), 10, -32768, 32767);
        for (uint256 i = 0; i < 2; ++i) {
            claim.context = i == 0 ? 0 : R - 1;
            claim.seal = TrapdoorKey.forge(_signals(claim.context, pixels, scores), 7, 2);
            _verify(claim);
        }
        claim.context = R;
        vm.expectRevert(abi.encodeWithSelector(IProofSystem.ScalarOutOfField.selector, 0, R));
        _verify(claim);
    }

    // Input and output ------------------------------------------------------------------------------------------------

    function test_InputLength() public {
        Claim memory claim = _claim(1);
        uint8[4] memory lengths = [0, 63, 65, 96];
        for (uint256 i = 0; i < lengths.length; ++i) {
            claim.input = SpecBuilder.repeat(0, lengths[i]);
            vm.expectRevert(abi.encodeWithSelector(IProofSystem.WrongLength.selector, 64, lengths[i]));
            _verify(claim);
            vm.expectRevert(abi.encodeWithSelector(IProofSystem.WrongLength.selector, 64, lengths[i]));
            system.checkInput(keyHash, claim.input);
        }
    }

    function test_OutputLength() public {
        Claim memory claim = _claim(1);
        uint8[4] memory lengths = [0, 19, 21, 64];
        for (uint256 i = 0; i < lengths.length; ++i) {
            claim.output = SpecBuilder.repeat(0, lengths[i]);
            vm.expectRevert(abi.encodeWithSelector(IProofSystem.WrongLength.selector, 20, lengths[i]));
            _verify(claim);
        }
    }

    function testFuzz_PixelAboveItsRange(uint256 seed, uint256 index, uint8 value) public {
        Claim memory claim = _claim(seed);
        index = bound(index, 0, 63);
        value = uint8(bound(value, 17, 255));
        claim.input[index] = bytes1(value);
        bytes memory expected = abi.encodeWithSelector(IProofSystem.ValueOutOfRange.selector, index, value, 0, 16);
        vm.expectRevert(expected);
        _verify(claim);
        vm.expectRevert(expected);
        system.checkInput(keyHash, claim.input);
    }

    /// Packing is injective on declared ranges only: a pixel of 32 would carry into its neighbour.
    function test_AValueThatCarriesIntoItsNeighbourIsRefused() public {
        Claim memory claim = _claim(1);
        (claim.input[0], claim.input[1]) = (0x01, 0x00);
        int256[] memory pixels = new int256[](64);
        for (uint256 i = 0; i < 64; ++i) pixels[i] = int256(uint256(uint8(claim.input[i])));
        claim.seal = TrapdoorKey.forge(
            _signals(claim.context, pixels, SpecBuilder.values(~uint256(1), 10, -32768, 32767)),
            9,
            3
        );
        _verify(claim);
        (claim.input[0], claim.input[1]) = (0x00, 0x20); // the same word
        vm.expectRevert(abi.encodeWithSelector(IProofSystem.ValueOutOfRange.selector, 1, 32, 0, 16));
        _verify(claim);
    }

    function test_CheckInputAcceptsBothEdges() public view {
        system.checkInput(keyHash, SpecBuilder.repeat(0, 64));
        system.checkInput(keyHash, SpecBuilder.repeat(16, 64));
    }

    function test_EveryByteOfTheInputCounts() public view {
        Claim memory claim = _claim(2);
        for (uint256 i = 0; i < 64; ++i) {
            bytes1 honest = claim.input[i];
            claim.input[i] = bytes1((uint8(honest) + 1) % 17);
            assertEq(_errorOf(keyHash, claim), IProofSystem.InvalidProof.selector);
            claim.input[i] = honest;
        }
        _verify(claim);
    }

    function test_EveryByteOfTheOutputCounts() public view {
        Claim memory claim = _claim(3);
        for (uint256 i = 0; i < 20; ++i) {
            claim.output[i] ^= 0x40;
            assertEq(_errorOf(keyHash, claim), IProofSystem.InvalidProof.selector);
            claim.output[i] ^= 0x40;
        }
        _verify(claim);
    }

    // Seal --------------------------------------------------------------------------------------------------------------

    function test_EveryByteOfTheSealCounts() public view {
        Claim memory claim = _claim(4);
        for (uint256 i = 0; i < 256; ++i) {
            bytes1 flip = bytes1(uint8(1 << (i % 8)));
            claim.seal[i] ^= flip;
            assertEq(_errorOf(keyHash, claim), IProofSystem.MalformedSeal.selector);
            claim.seal[i] ^= flip;
        }
        _verify(claim);
    }

    function test_SealLength() public {
        Claim memory claim = _claim(5);
        bytes memory seal = claim.seal;
        bytes[5] memory wrong = [
            bytes(""),
            _slice(seal, 0, 255),
            bytes.concat(seal, hex"00"),
            bytes.concat(seal, seal),
            _slice(seal, 0, 32)
        ];
        for (uint256 i = 0; i < wrong.length; ++i) {
            claim.seal = wrong[i];
            vm.expectRevert(IProofSystem.MalformedSeal.selector);
            _verify(claim);
        }
    }

    function testFuzz_T5_CoordinateAliases(uint256 seed, uint256 coordinate) public {
        Claim memory claim = _claim(seed);
        uint256 offset = 32 * bound(coordinate, 0, 7);
        _setWord(claim.seal, offset, _wordOf(claim.seal, offset) + Q); // the same residue
        vm.expectRevert(IProofSystem.MalformedSeal.selector);
        _verify(claim);
    }

    /// Malleability is a fact of groth16: (-A, -B) and re-randomised proofs verify. Nothing is keyed by a seal.
    function testFuzz_T5_NegatedProofVerifies(uint256 seed) public view {
        Claim memory claim = _claim(seed);
        _setWord(claim.seal, 32, Q - _wordOf(claim.seal, 32));
        _setWord(claim.seal, 128, Q - _wordOf(claim.seal, 128));
        _setWord(claim.seal, 160, Q - _wordOf(claim.seal, 160));
        _verify(claim);
    }

    function testFuzz_NegatingOnePointOnly(uint256 seed, uint256 point) public {
        Claim memory claim = _claim(seed);
        point = bound(point, 0, 2);
        if (point == 1) {
            _setWord(claim.seal, 128, Q - _wordOf(claim.seal, 128));
            _setWord(claim.seal, 160, Q - _wordOf(claim.seal, 160));
        } else {
            uint256 y = point == 0 ? 32 : 224;
            _setWord(claim.seal, y, Q - _wordOf(claim.seal, y));
        }
        vm.expectRevert(IProofSystem.InvalidProof.selector);
        _verify(claim);
    }

    function test_InfinityIsNoPointOfASeal() public {
        for (uint256 point = 0; point < 3; ++point) {
            Claim memory claim = _claim(6);
            (uint256 from, uint256 to) = point == 0
                ? (0, 64)
                : point == 1
                    ? (64, 192)
                    : (192, 256);
            for (uint256 offset = from; offset < to; offset += 32) _setWord(claim.seal, offset, 0);
            vm.expectRevert(IProofSystem.MalformedSeal.selector);
            _verify(claim);
        }
    }

    function test_SwappedLimbsOfB() public {
        Claim memory claim = _claim(7);
        (uint256 x1, uint256 x0) = (_wordOf(claim.seal, 64), _wordOf(claim.seal, 96));
        (uint256 y1, uint256 y0) = (_wordOf(claim.seal, 128), _wordOf(claim.seal, 160));
        _setWord(claim.seal, 64, x0);
        _setWord(claim.seal, 96, x1);
        _setWord(claim.seal, 128, y0);
        _setWord(claim.seal, 160, y1);
        vm.expectRevert(IProofSystem.MalformedSeal.selector);
        _verify(claim);
    }

    function test_BOnTheTwistButOutsideTheSubgroup() public {
        Claim memory claim = _claim(8);
        bytes memory stray = TrapdoorKey.twistPointOutsideSubgroup();
        for (uint256 i = 0; i < 128; i += 32) _setWord(claim.seal, 64 + i, _wordOf(stray, i));
        vm.expectRevert(IProofSystem.MalformedSeal.selector);
        system.verify{gas: 1_000_000}(keyHash, claim.context, claim.input, claim.output, claim.seal);
    }

    function testFuzz_ProofOfAnotherClaim(uint256 seed, uint256 other) public {
        vm.assume(seed != other);
        Claim memory claim = _claim(seed);
        claim.seal = _claim(other).seal;
        vm.expectRevert(IProofSystem.InvalidProof.selector);
        _verify(claim);
    }

    function testFuzz_RandomSealsAreMalformed(bytes32[8] memory words) public {
        Claim memory claim = _claim(1);
        claim.seal = abi.encode(words);
        vm.expectRevert(IProofSystem.MalformedSeal.selector);
        _verify(claim);
    }

    function testFuzz_RandomPointsProveNothing(uint256 a, uint256 b, uint256 c) public {
        Claim memory claim = _claim(1);
        bytes[4] memory twist = [TrapdoorKey.G2_1, TrapdoorKey.G2_2, TrapdoorKey.G2_3, TrapdoorKey.G2_5];
        claim.seal = bytes.concat(TrapdoorKey.g1(bound(a, 1, R - 1)), twist[b % 4], TrapdoorKey.g1(bound(c, 1, R - 1)));
        vm.expectRevert(IProofSystem.InvalidProof.selector);
        _verify(claim);
    }

    /// A seal for a key is none for another key of the same shape.
    function test_ProofUnderAnotherKey() public {
        Claim memory claim = _claim(1);
        bytes32 other = system.registerKey(
            TrapdoorKey.build(_head(), N, TrapdoorKey.BETA2, TrapdoorKey.GAMMA2, TrapdoorKey.G2_3)
        );
        vm.expectRevert(IProofSystem.InvalidProof.selector);
        system.verify(other, claim.context, claim.input, claim.output, claim.seal);
    }

    // The order of checks ---------------------------------------------------------------------------------------------

    function test_TheFirstFaultInDocumentedOrderIsNamed() public {
        Claim memory claim = _claim(9);
        // All at once, then mended one by one in the order of docs/spec/onchain-verification.md.
        Claim memory honest = _claim(9);
        claim.context += R;
        claim.input = SpecBuilder.repeat(17, 63);
        claim.output = hex"00";
        claim.seal = hex"00";
        bytes32 unknown = keccak256("unknown");
        assertEq(_errorOf(unknown, claim), IProofSystem.UnknownKey.selector);
        assertEq(_errorOf(keyHash, claim), IProofSystem.ScalarOutOfField.selector);
        claim.context = honest.context ^ 1;
        assertEq(_errorOf(keyHash, claim), IProofSystem.WrongLength.selector);
        claim.input = SpecBuilder.repeat(17, 64);
        assertEq(_errorOf(keyHash, claim), IProofSystem.ValueOutOfRange.selector);
        claim.input = honest.input;
        assertEq(_errorOf(keyHash, claim), IProofSystem.WrongLength.selector);
        claim.output = honest.output;
        assertEq(_errorOf(keyHash, claim), IProofSystem.MalformedSeal.selector);
        claim.seal = honest.seal;
        assertEq(_errorOf(keyHash, claim), IProofSystem.InvalidProof.selector);
        claim.context = honest.context;
        _verify(claim);
    }

    // Gas ---------------------------------------------------------------------------------------------------------------

    /// Running out of gas is never a verdict: below what is needed the call ends without data.
    function testFuzz_TooLittleGasNamesNoError(uint256 gasLimit, bool valid) public view {
        Claim memory claim = _claim(10);
        if (!valid) claim.context ^= 1;
        gasLimit = bound(gasLimit, 3_000, 400_000);
        bytes memory call = abi.encodeCall(
            system.verify,
            (keyHash, claim.context, claim.input, claim.output, claim.seal)
        );
        (bool ok, bytes memory data) = address(system).staticcall{gas: gasLimit}(call);
        if (ok) assertTrue(valid);
        else if (data.length != 0) assertTrue(!valid && bytes4(data) == IProofSystem.InvalidProof.selector);
        if (gasLimit > 260_000) assertTrue(ok || !valid);
    }
}
