// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity ^0.8.28;

import {Request} from "../../../contracts/types/Request.sol";
import {Stake} from "../../../contracts/types/Stake.sol";
import {MarketTest} from "./MarketTest.sol";

/// T9: every order of bonding, unbonding, claiming, settling, expiring and waiting, against a second ledger that is kept
/// by the sentences of docs/spec/settlement.md. Fees are zero, so that all that moves is stake.
contract StakeInterleavingsTest is MarketTest {
    struct Open {
        Request req;
        uint256 collateral;
        uint256 claimedAt;
    }

    struct Book {
        uint256 balance;
        uint256 bonded;
        uint256 unbonding;
        uint256 releasableAt;
        uint256 exposure;
        uint256 lost;
    }

    Open[] private _open;
    Book private _book;
    uint256 private _opened;

    function testFuzz_T9_SlashableCoversExposureInEveryOrder(uint256[16] calldata words) public {
        _book.balance = FUNDS;
        _book.bonded = FUNDS;
        for (uint256 i = 0; i < words.length; ++i) {
            _step(words[i] % 8, words[i] >> 8);
            _check();
        }
    }

    /// Mostly claims and unbonding, with long waits: the orders in which exposure comes to stand above the bond.
    function testFuzz_T9_SlashableCoversExposureWhileLeaving(uint256[16] calldata words) public {
        _book.balance = FUNDS;
        _book.bonded = FUNDS;
        uint8[8] memory leaving = [4, 1, 4, 1, 3, 7, 6, 1];
        for (uint256 i = 0; i < words.length; ++i) {
            _step(leaving[words[i] % 8], words[i] >> 8);
            _check();
        }
    }

    function _step(uint256 action, uint256 value) private {
        if (action == 0) _bond(bound(value, 0, FUNDS));
        else if (action == 1) _unbond(bound(value, 0, FUNDS));
        else if (action == 2) _rebond();
        else if (action == 3) _release();
        else if (action == 4) _claim(bound(value, 0, FUNDS / 2));
        else if (action == 5) _fulfil(value);
        else if (action == 6) _expire(value);
        else skip(bound(value, 0, value % 2 == 0 ? 1 hours : 20 days));
    }

    function _bond(uint256 amount) private {
        bool expected = amount <= _book.balance;
        assertEq(_act(operator, abi.encodeCall(market.bond, (address(token), amount))), expected, "bond");
        if (!expected) return;
        _book.balance -= amount;
        _book.bonded += amount;
    }

    function _unbond(uint256 amount) private {
        bool expected = amount != 0 && amount <= _book.bonded;
        assertEq(_act(operator, abi.encodeCall(market.unbond, (address(token), amount))), expected, "unbond");
        if (!expected) return;
        _book.bonded -= amount;
        _book.unbonding += amount;
        _book.releasableAt = vm.getBlockTimestamp() + UNBONDING_DELAY;
    }

    function _rebond() private {
        assertTrue(_act(operator, abi.encodeCall(market.rebond, (address(token)))), "rebond");
        _book.bonded += _book.unbonding;
        _book.unbonding = 0;
    }

    function _release() private {
        uint256 kept = _book.exposure > _book.bonded ? _book.exposure - _book.bonded : 0;
        bool expected = vm.getBlockTimestamp() >= _book.releasableAt && _book.unbonding > kept;
        assertEq(_act(operator, abi.encodeCall(market.release, (address(token)))), expected, "release");
        if (!expected) return;
        _book.balance += _book.unbonding - kept;
        _book.unbonding = kept;
    }

    function _claim(uint256 collateral) private {
        Request memory req = baseRequest();
        (req.minFee, req.maxFee, req.collateral) = (0, 0, uint96(collateral));
        req.nonce = ++_opened;
        open(req);
        bool expected = collateral == 0 || _book.exposure + collateral <= _book.bonded;
        assertEq(_act(operator, abi.encodeCall(market.claim, (req))), expected, "claim");
        if (!expected) return;
        _book.exposure += collateral;
        _open.push(Open(req, collateral, vm.getBlockTimestamp()));
    }

    function _fulfil(uint256 which) private {
        if (_open.length == 0) return;
        which = which % _open.length;
        Request memory req = _open[which].req;
        bool late = vm.getBlockTimestamp() >= _open[which].claimedAt + req.proofWindow;
        bool expected = vm.getBlockTimestamp() < req.deadline;
        address payee = late ? rescuer : operator;
        bytes memory seal = sealFor(req, payee, output);
        assertEq(_act(stranger, abi.encodeCall(market.fulfil, (req, payee, output, seal))), expected, "fulfil");
        if (!expected) return;
        if (late) _slash(_open[which].collateral);
        _close(which);
    }

    function _expire(uint256 which) private {
        if (_open.length == 0) return;
        which = which % _open.length;
        Request memory req = _open[which].req;
        bool expected = vm.getBlockTimestamp() >= req.deadline;
        assertEq(_act(stranger, abi.encodeCall(market.expire, (req))), expected, "expire");
        if (!expected) return;
        _slash(_open[which].collateral);
        _close(which);
    }

    function _slash(uint256 amount) private {
        uint256 fromBonded = amount < _book.bonded ? amount : _book.bonded;
        _book.bonded -= fromBonded;
        _book.unbonding -= amount - fromBonded;
        _book.lost += amount;
    }

    function _close(uint256 which) private {
        _book.exposure -= _open[which].collateral;
        _open[which] = _open[_open.length - 1];
        _open.pop();
    }

    function _act(address account, bytes memory data) private returns (bool ok) {
        vm.prank(account);
        (ok, ) = address(market).call(data);
    }

    function _check() private view {
        Stake memory stake = stakeOf(operator);
        assertGe(uint256(stake.bonded) + stake.unbonding, stake.exposure, "INV-05");
        assertEq(stake.bonded, _book.bonded, "bonded");
        assertEq(stake.unbonding, _book.unbonding, "unbonding");
        assertEq(stake.exposure, _book.exposure, "exposure");
        assertEq(balance(operator), _book.balance, "balance");
        assertEq(_book.balance + stake.bonded + stake.unbonding + _book.lost, 2 * FUNDS, "conservation");
    }
}
