// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity ^0.8.28;

import {JobState} from "../../../contracts/interfaces/IInferenceMarket.sol";
import {Stake} from "../../../contracts/types/Stake.sol";
import {WorldHandler} from "./WorldHandler.sol";
import {Holding} from "./Shadow.sol";

/// What the invariants ask at every step. The views return what is wrong, or nothing. `probe`, `leave` and
/// `sabotageAndLeave` play the rest out and always revert, with Done or with what is wrong, so that the campaign goes on
/// as if they had not been called.
abstract contract Endgame is WorldHandler {
    error Done();

    // Views ---------------------------------------------------------------------------------------------------------

    /// INV-01, by the market's own numbers.
    function conservation() external view returns (string memory) {
        for (uint256 t = 0; t < tokens.length; ++t) {
            address token = address(tokens[t]);
            uint256 sum = market.burntOf(token);
            for (uint256 i = 0; i < accounts.length; ++i) sum += _wealthOf(token, accounts[i]);
            for (uint256 i = 0; i < jobs.length; ++i) {
                if (requests[i].token != token || uint8(shadows[i].seen) >= uint8(JobState.Settled)) continue;
                sum += requests[i].maxFee;
                if (shadows[i].seen == JobState.Challenged) sum += requests[i].challengerBond;
            }
            if (sum != deposited[token] - withdrawn[token]) return "the sum is not what was deposited and stayed";
            if (tokens[t].balanceOf(address(market)) != sum) return "the market holds another sum";
        }
        return broken[1];
    }

    /// INV-03: every account owns what the rules say, and every job paid once.
    function ownership() external view returns (string memory) {
        for (uint256 t = 0; t < tokens.length; ++t) {
            address token = address(tokens[t]);
            if (market.burntOf(token) != burnt[token]) return "another burn";
            for (uint256 i = 0; i < accounts.length; ++i) {
                Holding storage h = held[token][accounts[i]];
                Stake memory s = market.stakeOf(token, accounts[i]);
                if (market.balanceOf(token, accounts[i]) != h.balance) return "another balance";
                if (s.bonded != h.bonded || s.unbonding != h.unbonding) return "another stake";
                if (s.settled != h.settled || s.slashed != h.slashed || s.expired != h.expired) return "another record";
            }
        }
        for (uint256 i = 0; i < jobs.length; ++i) {
            if (shadows[i].settlements != (shadows[i].seen == JobState.Settled ? 1 : 0)) return "not settled once";
            if (market.refundOf(requests[i]) != shadows[i].refund) return "another refund";
        }
        return broken[3];
    }

    /// INV-05
    function solvency() external view returns (string memory) {
        for (uint256 t = 0; t < tokens.length; ++t) {
            for (uint256 i = 0; i < accounts.length; ++i) {
                (uint256 bonded, uint256 unbonding, uint256 exposed) = stakeOf(address(tokens[t]), accounts[i]);
                if (bonded + unbonding < exposed) return "exposed more than can be slashed";
                if (exposed != exposure(address(tokens[t]), accounts[i])) return "not the sum of open exposures";
            }
        }
        return broken[5];
    }

    /// INV-07
    function outputs() external view returns (string memory) {
        for (uint256 i = 0; i < jobs.length; ++i) {
            bool ended = shadows[i].state == JobState.Settled;
            try market.resultOf(jobs[i]) returns (bytes memory output) {
                if (!ended) return "an output that is not proven, or not final, can be read";
                if (keccak256(output) != keccak256(shadows[i].output)) return "another output";
            } catch {
                if (ended) return "an output cannot be read";
            }
        }
        return broken[7];
    }

    /// INV-09
    function commitments() external view returns (string memory) {
        for (uint256 i = 0; i < models.length; ++i) {
            if (commitmentsOf(i) != models[i].commitments) return "a model id stands for something else";
            if (keccak256(models[i].system.keyOf(models[i].key)) != models[i].key) return "another key";
        }
        return broken[9];
    }

    // Playing on ----------------------------------------------------------------------------------------------------

    /// INV-04: of every open job, whether a valid proof settles it now exactly if its payee is entitled; the claimer, if
    /// there is one, and another account by turns.
    function probe() external {
        vm.warp(time);
        for (uint256 i = 0; i < jobs.length; ++i) {
            if (!_isOpen(i)) continue;
            address payee = shadows[i].claimer;
            if (payee == address(0) || (steps + i) % 2 == 0) payee = accounts[(steps + i) % accounts.length];
            bytes memory output = (steps + i) % 3 == 0 ? OUTPUT_B : OUTPUT_A;
            bytes memory seal = _seal(i, payee, output);
            bool done = _call(accounts[STRANGER], abi.encodeCall(market.fulfil, (requests[i], payee, output, seal)));
            if (done != _entitled(i, payee)) revert(done ? "an unentitled proof settles" : "a proof is refused");
        }
        revert Done();
    }

    /// INV-06: after all deadlines every job ends, and everybody withdraws to zero.
    function leave() external {
        _leave();
        revert Done();
    }

    /// INV-08: the same after all that owners, guardian and finders of forgeries can do, and every second job that can
    /// still be proven is.
    function sabotageAndLeave() external {
        vm.warp(time);
        for (uint256 i = 0; i < models.length; ++i) {
            if (!models[i].deprecated) _deprecate(models[i]);
            if (!keyStopped[models[i].key]) _stopKey(models[i]);
        }
        for (uint256 i = 0; i < added; ++i) {
            if (active[systems[i].selector()]) _stop(i);
            if (!removed[i]) _remove(i);
        }
        for (uint256 i = steps % 2; i < jobs.length; i += 2) {
            address payee = shadows[i].claimer == address(0) ? accounts[STRANGER] : shadows[i].claimer;
            if (!_isOpen(i) || !_entitled(i, payee)) continue;
            bytes memory seal = _seal(i, payee, OUTPUT_A);
            _must(
                accounts[STRANGER],
                abi.encodeCall(market.fulfil, (requests[i], payee, OUTPUT_A, seal)),
                "a proof of a stopped system is refused"
            );
        }
        _leave();
        revert Done();
    }

    function _leave() private {
        for (uint256 i = 0; i < jobs.length; ++i) if (requests[i].deadline > time) time = requests[i].deadline;
        vm.warp(time);
        for (uint256 i = 0; i < jobs.length; ++i) {
            JobState state = market.jobOf(jobs[i]).state;
            if (uint8(state) >= uint8(JobState.Settled)) continue;
            if (state == JobState.Proposed)
                _must(accounts[STRANGER], abi.encodeCall(market.settle, (requests[i])), "a job cannot be settled");
            else _must(accounts[STRANGER], abi.encodeCall(market.expire, (requests[i])), "a job does not expire");
        }
        for (uint256 t = 0; t < tokens.length; ++t) _unbondAll(address(tokens[t]));
        vm.warp(time + UNBONDING_DELAY);
        for (uint256 t = 0; t < tokens.length; ++t) {
            _withdrawAll(address(tokens[t]));
            if (tokens[t].balanceOf(address(market)) != market.burntOf(address(tokens[t])))
                revert("more than what is burnt is left");
        }
        vm.warp(time);
    }

    function _unbondAll(address token) private {
        for (uint256 i = 0; i < accounts.length; ++i) {
            uint256 bonded = market.stakeOf(token, accounts[i]).bonded;
            if (bonded != 0) _must(accounts[i], abi.encodeCall(market.unbond, (token, bonded)), "stake cannot unbond");
        }
    }

    function _withdrawAll(address token) private {
        address haven = address(0xCAFE); // a frozen account can withdraw to another
        for (uint256 i = 0; i < accounts.length; ++i) {
            address account = accounts[i];
            if (market.stakeOf(token, account).unbonding != 0)
                _must(account, abi.encodeCall(market.release, (token)), "stake is not released");
            uint256 amount = market.balanceOf(token, account);
            if (amount != 0)
                _must(
                    account,
                    abi.encodeCall(market.withdraw, (token, haven, amount)),
                    "a balance cannot be withdrawn"
                );
            if (_wealthOf(token, account) != 0) revert("something is left behind");
        }
    }

    function _must(address from, bytes memory data, string memory otherwise) private {
        if (!_call(from, data)) revert(otherwise);
    }
}
