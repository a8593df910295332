// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity ^0.8.28;

import {Test} from "forge-std/Test.sol";
import {Artifacts} from "../Artifacts.sol";
import {SpecBuilder} from "../libraries/SpecBuilder.sol";
import {TensorCodec, TensorType} from "../../../contracts/consumers/TensorCodec.sol";
import {Rounding, TensorLib} from "../../../contracts/consumers/TensorLib.sol";
import {ConsumerHarness} from "../../../contracts/mocks/consumers/ConsumerHarness.sol";

/// Lists of tensors, shapes and declared ranges; tensors of decimal numbers.
contract TensorShapesTest is Test {
    ConsumerHarness private lib;

    function setUp() public {
        lib = ConsumerHarness(Artifacts.deploy("contracts/mocks/consumers/ConsumerHarness.sol:ConsumerHarness", ""));
    }

    function _dims(uint32 a, uint32 b, uint32 c) private pure returns (uint32[] memory shape) {
        shape = new uint32[](3);
        (shape[0], shape[1], shape[2]) = (a, b, c);
    }

    function _at(uint256 a, uint256 b, uint256 c) private pure returns (uint256[] memory indices) {
        indices = new uint256[](3);
        (indices[0], indices[1], indices[2]) = (a, b, c);
    }

    function _numbers(int128[2][] memory pairs) private pure returns (TensorLib.Number[] memory numbers) {
        numbers = new TensorLib.Number[](pairs.length);
        for (uint256 i = 0; i < pairs.length; ++i) numbers[i] = TensorLib.Number(pairs[i][0], pairs[i][1]);
    }

    // Lists ---------------------------------------------------------------------------------------------------------

    function testFuzz_SliceIsOneTensorOfAList(uint256 seed, uint8[3] memory types, uint8[3] memory sizes) public view {
        bytes memory data;
        bytes[3] memory parts;
        uint256[3] memory starts;
        for (uint256 t = 0; t < 3; ++t) {
            types[t] %= 5;
            (int256 lo, int256 hi) = TensorCodec.boundsOf(TensorType(types[t]));
            parts[t] = SpecBuilder.encoded(SpecBuilder.values(seed ^ t, sizes[t], lo, hi), types[t]);
            starts[t] = data.length;
            data = bytes.concat(data, parts[t]);
        }
        for (uint256 t = 0; t < 3; ++t) {
            assertEq(lib.slice(data, starts[t], sizes[t], TensorType(types[t])), parts[t]);
        }
    }

    function testFuzz_SliceStaysInside(bytes calldata data, uint16 from, uint16 count, uint8 typeCode) public {
        TensorType tensorType = TensorType(typeCode % 5);
        uint256 end = from + uint256(count) * TensorCodec.widthOf(tensorType);
        if (end > data.length) {
            vm.expectRevert(abi.encodeWithSelector(TensorCodec.SliceOutOfBounds.selector, end, data.length));
            lib.slice(data, from, count, tensorType);
        } else {
            assertEq(lib.slice(data, from, count, tensorType), data[from:end]);
        }
    }

    function test_SliceOfHugeNumbersReverts() public {
        vm.expectRevert();
        lib.slice(hex"00", type(uint256).max, 2, TensorType.U8);
        vm.expectRevert();
        lib.slice(hex"00", 0, type(uint256).max, TensorType.I32);
    }

    function test_EmptySliceAtTheEnd() public {
        assertEq(lib.slice(hex"0102", 2, 0, TensorType.U8), "");
        vm.expectRevert(abi.encodeWithSelector(TensorCodec.SliceOutOfBounds.selector, 3, 2));
        lib.slice(hex"0102", 3, 0, TensorType.U8);
    }

    // Shapes --------------------------------------------------------------------------------------------------------

    /// Row-major: indices counted up like digits.
    function testFuzz_FlatIndexCountsRowMajor(uint8 a, uint8 b, uint8 c, uint256 seed) public view {
        uint32[] memory shape = _dims(uint32(a) + 1, uint32(b) + 1, uint32(c) + 1);
        uint256 size = lib.sizeOf(shape);
        assertEq(size, (uint256(a) + 1) * (uint256(b) + 1) * (uint256(c) + 1));
        uint256 index = seed % size;
        uint256 row = uint256(c) + 1;
        uint256 plane = row * (uint256(b) + 1);
        assertEq(lib.flatIndex(shape, _at(index / plane, (index % plane) / row, index % row)), index);
    }

    function testFuzz_FlatIndexRefusesWhatIsOutside(uint8 dim, uint256 index) public {
        uint32[] memory shape = _dims(3, uint32(dim) + 1, 4);
        index = bound(index, shape[1], type(uint256).max);
        vm.expectRevert(abi.encodeWithSelector(TensorCodec.IndexOutOfBounds.selector, index, shape[1]));
        lib.flatIndex(shape, _at(2, index, 3));
    }

    function test_FlatIndexRefusesAnotherRank() public {
        vm.expectRevert(abi.encodeWithSelector(TensorCodec.RankMismatch.selector, 2, 3));
        lib.flatIndex(new uint32[](2), _at(0, 0, 0));
    }

    function test_SizeOfAScalarIsOne() public view {
        assertEq(lib.sizeOf(new uint32[](0)), 1);
        assertEq(lib.flatIndex(new uint32[](0), new uint256[](0)), 0);
    }

    // Declared ranges -----------------------------------------------------------------------------------------------

    function testFuzz_EncodeInRangeIsEncode(uint256 seed, uint8 typeCode, int32 a, int32 b) public view {
        TensorType tensorType = TensorType(typeCode % 5);
        (int256 least, int256 most) = TensorCodec.boundsOf(tensorType);
        (int256 lo, int256 hi) = (bound(a, least, most), bound(b, least, most));
        if (lo > hi) (lo, hi) = (hi, lo);
        int256[] memory values = SpecBuilder.values(seed, 9, lo, hi);
        assertEq(lib.encodeInRange(values, tensorType, lo, hi), SpecBuilder.encoded(values, uint8(tensorType)));
    }

    function test_EncodeInRangeRefusesAtItsEdges() public {
        int256[] memory values = new int256[](2);
        for (uint256 i = 0; i < 2; ++i) {
            values[1] = i == 0 ? int256(17) : int256(-1);
            vm.expectRevert(abi.encodeWithSelector(TensorCodec.ValueOutOfRange.selector, 1, values[1], 0, 16));
            lib.encodeInRange(values, TensorType.U8, 0, 16);
        }
        (values[0], values[1]) = (0, 16);
        assertEq(lib.encodeInRange(values, TensorType.U8, 0, 16), hex"0010");
    }

    /// A declared range wider than the type does not let values wrap.
    function test_EncodeInRangeStillChecksTheType() public {
        int256[] memory values = new int256[](1);
        values[0] = 256;
        vm.expectRevert(abi.encodeWithSelector(TensorCodec.ValueDoesNotFit.selector, 0, 256, TensorType.U8));
        lib.encodeInRange(values, TensorType.U8, 0, 300);
    }

    // Tensors of numbers --------------------------------------------------------------------------------------------

    function testFuzz_TensorsOfNumbersRoundTrip(
        uint256 seed,
        uint8 typeCode,
        uint8 a,
        uint8 b,
        int8 exponent
    ) public view {
        TensorType tensorType = TensorType(typeCode % 5);
        uint32[] memory shape = _dims(1, uint32(a % 4) + 1, uint32(b % 4) + 1);
        (int256 lo, int256 hi) = TensorCodec.boundsOf(tensorType);
        int256[] memory values = SpecBuilder.values(seed, lib.sizeOf(shape), lo, hi);
        bytes memory data = SpecBuilder.encoded(values, uint8(tensorType));
        exponent = int8(bound(exponent, -90, 41));
        int128 decimals = lib.exactDecimals(exponent);

        TensorLib.MultiDimensionalNumberTensor memory tensor = lib.decodeTensor(
            "scores",
            shape,
            data,
            tensorType,
            exponent,
            decimals,
            Rounding.Floor
        );
        assertEq(tensor.name, "scores");
        assertEq(abi.encode(tensor.shape), abi.encode(shape));
        assertEq(tensor.values.length, values.length);
        assertEq(lib.encodeTensor(tensor, tensorType, exponent, Rounding.Floor), data);
    }

    function test_TensorsOfNumbersKnown() public view {
        int128[2][] memory pairs = new int128[2][](4);
        (pairs[0], pairs[1], pairs[2], pairs[3]) = ([int128(15), 1], [int128(-1), 0], [int128(3), -1], [int128(5), 1]);
        TensorLib.MultiDimensionalNumberTensor memory tensor = TensorLib.MultiDimensionalNumberTensor(
            "x",
            _numbers(pairs),
            _dims(1, 2, 2)
        );
        assertEq(lib.encodeTensor(tensor, TensorType.I8, 0, Rounding.Floor), hex"01ff1e00");
        assertEq(lib.encodeTensor(tensor, TensorType.I8, 0, Rounding.Ceil), hex"02ff1e01");
        assertEq(lib.encodeTensor(tensor, TensorType.I16, 4, Rounding.Floor), hex"0018fff001e00008");
    }

    function test_ANumberBeyondTheTypeIsRefused() public {
        int128[2][] memory pairs = new int128[2][](1);
        pairs[0] = [int128(8), 0];
        TensorLib.MultiDimensionalNumberTensor memory tensor = TensorLib.MultiDimensionalNumberTensor(
            "x",
            _numbers(pairs),
            _dims(1, 1, 1)
        );
        vm.expectRevert(abi.encodeWithSelector(TensorCodec.ValueDoesNotFit.selector, 0, 128, TensorType.I8));
        lib.encodeTensor(tensor, TensorType.I8, 4, Rounding.Floor);
        assertEq(lib.encodeTensor(tensor, TensorType.U8, 4, Rounding.Floor), hex"80");
    }

    function test_AShapeMustFitTheValues() public {
        TensorLib.MultiDimensionalNumberTensor memory tensor = TensorLib.MultiDimensionalNumberTensor(
            "x",
            new TensorLib.Number[](3),
            _dims(1, 2, 2)
        );
        vm.expectRevert(abi.encodeWithSelector(TensorLib.ShapeMismatch.selector, 4, 3));
        lib.encodeTensor(tensor, TensorType.I8, 0, Rounding.Floor);
        vm.expectRevert(abi.encodeWithSelector(TensorLib.ShapeMismatch.selector, 4, 5));
        lib.decodeTensor("x", _dims(1, 2, 2), new bytes(5), TensorType.I8, 0, 0, Rounding.Floor);
    }

    /// A shape of billions that wraps to the number of values would pass for them.
    function test_AShapeCannotWrap() public {
        uint32[] memory shape = new uint32[](9);
        for (uint256 i = 0; i < 9; ++i) shape[i] = type(uint32).max;
        vm.expectRevert();
        lib.sizeOf(shape);
    }
}
