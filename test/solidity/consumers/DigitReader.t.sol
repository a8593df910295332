// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity ^0.8.28;

import {Artifacts} from "../Artifacts.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {TensorType} from "../../../contracts/consumers/TensorCodec.sol";
import {IInferenceMarket, JobState} from "../../../contracts/interfaces/IInferenceMarket.sol";
import {IProofSystem} from "../../../contracts/interfaces/IProofSystem.sol";
import {BlocklistToken, FeeOnTransferToken} from "../../../contracts/mocks/market/OddTokens.sol";
import {JobId} from "../../../contracts/types/JobId.sol";
import {Request} from "../../../contracts/types/Request.sol";
import {DigitReader} from "../../../examples/dapps/DigitReader.sol";
import {MarketTest} from "../market/MarketTest.sol";

contract DigitReaderTest is MarketTest {
    uint96 private constant FEE = 8 ether;
    address private user = makeAddr("user");
    address private other = makeAddr("other user");
    DigitReader private reader;
    uint256 private _asked;

    function setUp() public override {
        super.setUp();
        _deployReader();
    }

    function _deployReader() private {
        reader = DigitReader(
            Artifacts.deploy(
                "examples/dapps/DigitReader.sol:DigitReader",
                abi.encode(market, modelId, token, 2 ether, TensorType.I8, 20)
            )
        );
        address[2] memory users = [user, other];
        for (uint256 i = 0; i < 2; ++i) {
            token.mint(users[i], 100 ether);
            vm.prank(users[i]);
            token.approve(address(reader), type(uint256).max);
        }
    }

    /// Asks as `account`; returns the Request that the dApp made, as a front end reads it from the event.
    function _read(address account) private returns (Request memory req, JobId jobId) {
        req = baseRequest();
        req.requester = address(reader);
        (req.minFee, req.maxFee) = (FEE / 2, FEE);
        req.rampStart = uint64(vm.getBlockTimestamp());
        req.rampLength = 10 minutes;
        req.claimDeadline = req.rampStart + 20 minutes;
        req.proofWindow = 10 minutes;
        req.deadline = req.claimDeadline + 10 minutes + 1 hours;
        req.collateral = 2 ether;
        req.consumer = address(reader);
        req.callbackGas = 150_000;
        req.nonce = _asked++;
        jobId = market.jobIdOf(req);
        vm.expectEmit(address(market));
        emit IInferenceMarket.JobRequested(jobId, modelId, address(reader), req);
        vm.prank(account);
        reader.read(req.input, FEE);
    }

    function test_ReadsADigitThatAnyoneCanLookUp() public {
        output = hex"0001027f0405060708f0"; // 127 at index 3, runner-up 8
        (Request memory req, JobId jobId) = _read(user);
        assertEq(uint8(reader.readingOf(jobId).outcome), uint8(DigitReader.Outcome.Pending));
        vm.expectEmit(address(reader));
        emit DigitReader.DigitRead(jobId, 3, 119);
        fulfilFor(operator, req);
        DigitReader.Reading memory reading = reader.readingOf(jobId);
        assertEq(reading.user, user);
        assertEq(uint8(reading.outcome), uint8(DigitReader.Outcome.Read));
        assertEq(reading.digit, 3);
        assertEq(reading.margin, 119);
    }

    function test_MarginBoundaryIsExact() public {
        output = hex"00000000000000000014"; // ahead by 20
        (Request memory req, JobId jobId) = _read(user);
        fulfilFor(operator, req);
        assertEq(uint8(reader.readingOf(jobId).outcome), uint8(DigitReader.Outcome.Read));
        assertEq(reader.readingOf(jobId).digit, 9);

        output = hex"00000000000000000013"; // ahead by 19
        (req, jobId) = _read(user);
        vm.expectEmit(address(reader));
        emit DigitReader.ReadingRefused(jobId, 19, 20);
        fulfilFor(operator, req);
        assertEq(uint8(reader.readingOf(jobId).outcome), uint8(DigitReader.Outcome.Refused));
        assertEq(reader.readingOf(jobId).margin, 19);
    }

    /// An unsure answer was still work: the operator is paid, the user gets the rest of the fee.
    function test_RefusedReadingIsPaidFor() public {
        (Request memory req, JobId jobId) = _read(user);
        fulfilFor(operator, req); // 1..10: ahead by one
        assertEq(uint8(reader.readingOf(jobId).outcome), uint8(DigitReader.Outcome.Refused));
        assertEq(balance(operator), FUNDS + 3.8 ether);
        reader.refund(req);
        assertEq(token.balanceOf(user), 96 ether);
    }

    function testFuzz_AnyProvenOutputIsHandled(bytes10 logits) public {
        output = abi.encodePacked(logits);
        (Request memory req, JobId jobId) = _read(user);
        fulfilFor(operator, req);
        DigitReader.Reading memory reading = reader.readingOf(jobId);
        assertEq(
            uint8(reading.outcome),
            uint8(reading.margin >= 20 ? DigitReader.Outcome.Read : DigitReader.Outcome.Refused)
        );
        if (reading.outcome == DigitReader.Outcome.Read) {
            for (uint256 i = 0; i < 10; ++i) {
                if (i != reading.digit)
                    assertLe(int256(int8(uint8(logits[i]))) + 20, int256(int8(uint8(logits[reading.digit]))));
            }
        }
    }

    // Money ---------------------------------------------------------------------------------------------------------

    function test_HoldsNoTokensAndSpendsOnlyTheUsersFee() public {
        _read(user);
        assertEq(token.balanceOf(user), 92 ether);
        assertEq(token.balanceOf(address(reader)), 0);
        assertEq(balance(address(reader)), 0);
        assertEq(token.allowance(address(reader), address(market)), 0);
    }

    function testFuzz_UnspentFeeReachesTheUserWhoPaid(uint256 at, uint256 settleAfter, bool claimed) public {
        (Request memory req, JobId jobId) = _read(user);
        (Request memory req2, ) = _read(other);
        at = bound(at, req.rampStart, req.claimDeadline - 1);
        vm.warp(at);
        if (claimed) {
            claimAs(operator, req);
            vm.warp(at + bound(settleAfter, 0, req.proofWindow - 1));
        }
        fulfilFor(operator, req);
        uint256 price = market.priceAt(req, at);
        vm.expectEmit(address(reader));
        emit DigitReader.Refunded(jobId, user, FEE - price);
        vm.prank(stranger);
        reader.refund(req);
        assertEq(token.balanceOf(user), 100 ether - price);
        assertEq(token.balanceOf(other), 92 ether);
        fulfilFor(operator, req2);
        reader.refund(req2);
        assertEq(token.balanceOf(other), 100 ether - market.priceAt(req2, vm.getBlockTimestamp()));
        assertEq(balance(address(reader)), 0, "nothing is left behind");
    }

    function test_RefundOnceOnly() public {
        (Request memory req, JobId jobId) = _read(user);
        _read(other);
        fulfilFor(operator, req);
        reader.refund(req);
        vm.expectRevert(abi.encodeWithSelector(DigitReader.AlreadyRefunded.selector, jobId));
        reader.refund(req);
        assertEq(token.balanceOf(user), 96 ether);
    }

    function test_RefundNotWhileOpen() public {
        (Request memory req, JobId jobId) = _read(user);
        vm.expectRevert(abi.encodeWithSelector(DigitReader.JobStillOpen.selector, jobId, JobState.Requested));
        reader.refund(req);
        claimAs(operator, req);
        vm.expectRevert(abi.encodeWithSelector(DigitReader.JobStillOpen.selector, jobId, JobState.Claimed));
        reader.refund(req);
    }

    /// A job that somebody else opened, naming the dApp as consumer, refunds nobody from the dApp's balance.
    function test_T20_RefundsOnlyItsOwnJobs() public {
        _read(user);
        Request memory foreign = baseRequest();
        foreign.consumer = address(reader);
        JobId jobId = open(foreign);
        fulfilFor(operator, foreign);
        vm.expectRevert(abi.encodeWithSelector(DigitReader.UnknownReading.selector, jobId));
        reader.refund(foreign);
    }

    function test_ExpiredFeeAndSlashReachTheUser() public {
        (Request memory req, ) = _read(user);
        claimAs(operator, req);
        vm.warp(req.deadline);
        vm.prank(stranger);
        market.expire(req);
        reader.refund(req);
        assertEq(token.balanceOf(user), 100 ether + 0.8 ether);
        assertEq(balance(address(reader)), 0);
    }

    function test_ExpiredUnclaimedFeeReachesTheUser() public {
        (Request memory req, ) = _read(user);
        vm.warp(req.deadline);
        market.expire(req);
        reader.refund(req);
        assertEq(token.balanceOf(user), 100 ether);
    }

    function test_CancelledFeeReachesTheUser() public {
        (Request memory req, ) = _read(user);
        vm.prank(user);
        reader.announceCancel(req);
        vm.warp(vm.getBlockTimestamp() + CANCEL_DELAY);
        vm.prank(user);
        reader.cancel(req);
        reader.refund(req);
        assertEq(token.balanceOf(user), 100 ether);
    }

    function test_OnlyTheUserCancels() public {
        (Request memory req, ) = _read(user);
        vm.startPrank(other);
        vm.expectRevert(abi.encodeWithSelector(DigitReader.NotUser.selector, other, user));
        reader.announceCancel(req);
        vm.expectRevert(abi.encodeWithSelector(DigitReader.NotUser.selector, other, user));
        reader.cancel(req);
        vm.stopPrank();
    }

    function test_NeedsTheUsersApproval() public {
        vm.prank(user);
        token.approve(address(reader), FEE - 1);
        vm.prank(user);
        vm.expectRevert();
        reader.read(baseRequest().input, FEE);
    }

    function test_BadPictureCostsNothing() public {
        bytes memory pixels = baseRequest().input;
        pixels[5] = hex"11";
        vm.prank(user);
        vm.expectRevert(
            abi.encodeWithSelector(IProofSystem.ValueOutOfRange.selector, 5, int256(17), int256(0), int256(16))
        );
        reader.read(pixels, FEE);
        assertEq(token.balanceOf(user), 100 ether);
    }

    /// With a token that keeps a fee the market would credit less than the user brought; other users would pay.
    function test_T11_RefusesATokenThatKeepsAFee() public {
        token = new FeeOnTransferToken();
        market = newMarket(address(token));
        _deployReader();
        vm.prank(user);
        vm.expectRevert();
        reader.read(baseRequest().input, FEE);
        // Not even when the dApp could make up for the first loss from tokens that it holds.
        token.mint(address(reader), 1 ether);
        vm.prank(user);
        vm.expectRevert(abi.encodeWithSelector(DigitReader.FeeNotCredited.selector, 7.92 ether, FEE));
        reader.read(baseRequest().input, FEE);
    }

    function test_T11_BlockedUserBlocksNobodyElse() public {
        BlocklistToken odd = new BlocklistToken();
        token = odd;
        market = newMarket(address(odd));
        fund(odd, operator);
        _deployReader();
        (Request memory req, ) = _read(user);
        (Request memory req2, ) = _read(other);
        fulfilFor(operator, req);
        fulfilFor(operator, req2);
        odd.setBlocked(user, true);
        vm.expectRevert(abi.encodeWithSelector(BlocklistToken.Blocked.selector, user));
        reader.refund(req);
        reader.refund(req2);
        assertEq(token.balanceOf(other), 96 ether);
        odd.setBlocked(user, false);
        reader.refund(req);
        assertEq(token.balanceOf(user), 96 ether);
    }

    /// A model whose output is no vector of logits is not misread: the callback fails, the money is unharmed.
    function test_OutputOfAnotherTypeIsNotMisread() public {
        reader = DigitReader(
            Artifacts.deploy(
                "examples/dapps/DigitReader.sol:DigitReader",
                abi.encode(market, modelId, token, 2 ether, TensorType.I32, 20)
            )
        );
        vm.prank(user);
        token.approve(address(reader), type(uint256).max);
        (Request memory req, JobId jobId) = _read(user);
        fulfilFor(operator, req);
        assertTrue(reader.isPending(jobId));
        assertEq(uint8(reader.readingOf(jobId).outcome), uint8(DigitReader.Outcome.Pending));
        reader.refund(req);
        assertEq(token.balanceOf(user), 96 ether);
    }
}
