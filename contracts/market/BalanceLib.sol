// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {IInferenceMarket} from "../interfaces/IInferenceMarket.sol";
import {Stake} from "../types/Stake.sol";

/// Who owns what. Escrowed fees and challengers' bonds are in nobody's balance: their jobs account for them.
struct Ledger {
    mapping(address token => bool) allowed;
    mapping(address token => mapping(address account => uint256)) balances;
    mapping(address token => mapping(address account => Stake)) stakes;
    mapping(address token => uint256) burnt; // slashed, and kept for ever
}

/// @title Deposited balances
/// @dev INV-01: balances + stakes + escrowed fees + challengers' bonds + burnt == deposited - withdrawn, for each token.
library BalanceLib {
    using SafeERC20 for IERC20;

    /// @notice Reverts unless the token is on the market's list.
    function requireAllowed(Ledger storage self, address token) internal view {
        if (!self.allowed[token]) revert IInferenceMarket.TokenNotAllowed(token);
    }

    /// @notice Takes `amount` of `from`'s tokens, by its allowance, and credits `account` with what arrived.
    /// The caller has made sure that `from` agrees.
    function pull(
        Ledger storage self,
        address token,
        address from,
        address account,
        uint256 amount
    ) internal returns (uint256 credited) {
        requireAllowed(self, token);
        if (account == address(0)) revert IInferenceMarket.ZeroAddress();
        uint256 before = IERC20(token).balanceOf(address(this));
        IERC20(token).safeTransferFrom(from, address(this), amount);
        // SAFETY: credits what came, not what was asked for: a token that keeps a fee cannot be paid out twice.
        credited = IERC20(token).balanceOf(address(this)) - before;
        credit(self, token, account, credited);
    }

    /// @notice Sends `amount` of `account`'s balance to `to`.
    function push(Ledger storage self, address token, address account, address to, uint256 amount) internal {
        if (to == address(0)) revert IInferenceMarket.ZeroAddress();
        // SAFETY: debited before the token's code runs.
        debit(self, token, account, amount);
        // SAFETY: of a token that is not on the list nobody has anything but nothing: its code never runs.
        if (amount != 0) IERC20(token).safeTransfer(to, amount);
    }

    function credit(Ledger storage self, address token, address account, uint256 amount) internal {
        if (amount != 0) self.balances[token][account] += amount;
    }

    /// @notice Reverts unless `account` has `amount`.
    function debit(Ledger storage self, address token, address account, uint256 amount) internal {
        if (amount == 0) return;
        uint256 available = self.balances[token][account];
        // INVARIANT: nobody spends what is not theirs.
        if (available < amount) revert IInferenceMarket.InsufficientBalance(token, account, available, amount);
        unchecked {
            self.balances[token][account] = available - amount;
        }
    }

    function burn(Ledger storage self, address token, uint256 amount) internal {
        if (amount != 0) self.burnt[token] += amount;
    }
}
