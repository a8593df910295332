// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity ^0.8.28;

import {IProofSystem} from "../../../contracts/interfaces/IProofSystem.sol";
import {SpecBuilder} from "../libraries/SpecBuilder.sol";
import {Groth16Fixture} from "./Groth16Fixture.sol";
import {TrapdoorKey} from "./TrapdoorKey.sol";

contract Groth16BatchTest is Groth16Fixture {
    struct Batch {
        uint256[] contexts;
        bytes[] inputs;
        bytes[] outputs;
        bytes[] seals;
    }

    function _batch(uint256 seed, uint256 count) private view returns (Batch memory batch) {
        (batch.contexts, batch.inputs) = (new uint256[](count), new bytes[](count));
        (batch.outputs, batch.seals) = (new bytes[](count), new bytes[](count));
        for (uint256 i = 0; i < count; ++i) {
            Claim memory claim = _claim(uint256(keccak256(abi.encode(seed, i))));
            (batch.contexts[i], batch.inputs[i]) = (claim.context, claim.input);
            (batch.outputs[i], batch.seals[i]) = (claim.output, claim.seal);
        }
    }

    function _verifyBatch(Batch memory batch) private view {
        system.verifyBatch(keyHash, batch.contexts, batch.inputs, batch.outputs, batch.seals);
    }

    function _refused(Batch memory batch, bytes memory reason) private {
        vm.expectRevert(reason);
        system.verifyBatch(keyHash, batch.contexts, batch.inputs, batch.outputs, batch.seals);
    }

    function testFuzz_AcceptsValidBatches(uint256 seed, uint256 count) public view {
        _verifyBatch(_batch(seed, bound(count, 1, 5)));
    }

    function test_TheEmptyBatchClaimsNothing() public {
        _verifyBatch(_batch(0, 0));
        Batch memory empty = _batch(0, 0);
        vm.expectRevert(abi.encodeWithSelector(IProofSystem.UnknownKey.selector, bytes32(0)));
        system.verifyBatch(0, empty.contexts, empty.inputs, empty.outputs, empty.seals);
    }

    function test_LengthsMustAgree() public {
        bytes memory mismatch = abi.encodeWithSelector(IProofSystem.BatchLengthMismatch.selector);
        Batch memory batch = _batch(1, 2);
        batch.contexts = new uint256[](1);
        _refused(batch, mismatch);
        batch = _batch(1, 2);
        batch.inputs = new bytes[](3);
        _refused(batch, mismatch);
        batch = _batch(1, 2);
        batch.outputs = new bytes[](0);
        _refused(batch, mismatch);
        batch = _batch(1, 2);
        batch.seals = new bytes[](1);
        _refused(batch, mismatch);
    }

    function testFuzz_OneBadClaimSpoilsTheBatch(uint256 seed, uint256 count, uint256 bad, uint256 what) public {
        count = bound(count, 1, 4);
        bad = bound(bad, 0, count - 1);
        Batch memory batch = _batch(seed, count);
        what = bound(what, 0, 3);
        if (what == 0) batch.contexts[bad] ^= 1;
        else if (what == 1) batch.inputs[bad][5] = bytes1((uint8(batch.inputs[bad][5]) + 1) % 17);
        else if (what == 2) batch.outputs[bad][5] ^= 0x01;
        else _setWord(batch.seals[bad], 224, Q - _wordOf(batch.seals[bad], 224));
        _refused(batch, abi.encodeWithSelector(IProofSystem.InvalidProof.selector));
    }

    /// Each claim is checked as by `verify`, in turn, before any pairing.
    function test_NamedErrorsOfSingleClaims() public {
        Batch memory batch = _batch(2, 3);
        batch.contexts[2] += R;
        _refused(batch, abi.encodeWithSelector(IProofSystem.ScalarOutOfField.selector, 0, batch.contexts[2]));
        batch = _batch(2, 3);
        batch.inputs[1] = "";
        _refused(batch, abi.encodeWithSelector(IProofSystem.WrongLength.selector, 64, 0));
        batch = _batch(2, 3);
        batch.inputs[1][9] = 0xff;
        _refused(batch, abi.encodeWithSelector(IProofSystem.ValueOutOfRange.selector, 9, 255, 0, 16));
        batch = _batch(2, 3);
        batch.outputs[0] = SpecBuilder.repeat(0, 21);
        _refused(batch, abi.encodeWithSelector(IProofSystem.WrongLength.selector, 20, 21));
        batch = _batch(2, 3);
        _setWord(batch.seals[2], 0, _wordOf(batch.seals[2], 0) + Q);
        _refused(batch, abi.encodeWithSelector(IProofSystem.MalformedSeal.selector));
    }

    function test_BOutsideTheSubgroup() public {
        Batch memory batch = _batch(3, 2);
        bytes memory stray = TrapdoorKey.twistPointOutsideSubgroup();
        for (uint256 i = 0; i < 128; i += 32) _setWord(batch.seals[1], 64 + i, _wordOf(stray, i));
        vm.expectRevert(IProofSystem.MalformedSeal.selector);
        system.verifyBatch{gas: 2_000_000}(keyHash, batch.contexts, batch.inputs, batch.outputs, batch.seals);
    }

    /// Two false claims whose errors cancel in an unweighted product: C_0 + D and C_1 - D.
    function testFuzz_ErrorsThatCancelWithoutRandomCoefficients(uint256 seed, uint256 d) public {
        Batch memory batch = _batch(seed, 2);
        d = bound(d, 1, R - 1);
        _shiftC(batch.seals[0], d);
        _shiftC(batch.seals[1], R - d);
        _refused(batch, abi.encodeWithSelector(IProofSystem.InvalidProof.selector));
    }

    /// Outputs swapped between two honest proofs: the public parts' sum stays the same.
    function testFuzz_SwappedOutputs(uint256 seed) public {
        Batch memory batch = _batch(seed, 2);
        (batch.outputs[0], batch.outputs[1]) = (batch.outputs[1], batch.outputs[0]);
        _refused(batch, abi.encodeWithSelector(IProofSystem.InvalidProof.selector));
    }

    function testFuzz_SwappedSeals(uint256 seed) public {
        Batch memory batch = _batch(seed, 2);
        (batch.seals[0], batch.seals[1]) = (batch.seals[1], batch.seals[0]);
        _refused(batch, abi.encodeWithSelector(IProofSystem.InvalidProof.selector));
    }

    function test_TheSameClaimTwice() public view {
        Batch memory batch = _batch(4, 2);
        (batch.contexts[1], batch.inputs[1]) = (batch.contexts[0], batch.inputs[0]);
        (batch.outputs[1], batch.seals[1]) = (batch.outputs[0], batch.seals[0]);
        _verifyBatch(batch);
    }

    function testFuzz_TooLittleGasNamesNoError(uint256 gasLimit) public view {
        Batch memory batch = _batch(5, 2);
        bytes memory call = abi.encodeCall(
            system.verifyBatch,
            (keyHash, batch.contexts, batch.inputs, batch.outputs, batch.seals)
        );
        (bool ok, bytes memory data) = address(system).staticcall{gas: bound(gasLimit, 3_000, 400_000)}(call);
        assertTrue(ok || data.length == 0);
    }

    /// C + k G1
    function _shiftC(bytes memory seal, uint256 k) private view {
        (bool ok, bytes memory shifted) = address(6).staticcall(
            bytes.concat(_slice(seal, 192, 256), TrapdoorKey.g1(k))
        );
        assertTrue(ok);
        _setWord(seal, 192, _wordOf(shifted, 0));
        _setWord(seal, 224, _wordOf(shifted, 32));
    }
}
