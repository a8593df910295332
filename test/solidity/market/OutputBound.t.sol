// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity ^0.8.28;

import {IInferenceMarket} from "../../../contracts/interfaces/IInferenceMarket.sol";
import {JobId} from "../../../contracts/types/JobId.sol";
import {Request} from "../../../contracts/types/Request.sol";
import {MarketTest} from "./MarketTest.sol";

/// INV-04: whoever claims can settle, so the output must fit a transaction (EIP-7825).
contract OutputBoundTest is MarketTest {
    uint256 private constant TRANSACTION_GAS = 1 << 24;

    /// 25,000 bytes would take 20.7 million gas to settle: whoever claimed it would be slashed.
    function test_T3_OutputThatFitsNoTransactionIsRefused() public {
        uint32 maximum = uint32(market.MAX_OUTPUT_BYTES());
        uint32[2] memory lengths = [maximum + 1, 25_000];
        for (uint256 i = 0; i < lengths.length; ++i) {
            Request memory req = requestOf(lengths[i]);
            vm.expectRevert(abi.encodeWithSelector(IInferenceMarket.OutputTooLong.selector, lengths[i], maximum));
            open(req);
        }
    }

    function test_LongestOutputSettlesInHalfATransaction() public {
        Request memory req = requestOf(uint32(market.MAX_OUTPUT_BYTES()));
        JobId jobId = open(req);
        claimAs(operator, req);
        assertLt(gasOfFulfil(req), TRANSACTION_GAS / 2);
        assertEq(market.resultOf(jobId), output);
    }

    /// T17: no step of a dispute about the longest output takes more than half a transaction.
    function test_T17_LongestProposalFitsATransactionAtEveryStep() public {
        requestOf(uint32(market.MAX_OUTPUT_BYTES()));
        Request memory req = optimisticRequest();
        open(req);
        claimAs(operator, req);
        _measured(operator, abi.encodeCall(market.propose, (req, output)));
        uint256 proposed = vm.snapshotState();
        skip(req.challengeWindow);
        _measured(stranger, abi.encodeCall(market.settle, (req)));
        vm.revertToState(proposed);
        _measured(rescuer, abi.encodeCall(market.challenge, (req, keccak256(output))));
        output[0] = 0x66;
        output[output.length - 1] = 0x66;
        bytes memory seal = sealFor(req, rescuer, output);
        _measured(stranger, abi.encodeCall(market.fulfil, (req, rescuer, output, seal)));
        assertEq(market.resultOf(market.jobIdOf(req)), output);
    }

    function _measured(address account, bytes memory data) private {
        vm.prank(account);
        uint256 before = gasleft();
        (bool ok, ) = address(market).call(data);
        assertLt(before - gasleft(), TRANSACTION_GAS / 2);
        assertTrue(ok);
    }

    function requestOf(uint32 outputs) private returns (Request memory req) {
        (keyHash, modelId) = registerModel(0, 64, outputs, outputs);
        bytes memory scores = new bytes(outputs);
        for (uint256 i = 0; i < outputs; ++i) scores[i] = 0x55;
        output = scores;
        req = baseRequest();
    }

    function gasOfFulfil(Request memory req) private returns (uint256 used) {
        bytes memory seal = sealFor(req, operator, output);
        used = gasleft();
        market.fulfil(req, operator, output, seal);
        used -= gasleft();
    }
}
