// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity ^0.8.28;

import {IERC165} from "@openzeppelin/contracts/utils/introspection/IERC165.sol";
import {IERC721} from "@openzeppelin/contracts/token/ERC721/IERC721.sol";
import {Artifacts} from "../Artifacts.sol";
import {Erc7007Verifier} from "../../../contracts/facades/Erc7007Verifier.sol";
import {IERC7007} from "../../../contracts/interfaces/erc/IERC7007.sol";
import {IInferenceMarket} from "../../../contracts/interfaces/IInferenceMarket.sol";
import {ModelId} from "../../../contracts/types/ModelId.sol";
import {Request} from "../../../contracts/types/Request.sol";
import {ContentToken} from "../../../examples/dapps/ContentToken.sol";
import {MarketTest} from "../market/MarketTest.sol";

contract Erc7007VerifierTest is MarketTest {
    Erc7007Verifier private verifier;
    ContentToken private collection;

    function setUp() public override {
        super.setUp();
        verifier = _newVerifier(false);
        collection = ContentToken(
            Artifacts.deploy("examples/dapps/ContentToken.sol:ContentToken", abi.encode(market, modelId))
        );
    }

    function _newVerifier(bool takesOptimistic) private returns (Erc7007Verifier) {
        return
            Erc7007Verifier(
                Artifacts.deploy(
                    "contracts/facades/Erc7007Verifier.sol:Erc7007Verifier",
                    abi.encode(market, modelId, takesOptimistic)
                )
            );
    }

    function _settled() private returns (Request memory req) {
        req = baseRequest();
        open(req);
        fulfilFor(operator, req);
    }

    /// Both ways of asking say no, and the one that can says why.
    function _refused(bytes memory prompt, bytes memory content, bytes memory proof, bytes memory reason) private {
        assertFalse(verifier.verify(prompt, content, proof));
        vm.expectRevert(reason);
        verifier.requireVerified(prompt, content, proof);
    }

    // The ERC's shape -----------------------------------------------------------------------------------------------

    /// 0xaea30507 addAigcData(uint256,bytes,bytes,bytes) ^ 0xde8f50a1 verify(bytes,bytes,bytes)
    function test_InterfaceIdFromTheText() public view {
        assertEq(IERC7007.addAigcData.selector, bytes4(0xaea30507));
        assertEq(IERC7007.verify.selector, bytes4(0xde8f50a1));
        assertEq(type(IERC7007).interfaceId, bytes4(0x702c55a6));
        assertEq(Erc7007Verifier.verify.selector, IERC7007.verify.selector);
        assertEq(IERC7007.AigcData.selector, keccak256("AigcData(uint256,bytes,bytes,bytes)"));
        assertTrue(collection.supportsInterface(0x702c55a6));
        assertTrue(collection.supportsInterface(type(IERC721).interfaceId));
        assertTrue(collection.supportsInterface(type(IERC165).interfaceId));
        assertFalse(collection.supportsInterface(0xffffffff));
    }

    // What verifies -------------------------------------------------------------------------------------------------

    function testFuzz_SettledOutputsVerify(bytes10 content, bytes32 pixels) public {
        output = abi.encodePacked(content);
        Request memory req = baseRequest();
        for (uint256 i = 0; i < 32; ++i) req.input[i] = bytes1(uint8(pixels[i]) & 15);
        open(req);
        fulfilFor(operator, req);
        assertTrue(verifier.verify(req.input, output, abi.encode(req)));
        assertEq(verifier.requireVerified(req.input, output, abi.encode(req)), requester);
    }

    function test_VerifiesForEver() public {
        Request memory req = _settled();
        vm.prank(modelOwner);
        registry.deprecate(modelId);
        vm.prank(guardian);
        router.stop(SELECTOR);
        vm.warp(uint256(req.deadline) + 365 days);
        assertTrue(verifier.verify(req.input, output, abi.encode(req)));
    }

    // What does not -------------------------------------------------------------------------------------------------

    function testFuzz_NoOtherContent(bytes calldata content) public {
        vm.assume(keccak256(content) != keccak256(output));
        Request memory req = _settled();
        _refused(req.input, content, abi.encode(req), abi.encodeWithSelector(Erc7007Verifier.ContentMismatch.selector));
    }

    function testFuzz_NoOtherPrompt(bytes calldata prompt) public {
        Request memory req = _settled();
        vm.assume(keccak256(prompt) != keccak256(req.input));
        _refused(prompt, output, abi.encode(req), abi.encodeWithSelector(Erc7007Verifier.PromptMismatch.selector));
    }

    /// The reference implementation's proof covers prompt ‖ content, whose border nobody checks.
    function test_NoContentMovesIntoThePrompt() public {
        Request memory req = _settled();
        bytes memory prompt = bytes.concat(req.input, output[0]);
        bytes memory content = new bytes(9);
        for (uint256 i = 0; i < 9; ++i) content[i] = output[i + 1];
        _refused(prompt, content, abi.encode(req), abi.encodeWithSelector(Erc7007Verifier.PromptMismatch.selector));
    }

    function test_NothingBeforeTheJobIsSettled() public {
        Request memory req = baseRequest();
        bytes memory noOutput = abi.encodeWithSelector(IInferenceMarket.NoOutput.selector, market.jobIdOf(req));
        _refused(req.input, output, abi.encode(req), noOutput);
        open(req);
        _refused(req.input, output, abi.encode(req), noOutput);
        _refused(req.input, "", abi.encode(req), noOutput);
        claimAs(operator, req);
        _refused(req.input, output, abi.encode(req), noOutput);
        vm.warp(req.deadline);
        market.expire(req);
        _refused(req.input, output, abi.encode(req), noOutput);
    }

    /// Who asked decides who owns the content: a changed Request is another job.
    function testFuzz_NobodyElseIsTheRequester(address thief) public {
        Request memory req = _settled();
        vm.assume(thief != req.requester);
        req.requester = thief;
        bytes memory noOutput = abi.encodeWithSelector(IInferenceMarket.NoOutput.selector, market.jobIdOf(req));
        _refused(req.input, output, abi.encode(req), noOutput);
    }

    function test_OnlyThePinnedModel() public {
        (, ModelId other) = registerModel(0, 64, 10, 2);
        Request memory req = baseRequest();
        req.modelId = other;
        _refused(
            req.input,
            output,
            abi.encode(req),
            abi.encodeWithSelector(Erc7007Verifier.WrongModel.selector, other, modelId)
        );
    }

    /// A collection chooses whether an output that nobody challenged is good enough; nobody takes one that still can be.
    function test_OptimisticJobsOnlyWhereTakenAndOnlyWhenFinal() public {
        Erc7007Verifier lenient = _newVerifier(true);
        assertTrue(lenient.takesOptimistic());
        (Request memory req, ) = openAndPropose(output);
        bytes memory proof = abi.encode(req);
        assertFalse(lenient.verify(req.input, output, proof));
        vm.warp(vm.getBlockTimestamp() + req.challengeWindow);
        assertFalse(lenient.verify(req.input, output, proof));
        market.settle(req);
        assertTrue(lenient.verify(req.input, output, proof));
        _refused(req.input, output, proof, abi.encodeWithSelector(Erc7007Verifier.NotProven.selector));
        req = _settled();
        assertTrue(lenient.verify(req.input, output, abi.encode(req)));
    }

    function test_AChallengedProposalIsNoContent() public {
        Erc7007Verifier lenient = _newVerifier(true);
        (Request memory req, ) = openAndPropose(output);
        challengeAs(rescuer, req, output);
        vm.warp(vm.getBlockTimestamp() + req.challengeWindow);
        assertFalse(lenient.verify(req.input, output, abi.encode(req)));
    }

    function testFuzz_JunkIsNoProof(bytes calldata junk) public {
        Request memory req = _settled();
        assertFalse(verifier.verify(req.input, output, junk));
    }

    function test_EnumsOutOfRangeAreNoProof() public {
        Request memory req = _settled();
        bytes memory proof = abi.encode(req);
        // The head begins after the tuple's offset; inputMode is its third word, mode its fifth.
        proof[32 + 3 * 32 - 1] = 0x07;
        assertFalse(verifier.verify(req.input, output, proof));
    }

    /// Too little gas is a no, never a yes.
    function testFuzz_TooLittleGasIsNoYes(uint256 gasLimit) public {
        Request memory req = _settled();
        gasLimit = bound(gasLimit, 0, 50_000);
        bytes memory call = abi.encodeCall(verifier.verify, (req.input, hex"00", abi.encode(req)));
        (bool ok, bytes memory returned) = address(verifier).staticcall{gas: gasLimit}(call);
        if (ok) assertFalse(abi.decode(returned, (bool)));
    }

    function test_NeedsMarketAndModel() public {
        vm.expectRevert(Erc7007Verifier.ZeroMarketOrModel.selector);
        this.deployWith(address(0), modelId);
        vm.expectRevert(Erc7007Verifier.ZeroMarketOrModel.selector);
        this.deployWith(address(market), ModelId.wrap(0));
    }

    function deployWith(address market_, ModelId modelId_) external {
        Artifacts.deploy("contracts/facades/Erc7007Verifier.sol:Erc7007Verifier", abi.encode(market_, modelId_, false));
    }

    // The collection ------------------------------------------------------------------------------------------------

    function testFuzz_MintsToWhoAskedWhoeverSends(address sender) public {
        Request memory req = _settled();
        uint256 tokenId = uint256(keccak256(req.input));
        vm.expectEmit(address(collection));
        emit IERC7007.AigcData(tokenId, req.input, output, abi.encode(req));
        vm.prank(sender);
        collection.addAigcData(tokenId, req.input, output, abi.encode(req));
        assertEq(collection.ownerOf(tokenId), requester);
        assertTrue(collection.verify(req.input, output, abi.encode(req)));
    }

    function test_MintsOnceAPrompt() public {
        Request memory req = _settled();
        uint256 tokenId = uint256(keccak256(req.input));
        collection.addAigcData(tokenId, req.input, output, abi.encode(req));
        req.nonce = 2; // the same prompt, asked again
        open(req);
        fulfilFor(operator, req);
        vm.expectRevert();
        collection.addAigcData(tokenId, req.input, output, abi.encode(req));
    }

    function testFuzz_MintsOnlyTheHashOfThePrompt(uint256 tokenId) public {
        Request memory req = _settled();
        uint256 expected = uint256(keccak256(req.input));
        vm.assume(tokenId != expected);
        vm.expectRevert(abi.encodeWithSelector(ContentToken.WrongTokenId.selector, tokenId, expected));
        collection.addAigcData(tokenId, req.input, output, abi.encode(req));
    }

    function test_MintsNothingUnproven() public {
        Request memory req = _settled();
        vm.expectRevert(Erc7007Verifier.ContentMismatch.selector);
        collection.addAigcData(uint256(keccak256(req.input)), req.input, hex"00", abi.encode(req));
    }
}
