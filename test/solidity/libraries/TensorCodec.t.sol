// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity ^0.8.28;

import {Test} from "forge-std/Test.sol";
import {OutputGuards} from "../../../contracts/consumers/OutputGuards.sol";
import {TensorCodec, TensorType} from "../../../contracts/consumers/TensorCodec.sol";
import {TensorHarness} from "../../../contracts/mocks/proofs/TensorHarness.sol";
import {SpecBuilder} from "./SpecBuilder.sol";

/// TensorCodec and OutputGuards, as a dApp uses them.
contract TensorCodecTest is Test {
    TensorHarness private harness;

    function setUp() public {
        harness = new TensorHarness();
    }

    function _drawn(uint256 seed, uint256 count, TensorType tensorType) private pure returns (int256[] memory) {
        (int256 lo, int256 hi) = TensorCodec.boundsOf(tensorType);
        return SpecBuilder.values(seed, count, lo, hi);
    }

    function testFuzz_RoundTrip(uint256 seed, uint8 typeCode, uint8 count) public view {
        TensorType tensorType = TensorType(typeCode % 5);
        int256[] memory values = _drawn(seed, count, tensorType);
        bytes memory data = harness.encode(values, tensorType);
        assertEq(data, SpecBuilder.encoded(values, uint8(tensorType)));
        assertEq(abi.encode(harness.decodeAll(data, tensorType)), abi.encode(values));
        for (uint256 i = 0; i < count; i += 17) assertEq(harness.decode(data, i, tensorType), values[i]);
    }

    function test_BoundsOfEveryType() public pure {
        int256[2][5] memory bounds = [
            [int256(-128), 127],
            [int256(0), 255],
            [int256(-32768), 32767],
            [int256(0), 65535],
            [int256(-2147483648), 2147483647]
        ];
        for (uint256 t = 0; t < 5; ++t) {
            (int256 lo, int256 hi) = TensorCodec.boundsOf(TensorType(t));
            assertEq(lo, bounds[t][0]);
            assertEq(hi, bounds[t][1]);
        }
    }

    function testFuzz_EncodeRefusesWhatDoesNotFit(uint8 typeCode, bool above) public {
        TensorType tensorType = TensorType(typeCode % 5);
        (int256 lo, int256 hi) = TensorCodec.boundsOf(tensorType);
        int256[] memory values = new int256[](3);
        values[2] = above ? hi + 1 : lo - 1;
        vm.expectRevert(abi.encodeWithSelector(TensorCodec.ValueDoesNotFit.selector, 2, values[2], tensorType));
        harness.encode(values, tensorType);
        values[2] = above ? hi : lo;
        harness.encode(values, tensorType);
    }

    function test_LengthsAndIndicesAreChecked() public {
        vm.expectRevert(abi.encodeWithSelector(TensorCodec.LengthNotMultiple.selector, 3, 2));
        harness.decode(hex"010203", 0, TensorType.I16);
        vm.expectRevert(abi.encodeWithSelector(TensorCodec.LengthNotMultiple.selector, 6, 4));
        harness.decodeAll(hex"010203040506", TensorType.I32);
        vm.expectRevert(abi.encodeWithSelector(TensorCodec.IndexOutOfBounds.selector, 2, 2));
        harness.decode(hex"01020304", 2, TensorType.I16);
        vm.expectRevert(abi.encodeWithSelector(TensorCodec.IndexOutOfBounds.selector, 0, 0));
        harness.decode("", 0, TensorType.U8);
    }

    function testFuzz_ArgmaxAndMargin(uint256 seed, uint8 typeCode, uint8 count) public view {
        TensorType tensorType = TensorType(typeCode % 5);
        uint256 size = bound(count, 2, 40);
        // Few distinct values, so that ties are common.
        int256[] memory values = SpecBuilder.values(seed, size, 0, int256(seed % 60));
        bytes memory data = SpecBuilder.encoded(values, uint8(tensorType));
        (uint256 winner, uint256 margin) = harness.argmaxWithMargin(data, tensorType);
        assertEq(harness.argmax(data, tensorType), winner);
        int256 runnerUp = type(int256).min;
        for (uint256 i = 0; i < size; ++i) {
            if (i < winner) assertLt(values[i], values[winner]);
            else assertLe(values[i], values[winner]);
            if (i != winner && values[i] > runnerUp) runnerUp = values[i];
        }
        assertEq(int256(margin), values[winner] - runnerUp);
    }

    function test_TiesGoToTheLowestIndexWithNoMargin() public view {
        (uint256 winner, uint256 margin) = harness.argmaxWithMargin(hex"0105050004", TensorType.U8);
        assertEq(winner, 1);
        assertEq(margin, 0);
    }

    function test_MarginOfTheWholeRange() public view {
        (uint256 winner, uint256 margin) = harness.argmaxWithMargin(hex"800000007fffffff", TensorType.I32);
        assertEq(winner, 1);
        assertEq(margin, type(uint32).max);
    }

    function test_SignedValuesAreComparedAsSigned() public view {
        assertEq(harness.argmax(hex"ff0180", TensorType.I8), 1);
        assertEq(harness.argmax(hex"ff0180", TensorType.U8), 0);
    }

    function test_TooFewValues() public {
        vm.expectRevert(abi.encodeWithSelector(OutputGuards.NotEnoughValues.selector, 0, 1));
        harness.argmax("", TensorType.U8);
        assertEq(harness.argmax(hex"80", TensorType.I8), 0);
        vm.expectRevert(abi.encodeWithSelector(OutputGuards.NotEnoughValues.selector, 1, 2));
        harness.argmaxWithMargin(hex"80", TensorType.I8);
    }

    function test_RequireMarginAtItsEdge() public {
        assertEq(harness.requireMargin(hex"0a07", TensorType.U8, 3), 0);
        vm.expectRevert(abi.encodeWithSelector(OutputGuards.MarginTooLow.selector, 3, 4));
        harness.requireMargin(hex"0a07", TensorType.U8, 4);
    }

    function test_RequireRangeAtItsEdges() public {
        assertEq(harness.requireRange(hex"0af6", 1, TensorType.I8, -10, 10), -10);
        assertEq(harness.requireRange(hex"0af6", 0, TensorType.I8, -10, 10), 10);
        vm.expectRevert(abi.encodeWithSelector(OutputGuards.ValueOutsideRange.selector, 1, -10, -9, 10));
        harness.requireRange(hex"0af6", 1, TensorType.I8, -9, 10);
        vm.expectRevert(abi.encodeWithSelector(OutputGuards.ValueOutsideRange.selector, 0, 10, -9, 9));
        harness.requireRange(hex"0af6", 0, TensorType.I8, -9, 9);
        vm.expectRevert(abi.encodeWithSelector(TensorCodec.IndexOutOfBounds.selector, 2, 2));
        harness.requireRange(hex"0af6", 2, TensorType.I8, -9, 9);
    }
}
