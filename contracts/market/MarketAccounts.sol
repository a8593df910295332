// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {IInferenceMarket} from "../interfaces/IInferenceMarket.sol";
import {MarketParameters} from "../types/MarketParameters.sol";
import {Stake} from "../types/Stake.sol";
import {BalanceLib, Ledger} from "./BalanceLib.sol";
import {StakeLib} from "./StakeLib.sol";

/// @title Parameters, balances and stake of a market
abstract contract MarketAccounts is IInferenceMarket, ReentrancyGuardTransient {
    using BalanceLib for Ledger;
    using StakeLib for Stake;

    uint256 private constant BPS = 10_000;
    // What the largest settlement can carry beside a verification: a claimer, or a proposer who is challenged, could not
    // save its stake by a proof that no transaction has room for. EIP-7825 caps a transaction at 2^24 gas, of which the
    // longest output takes 6,000,000; nodes pass on no transaction above 131,072 bytes.
    uint256 private constant CALLBACK_GAS_CEILING = 2_000_000;
    uint256 private constant INPUT_BYTES_CEILING = 1 << 16;

    // Parameters, see MarketParameters ------------------------------------------------------------------------------

    uint32 internal immutable _cancelDelay;
    uint32 private immutable _minRescue;
    uint32 private immutable _minChallengeWindow;
    uint32 private immutable _maxJobSeconds;
    uint32 private immutable _unbondingDelay;
    uint16 internal immutable _burnBps;
    uint32 private immutable _maxInputBytes;
    uint32 private immutable _maxCallbackGas;

    Ledger internal _ledger;

    constructor(address[] memory tokens, MarketParameters memory p) {
        if (tokens.length == 0 || p.cancelDelay == 0 || p.minRescue == 0 || p.minChallengeWindow == 0)
            revert InvalidParameters();
        // INVARIANT: stake unbonds for longer than any job can expose it (T9).
        if (p.maxJobSeconds == 0 || p.unbondingDelay <= p.maxJobSeconds) revert InvalidParameters();
        // INVARIANT: at least half of a slash is burnt, so that fighting one's own accounts never pays (INV-10).
        if (p.burnBps < BPS / 2 || p.burnBps > BPS) revert InvalidParameters();
        if (p.maxInputBytes == 0 || p.maxInputBytes > INPUT_BYTES_CEILING) revert InvalidParameters();
        if (p.maxCallbackGas == 0 || p.maxCallbackGas > CALLBACK_GAS_CEILING) revert InvalidParameters();
        for (uint256 i = 0; i < tokens.length; ++i) {
            if (tokens[i] == address(0)) revert ZeroAddress();
            _ledger.allowed[tokens[i]] = true;
        }
        _cancelDelay = p.cancelDelay;
        _minRescue = p.minRescue;
        _minChallengeWindow = p.minChallengeWindow;
        _maxJobSeconds = p.maxJobSeconds;
        _unbondingDelay = p.unbondingDelay;
        _burnBps = p.burnBps;
        _maxInputBytes = p.maxInputBytes;
        _maxCallbackGas = p.maxCallbackGas;
    }

    /// @inheritdoc IInferenceMarket
    function parameters() public view returns (MarketParameters memory) {
        return
            MarketParameters(
                _cancelDelay,
                _minRescue,
                _minChallengeWindow,
                _maxJobSeconds,
                _unbondingDelay,
                _burnBps,
                _maxInputBytes,
                _maxCallbackGas
            );
    }

    // Balances ------------------------------------------------------------------------------------------------------

    /// @inheritdoc IInferenceMarket
    function deposit(address token, address account, uint256 amount) external nonReentrant returns (uint256 credited) {
        return _deposit(token, msg.sender, account, amount);
    }

    /// @inheritdoc IInferenceMarket
    function depositWithPermit(
        address token,
        address account,
        uint256 amount,
        uint256 permitDeadline,
        uint8 v,
        bytes32 r,
        bytes32 s
    ) external nonReentrant returns (uint256 credited) {
        _ledger.requireAllowed(token);
        _tryPermit(token, msg.sender, amount, permitDeadline, v, r, s);
        return _deposit(token, msg.sender, account, amount);
    }

    /// @inheritdoc IInferenceMarket
    function withdraw(address token, address to, uint256 amount) external nonReentrant {
        _ledger.push(token, msg.sender, to, amount);
        emit Withdrawn(token, msg.sender, to, amount);
    }

    /// @inheritdoc IInferenceMarket
    function balanceOf(address token, address account) external view returns (uint256) {
        return _ledger.balances[token][account];
    }

    /// @notice What slashing has taken out of circulation; the market keeps it for ever.
    function burntOf(address token) external view returns (uint256) {
        return _ledger.burnt[token];
    }

    /// @notice Whether fees and stake may be in this token.
    function isTokenAllowed(address token) external view returns (bool) {
        return _ledger.allowed[token];
    }

    // Stake ---------------------------------------------------------------------------------------------------------

    /// @inheritdoc IInferenceMarket
    function bond(address token, uint256 amount) external nonReentrant {
        _ledger.debit(token, msg.sender, amount);
        _ledger.stakes[token][msg.sender].bond(amount);
        emit Bonded(token, msg.sender, amount);
    }

    /// @inheritdoc IInferenceMarket
    function unbond(address token, uint256 amount) external nonReentrant {
        uint256 releasableAt = _ledger.stakes[token][msg.sender].unbond(amount, _unbondingDelay);
        emit Unbonding(token, msg.sender, amount, releasableAt);
    }

    /// @inheritdoc IInferenceMarket
    function rebond(address token) external nonReentrant {
        uint256 amount = _ledger.stakes[token][msg.sender].rebond();
        emit Rebonded(token, msg.sender, amount);
    }

    /// @inheritdoc IInferenceMarket
    function release(address token) external nonReentrant returns (uint256 amount) {
        amount = _ledger.stakes[token][msg.sender].release();
        _ledger.credit(token, msg.sender, amount);
        emit Released(token, msg.sender, amount);
    }

    /// @inheritdoc IInferenceMarket
    function stakeOf(address token, address account) external view returns (Stake memory) {
        return _ledger.stakes[token][account];
    }

    // Internals -----------------------------------------------------------------------------------------------------

    /// @dev The caller has made sure that `from` agrees.
    function _deposit(
        address token,
        address from,
        address account,
        uint256 amount
    ) internal returns (uint256 credited) {
        credited = _ledger.pull(token, from, account, amount);
        emit Deposited(token, account, from, credited);
    }

    function _tryPermit(
        address token,
        address owner,
        uint256 amount,
        uint256 permitDeadline,
        uint8 v,
        bytes32 r,
        bytes32 s
    ) internal {
        // SAFETY: a permit can be brought by anyone who sees it; if it was, the allowance is there and the work goes on.
        // solhint-disable-next-line no-empty-blocks
        try IERC20Permit(token).permit(owner, address(this), amount, permitDeadline, v, r, s) {} catch {}
    }
}
