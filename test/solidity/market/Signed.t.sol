// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity ^0.8.28;

import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {Artifacts} from "../Artifacts.sol";
import {IMarket} from "../Deployed.sol";
import {IInferenceMarket, JobState} from "../../../contracts/interfaces/IInferenceMarket.sol";
import {ReentrantToken} from "../../../contracts/mocks/market/OddTokens.sol";
import {TestToken} from "../../../contracts/mocks/market/TestToken.sol";
import {TestWallet} from "../../../contracts/mocks/market/TestWallet.sol";
import {JobId} from "../../../contracts/types/JobId.sol";
import {Permit} from "../../../contracts/types/Permit.sol";
import {Request} from "../../../contracts/types/Request.sol";
import {MarketTest} from "./MarketTest.sol";

/// Requests that others bring.
contract SignedTest is MarketTest {
    uint256 private constant ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141;

    address private signer;
    uint256 private key;
    TestWallet private wallet;

    function setUp() public override {
        super.setUp();
        (signer, key) = makeAddrAndKey("signer");
        fund(token, signer);
        wallet = TestWallet(Artifacts.deploy("contracts/mocks/market/TestWallet.sol:TestWallet", ""));
        token.mint(address(this), FUNDS);
        token.approve(address(market), FUNDS);
        market.deposit(address(token), address(wallet), FUNDS);
    }

    function signedRequest() private view returns (Request memory req) {
        req = baseRequest();
        req.requester = signer;
    }

    function walletRequest() private view returns (Request memory req) {
        req = baseRequest();
        req.requester = address(wallet);
    }

    function sign(uint256 by, IMarket at, Request memory req) private view returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(by, JobId.unwrap(at.jobIdOf(req)));
        return abi.encodePacked(r, s, v);
    }

    function refused(Request memory req, bytes memory signature) private {
        vm.expectRevert(abi.encodeWithSelector(IInferenceMarket.InvalidSignature.selector, req.requester));
        vm.prank(stranger);
        market.requestBySignature(req, signature);
    }

    // By a key ------------------------------------------------------------------------------------------------------

    function test_AnyoneBringsASignedRequest() public {
        Request memory req = signedRequest();
        bytes memory signature = sign(key, market, req);
        uint256 before = balance(signer);
        vm.expectEmit(address(market));
        emit IInferenceMarket.JobRequested(market.jobIdOf(req), modelId, signer, req);
        vm.prank(stranger);
        JobId jobId = market.requestBySignature(req, signature);
        assertState(jobId, JobState.Requested);
        assertEq(balance(signer), before - req.maxFee);
        assertEq(balance(stranger), 0);
    }

    function test_TheFeeGoesBackToTheSignerWhoeverBroughtIt() public {
        Request memory req = signedRequest();
        bytes memory signature = sign(key, market, req);
        vm.prank(stranger);
        market.requestBySignature(req, signature);
        vm.prank(stranger);
        vm.expectRevert(abi.encodeWithSelector(IInferenceMarket.NotRequester.selector, stranger, signer));
        market.announceCancel(req);
        vm.warp(req.deadline);
        market.expire(req);
        assertEq(balance(signer), FUNDS);
    }

    function test_T13_ASignatureIsUsedOnce() public {
        Request memory req = signedRequest();
        bytes memory signature = sign(key, market, req);
        JobId jobId = market.requestBySignature(req, signature);
        vm.expectRevert(abi.encodeWithSelector(IInferenceMarket.JobExists.selector, jobId));
        market.requestBySignature(req, signature);
        // Not after it was cancelled, either.
        vm.prank(signer);
        market.announceCancel(req);
        vm.warp(vm.getBlockTimestamp() + CANCEL_DELAY);
        vm.prank(signer);
        market.cancel(req);
        vm.expectRevert(abi.encodeWithSelector(IInferenceMarket.JobExists.selector, jobId));
        market.requestBySignature(req, signature);
    }

    function test_T13_ASignatureIsForOneChain() public {
        Request memory req = signedRequest();
        bytes memory signature = sign(key, market, req);
        vm.chainId(block.chainid + 1);
        refused(req, signature);
    }

    function test_T13_ASignatureIsForOneMarket() public {
        Request memory req = signedRequest();
        IMarket clone = newMarket(address(token));
        bytes memory signature = sign(key, clone, req);
        refused(req, signature);
    }

    function test_T13_HighSIsNoSignature() public {
        Request memory req = signedRequest();
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, JobId.unwrap(market.jobIdOf(req)));
        refused(req, abi.encodePacked(r, bytes32(ORDER - uint256(s)), v == 27 ? uint8(28) : uint8(27)));
    }

    function test_MalformedSignaturesAreRefused() public {
        Request memory req = signedRequest();
        bytes memory signature = sign(key, market, req);
        refused(req, "");
        refused(req, abi.encodePacked(signature, uint8(0)));
        signature[64] = 0x02;
        refused(req, signature);
        refused(req, new bytes(65));
    }

    function test_NobodySignsForZero() public {
        Request memory req = signedRequest();
        req.requester = address(0);
        req.maxFee = req.minFee = 0;
        refused(req, new bytes(65));
        refused(req, sign(key, market, req));
    }

    function testFuzz_AnotherKeyIsRefused(uint256 other) public {
        other = bound(other, 1, ORDER - 1);
        vm.assume(other != key);
        Request memory req = signedRequest();
        refused(req, sign(other, market, req));
    }

    /// Whatever field changes after the signature, it does not hold any more.
    function testFuzz_EveryFieldIsSigned(uint256 field, uint256 change) public {
        Request memory req = signedRequest();
        bytes memory signature = sign(key, market, req);
        uint16 by = uint16(bound(change, 1, 1_000));
        field = field % 11;
        if (field == 0) req.input[uint256(by) % 64] ^= 0x01;
        if (field == 1) req.minFee -= by;
        if (field == 2) req.maxFee += by;
        if (field == 3) req.rampStart += by;
        if (field == 4) req.rampLength += by;
        if (field == 5) req.claimDeadline += by;
        if (field == 6) req.proofWindow += by;
        if (field == 7) req.deadline += by;
        if (field == 8) req.collateral += by;
        if (field == 9) req.maxRoyaltyBps += by;
        if (field == 10) req.nonce += by;
        refused(req, signature);
    }

    function test_InvalidatedNoncesAreRefused() public {
        Request memory req = signedRequest();
        bytes memory signature = sign(key, market, req);
        vm.expectEmit(address(market));
        emit IInferenceMarket.NonceInvalidated(signer, req.nonce);
        vm.prank(signer);
        market.invalidateNonce(req.nonce);
        assertTrue(market.isNonceInvalidated(signer, req.nonce));
        vm.expectRevert(abi.encodeWithSelector(IInferenceMarket.NonceIsInvalidated.selector, signer, req.nonce));
        market.requestBySignature(req, signature);
        // What the requester sends itself needs no signature.
        vm.prank(signer);
        market.request(req);
    }

    function testFuzz_OnlyOnesOwnNonceIsInvalidated(address other, uint256 nonce) public {
        vm.assume(other != signer);
        vm.prank(other);
        market.invalidateNonce(nonce);
        assertFalse(market.isNonceInvalidated(signer, nonce));
        Request memory req = signedRequest();
        req.nonce = nonce;
        market.requestBySignature(req, sign(key, market, req));
    }

    /// T11: nonces are shut while a token's code runs, as everything is.
    function test_T11_NoNonceIsInvalidatedInTheMiddleOfAnotherCall() public {
        ReentrantToken odd = new ReentrantToken();
        market = newMarket(address(odd));
        fund(odd, operator);
        odd.arm(address(market), abi.encodeCall(market.invalidateNonce, (1)));
        vm.prank(operator);
        market.withdraw(address(odd), operator, 10);
        assertFalse(odd.lastOk());
        assertEq(bytes4(odd.lastReturn()), ReentrancyGuardTransient.ReentrancyGuardReentrantCall.selector);
        assertFalse(market.isNonceInvalidated(address(odd), 1));
    }

    // By a contract -------------------------------------------------------------------------------------------------

    function test_AContractSigns() public {
        Request memory req = walletRequest();
        wallet.accept(JobId.unwrap(market.jobIdOf(req)), TestWallet.Manner.HONEST, 0);
        vm.prank(stranger);
        assertState(market.requestBySignature(req, hex"01"), JobState.Requested);
        assertEq(balance(address(wallet)), FUNDS - req.maxFee);
    }

    function test_AContractSignsOneDigest() public {
        Request memory req = walletRequest();
        wallet.accept(JobId.unwrap(market.jobIdOf(req)), TestWallet.Manner.HONEST, 0);
        req.maxFee += 1;
        refused(req, hex"01");
    }

    function test_T13_AContractHasItsGasAndNoMore() public {
        Request memory req = walletRequest();
        bytes32 digest = JobId.unwrap(market.jobIdOf(req));
        wallet.accept(digest, TestWallet.Manner.HONEST, 80_000);
        uint256 snapshot = vm.snapshotState();
        market.requestBySignature(req, hex"01");
        vm.revertToState(snapshot);
        wallet.accept(digest, TestWallet.Manner.HONEST, 101_000);
        refused(req, hex"01");
        wallet.accept(digest, TestWallet.Manner.BURNS, 0);
        uint256 before = gasleft();
        refused(req, hex"01");
        assertLt(before - gasleft(), 200_000);
    }

    function test_BadContractsSignNothing() public {
        Request memory req = walletRequest();
        bytes32 digest = JobId.unwrap(market.jobIdOf(req));
        TestWallet.Manner[3] memory manners = [
            TestWallet.Manner.REVERTS,
            TestWallet.Manner.SHORT,
            TestWallet.Manner.DIRTY
        ];
        for (uint256 i = 0; i < manners.length; ++i) {
            wallet.accept(digest, manners[i], 0);
            refused(req, hex"01");
        }
    }

    /// More than one word is not copied, and does no harm.
    function test_ALongAnswerIsOneWord() public {
        Request memory req = walletRequest();
        wallet.accept(JobId.unwrap(market.jobIdOf(req)), TestWallet.Manner.BOMB, 0);
        assertState(market.requestBySignature(req, hex"01"), JobState.Requested);
    }

    function test_DelegatedCodeDoesNotTakeTheKeyAway() public {
        Request memory req = signedRequest();
        bytes memory signature = sign(key, market, req);
        vm.etch(signer, address(wallet).code); // as an account that delegates (EIP-7702)
        assertState(market.requestBySignature(req, signature), JobState.Requested);
    }

    // With a permit -------------------------------------------------------------------------------------------------

    function permitOf(uint256 by, address owner, uint256 value) private view returns (Permit memory) {
        uint256 deadline = vm.getBlockTimestamp() + 1 hours;
        bytes32 typehash = keccak256(
            "Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)"
        );
        bytes32 digest = keccak256(
            abi.encodePacked(
                hex"1901",
                token.DOMAIN_SEPARATOR(),
                keccak256(abi.encode(typehash, owner, market, value, token.nonces(owner), deadline))
            )
        );
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(by, digest);
        return Permit(value, deadline, v, r, s);
    }

    /// An account that has tokens, nothing on the market, and no allowance.
    function newcomer() private returns (address account, uint256 secret, Request memory req) {
        (account, secret) = makeAddrAndKey("newcomer");
        req = baseRequest();
        req.requester = account;
        token.mint(account, req.maxFee);
    }

    function test_ASignatureAndAPermitAreAllThatARequesterNeeds() public {
        (address account, uint256 secret, Request memory req) = newcomer();
        vm.prank(stranger);
        JobId jobId = market.requestWithPermit(req, sign(secret, market, req), permitOf(secret, account, req.maxFee));
        assertState(jobId, JobState.Requested);
        assertEq(token.balanceOf(account), 0);
        assertEq(balance(account), 0);
    }

    function test_OnlyWhatTheBalanceLacksIsTaken() public {
        (address account, uint256 secret, Request memory req) = newcomer();
        token.mint(address(this), 4 ether);
        token.approve(address(market), type(uint256).max);
        market.deposit(address(token), account, 4 ether);
        vm.expectEmit(address(market));
        emit IInferenceMarket.Deposited(address(token), account, account, req.maxFee - 4 ether);
        market.requestWithPermit(req, sign(secret, market, req), permitOf(secret, account, req.maxFee));
        assertEq(token.balanceOf(account), 4 ether);
        assertEq(balance(account), 0);
    }

    /// Nothing at all is taken from who has enough, be it exactly the fee.
    function testFuzz_WhoHasEnoughGivesNothing(uint256 more) public {
        (address account, uint256 secret, Request memory req) = newcomer();
        more = bound(more, 0, 2) * 1 ether;
        token.mint(address(this), req.maxFee + more);
        token.approve(address(market), type(uint256).max);
        market.deposit(address(token), account, req.maxFee + more);
        vm.expectCall(address(token), abi.encodeWithSelector(token.transferFrom.selector), 0);
        market.requestWithPermit(req, sign(secret, market, req), permitOf(secret, account, req.maxFee));
        assertEq(token.balanceOf(account), req.maxFee);
        assertEq(balance(account), more);
    }

    function test_T14_APermitThatWasUsedBeforeDoesNoHarm() public {
        (address account, uint256 secret, Request memory req) = newcomer();
        Permit memory p = permitOf(secret, account, req.maxFee);
        token.permit(account, address(market), p.value, p.deadline, p.v, p.r, p.s);
        assertState(market.requestWithPermit(req, sign(secret, market, req), p), JobState.Requested);
    }

    function test_WithoutAnAllowanceNothingHappens() public {
        (address account, uint256 secret, Request memory req) = newcomer();
        bytes memory signature = sign(secret, market, req);
        vm.expectRevert();
        market.requestWithPermit(req, signature, Permit(0, 0, 0, 0, 0));
        assertState(market.jobIdOf(req), JobState.None);
        assertEq(token.balanceOf(account), req.maxFee);
    }

    /// A permit is for the market; what for, only the owner's signature on a request says.
    function test_NobodySpendsAnothersPermit() public {
        (address account, uint256 secret, Request memory req) = newcomer();
        Permit memory p = permitOf(secret, account, req.maxFee);
        vm.prank(stranger);
        vm.expectRevert(abi.encodeWithSelector(IInferenceMarket.NotRequester.selector, stranger, account));
        market.requestWithPermit(req, "", p);
        bytes memory signature = sign(key, market, req);
        vm.expectRevert(abi.encodeWithSelector(IInferenceMarket.InvalidSignature.selector, account));
        market.requestWithPermit(req, signature, p);
        assertEq(token.balanceOf(account), req.maxFee);
    }

    function test_TheRequesterItselfNeedsNoSignature() public {
        (address account, uint256 secret, Request memory req) = newcomer();
        Permit memory p = permitOf(secret, account, req.maxFee);
        vm.prank(account);
        assertState(market.requestWithPermit(req, "", p), JobState.Requested);
    }

    function test_ATokenThatIsNotListedIsNeverCalled() public {
        (address account, uint256 secret, Request memory req) = newcomer();
        req.token = address(new TestToken());
        bytes memory signature = sign(secret, market, req);
        Permit memory p = permitOf(secret, account, req.maxFee);
        bytes memory err = abi.encodeWithSelector(IInferenceMarket.TokenNotAllowed.selector, req.token);
        vm.expectCall(req.token, "", 0);
        vm.expectRevert(err);
        market.requestWithPermit(req, signature, p);
        vm.expectRevert(err);
        vm.prank(account);
        market.depositWithPermit(req.token, account, p.value, p.deadline, p.v, p.r, p.s);
    }

    /// The permit is the sender's, and so are the tokens; whom they are for is its choice.
    function test_ADepositWithPermitMayBeForAnother() public {
        (address account, uint256 secret, Request memory req) = newcomer();
        Permit memory p = permitOf(secret, account, req.maxFee);
        vm.expectEmit(address(market));
        emit IInferenceMarket.Deposited(address(token), stranger, account, req.maxFee);
        vm.prank(account);
        market.depositWithPermit(address(token), stranger, p.value, p.deadline, p.v, p.r, p.s);
        assertEq(balance(stranger), req.maxFee);
        assertEq(token.balanceOf(account), 0);
    }

    // Several -------------------------------------------------------------------------------------------------------

    function several(uint256 count) private view returns (Request[] memory requests, bytes[] memory signatures) {
        requests = new Request[](count);
        signatures = new bytes[](count);
        for (uint256 i = 0; i < count; ++i) {
            requests[i] = i % 2 == 0 ? baseRequest() : signedRequest();
            requests[i].nonce = i;
            if (i % 2 == 1) signatures[i] = sign(key, market, requests[i]);
        }
    }

    function test_ABatchOpensOwnAndSignedRequests() public {
        (Request[] memory requests, bytes[] memory signatures) = several(5);
        vm.prank(requester);
        JobId[] memory jobIds = market.requestBatch(requests, signatures);
        assertEq(jobIds.length, 5);
        for (uint256 i = 0; i < 5; ++i) {
            assertTrue(jobIds[i] == market.jobIdOf(requests[i]));
            assertState(jobIds[i], JobState.Requested);
        }
        assertEq(balance(requester), FUNDS - 3 * uint256(requests[0].maxFee));
        assertEq(balance(signer), FUNDS - 2 * uint256(requests[1].maxFee));
    }

    function test_ABatchOpensAllOrNone() public {
        (Request[] memory requests, bytes[] memory signatures) = several(3);
        vm.prank(stranger); // not the requester of the unsigned ones
        vm.expectRevert(abi.encodeWithSelector(IInferenceMarket.NotRequester.selector, stranger, requester));
        market.requestBatch(requests, signatures);
        signatures[1] = "";
        vm.prank(requester);
        vm.expectRevert(abi.encodeWithSelector(IInferenceMarket.NotRequester.selector, requester, signer));
        market.requestBatch(requests, signatures);
        for (uint256 i = 0; i < 3; ++i) assertState(market.jobIdOf(requests[i]), JobState.None);
        assertEq(balance(requester), FUNDS);
    }

    function test_ABatchRefusesTheSameJobTwice() public {
        (Request[] memory requests, bytes[] memory signatures) = several(3);
        requests[2] = requests[0];
        JobId jobId = market.jobIdOf(requests[0]);
        vm.prank(requester);
        vm.expectRevert(abi.encodeWithSelector(IInferenceMarket.JobExists.selector, jobId));
        market.requestBatch(requests, signatures);
    }

    function test_T17_BatchesAreBounded() public {
        uint256 most = market.MAX_BATCH();
        vm.expectRevert(abi.encodeWithSelector(IInferenceMarket.BatchTooLong.selector, most + 1, most));
        market.requestBatch(new Request[](most + 1), new bytes[](most + 1));
        vm.expectRevert(IInferenceMarket.BatchLengthMismatch.selector);
        market.requestBatch(new Request[](2), new bytes[](1));
        assertEq(market.requestBatch(new Request[](0), new bytes[](0)).length, 0);
        (Request[] memory requests, bytes[] memory signatures) = several(most);
        vm.prank(requester);
        assertEq(market.requestBatch(requests, signatures).length, most);
    }
}
