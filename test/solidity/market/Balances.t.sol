// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity ^0.8.28;

import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {IInferenceMarket} from "../../../contracts/interfaces/IInferenceMarket.sol";
import {
    BlocklistToken,
    FalseReturnToken,
    FeeOnTransferToken,
    PlainToken,
    ReentrantToken
} from "../../../contracts/mocks/market/OddTokens.sol";
import {TestToken} from "../../../contracts/mocks/market/TestToken.sol";
import {JobId} from "../../../contracts/types/JobId.sol";
import {Request} from "../../../contracts/types/Request.sol";
import {MarketTest} from "./MarketTest.sol";

contract BalancesTest is MarketTest {
    function _short(address account, uint256 available, uint256 required) private view returns (bytes memory) {
        return
            abi.encodeWithSelector(
                IInferenceMarket.InsufficientBalance.selector,
                address(token),
                account,
                available,
                required
            );
    }

    function test_DepositCreditsAnyAccount() public {
        token.mint(stranger, 5);
        vm.startPrank(stranger);
        token.approve(address(market), 5);
        vm.expectEmit(address(market));
        emit IInferenceMarket.Deposited(address(token), operator, stranger, 5);
        assertEq(market.deposit(address(token), operator, 5), 5);
        vm.stopPrank();
        assertEq(balance(operator), FUNDS + 5);
        assertEq(balance(stranger), 0);
    }

    function test_DepositRefusesATokenThatIsNotListed() public {
        TestToken other = new TestToken();
        vm.expectRevert(abi.encodeWithSelector(IInferenceMarket.TokenNotAllowed.selector, address(other)));
        market.deposit(address(other), stranger, 1);
        vm.expectRevert(abi.encodeWithSelector(IInferenceMarket.TokenNotAllowed.selector, address(other)));
        market.depositWithPermit(address(other), stranger, 1, 0, 27, 0, 0);
    }

    function test_DepositRefusesAccountZero() public {
        vm.prank(operator);
        vm.expectRevert(IInferenceMarket.ZeroAddress.selector);
        market.deposit(address(token), address(0), 1);
    }

    function test_DepositNeedsAnAllowance() public {
        token.mint(stranger, 1);
        vm.prank(stranger);
        vm.expectRevert();
        market.deposit(address(token), stranger, 1);
        assertEq(balance(stranger), 0);
    }

    /// Tokens that were merely sent to the market are nobody's.
    function test_TokensSentWithoutDepositCreditNobody() public {
        token.mint(address(market), 100);
        token.mint(operator, 1);
        vm.prank(operator);
        assertEq(market.deposit(address(token), operator, 1), 1);
        assertEq(balance(operator), FUNDS + 1);
    }

    function test_WithdrawSendsToAnyAddress() public {
        vm.expectEmit(address(market));
        emit IInferenceMarket.Withdrawn(address(token), operator, stranger, 3);
        vm.prank(operator);
        market.withdraw(address(token), stranger, 3);
        assertEq(token.balanceOf(stranger), 3);
        assertEq(balance(operator), FUNDS - 3);
    }

    function testFuzz_WithdrawUpToTheBalance(uint256 amount) public {
        vm.prank(operator);
        if (amount > FUNDS) vm.expectRevert(_short(operator, FUNDS, amount));
        market.withdraw(address(token), operator, amount);
        assertEq(balance(operator), amount > FUNDS ? FUNDS : FUNDS - amount);
        assertEq(token.balanceOf(operator), FUNDS - balance(operator));
    }

    function test_WithdrawRefusesAddressZero() public {
        vm.prank(operator);
        vm.expectRevert(IInferenceMarket.ZeroAddress.selector);
        market.withdraw(address(token), address(0), 1);
    }

    function test_EscrowAndStakeCannotBeWithdrawn() public {
        openAndClaim();
        vm.prank(operator);
        vm.expectRevert(_short(operator, FUNDS, FUNDS + 1));
        market.withdraw(address(token), operator, FUNDS + 1);
        vm.prank(requester);
        vm.expectRevert(_short(requester, FUNDS - 30 ether, FUNDS));
        market.withdraw(address(token), requester, FUNDS);
    }

    function test_BurntIsWithdrawableByNobody() public {
        (Request memory req, ) = openAndClaim();
        vm.warp(req.deadline);
        market.expire(req);
        address[4] memory all = [requester, operator, rescuer, royaltyPayee];
        uint256 later = vm.getBlockTimestamp() + UNBONDING_DELAY;
        for (uint256 i = 0; i < all.length; ++i) {
            uint256 bonded = stakeOf(all[i]).bonded;
            if (bonded != 0) {
                vm.prank(all[i]);
                market.unbond(address(token), bonded);
            }
        }
        vm.warp(later);
        for (uint256 i = 0; i < all.length; ++i) {
            vm.startPrank(all[i]);
            if (stakeOf(all[i]).unbonding != 0) market.release(address(token));
            market.withdraw(address(token), all[i], balance(all[i]));
            vm.stopPrank();
        }
        assertEq(token.balanceOf(address(market)), market.burntOf(address(token)));
        assertEq(market.burntOf(address(token)), 4.2 ether);
    }

    // Permit --------------------------------------------------------------------------------------------------------

    function _permit(uint256 key, uint256 value) private view returns (uint8 v, bytes32 r, bytes32 s) {
        bytes32 structHash = keccak256(
            abi.encode(
                keccak256("Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)"),
                vm.addr(key),
                address(market),
                value,
                token.nonces(vm.addr(key)),
                type(uint256).max
            )
        );
        return vm.sign(key, keccak256(abi.encodePacked(hex"1901", token.DOMAIN_SEPARATOR(), structHash)));
    }

    function test_DepositWithPermit() public {
        address account = vm.addr(0xA11CE);
        token.mint(account, 9);
        (uint8 v, bytes32 r, bytes32 s) = _permit(0xA11CE, 9);
        vm.prank(account);
        assertEq(market.depositWithPermit(address(token), account, 9, type(uint256).max, v, r, s), 9);
        assertEq(balance(account), 9);
    }

    /// T14: somebody brings the permit first; the deposit that carried it still works.
    function test_T14_PermitThatWasFrontRun() public {
        address account = vm.addr(0xA11CE);
        token.mint(account, 9);
        (uint8 v, bytes32 r, bytes32 s) = _permit(0xA11CE, 9);
        vm.prank(stranger);
        token.permit(account, address(market), 9, type(uint256).max, v, r, s);
        vm.prank(account);
        market.depositWithPermit(address(token), account, 9, type(uint256).max, v, r, s);
        assertEq(balance(account), 9);
    }

    /// A stranger cannot use somebody's permit to deposit that somebody's tokens for itself.
    function test_T14_PermitOfAnotherPaysNobody() public {
        address account = vm.addr(0xA11CE);
        token.mint(account, 9);
        (uint8 v, bytes32 r, bytes32 s) = _permit(0xA11CE, 9);
        vm.prank(stranger);
        vm.expectRevert();
        market.depositWithPermit(address(token), stranger, 9, type(uint256).max, v, r, s);
        assertEq(token.balanceOf(account), 9);
        assertEq(balance(stranger), 0);
    }

    function test_T14_TokenWithoutPermitButWithAllowance() public {
        PlainToken plain = new PlainToken();
        market = newMarket(address(plain));
        plain.mint(stranger, 4);
        vm.startPrank(stranger);
        plain.approve(address(market), 4);
        assertEq(market.depositWithPermit(address(plain), stranger, 4, 0, 27, 0, 0), 4);
        vm.stopPrank();
    }

    // T11: odd tokens -----------------------------------------------------------------------------------------------

    function test_T11_FeeOnTransferCreditsWhatArrived() public {
        FeeOnTransferToken odd = new FeeOnTransferToken();
        market = newMarket(address(odd));
        odd.mint(operator, 1_000);
        vm.startPrank(operator);
        odd.approve(address(market), 1_000);
        assertEq(market.deposit(address(odd), operator, 1_000), 990);
        assertEq(market.balanceOf(address(odd), operator), 990);
        // All of it can leave again: the market never owes more than it holds.
        market.withdraw(address(odd), operator, 990);
        vm.stopPrank();
        assertEq(odd.balanceOf(address(market)), 0);
    }

    function test_T11_FalseReturnCreditsNothing() public {
        FalseReturnToken odd = new FalseReturnToken();
        market = newMarket(address(odd));
        odd.mint(operator, 10);
        vm.prank(operator);
        vm.expectRevert(abi.encodeWithSelector(SafeERC20.SafeERC20FailedOperation.selector, address(odd)));
        market.deposit(address(odd), operator, 10);
        assertEq(market.balanceOf(address(odd), operator), 0);
    }

    function test_T11_BlockedAccountBlocksOnlyItself() public {
        BlocklistToken odd = new BlocklistToken();
        token = odd;
        market = newMarket(address(odd));
        fund(odd, requester);
        fund(odd, operator);
        (Request memory req, ) = openAndClaim();
        odd.setBlocked(requester, true);
        odd.setBlocked(operator, true);
        odd.setBlocked(royaltyPayee, true);
        fulfilFor(operator, req);
        assertEq(balance(operator), FUNDS + 9.5 ether);
        vm.startPrank(operator);
        vm.expectRevert(abi.encodeWithSelector(BlocklistToken.Blocked.selector, operator));
        market.withdraw(address(odd), operator, 1);
        // Pulled, not pushed: to another address it leaves.
        market.withdraw(address(odd), stranger, FUNDS + 9.5 ether);
        vm.stopPrank();
        assertEq(odd.balanceOf(stranger), FUNDS + 9.5 ether);
    }

    /// A token with hooks calls back in the middle of a deposit or a withdrawal: every entry point is shut.
    function test_T11_ReentrantTokenFindsEveryDoorShut() public {
        ReentrantToken odd = new ReentrantToken();
        token = odd;
        market = newMarket(address(odd));
        fund(odd, requester);
        fund(odd, operator);
        (Request memory req, ) = openAndClaim();
        bytes[] memory calls = entryPoints(req);
        for (uint256 i = 0; i < calls.length; ++i) {
            odd.arm(address(market), calls[i]);
            vm.prank(operator);
            market.withdraw(address(odd), operator, 10);
            assertEq(odd.lastOk(), false);
            assertEq(
                odd.lastReturn(),
                abi.encodeWithSelector(ReentrancyGuardTransient.ReentrancyGuardReentrantCall.selector)
            );
            odd.arm(address(market), calls[i]);
            vm.prank(operator);
            assertEq(market.deposit(address(odd), operator, 10), 10);
            assertEq(odd.lastOk(), false);
            assertEq(
                odd.lastReturn(),
                abi.encodeWithSelector(ReentrancyGuardTransient.ReentrancyGuardReentrantCall.selector)
            );
        }
        assertEq(balance(operator), FUNDS);
        assertEq(stakeOf(operator).bonded, FUNDS);
    }

    /// Read-only reentrancy: in the middle of a withdrawal the debit is already visible.
    function test_T11_WithdrawalShowsTheDebitDuringTheTransfer() public {
        ReentrantToken odd = new ReentrantToken();
        token = odd;
        market = newMarket(address(odd));
        fund(odd, operator);
        odd.arm(address(market), abi.encodeCall(market.balanceOf, (address(odd), operator)));
        vm.prank(operator);
        market.withdraw(address(odd), operator, 1 ether);
        assertTrue(odd.lastOk());
        assertEq(abi.decode(odd.lastReturn(), (uint256)), FUNDS - 1 ether);
    }
}
