// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity ^0.8.28;

import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {JobState} from "../../../contracts/interfaces/IInferenceMarket.sol";
import {Holding, Shadow} from "./Shadow.sol";
import {IArmed, IToken} from "./World.sol";

/// Deposits, withdrawals and stake, of tokens that keep a fee, freeze accounts or call back too; and what all handlers
/// share. Every action takes one word, from which it draws its choices.
abstract contract MoneyHandler is Shadow {
    uint256 internal constant REQUESTED = 1 << uint256(JobState.Requested);
    uint256 internal constant CLAIMED = 1 << uint256(JobState.Claimed);
    uint256 internal constant PROPOSED = 1 << uint256(JobState.Proposed);
    uint256 internal constant CHALLENGED = 1 << uint256(JobState.Challenged);

    uint256 private _seed;
    uint256 public steps;
    mapping(address account => bool) internal isFrozen;

    /// Every actor has balance and stake in every token; so has the reentrant token's own account a balance.
    constructor() {
        for (uint256 t = 0; t < tokens.length; ++t) {
            for (uint256 i = 0; i < ACTORS; ++i) {
                _fund(t, accounts[i]);
                vm.prank(accounts[i]);
                market.bond(address(tokens[t]), STAKE);
                Holding storage h = held[address(tokens[t])][accounts[i]];
                (h.balance, h.bonded) = (h.balance - STAKE, STAKE);
            }
        }
        _fund(REENTRANT_TOKEN, address(tokens[REENTRANT_TOKEN]));
    }

    function _fund(uint256 t, address account) private {
        IToken token = tokens[t];
        token.mint(account, 2 * FUNDS);
        vm.startPrank(account);
        token.approve(address(market), type(uint256).max);
        market.deposit(address(token), account, FUNDS);
        vm.stopPrank();
        _credited(address(token), account, _arrives(t, FUNDS));
    }

    /// One step: at the current time, and then a look at every job.
    modifier observed(uint256 seed) {
        steps += 1;
        _seed = uint256(keccak256(abi.encode(seed, steps)));
        vm.warp(time);
        _;
        _observe();
    }

    function deposit(uint256 seed) external observed(seed) {
        (uint256 t, uint256 who) = (_draw(tokens.length), _draw(SIGNERS));
        (IToken token, address from, address to) = (tokens[t], accounts[who], accounts[_draw(ACTORS)]);
        uint256 amount = _draw(100 ether);
        bool frozen = t == BLOCKLIST_TOKEN && isFrozen[from];
        if (!frozen) token.mint(from, amount);
        bytes memory data = abi.encodeCall(market.deposit, (address(token), to, amount));
        if (_draw(3) == 0) {
            (uint8 v, bytes32 r, bytes32 s) = _signPermit(token, who, amount);
            // Brought before by somebody else, now and then: it must go on all the same (T14).
            if (_draw(2) == 0) token.permit(from, address(market), amount, type(uint256).max, v, r, s);
            data = abi.encodeCall(market.depositWithPermit, (address(token), to, amount, type(uint256).max, v, r, s));
            reached["deposited by permit"] += 1;
        } else {
            vm.prank(from);
            token.approve(address(market), amount);
        }
        if (t == REENTRANT_TOKEN) token.arm(address(market), _reentry(0));
        if (_agree(8, _call(from, data), !frozen, "deposit")) {
            _credited(address(token), to, _arrives(t, amount));
            if (t == REENTRANT_TOKEN) _requireLocked(token);
        }
        if (t == REENTRANT_TOKEN) token.arm(address(0), "");
    }

    function withdraw(uint256 seed) external observed(seed) {
        (uint256 t, address from, address to) = (_draw(tokens.length), _account(), _account());
        IToken token = tokens[t];
        Holding storage h = held[address(token)][from];
        uint256 amount = _draw(4) == 0 ? h.balance + _draw(2) : _draw(h.balance / 4 + 1);
        if (t == REENTRANT_TOKEN) token.arm(address(market), _reentry(0));
        // Nothing is withdrawn without the token being called.
        bool allowed = amount <= h.balance && !(t == BLOCKLIST_TOKEN && isFrozen[to] && amount != 0);
        bool done = _call(from, abi.encodeCall(market.withdraw, (address(token), to, amount)));
        if (_agree(amount <= h.balance ? 8 : 1, done, allowed, "withdraw")) {
            h.balance -= amount;
            withdrawn[address(token)] += amount;
            if (t == REENTRANT_TOKEN && amount != 0) _requireLocked(token);
        }
        if (t == REENTRANT_TOKEN) token.arm(address(0), "");
    }

    function bond(uint256 seed) external observed(seed) {
        (address token, address who) = (address(tokens[_draw(tokens.length)]), accounts[_draw(ACTORS)]);
        Holding storage h = held[token][who];
        uint256 amount = _draw(8) == 0 ? h.balance + _draw(2) : _draw(h.balance / 4 + 1);
        bool done = _call(who, abi.encodeCall(market.bond, (token, amount)));
        if (_agree(8, done, amount <= h.balance, "bond")) {
            h.balance -= amount;
            h.bonded += amount;
        }
    }

    function unbond(uint256 seed) external observed(seed) {
        (address token, address who) = _operator();
        Holding storage h = held[token][who];
        uint256 amount = _draw(3) == 0 ? _draw(h.bonded + 2) : h.bonded;
        bool done = _call(who, abi.encodeCall(market.unbond, (token, amount)));
        if (_agree(5, done, amount != 0 && amount <= h.bonded, "unbond")) {
            (h.bonded, h.unbonding) = (h.bonded - amount, h.unbonding + amount);
            h.releasableAt = time + UNBONDING_DELAY;
        }
    }

    function rebond(uint256 seed) external observed(seed) {
        (address token, address who) = (address(tokens[_draw(tokens.length)]), accounts[_draw(ACTORS)]);
        Holding storage h = held[token][who];
        if (_agree(5, _call(who, abi.encodeCall(market.rebond, (token))), true, "rebond")) {
            (h.bonded, h.unbonding) = (h.bonded + h.unbonding, 0);
        }
    }

    function release(uint256 seed) external observed(seed) {
        (address token, address who) = _unbonding(_draw(tokens.length), _draw(ACTORS));
        Holding storage h = held[token][who];
        uint256 open = exposure(token, who);
        uint256 needed = open > h.bonded ? open - h.bonded : 0;
        bool done = _call(who, abi.encodeCall(market.release, (token)));
        // Without INV-05 `needed` could exceed what is unbonding.
        bool allowed = time >= h.releasableAt && h.unbonding > needed;
        if (_agree(time < h.releasableAt || needed != 0 ? 5 : 8, done, allowed, "release")) {
            h.balance += h.unbonding - needed;
            h.unbonding = needed;
            reached[needed == 0 ? bytes32("released") : bytes32("released but for open jobs")] += 1;
        }
    }

    /// The issuer of the token with a blocklist freezes or frees an account.
    function freeze(uint256 seed) external observed(seed) {
        address account = _account();
        isFrozen[account] = !isFrozen[account];
        tokens[BLOCKLIST_TOKEN].setBlocked(account, isFrozen[account]);
    }

    // Shared by the handlers ----------------------------------------------------------------------------------------

    /// A call of the market to re-enter with, by the hostile consumer (1) or the reentrant token (0).
    function _reentry(uint256 who) internal virtual returns (bytes memory);

    /// A number below n.
    function _draw(uint256 n) internal returns (uint256) {
        _seed = uint256(keccak256(abi.encode(_seed)));
        return _seed % n;
    }

    function _account() internal returns (address) {
        return accounts[_draw(accounts.length)];
    }

    /// One whose stake an open job needs, if there is one.
    function _operator() private returns (address token, address account) {
        uint256 offset = _draw(jobs.length + 1);
        for (uint256 i = 0; i < jobs.length; ++i) {
            uint256 job = (i + offset) % jobs.length;
            if (_isOpen(job) && shadows[job].claimer != address(0)) return (requests[job].token, shadows[job].claimer);
        }
        return (address(tokens[_draw(tokens.length)]), accounts[_draw(ACTORS)]);
    }

    /// An actor that is unbonding, from these two on, if there is one.
    function _unbonding(uint256 t, uint256 who) internal view returns (address token, address account) {
        for (uint256 i = 0; i < tokens.length * ACTORS; ++i) {
            token = address(tokens[(t + i) % tokens.length]);
            account = accounts[(who + i) % ACTORS]; // 4 and 5 have no common divisor: all pairs
            if (held[token][account].unbonding != 0) return (token, account);
        }
    }

    function _call(address from, bytes memory data) internal returns (bool done) {
        vm.prank(from);
        // solhint-disable-next-line avoid-low-level-calls
        (done, ) = address(market).call(data);
    }

    /// What of `amount` reaches the market.
    function _arrives(uint256 t, uint256 amount) internal pure returns (uint256) {
        return t == FEE_TOKEN ? amount - amount / 100 : amount;
    }

    /// Whoever was called in the middle of a call of the market has found every door locked.
    function _requireLocked(IArmed caller) internal {
        if (
            caller.lastOk() ||
            bytes4(caller.lastReturn()) != ReentrancyGuardTransient.ReentrancyGuardReentrantCall.selector
        ) _break(8, "a call within a call was not refused by the lock");
        reached["re-entered in vain"] += 1;
    }

    /// A job in one of the states of the bit mask, from a random one on, if there is one; now and then any.
    function _pick(uint256 states) internal returns (uint256 job) {
        uint256 count = jobs.length;
        job = _draw(count);
        if (_draw(12) == 0) return job;
        for (uint256 i = 0; i < count; ++i) {
            uint256 candidate = (job + i) % count;
            if ((states >> uint256(shadows[candidate].state)) & 1 == 1) return candidate;
        }
    }
}
