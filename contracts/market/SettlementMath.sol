// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title The arithmetic of prices, royalties and slashes
/// @notice Pure, so that a solver can prove what docs/spec/settlement.md says of it for all inputs.
library SettlementMath {
    uint256 internal constant BPS = 10_000;

    /// @notice minFee until rampStart, then linear up to maxFee at rampStart + rampLength, rounded down; a function of
    /// time alone, so that no order of transactions changes it. Needs minFee <= maxFee.
    function priceAt(
        uint96 minFee,
        uint96 maxFee,
        uint64 rampStart,
        uint32 rampLength,
        uint256 timestamp
    ) internal pure returns (uint256) {
        if (timestamp < rampStart) return minFee;
        uint256 elapsed = timestamp - rampStart;
        if (elapsed >= rampLength) return maxFee;
        return minFee + (uint256(maxFee - minFee) * elapsed) / rampLength;
    }

    /// @notice The royalty payee's share of a price, rounded down; bps of 10,000.
    function royaltyOf(uint96 price, uint16 bps) internal pure returns (uint256) {
        return (uint256(price) * bps) / BPS;
    }

    /// @notice Splits a slash: what is not burnt is awarded; rounding goes to the burn. Needs burnBps <= 10,000.
    function slash(uint96 amount, uint16 burnBps) internal pure returns (uint256 burnt, uint256 awarded) {
        awarded = (uint256(amount) * (BPS - burnBps)) / BPS;
        burnt = amount - awarded;
    }
}
