// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {IInferenceMarket} from "../interfaces/IInferenceMarket.sol";
import {Stake} from "../types/Stake.sol";

/// @title Operators' stake
/// @dev INV-05: bonded + unbonding >= exposure, the sum over the operator's open jobs of what each can cost it. `lock` is
/// the only way to raise exposure and needs bonded stake; `unlock` and `slash` lower it by what the job locked; `release`
/// is the only way out and leaves what is exposed.
library StakeLib {
    using SafeCast for uint256;

    /// @notice Adds to what backs claims.
    function bond(Stake storage self, uint256 amount) internal {
        self.bonded = (self.bonded + amount).toUint96();
    }

    /// @notice Takes `amount` out of what backs claims; it can be slashed until it is released, `delay` seconds on at
    /// the earliest. A second unbonding restarts the clock for both.
    function unbond(Stake storage self, uint256 amount, uint256 delay) internal returns (uint256 releasableAt) {
        uint96 bonded = self.bonded;
        if (amount == 0 || amount > bonded) revert IInferenceMarket.InsufficientStake(bonded, amount);
        releasableAt = block.timestamp + delay;
        // Both fit: amount <= bonded, and bonded + unbonding came in through `bond`, or the cast refuses.
        self.bonded = bonded - uint96(amount);
        self.unbonding = (self.unbonding + amount).toUint96();
        self.releasableAt = uint40(releasableAt);
    }

    /// @notice Unbonding stake backs claims again. Returns how much.
    function rebond(Stake storage self) internal returns (uint256 amount) {
        amount = self.unbonding;
        self.unbonding = 0;
        bond(self, amount);
    }

    /// @notice Takes out all unbonding stake that no open job needs. Returns how much, never zero.
    function release(Stake storage self) internal returns (uint256 amount) {
        uint256 releasableAt = self.releasableAt;
        if (block.timestamp < releasableAt) revert IInferenceMarket.StakeLocked(releasableAt, block.timestamp);
        amount = self.unbonding;
        uint256 exposure = self.exposure;
        uint256 bonded = self.bonded;
        // INVARIANT: a job that nobody ended yet, however old, still finds its stake (INV-05, T9).
        if (exposure > bonded) {
            uint256 needed = exposure - bonded; // at most `amount`, by INV-05
            amount -= needed;
        }
        if (amount == 0) revert IInferenceMarket.NothingToRelease();
        self.unbonding -= uint96(amount);
    }

    /// @notice Exposes `amount` of what is bonded and not exposed.
    function lock(Stake storage self, uint256 amount) internal {
        (uint256 bonded, uint256 exposure) = (self.bonded, self.exposure);
        // SAFETY: written so that exposure above bonded, which unbonding causes, is no free stake. A job that can cost
        // nothing needs none.
        if (amount != 0 && bonded < exposure + amount)
            revert IInferenceMarket.InsufficientStake(bonded > exposure ? bonded - exposure : 0, amount);
        self.exposure = uint96(exposure + amount); // at most bonded
    }

    /// @notice Ends the exposure of a job that the operator settled.
    function unlock(Stake storage self, uint256 amount) internal {
        self.exposure -= uint96(amount);
        self.settled += 1;
    }

    /// @notice Ends an exposure of `exposed`, of which `lost` leaves the stake.
    /// @param expired whether nobody settled the job
    function slash(Stake storage self, uint256 exposed, uint256 lost, bool expired) internal {
        self.exposure -= uint96(exposed);
        self.slashed += 1;
        if (expired) self.expired += 1;
        uint256 bonded = self.bonded;
        if (lost > bonded) {
            // INVARIANT: never underflows: lost <= exposed <= bonded + unbonding (INV-05).
            self.unbonding -= uint96(lost - bonded);
            lost = bonded;
        }
        self.bonded = uint96(bonded - lost);
    }
}
