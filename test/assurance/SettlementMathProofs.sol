// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity ^0.8.28;

import {SettlementMath} from "../../contracts/market/SettlementMath.sol";

/// Theorems about the market's arithmetic, for a solver: each function's assertions hold for all its arguments, and none
/// of its operations overflows, underflows or divides by zero. Checked by scripts/smt-check.ts; nothing here is deployed
/// or run.
contract SettlementMathProofs {
    /// INV-01: a slash loses nothing and makes nothing.
    function slashConserves(uint96 amount, uint16 burnBps) external pure {
        require(burnBps <= 10_000);
        (uint256 burnt, uint256 awarded) = SettlementMath.slash(amount, burnBps);
        assert(burnt + awarded == amount);
    }

    /// INV-10: with a market's burn share (at least half), no more than half of a slash reaches anybody.
    function slashAwardsAtMostHalf(uint96 amount, uint16 burnBps) external pure {
        require(burnBps >= 5_000 && burnBps <= 10_000);
        (uint256 burnt, uint256 awarded) = SettlementMath.slash(amount, burnBps);
        assert(awarded <= burnt);
        assert(2 * awarded <= amount);
    }

    /// All is burnt where the market says so.
    function slashBurnsAll(uint96 amount) external pure {
        (uint256 burnt, uint256 awarded) = SettlementMath.slash(amount, 10_000);
        assert(burnt == amount && awarded == 0);
    }

    /// The royalty is a part of the price: what is left is the operator's.
    function royaltyIsPartOfThePrice(uint96 price, uint16 bps) external pure {
        require(bps <= 10_000);
        assert(SettlementMath.royaltyOf(price, bps) <= price);
    }

    function noRoyaltyAtZero(uint96 price) external pure {
        assert(SettlementMath.royaltyOf(price, 0) == 0);
    }

    /// The escrow (maxFee) covers every price, and no price is below what was offered.
    function priceIsBounded(
        uint96 minFee,
        uint96 maxFee,
        uint64 rampStart,
        uint32 rampLength,
        uint256 timestamp
    ) external pure {
        require(minFee <= maxFee);
        uint256 price = SettlementMath.priceAt(minFee, maxFee, rampStart, rampLength, timestamp);
        assert(price >= minFee);
        assert(price <= maxFee);
    }

    function priceStartsAndEnds(
        uint96 minFee,
        uint96 maxFee,
        uint64 rampStart,
        uint32 rampLength,
        uint256 timestamp
    ) external pure {
        require(minFee <= maxFee);
        uint256 price = SettlementMath.priceAt(minFee, maxFee, rampStart, rampLength, timestamp);
        if (timestamp < rampStart) assert(price == minFee);
        if (timestamp >= uint256(rampStart) + rampLength) assert(price == maxFee);
    }

    /// Waiting never lowers the price.
    function priceNeverFalls(
        uint96 minFee,
        uint96 maxFee,
        uint64 rampStart,
        uint32 rampLength,
        uint256 earlier,
        uint256 later
    ) external pure {
        require(minFee <= maxFee);
        require(earlier <= later);
        uint256 before = SettlementMath.priceAt(minFee, maxFee, rampStart, rampLength, earlier);
        uint256 afterwards = SettlementMath.priceAt(minFee, maxFee, rampStart, rampLength, later);
        assert(before <= afterwards);
    }
}
