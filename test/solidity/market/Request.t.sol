// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity ^0.8.28;

import {IInferenceMarket, JobRecord, JobState} from "../../../contracts/interfaces/IInferenceMarket.sol";
import {IModelRegistry} from "../../../contracts/interfaces/IModelRegistry.sol";
import {IProofSystem} from "../../../contracts/interfaces/IProofSystem.sol";
import {IProofSystemRouter} from "../../../contracts/interfaces/IProofSystemRouter.sol";
import {JobId} from "../../../contracts/types/JobId.sol";
import {ModelId} from "../../../contracts/types/ModelId.sol";
import {InputMode, Mode, Request} from "../../../contracts/types/Request.sol";
import {MarketTest} from "./MarketTest.sol";

contract RequestTest is MarketTest {
    function _refused(Request memory req, bytes memory err) private {
        vm.prank(req.requester);
        vm.expectRevert(err);
        market.request(req);
        assertState(market.jobIdOf(req), JobState.None);
    }

    function test_EscrowsMaxFeeAndRecordsTheJob() public {
        Request memory req = baseRequest();
        JobId expected = market.jobIdOf(req);
        vm.expectEmit(address(market));
        emit IInferenceMarket.JobRequested(expected, modelId, requester, req);
        JobId jobId = open(req);
        assertTrue(jobId == expected);
        assertEq(balance(requester), FUNDS - 30 ether);
        JobRecord memory job = market.jobOf(jobId);
        assertEq(uint8(job.state), uint8(JobState.Requested));
        assertEq(job.since, 0);
        assertEq(job.claimer, address(0));
        assertEq(job.price, 0);
        assertEq(job.challenger, address(0));
        assertEq(job.proofSystem, address(proofSystem));
        assertEq(job.termsIndex, 0);
        assertEq(job.outputLength, 10);
        assertEq(market.refundOf(req), 0);
    }

    function test_OnlyTheRequesterSpendsItsBalance() public {
        Request memory req = baseRequest();
        vm.prank(operator);
        vm.expectRevert(abi.encodeWithSelector(IInferenceMarket.NotRequester.selector, operator, requester));
        market.request(req);
    }

    function test_RefusesTheSameRequestTwice() public {
        Request memory req = baseRequest();
        JobId jobId = open(req);
        vm.prank(requester);
        vm.expectRevert(abi.encodeWithSelector(IInferenceMarket.JobExists.selector, jobId));
        market.request(req);
    }

    function test_NonceTellsEqualRequestsApart() public {
        Request memory req = baseRequest();
        JobId first = open(req);
        req.nonce = 2;
        assertFalse(open(req) == first);
        assertEq(balance(requester), FUNDS - 60 ether);
    }

    function test_RefusesWhenTheBalanceIsShort() public {
        Request memory req = baseRequest();
        req.requester = stranger;
        _refused(
            req,
            abi.encodeWithSelector(
                IInferenceMarket.InsufficientBalance.selector,
                address(token),
                stranger,
                0,
                uint256(req.maxFee)
            )
        );
    }

    function test_BalanceBoundaryIsExact() public {
        Request memory req = baseRequest();
        req.maxFee = uint96(FUNDS) + 1;
        _refused(
            req,
            abi.encodeWithSelector(
                IInferenceMarket.InsufficientBalance.selector,
                address(token),
                requester,
                FUNDS,
                FUNDS + 1
            )
        );
        req.maxFee = uint96(FUNDS);
        open(req);
        assertEq(balance(requester), 0);
    }

    function test_RefusesATokenThatIsNotListed() public {
        Request memory req = baseRequest();
        req.token = address(registry);
        _refused(req, abi.encodeWithSelector(IInferenceMarket.TokenNotAllowed.selector, address(registry)));
    }

    function test_AcceptsAFreeJob() public {
        Request memory req = baseRequest();
        (req.minFee, req.maxFee, req.collateral) = (0, 0, 0);
        open(req);
        assertEq(balance(requester), FUNDS);
        fulfilFor(stranger, req);
        assertEq(balance(stranger), 0);
    }

    function test_RefusesMinFeeAboveMaxFee() public {
        Request memory req = baseRequest();
        req.minFee = req.maxFee + 1;
        _refused(req, abi.encodeWithSelector(IInferenceMarket.InvalidFees.selector, req.minFee, req.maxFee));
        req.minFee = req.maxFee;
        open(req);
    }

    // Modes and reserved fields -------------------------------------------------------------------------------------

    function test_RefusesAModeThatIsNotServed() public {
        Request memory req = baseRequest();
        req.mode = Mode.ATTESTED;
        _refused(req, abi.encodeWithSelector(IInferenceMarket.UnsupportedMode.selector, uint8(2)));
    }

    function test_RefusesAnInputModeThatIsNotTheKeys() public {
        Request memory req = baseRequest();
        req.inputMode = InputMode.COMMITTED;
        _refused(req, abi.encodeWithSelector(IInferenceMarket.InputModeMismatch.selector, uint8(0), uint8(1)));
        req.inputMode = InputMode.PUBLIC;
        (, req.modelId) = registerModel(1, 64, 10, 2);
        _refused(req, abi.encodeWithSelector(IInferenceMarket.InputModeMismatch.selector, uint8(1), uint8(0)));
    }

    /// Only the commitment is on chain; the job settles like any other.
    function test_ACommittedInputIsServed() public {
        Request memory req = baseRequest();
        (keyHash, req.modelId) = registerModel(1, 64, 10, 2);
        (req.inputMode, req.input) = (InputMode.COMMITTED, abi.encodePacked(uint256(17)));
        JobId jobId = open(req);
        claimAs(operator, req);
        fulfilFor(operator, req);
        assertEq(market.resultOf(jobId), output);
    }

    function test_RefusesReservedFields() public {
        bytes memory err = abi.encodeWithSelector(IInferenceMarket.ReservedFieldNotZero.selector);
        Request memory req = baseRequest();
        req.proposerBond = 1;
        _refused(req, err);
        (req.proposerBond, req.challengerBond) = (0, 1);
        _refused(req, err);
        (req.challengerBond, req.challengeWindow) = (0, 1);
        _refused(req, err);
        req.challengeWindow = 0;
        open(req);
    }

    // Times ---------------------------------------------------------------------------------------------------------

    function test_T15_RefusesFromTheClaimDeadlineOn() public {
        Request memory req = baseRequest();
        vm.warp(req.claimDeadline);
        _refused(
            req,
            abi.encodeWithSelector(
                IInferenceMarket.RequestTooLate.selector,
                uint256(req.claimDeadline),
                uint256(req.claimDeadline)
            )
        );
        vm.warp(req.claimDeadline + 1);
        _refused(
            req,
            abi.encodeWithSelector(
                IInferenceMarket.RequestTooLate.selector,
                uint256(req.claimDeadline),
                uint256(req.claimDeadline) + 1
            )
        );
        vm.warp(req.claimDeadline - 1);
        open(req);
    }

    function test_RampStartMayBeTheClaimDeadlineButNotLater() public {
        Request memory req = baseRequest();
        req.rampStart = req.claimDeadline + 1;
        _refused(req, abi.encodeWithSelector(IInferenceMarket.InvalidTimes.selector));
        req.rampStart = req.claimDeadline;
        open(req);
    }

    function test_RefusesAnEmptyProofWindow() public {
        Request memory req = baseRequest();
        req.proofWindow = 0;
        _refused(req, abi.encodeWithSelector(IInferenceMarket.InvalidTimes.selector));
        req.proofWindow = 1;
        open(req);
    }

    function test_RescueTimeBoundaryIsExact() public {
        Request memory req = baseRequest();
        req.deadline = req.claimDeadline + req.proofWindow + MIN_RESCUE - 1;
        _refused(req, abi.encodeWithSelector(IInferenceMarket.InvalidTimes.selector));
        req.deadline += 1;
        open(req);
    }

    /// No choice of times wraps around; what is accepted always leaves the rescue time.
    function testFuzz_TimesNeverOverflow(
        uint64 rampStart,
        uint64 claimDeadline,
        uint32 proofWindow,
        uint64 deadline
    ) public {
        Request memory req = baseRequest();
        (req.rampStart, req.claimDeadline, req.proofWindow, req.deadline) = (
            rampStart,
            claimDeadline,
            proofWindow,
            deadline
        );
        bool valid =
            proofWindow > 0 &&
                rampStart <= claimDeadline &&
                uint256(claimDeadline) + proofWindow + MIN_RESCUE <= deadline &&
                deadline <= vm.getBlockTimestamp() + MAX_JOB_SECONDS;
        vm.prank(requester);
        if (!valid) {
            vm.expectRevert(IInferenceMarket.InvalidTimes.selector);
            market.request(req);
        } else if (vm.getBlockTimestamp() >= claimDeadline) {
            vm.expectPartialRevert(IInferenceMarket.RequestTooLate.selector);
            market.request(req);
        } else {
            market.request(req);
        }
    }

    function testFuzz_ValidTimesAreAccepted(uint32 wait, uint32 window, uint64 end, uint64 start) public {
        Request memory req = baseRequest();
        uint256 latest = vm.getBlockTimestamp() + MAX_JOB_SECONDS;
        req.claimDeadline = uint64(bound(wait, vm.getBlockTimestamp() + 1, latest - MIN_RESCUE - 1));
        req.rampStart = uint64(bound(start, 0, req.claimDeadline));
        req.proofWindow = uint32(bound(window, 1, latest - MIN_RESCUE - req.claimDeadline));
        req.deadline = uint64(bound(end, req.claimDeadline + req.proofWindow + MIN_RESCUE, latest));
        open(req);
    }

    /// T9: no job can expose stake for longer than it takes to unbond.
    function test_T9_JobLengthBoundaryIsExact() public {
        Request memory req = baseRequest();
        req.deadline = uint64(vm.getBlockTimestamp()) + MAX_JOB_SECONDS + 1;
        _refused(req, abi.encodeWithSelector(IInferenceMarket.InvalidTimes.selector));
        req.deadline -= 1;
        open(req);
    }

    // Input ---------------------------------------------------------------------------------------------------------

    function test_T3_RefusesAnInputBeyondTheBound() public {
        Request memory req = baseRequest();
        req.input = new bytes(MAX_INPUT + 1);
        _refused(
            req,
            abi.encodeWithSelector(IInferenceMarket.InputTooLong.selector, uint256(MAX_INPUT) + 1, uint256(MAX_INPUT))
        );
    }

    function test_T3_AcceptsAnInputOfExactlyTheBound() public {
        Request memory req = baseRequest();
        (, req.modelId) = registerModel(0, MAX_INPUT, 10, 3);
        req.input = new bytes(MAX_INPUT);
        open(req);
    }

    function testFuzz_T3_RefusesAnInputOfAnotherLength(uint256 length) public {
        length = bound(length, 0, MAX_INPUT);
        vm.assume(length != 64);
        Request memory req = baseRequest();
        req.input = new bytes(length);
        _refused(req, abi.encodeWithSelector(IProofSystem.WrongLength.selector, 64, length));
    }

    /// An unprovable input would cost whoever claims it the collateral.
    function testFuzz_T3_RefusesAValueOutsideItsRange(uint256 index, uint8 value) public {
        index = bound(index, 0, 63);
        value = uint8(bound(value, 17, 255));
        Request memory req = baseRequest();
        req.input[index] = bytes1(value);
        _refused(
            req,
            abi.encodeWithSelector(
                IProofSystem.ValueOutOfRange.selector,
                index,
                int256(uint256(value)),
                int256(0),
                int256(16)
            )
        );
    }

    // Model, proof system, royalty ----------------------------------------------------------------------------------

    function test_RefusesAnUnknownModel() public {
        Request memory req = baseRequest();
        req.modelId = ModelId.wrap(keccak256("nobody's"));
        _refused(req, abi.encodeWithSelector(IModelRegistry.UnknownModel.selector, req.modelId));
    }

    function test_RefusesADeprecatedModel() public {
        vm.prank(modelOwner);
        registry.deprecate(modelId);
        _refused(baseRequest(), abi.encodeWithSelector(IModelRegistry.ModelIsDeprecated.selector, modelId));
    }

    function test_RefusesAStoppedProofSystem() public {
        vm.prank(guardian);
        router.stop(SELECTOR);
        _refused(baseRequest(), abi.encodeWithSelector(IProofSystemRouter.SelectorStopped.selector, SELECTOR));
    }

    function test_RefusesARemovedProofSystem() public {
        vm.prank(admin);
        router.remove(SELECTOR);
        _refused(baseRequest(), abi.encodeWithSelector(IProofSystemRouter.SelectorRemoved.selector, SELECTOR));
    }

    function testFuzz_RoyaltyIsBoundedByTheRequest(uint16 bps, uint16 maximum) public {
        bps = uint16(bound(bps, 0, 10_000));
        vm.prank(modelOwner);
        registry.setRoyalty(modelId, royaltyPayee, bps);
        Request memory req = baseRequest();
        req.maxRoyaltyBps = maximum;
        if (bps > maximum) {
            _refused(
                req,
                abi.encodeWithSelector(IInferenceMarket.RoyaltyAboveMaximum.selector, uint256(bps), uint256(maximum))
            );
        } else {
            open(req);
        }
    }

    // Callback ------------------------------------------------------------------------------------------------------

    function test_CallbackGasBoundaryIsExact() public {
        Request memory req = baseRequest();
        req.consumer = stranger;
        req.callbackGas = MAX_CALLBACK_GAS + 1;
        _refused(
            req,
            abi.encodeWithSelector(
                IInferenceMarket.CallbackGasTooHigh.selector,
                uint256(MAX_CALLBACK_GAS) + 1,
                uint256(MAX_CALLBACK_GAS)
            )
        );
        req.callbackGas = MAX_CALLBACK_GAS;
        open(req);
    }

    function test_RefusesCallbackGasWithoutConsumer() public {
        Request memory req = baseRequest();
        req.callbackGas = 1;
        _refused(req, abi.encodeWithSelector(IInferenceMarket.CallbackWithoutConsumer.selector));
    }

    // Identity ------------------------------------------------------------------------------------------------------

    /// T10: an id follows from content alone, so a reorganised chain gives the same request the same id.
    function test_T10_IdFollowsFromContent() public {
        Request memory req = baseRequest();
        uint256 snapshot = vm.snapshotState();
        JobId first = open(req);
        vm.revertToState(snapshot);
        assertState(first, JobState.None);
        vm.roll(block.number + 7);
        vm.warp(vm.getBlockTimestamp() + 60);
        Request memory other = baseRequest();
        other.nonce = 99;
        open(other);
        assertTrue(open(req) == first);
    }

    function test_T13_IdNamesChainAndMarket() public {
        Request memory req = baseRequest();
        JobId here = market.jobIdOf(req);
        assertFalse(here == newMarket(address(token)).jobIdOf(req));
        vm.chainId(block.chainid + 1);
        assertFalse(here == market.jobIdOf(req));
    }

    /// Every field is in the id: a change of any gives another job.
    function test_IdCoversEveryField() public view {
        JobId[] memory ids = new JobId[](22);
        for (uint256 field = 0; field < ids.length; ++field) ids[field] = market.jobIdOf(_changed(field));
        for (uint256 i = 0; i < ids.length; ++i) {
            for (uint256 j = 0; j < i; ++j) assertFalse(ids[i] == ids[j]);
        }
    }

    /// baseRequest with one field changed; field 0 is none.
    function _changed(uint256 field) private view returns (Request memory req) {
        req = baseRequest();
        if (field == 1) req.requester = stranger;
        if (field == 2) req.modelId = ModelId.wrap(bytes32(uint256(1)));
        if (field == 3) req.inputMode = InputMode.COMMITTED;
        if (field == 4) req.input[63] = bytes1(uint8(16));
        if (field == 5) req.mode = Mode.OPTIMISTIC;
        if (field == 6) req.token = stranger;
        if (field == 7) req.minFee += 1;
        if (field == 8) req.maxFee += 1;
        if (field == 9) req.rampStart += 1;
        if (field == 10) req.rampLength += 1;
        if (field == 11) req.claimDeadline += 1;
        if (field == 12) req.proofWindow += 1;
        if (field == 13) req.deadline += 1;
        if (field == 14) req.collateral += 1;
        if (field == 15) req.proposerBond += 1;
        if (field == 16) req.challengerBond += 1;
        if (field == 17) req.challengeWindow += 1;
        if (field == 18) req.maxRoyaltyBps += 1;
        if (field == 19) req.consumer = stranger;
        if (field == 20) req.callbackGas += 1;
        if (field == 21) req.nonce += 1;
    }

    /// One job, one id: calldata with bits beyond a field's type is no Request.
    function testFuzz_RefusesDirtyCalldata(uint8 field, uint256 dirt) public view {
        uint256[16] memory words = [uint256(0), 2, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 17, 18, 19, 14];
        uint256[16] memory widths = [uint256(160), 8, 8, 160, 96, 96, 64, 32, 64, 32, 64, 96, 16, 160, 32, 96];
        uint256 which = bound(field, 0, 15);
        bytes memory data = abi.encodeCall(market.jobIdOf, (baseRequest()));
        // selector, offset of the struct, then its head
        uint256 position = 32 + 4 + 32 + 32 * words[which];
        uint256 mask = bound(dirt, 1, type(uint256).max >> widths[which]) << widths[which];
        assembly {
            mstore(add(data, position), xor(mload(add(data, position)), mask))
        }
        (bool ok, ) = address(market).staticcall(data);
        assertFalse(ok);
    }
}
