// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity ^0.8.28;

import {Test} from "forge-std/Test.sol";
import {SettlementMath} from "../../../contracts/market/SettlementMath.sol";

/// The money's arithmetic against its definition: each division is checked by multiplying back, in numbers wide enough
/// that nothing can wrap.
contract SettlementMathTest is Test {
    uint256 private constant BPS = 10_000;

    function _priceAt(
        uint96 minFee,
        uint96 maxFee,
        uint64 start,
        uint32 length,
        uint256 at
    ) private pure returns (uint256) {
        return SettlementMath.priceAt(minFee, maxFee, start, length, at);
    }

    // Price ---------------------------------------------------------------------------------------------------------

    /// Inside the ramp: the largest integer not above the line through (start, minFee) and (start + length, maxFee).
    function testFuzz_PriceIsTheFloorOfTheLine(
        uint96 a,
        uint96 b,
        uint64 start,
        uint32 length,
        uint32 after_
    ) public pure {
        (uint96 low, uint96 high) = a <= b ? (a, b) : (b, a);
        length = uint32(bound(length, 1, type(uint32).max));
        uint256 elapsed = bound(after_, 0, length - 1);
        uint256 price = _priceAt(low, high, start, length, uint256(start) + elapsed);
        uint256 exact = uint256(low) * length + uint256(high - low) * elapsed; // of the price, times length
        assertLe(price * length, exact);
        assertGt((price + 1) * length, exact);
    }

    function testFuzz_PriceOutsideTheRampIsFlat(
        uint96 a,
        uint96 b,
        uint64 start,
        uint32 length,
        uint256 at
    ) public pure {
        (uint96 low, uint96 high) = a <= b ? (a, b) : (b, a);
        if (start > 0) assertEq(_priceAt(low, high, start, length, bound(at, 0, start - 1)), low);
        uint256 end = uint256(start) + length;
        assertEq(_priceAt(low, high, start, length, bound(at, end, type(uint256).max)), high);
    }

    function testFuzz_PriceNeverFalls(
        uint96 a,
        uint96 b,
        uint64 start,
        uint32 length,
        uint256 t,
        uint256 u
    ) public pure {
        (uint96 low, uint96 high) = a <= b ? (a, b) : (b, a);
        (t, u) = t <= u ? (t, u) : (u, t);
        uint256 earlier = _priceAt(low, high, start, length, t);
        uint256 later = _priceAt(low, high, start, length, u);
        assertLe(earlier, later);
        assertGe(earlier, low);
        assertLe(later, high);
    }

    function testFuzz_EqualFeesArePricesOfNoTime(uint96 fee, uint64 start, uint32 length, uint256 at) public pure {
        assertEq(_priceAt(fee, fee, start, length, at), fee);
    }

    function test_PriceOfTheWidestRampDoesNotWrap() public pure {
        uint96 top = type(uint96).max;
        uint32 length = type(uint32).max;
        uint64 start = type(uint64).max;
        assertEq(_priceAt(0, top, start, length, uint256(start) + length - 1), (uint256(top) * (length - 1)) / length);
        assertEq(_priceAt(0, top, start, length, uint256(start) + length), top);
    }

    // Royalty -------------------------------------------------------------------------------------------------------

    function testFuzz_RoyaltyIsTheFloorOfItsShare(uint96 price, uint16 bps) public pure {
        bps = uint16(bound(bps, 0, BPS));
        uint256 royalty = SettlementMath.royaltyOf(price, bps);
        assertLe(royalty * BPS, uint256(price) * bps);
        assertGt((royalty + 1) * BPS, uint256(price) * bps);
        assertLe(royalty, price, "the operator's part is never negative");
    }

    function test_RoyaltyAtItsEnds() public pure {
        uint96 top = type(uint96).max;
        assertEq(SettlementMath.royaltyOf(top, 0), 0);
        assertEq(SettlementMath.royaltyOf(top, 10_000), top);
        assertEq(SettlementMath.royaltyOf(1, 9_999), 0);
        assertEq(SettlementMath.royaltyOf(0, 10_000), 0);
    }

    // Slash ---------------------------------------------------------------------------------------------------------

    /// Nothing is lost or made; the burn is its share, rounded up by less than one unit.
    function testFuzz_SlashIsSplitInTwo(uint96 amount, uint16 burnBps) public pure {
        burnBps = uint16(bound(burnBps, 0, BPS));
        (uint256 burnt, uint256 awarded) = SettlementMath.slash(amount, burnBps);
        assertEq(burnt + awarded, amount);
        assertGe(burnt * BPS, uint256(amount) * burnBps);
        assertLt(burnt * BPS, uint256(amount) * burnBps + BPS);
    }

    /// T16: with any share that a market may burn, nobody is awarded more than is burnt.
    function testFuzz_T16_TheAwardIsNeverAboveTheBurn(uint96 amount, uint16 burnBps) public pure {
        burnBps = uint16(bound(burnBps, BPS / 2, BPS));
        (uint256 burnt, uint256 awarded) = SettlementMath.slash(amount, burnBps);
        assertLe(awarded, burnt);
    }

    /// T16: cutting a stake in two for two slashes awards no more than one.
    function testFuzz_T16_SplittingAStakeGainsNothing(uint96 amount, uint96 part, uint16 burnBps) public pure {
        burnBps = uint16(bound(burnBps, BPS / 2, BPS));
        part = uint96(bound(part, 0, amount));
        (, uint256 whole) = SettlementMath.slash(amount, burnBps);
        (, uint256 first) = SettlementMath.slash(part, burnBps);
        (, uint256 second) = SettlementMath.slash(amount - part, burnBps);
        assertLe(first + second, whole);
    }

    function test_SlashRoundsToTheBurn() public pure {
        (uint256 burnt, uint256 awarded) = SettlementMath.slash(1, 5_000);
        assertEq(burnt, 1);
        assertEq(awarded, 0);
        (burnt, awarded) = SettlementMath.slash(3, 5_000);
        assertEq(burnt, 2);
        assertEq(awarded, 1);
    }

    function test_SlashAtItsEnds() public pure {
        uint96 top = type(uint96).max;
        (uint256 burnt, uint256 awarded) = SettlementMath.slash(top, 10_000);
        assertEq(burnt, top);
        assertEq(awarded, 0);
        (burnt, awarded) = SettlementMath.slash(0, 5_000);
        assertEq(burnt + awarded, 0);
    }
}
