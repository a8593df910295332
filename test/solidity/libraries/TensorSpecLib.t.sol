// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity ^0.8.28;

import {Test} from "forge-std/Test.sol";
import {IProofSystem} from "../../../contracts/interfaces/IProofSystem.sol";
import {TensorSpecLib} from "../../../contracts/libraries/TensorSpecLib.sol";
import {TensorHarness} from "../../../contracts/mocks/proofs/TensorHarness.sol";
import {SpecBuilder} from "./SpecBuilder.sol";

contract TensorSpecLibTest is Test {
    struct Tensor {
        uint8 typeCode;
        uint32 size;
        int256 lo;
        int256 hi;
        int256[] values;
    }

    TensorHarness private harness;

    function setUp() public {
        harness = new TensorHarness();
    }

    function _tensor(uint256 seed) private pure returns (Tensor memory tensor) {
        tensor.typeCode = uint8(seed % 5);
        tensor.size = uint32(1 + ((seed >> 8) % 150));
        (int256 typeLo, int256 typeHi) = _bounds(tensor.typeCode);
        int256 a = bound(int256(uint256(keccak256(abi.encode(seed, "a")))), typeLo, typeHi - 1);
        int256 b = bound(int256(uint256(keccak256(abi.encode(seed, "b")))), a + 1, typeHi);
        (tensor.lo, tensor.hi) = (a, b);
        tensor.values = SpecBuilder.values(seed, tensor.size, a, b);
    }

    function _bounds(uint8 typeCode) private pure returns (int256 lo, int256 hi) {
        if (typeCode == 0) return (-128, 127);
        if (typeCode == 1) return (0, 255);
        if (typeCode == 2) return (-32768, 32767);
        if (typeCode == 3) return (0, 65535);
        return (type(int32).min, type(int32).max);
    }

    function _spec(Tensor memory tensor) private pure returns (bytes memory) {
        return SpecBuilder.spec(tensor.size, tensor.typeCode, -3, int32(tensor.lo), int32(tensor.hi));
    }

    function _assertWords(uint256[] memory actual, uint256[] memory first, uint256[] memory second) private pure {
        assertEq(actual.length, first.length + second.length);
        for (uint256 i = 0; i < actual.length; ++i) {
            assertEq(actual[i], i < first.length ? first[i] : second[i - first.length]);
            assertLt(actual[i], 1 << 248);
        }
    }

    function testFuzz_PackingMatchesPlainArithmetic(uint256 seed) public view {
        Tensor memory a = _tensor(seed);
        Tensor memory b = _tensor(~seed);
        bytes memory list = SpecBuilder.list(_spec(a), _spec(b));
        bytes memory data = bytes.concat(
            SpecBuilder.encoded(a.values, a.typeCode),
            SpecBuilder.encoded(b.values, b.typeCode)
        );
        assertEq(harness.encodedLength(list), data.length);
        _assertWords(
            harness.pack(list, data),
            SpecBuilder.packed(a.values, a.lo, a.hi),
            SpecBuilder.packed(b.values, b.lo, b.hi)
        );
    }

    /// One value just outside, at any place of any tensor of the list, is named with its index over all tensors.
    function testFuzz_OneBelowAndOneAboveTheRange(uint256 seed, uint256 place, bool above) public {
        Tensor memory a = _tensor(seed);
        Tensor memory b = _tensor(~seed);
        place = bound(place, 0, a.size + b.size - 1);
        Tensor memory bad = place < a.size ? a : b;
        (int256 typeLo, int256 typeHi) = _bounds(bad.typeCode);
        int256 value = above ? bad.hi + 1 : bad.lo - 1;
        vm.assume(value >= typeLo && value <= typeHi);
        bad.values[place < a.size ? place : place - a.size] = value;
        bytes memory data = bytes.concat(
            SpecBuilder.encoded(a.values, a.typeCode),
            SpecBuilder.encoded(b.values, b.typeCode)
        );
        vm.expectRevert(abi.encodeWithSelector(IProofSystem.ValueOutOfRange.selector, place, value, bad.lo, bad.hi));
        harness.pack(SpecBuilder.list(_spec(a), _spec(b)), data);
    }

    function test_TheFirstValueOutOfRangeIsNamed() public {
        bytes memory list = SpecBuilder.list(SpecBuilder.spec(4, SpecBuilder.I8, 0, -5, 5));
        vm.expectRevert(abi.encodeWithSelector(IProofSystem.ValueOutOfRange.selector, 1, -6, -5, 5));
        harness.pack(list, hex"fbfa0606");
    }

    function testFuzz_AnyOtherLengthIsRefused(uint256 seed, uint256 length) public {
        Tensor memory a = _tensor(seed);
        bytes memory list = SpecBuilder.list(_spec(a));
        uint256 expected = SpecBuilder.encoded(a.values, a.typeCode).length;
        length = bound(length, 0, 2 * expected);
        vm.assume(length != expected);
        vm.expectRevert(abi.encodeWithSelector(IProofSystem.WrongLength.selector, expected, length));
        harness.pack(list, new bytes(length));
    }

    /// Whatever bytes come, an accepted packing has one preimage: equal words mean equal bytes.
    function testFuzz_PackingIsInjective(uint256 seed, uint256 place, uint8 flip) public {
        Tensor memory a = _tensor(seed);
        bytes memory list = SpecBuilder.list(_spec(a));
        bytes memory data = SpecBuilder.encoded(a.values, a.typeCode);
        uint256[] memory words = harness.pack(list, data);
        place = bound(place, 0, data.length - 1);
        data[place] ^= bytes1(flip == 0 ? 1 : flip);
        try harness.pack(list, data) returns (uint256[] memory others) {
            assertNotEq(keccak256(abi.encode(words)), keccak256(abi.encode(others)));
        } catch (bytes memory reason) {
            assertEq(bytes4(reason), IProofSystem.ValueOutOfRange.selector);
        }
    }

    function test_SeveralDimensionsMultiply() public view {
        bytes memory spec = abi.encodePacked(
            uint8(3),
            uint32(2),
            uint32(3),
            uint32(4),
            uint8(1),
            int8(0),
            int32(0),
            int32(1)
        );
        assertEq(harness.encodedLength(SpecBuilder.list(spec)), 24);
        uint256[] memory words = harness.pack(SpecBuilder.list(spec), SpecBuilder.repeat(1, 24));
        assertEq(words.length, 1);
        assertEq(words[0], (1 << 24) - 1); // one bit a value
    }

    function test_LargestShapesAndFullRanges() public view {
        // 2^24 values of 32 bits: 7 a word
        bytes memory list = SpecBuilder.list(
            SpecBuilder.spec(1 << 24, SpecBuilder.I32, 127, type(int32).min, type(int32).max)
        );
        assertEq(harness.validate(list), (uint256(1 << 24) + 6) / 7);
        assertEq(harness.encodedLength(list), 1 << 26);
        bytes memory eight = abi.encodePacked(
            uint8(8),
            SpecBuilder.repeat(0, 32),
            uint8(0),
            int8(-128),
            int32(-128),
            int32(127)
        );
        for (uint256 i = 0; i < 8; ++i) eight[4 + 4 * i] = 0x08; // 8^8 = 2^24
        assertEq(harness.validate(SpecBuilder.list(eight)), (uint256(1 << 24) + 30) / 31);
    }

    function test_SixteenTensorsAndNoMore() public {
        bytes memory spec = SpecBuilder.spec(1, SpecBuilder.U8, 0, 0, 1);
        bytes memory specs;
        for (uint256 i = 0; i < 16; ++i) specs = bytes.concat(specs, spec);
        assertEq(harness.validate(bytes.concat(hex"10", specs)), 16); // a tensor starts a new word
        vm.expectRevert(abi.encodeWithSelector(IProofSystem.MalformedKey.selector, TensorSpecLib.SPEC_COUNT));
        harness.validate(bytes.concat(hex"11", specs, spec));
    }

    function testFuzz_BitsOf(int32 lo, int32 hi) public pure {
        vm.assume(lo < hi);
        uint256 bits = TensorSpecLib.bitsOf(lo, hi);
        uint256 span = uint256(int256(hi) - int256(lo));
        assertGe(span, 2 ** (bits - 1));
        assertLt(span, 2 ** bits);
    }
}
