// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity ^0.8.28;

import {Test} from "forge-std/Test.sol";
import {Artifacts} from "../Artifacts.sol";
import {Rounding, TensorLib} from "../../../contracts/consumers/TensorLib.sol";
import {ConsumerHarness} from "../../../contracts/mocks/consumers/ConsumerHarness.sol";

/// Decimal numbers and fixed point. Every property is stated in whole numbers, multiplied out: no division of the test's
/// own. test/contracts/consumers/tensor-lib.test.ts holds the whole domain against big integers.
contract TensorLibTest is Test {
    ConsumerHarness private lib;

    function setUp() public {
        lib = ConsumerHarness(Artifacts.deploy("contracts/mocks/consumers/ConsumerHarness.sol:ConsumerHarness", ""));
    }

    function _to(int256 value, int256 decimals, int256 exponent, Rounding rounding) private view returns (int256) {
        return lib.toFixedPoint(TensorLib.Number(int128(value), int128(decimals)), int8(exponent), rounding);
    }

    function _from(int256 q, int256 exponent, int256 decimals, Rounding rounding) private view returns (int256) {
        return lib.fromFixedPoint(int128(q), int8(exponent), int128(decimals), rounding).value;
    }

    /// value * 2^exponent / 10^decimals as a fraction that fits 256 bits with room for a factor of two.
    function _fraction(
        int128 value,
        uint8 decimals,
        int8 exponent
    ) private pure returns (int256 v, int256 d, int256 e, int256 numerator, int256 denominator) {
        v = value;
        d = int256(bound(decimals, 0, 37));
        e = bound(exponent, -128, 120);
        // Where the value itself fits: otherwise it is the overflow's test.
        int256 most = int256(2 ** 126) / int256(2 ** uint256(e > 0 ? e : int256(0)));
        if (e > 0) v = bound(v, -most, most);
        numerator = e > 0 ? v * int256(2 ** uint256(e)) : v;
        denominator = int256(10 ** uint256(d)) * int256(2 ** uint256(e < 0 ? -e : int256(0)));
    }

    // Rounding ------------------------------------------------------------------------------------------------------

    function testFuzz_FloorIsTheLargestIntegerNotAbove(int128 value, uint8 decimals, int8 exponent) public view {
        (int256 v, int256 d, int256 e, int256 n, int256 m) = _fraction(value, decimals, exponent);
        int256 q = _to(v, d, e, Rounding.Floor);
        assertLe(q * m, n);
        assertGt((q + 1) * m, n);
    }

    function testFuzz_CeilIsTheSmallestIntegerNotBelow(int128 value, uint8 decimals, int8 exponent) public view {
        (int256 v, int256 d, int256 e, int256 n, int256 m) = _fraction(value, decimals, exponent);
        int256 q = _to(v, d, e, Rounding.Ceil);
        assertGe(q * m, n);
        assertLt((q - 1) * m, n);
    }

    function testFuzz_TruncIsFloorOfTheMagnitude(int128 value, uint8 decimals, int8 exponent) public view {
        (int256 v, int256 d, int256 e, , ) = _fraction(value, decimals, exponent);
        assertEq(_to(v, d, e, Rounding.Trunc), _to(v, d, e, v < 0 ? Rounding.Ceil : Rounding.Floor));
    }

    /// q - 1/2 <= x < q + 1/2
    function testFuzz_HalfUpIsNearestAndUpFromTheMiddle(int128 value, uint8 decimals, int8 exponent) public view {
        (int256 v, int256 d, int256 e, int256 n, int256 m) = _fraction(value, decimals, exponent);
        int256 q = _to(v, d, e, Rounding.HalfUp);
        assertLe(2 * (q * m - n), m);
        assertLt(2 * (n - q * m), m);
    }

    /// |x - q| <= 1/2, and q even where it is exactly half.
    function testFuzz_HalfEvenIsNearestAndEvenFromTheMiddle(int128 value, uint8 decimals, int8 exponent) public view {
        (int256 v, int256 d, int256 e, int256 n, int256 m) = _fraction(value, decimals, exponent);
        int256 q = _to(v, d, e, Rounding.HalfEven);
        int256 off = 2 * (q * m > n ? q * m - n : n - q * m);
        assertLe(off, m);
        if (off == m) assertEq(q % 2, 0);
    }

    /// Halves are rare among random fractions: here every second value is one.
    function testFuzz_TiesGoWhereTheModeSays(int64 odd) public view {
        int256 v = int256(odd) * 10 + 5; // (2 * odd + 1) / 2 in tenths
        int256 below = odd; // floor of odd + 1/2
        assertEq(_to(v, 1, 0, Rounding.Floor), below);
        assertEq(_to(v, 1, 0, Rounding.Ceil), below + 1);
        assertEq(_to(v, 1, 0, Rounding.Trunc), odd < 0 ? below + 1 : below);
        assertEq(_to(v, 1, 0, Rounding.HalfUp), below + 1);
        assertEq(_to(v, 1, 0, Rounding.HalfEven), below % 2 == 0 ? below : below + 1);
    }

    function testFuzz_ModesAgreeOnWholeResults(int64 q, uint8 decimals, uint8 exponent) public view {
        int256 e = int256(bound(exponent, 0, 20));
        int256 d = e + int256(bound(decimals, 0, 9)); // q * 2^-e has e decimals
        q = int64(bound(q, -1e9, 1e9));
        int256 v = (q * int256(10 ** uint256(d))) / int256(2 ** uint256(e));
        for (uint256 r = 0; r < 5; ++r) assertEq(_to(v, d, e, Rounding(r)), q);
    }

    // Exactness -----------------------------------------------------------------------------------------------------

    /// A value of a tensor comes back from its decimals whatever the rounding.
    function testFuzz_ValuesOfTensorsRoundTrip(int32 q, int8 exponent, uint8 mode) public view {
        exponent = int8(bound(exponent, -94, 41));
        Rounding rounding = Rounding(mode % 5);
        int128 decimals = lib.exactDecimals(exponent);
        TensorLib.Number memory number = lib.fromFixedPoint(q, exponent, decimals, rounding);
        assertEq(lib.toFixedPoint(number, exponent, rounding), q);
    }

    function testFuzz_TrailingZerosChangeNothing(int96 value, uint8 decimals, int8 exponent, uint8 mode) public view {
        int256 d = int256(bound(decimals, 0, 60));
        int256 e = bound(exponent, -128, 30);
        Rounding rounding = Rounding(mode % 5);
        assertEq(_to(int256(value) * 1e9, d + 9, e, rounding), _to(value, d, e, rounding));
    }

    function testFuzz_NegativeDecimalsAreFactors(int32 value, uint8 decimals, int8 exponent, uint8 mode) public view {
        uint256 k = bound(decimals, 0, 28);
        int256 e = bound(exponent, -128, 0);
        Rounding rounding = Rounding(mode % 5);
        assertEq(_to(value, -int256(k), e, rounding), _to(value * int256(10 ** k), 0, e, rounding));
    }

    function testFuzz_OrderIsKept(int128 a, int128 b, uint8 decimals, int8 exponent, uint8 mode) public view {
        (int256 va, int256 d, int256 e, , ) = _fraction(a, decimals, exponent);
        (int256 vb, , , , ) = _fraction(b, decimals, exponent);
        Rounding rounding = Rounding(mode % 5);
        (int256 qa, int256 qb) = (_to(va, d, e, rounding), _to(vb, d, e, rounding));
        if (va <= vb) assertLe(qa, qb);
        else assertGe(qa, qb);
    }

    function testFuzz_ZeroIsZero(int128 decimals, int8 exponent, uint8 mode) public view {
        assertEq(_to(0, decimals, exponent, Rounding(mode % 5)), 0);
        assertEq(_from(0, exponent, decimals, Rounding(mode % 5)), 0);
    }

    /// floor(q * 10^decimals / 2^exponent)
    function testFuzz_FromFixedPointFloors(int64 q, uint8 decimals, uint8 exponent) public view {
        int256 d = int256(bound(decimals, 0, 18));
        int256 e = int256(bound(exponent, 0, 127));
        (int256 n, int256 m) = (int256(q) * int256(10 ** uint256(d)), int256(2 ** uint256(e)));
        int256 v = _from(q, e, d, Rounding.Floor);
        assertLe(v * m, n);
        assertGt((v + 1) * m, n);
    }

    /// Fewer decimals than none: tens, hundreds.
    function testFuzz_FromFixedPointToNegativeDecimals(int128 q, uint8 decimals) public view {
        uint256 k = bound(decimals, 1, 37);
        int256 v = _from(q, 0, -int256(k), Rounding.HalfUp);
        int256 m = int256(10 ** k);
        assertLe(2 * (v * m - q), m);
        assertLt(2 * (q - v * m), m);
    }

    function testFuzz_BothWaysStayWithinOneUnit(int64 q, uint8 exponent, uint8 decimals) public view {
        int256 e = int256(bound(exponent, 0, 60));
        int256 d = int256(bound(decimals, 0, 18));
        int256 v = _from(q, e, d, Rounding.HalfEven);
        int256 back = _to(v, d, e, Rounding.HalfEven);
        // |back - q| <= 1/2 + 2^e / (2 * 10^d)
        int256 off = back > q ? back - q : q - back;
        assertLe((2 * off - 1) * int256(10 ** uint256(d)), int256(2 ** uint256(e)));
    }

    // Overflow ------------------------------------------------------------------------------------------------------

    function testFuzz_OverflowIsNamed(int128 value, uint8 by) public {
        vm.assume(value != 0);
        // The least exponent at which |value| * 2^e takes more than 128 bits, and beyond.
        int256 magnitude = value < 0 ? -int256(value) : int256(value);
        int256 e = 0;
        while (magnitude * int256(2 ** uint256(e)) < 2 ** 127) ++e;
        bool least = value < 0 && magnitude * int256(2 ** uint256(e)) == 2 ** 127;
        if (e > 0) assertEq(_to(value, 0, e - 1, Rounding.Trunc), int256(value) * int256(2 ** uint256(e - 1)));
        if (least) assertEq(_to(value, 0, e, Rounding.Trunc), type(int128).min);
        e = bound(int256(uint256(by)), least ? e + 1 : e, 128);
        if (e > 127) return;
        vm.expectRevert(abi.encodeWithSelector(TensorLib.FixedPointOverflow.selector, value, int128(0), int8(e)));
        _to(value, 0, e, Rounding.Trunc);
    }

    function test_OverflowByRoundingAlone() public {
        int128 q = int128(int256(((uint256(1) << 129) - 2) / 5)); // q * 10 / 2^3 = 2^127 - 1/2
        assertEq(_from(q, 3, 1, Rounding.Floor), type(int128).max);
        assertEq(_from(-q, 3, 1, Rounding.Floor), type(int128).min);
        Rounding[3] memory up = [Rounding.Ceil, Rounding.HalfUp, Rounding.HalfEven];
        for (uint256 i = 0; i < 3; ++i) {
            vm.expectRevert(abi.encodeWithSelector(TensorLib.NumberOverflow.selector, q, int8(3), int128(1)));
            _from(q, 3, 1, up[i]);
        }
    }

    function test_TheLeastValueFits() public {
        assertEq(_to(type(int128).min, 0, 0, Rounding.Floor), type(int128).min);
        assertEq(_to(-1, 0, 127, Rounding.Floor), type(int128).min);
        vm.expectRevert(abi.encodeWithSelector(TensorLib.FixedPointOverflow.selector, int128(1), int128(0), int8(127)));
        _to(1, 0, 127, Rounding.Floor);
        assertEq(_from(-1, -127, 0, Rounding.Ceil), type(int128).min);
        vm.expectRevert(abi.encodeWithSelector(TensorLib.NumberOverflow.selector, int128(-1), int8(-128), int128(0)));
        _from(-1, -128, 0, Rounding.Ceil);
    }

    function test_HugeNegativeDecimalsOverflow() public {
        int128[3] memory decimals = [int128(-39), -111, type(int128).min];
        for (uint256 i = 0; i < 3; ++i) {
            vm.expectRevert(
                abi.encodeWithSelector(TensorLib.FixedPointOverflow.selector, int128(-1), decimals[i], int8(0))
            );
            _to(-1, decimals[i], 0, Rounding.Trunc);
        }
        // ... unless the exponent takes them back: 10^39 / 2^128 = 2.9...
        assertEq(_to(1, -39, -128, Rounding.Floor), 2);
        assertEq(_to(1, -39, -128, Rounding.HalfUp), 3);
    }

    function test_ThirtyTwoBitsFitUpToFortyOneDecimals() public {
        int128 least = type(int32).min;
        int256 power = 1;
        for (uint256 i = 0; i < 41; ++i) power *= 5;
        assertEq(_from(least, 41, lib.exactDecimals(41), Rounding.Floor), least * power);
        vm.expectRevert(abi.encodeWithSelector(TensorLib.NumberOverflow.selector, least, int8(42), int128(42)));
        _from(least, 42, 42, Rounding.Floor);
    }

    // What is too small to see --------------------------------------------------------------------------------------

    function testFuzz_DustRoundsToTheNeighbourOfZero(int128 value, uint256 decimals, int8 exponent) public view {
        vm.assume(value != 0);
        int128 d = int128(int256(bound(decimals, 111, uint256(int256(type(int128).max)))));
        (int256 floor, int256 ceil) = value < 0 ? (int256(-1), int256(0)) : (int256(0), int256(1));
        assertEq(_to(value, d, exponent, Rounding.Floor), floor);
        assertEq(_to(value, d, exponent, Rounding.Ceil), ceil);
        assertEq(_to(value, d, exponent, Rounding.Trunc), 0);
        assertEq(_to(value, d, exponent, Rounding.HalfUp), 0);
        assertEq(_to(value, d, exponent, Rounding.HalfEven), 0);
    }

    // Known values --------------------------------------------------------------------------------------------------

    function test_KnownNumbers() public view {
        assertEq(_to(10, 0, 0, Rounding.Floor), 10);
        assertEq(_to(15, 1, 0, Rounding.Floor), 1);
        assertEq(_to(15, 1, 4, Rounding.Floor), 24); // 1.5 * 16
        assertEq(_to(-314159, 5, 12, Rounding.HalfUp), -12868); // -12867.95...
        assertEq(_to(12, -3, -2, Rounding.Floor), 3000); // 12,000 / 4
        assertEq(_from(24, 4, 1, Rounding.Floor), 15);
        assertEq(_from(24, 4, 0, Rounding.HalfEven), 2);
        assertEq(_from(-24, 4, 0, Rounding.HalfUp), -1);
        assertEq(_from(24, 4, 0, Rounding.HalfUp), 2);
        assertEq(_from(40, 4, 0, Rounding.HalfEven), 2); // 2.5
        assertEq(_from(3, -2, 0, Rounding.Floor), 12);
        assertEq(_from(1, 127, 10, Rounding.Ceil), 1);
        assertEq(lib.fromFixedPoint(24, 4, 1, Rounding.Floor).decimals, 1);
    }

    function test_ExactDecimals() public view {
        assertEq(lib.exactDecimals(0), 0);
        assertEq(lib.exactDecimals(12), 12);
        assertEq(lib.exactDecimals(127), 127);
        assertEq(lib.exactDecimals(-1), 0);
        assertEq(lib.exactDecimals(-128), 0);
    }

    /// The layout that OpenGradient's users have: two int128, value first.
    function test_NumberHasOpenGradientsLayout() public pure {
        TensorLib.Number memory number = TensorLib.Number({value: -15, decimals: 1});
        assertEq(abi.encode(number), abi.encode(int128(-15), int128(1)));
        TensorLib.MultiDimensionalNumberTensor memory tensor;
        (tensor.name, tensor.values, tensor.shape) = ("x", new TensorLib.Number[](1), new uint32[](1));
        tensor.values[0] = number;
        tensor.shape[0] = 1;
        int128[2][] memory values = new int128[2][](1);
        values[0] = [int128(-15), 1];
        // A dynamic tuple by itself: an offset of one word, then its fields.
        assertEq(abi.encode(tensor), bytes.concat(abi.encode(32), abi.encode("x", values, tensor.shape)));
    }
}
