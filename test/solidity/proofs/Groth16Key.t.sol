// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity ^0.8.28;

import {Artifacts} from "../Artifacts.sol";
import {IProofSystem} from "../../../contracts/interfaces/IProofSystem.sol";
import {Groth16ProofSystem} from "../../../contracts/proofs/Groth16ProofSystem.sol";
import {SpecBuilder} from "../libraries/SpecBuilder.sol";
import {Groth16Fixture} from "./Groth16Fixture.sol";
import {TrapdoorKey} from "./TrapdoorKey.sol";

/// Reasons of MalformedKey, as documented in docs/spec/onchain-verification.md.
contract Groth16KeyTest is Groth16Fixture {
    uint256 private constant LENGTH = 1;
    uint256 private constant SIGNAL_COUNT = 10;
    uint256 private constant G1_POINT = 11;
    uint256 private constant G2_POINT = 12;

    /// Offsets of the points in the digits key.
    uint256 private head;

    function setUp() public override {
        super.setUp();
        head = _head().length;
    }

    function _refused(bytes memory blob, uint256 reason) private {
        vm.expectRevert(abi.encodeWithSelector(IProofSystem.MalformedKey.selector, reason));
        system.registerKey(blob);
    }

    function _forgeable(bytes memory beta2, bytes memory gamma2, bytes memory delta2) private {
        bytes memory blob = TrapdoorKey.build(_head(), N, beta2, gamma2, delta2);
        vm.expectRevert(IProofSystem.ForgeableKey.selector);
        system.registerKey(blob);
    }

    function _negated(bytes memory point2) private pure returns (bytes memory negative) {
        negative = bytes.concat(point2);
        _setWord(negative, 64, Q - _wordOf(point2, 64));
        _setWord(negative, 96, Q - _wordOf(point2, 96));
    }

    function test_RegistrationIsContentAddressed() public {
        Groth16ProofSystem fresh = Groth16ProofSystem(
            Artifacts.deploy("contracts/proofs/Groth16ProofSystem.sol:Groth16ProofSystem", "")
        );
        (bytes memory input, bytes memory output) = SpecBuilder.digits();
        assertFalse(fresh.isRegistered(keccak256(key)));
        vm.expectEmit(address(fresh));
        emit IProofSystem.KeyRegistered(keccak256(key), keccak256(input), keccak256(output));
        bytes32 hash = fresh.registerKey(key);
        assertEq(hash, keccak256(key));
        assertTrue(fresh.isRegistered(hash));
        assertEq(fresh.keyOf(hash), key);
        assertEq(fresh.inputModeOf(hash), 0);
        (bytes32 inputSpecHash, bytes32 outputSpecHash) = fresh.specHashes(hash);
        assertEq(inputSpecHash, keccak256(input));
        assertEq(outputSpecHash, keccak256(output));
    }

    function test_RegisteringAgainChangesNothing() public {
        vm.recordLogs();
        assertEq(system.registerKey(key), keyHash);
        assertEq(vm.getRecordedLogs().length, 0);
    }

    function testFuzz_ReadsOfUnknownKeys(bytes32 hash) public {
        vm.assume(hash != keyHash);
        bytes memory unknown = abi.encodeWithSelector(IProofSystem.UnknownKey.selector, hash);
        vm.expectRevert(unknown);
        system.keyOf(hash);
        vm.expectRevert(unknown);
        system.specHashes(hash);
        vm.expectRevert(unknown);
        system.inputModeOf(hash);
        vm.expectRevert(unknown);
        system.checkInput(hash, "");
        assertFalse(system.isRegistered(hash));
    }

    // Layout ----------------------------------------------------------------------------------------------------------

    function testFuzz_TruncatedKeys(uint256 length) public {
        length = bound(length, 0, key.length - 1);
        bytes memory blob = _slice(key, 0, length);
        // Cut inside the head, a list or the count of signals, or behind: always the blob's length that is wrong.
        _refused(blob, LENGTH);
    }

    function testFuzz_TrailingBytes(bytes memory tail) public {
        vm.assume(tail.length != 0);
        _refused(bytes.concat(key, tail), LENGTH);
    }

    function testFuzz_WrongSignalCount(uint16 n) public {
        vm.assume(n != N);
        bytes memory blob = TrapdoorKey.build(_head(), n % 16 == N ? 0 : n % 16);
        _refused(blob, SIGNAL_COUNT);
    }

    function testFuzz_SelectorMustMatch(bytes4 selector) public {
        vm.assume(selector != SELECTOR);
        (bytes memory input, bytes memory output) = SpecBuilder.digits();
        _refused(TrapdoorKey.build(SpecBuilder.head(selector, 0, input, output), N), 2);
    }

    function testFuzz_InputModes(uint8 mode) public {
        mode = uint8(bound(mode, 2, 255));
        (bytes memory input, bytes memory output) = SpecBuilder.digits();
        _refused(TrapdoorKey.build(SpecBuilder.head(SELECTOR, mode, input, output), N), 3);
    }

    /// One tensor of a list that lies about itself, in the input's or the output's place.
    function _refusedSpec(bytes memory list, uint256 reason) private {
        (bytes memory input, bytes memory output) = SpecBuilder.digits();
        _refused(TrapdoorKey.build(SpecBuilder.head(SELECTOR, 0, list, output), N), reason);
        _refused(TrapdoorKey.build(SpecBuilder.head(SELECTOR, 0, input, list), N), reason);
    }

    function test_SpecListsMustBeCanonical() public {
        bytes memory good = SpecBuilder.spec(10, SpecBuilder.U8, 0, 0, 255);
        _refusedSpec(abi.encodePacked(uint8(0)), 4);
        _refusedSpec(abi.encodePacked(uint8(17), good), 4);
        _refusedSpec(abi.encodePacked(uint8(1), uint8(0), hex"01000000000000000001"), 5); // rank 0
        _refusedSpec(abi.encodePacked(uint8(1), uint8(9), SpecBuilder.repeat(1, 64)), 5);
        _refusedSpec(SpecBuilder.list(SpecBuilder.spec(0, SpecBuilder.U8, 0, 0, 255)), 6);
        _refusedSpec(SpecBuilder.list(SpecBuilder.spec((1 << 24) | 1, SpecBuilder.U8, 0, 0, 255)), 6);
        _refusedSpec(SpecBuilder.list(SpecBuilder.spec(10, 5, 0, 0, 1)), 7);
        _refusedSpec(SpecBuilder.list(SpecBuilder.spec(10, SpecBuilder.U8, 0, 7, 7)), 8);
        _refusedSpec(SpecBuilder.list(SpecBuilder.spec(10, SpecBuilder.U8, 0, 7, 6)), 8);
        _refusedSpec(SpecBuilder.list(SpecBuilder.spec(10, SpecBuilder.U8, 0, 0, 256)), 8);
        _refusedSpec(SpecBuilder.list(SpecBuilder.spec(10, SpecBuilder.U8, 0, -1, 255)), 8);
        _refusedSpec(SpecBuilder.list(SpecBuilder.spec(10, SpecBuilder.I8, 0, -129, 127)), 8);
        _refusedSpec(SpecBuilder.list(SpecBuilder.spec(10, SpecBuilder.I16, 0, 0, 32768)), 8);
        _refusedSpec(SpecBuilder.list(SpecBuilder.spec(10, SpecBuilder.U16, 0, 0, 65536)), 8);
        _refusedSpec("", 9);
        _refusedSpec(abi.encodePacked(uint8(2), good), 9); // one missing
        _refusedSpec(abi.encodePacked(uint8(1), good, uint8(0)), 9); // trailing byte
        _refusedSpec(abi.encodePacked(uint8(1), _slice(good, 0, good.length - 1)), 9);
    }

    // Points ------------------------------------------------------------------------------------------------------------

    function test_EveryByteOfThePointsCounts() public {
        for (uint256 i = head + 2; i < key.length; ++i) {
            bytes memory blob = bytes.concat(key);
            blob[i] ^= bytes1(uint8(1 << (i % 8)));
            bool inG2 = i >= head + 66 && i < head + 450;
            _refused(blob, inG2 ? G2_POINT : G1_POINT);
        }
    }

    function test_InfinityIsNoPointOfAKey() public {
        for (uint256 i = 0; i < N + 2; ++i) {
            uint256 offset = i == 0 ? head + 2 : head + 450 + 64 * (i - 1); // alpha, ic[0..n]
            bytes memory blob = bytes.concat(key);
            _setWord(blob, offset, 0);
            _setWord(blob, offset + 32, 0);
            _refused(blob, G1_POINT);
        }
        for (uint256 i = 0; i < 3; ++i) {
            bytes memory blob = bytes.concat(key);
            for (uint256 w = 0; w < 4; ++w) _setWord(blob, head + 66 + 128 * i + 32 * w, 0);
            _refused(blob, G2_POINT);
        }
    }

    function test_CoordinatesBeyondTheFieldAreRefused() public {
        for (uint256 offset = head + 2; offset < key.length; offset += 32) {
            bytes memory blob = bytes.concat(key);
            _setWord(blob, offset, _wordOf(blob, offset) + Q);
            bool inG2 = offset >= head + 66 && offset < head + 450;
            _refused(blob, inG2 ? G2_POINT : G1_POINT);
        }
    }

    function test_PointsOutsideTheSubgroupAreRefused() public {
        bytes memory stray = TrapdoorKey.twistPointOutsideSubgroup();
        for (uint256 i = 0; i < 3; ++i) {
            bytes memory blob = bytes.concat(key);
            for (uint256 w = 0; w < 4; ++w) _setWord(blob, head + 66 + 128 * i + 32 * w, _wordOf(stray, 32 * w));
            _refused(blob, G2_POINT);
        }
    }

    function test_SwappedLimbsAreRefused() public {
        for (uint256 offset = head + 66; offset < head + 450; offset += 128) {
            bytes memory blob = bytes.concat(key);
            for (uint256 w = 0; w < 4; ++w) _setWord(blob, offset + 32 * w, _wordOf(key, offset + 32 * (w ^ 1)));
            _refused(blob, G2_POINT);
        }
    }

    // Keys that anybody could forge for -------------------------------------------------------------------------------

    function test_T7_DeltaIsGamma() public {
        _forgeable(TrapdoorKey.BETA2, TrapdoorKey.GAMMA2, TrapdoorKey.GAMMA2);
        _forgeable(TrapdoorKey.BETA2, TrapdoorKey.G2_1, TrapdoorKey.G2_1); // as snarkjs leaves it without a contribution
    }

    function test_T7_DeltaIsMinusGamma() public {
        _forgeable(TrapdoorKey.BETA2, TrapdoorKey.GAMMA2, _negated(TrapdoorKey.GAMMA2));
        _forgeable(TrapdoorKey.BETA2, TrapdoorKey.G2_1, _negated(TrapdoorKey.G2_1));
    }

    function test_T7_DeltaIsTheGenerator() public {
        _forgeable(TrapdoorKey.BETA2, TrapdoorKey.GAMMA2, TrapdoorKey.G2_1);
        _forgeable(TrapdoorKey.BETA2, TrapdoorKey.GAMMA2, _negated(TrapdoorKey.G2_1));
    }

    function test_T7_BetaIsGamma() public {
        _forgeable(TrapdoorKey.G2_1, TrapdoorKey.G2_1, TrapdoorKey.DELTA2); // phase 1 without a contribution
        _forgeable(_negated(TrapdoorKey.GAMMA2), TrapdoorKey.GAMMA2, TrapdoorKey.DELTA2);
    }

    function test_T7_BetaIsDelta() public {
        _forgeable(TrapdoorKey.DELTA2, TrapdoorKey.GAMMA2, TrapdoorKey.DELTA2);
        _forgeable(_negated(TrapdoorKey.DELTA2), TrapdoorKey.GAMMA2, TrapdoorKey.DELTA2);
    }

    /// Why those are refused: the forgeries satisfy the equation itself, with nothing but the key known. (Checked with
    /// the precompile, since no such key can be registered.)
    function testFuzz_T7_SuchKeysCanBeForgedFor(uint256 x) public view {
        x = bound(x, 0, R - 1);
        uint256[] memory signals = new uint256[](1);
        signals[0] = x;
        bytes memory alpha = TrapdoorKey.g1(TrapdoorKey.log("alpha"));
        bytes memory vkX = TrapdoorKey.g1(TrapdoorKey.vkX(signals));
        // delta = gamma: A = alpha, B = beta, C = -vk_x
        assertTrue(
            _satisfiesAll(
                [alpha, alpha, vkX, _negatedG1(vkX)],
                [TrapdoorKey.BETA2, TrapdoorKey.BETA2, TrapdoorKey.GAMMA2, TrapdoorKey.GAMMA2]
            )
        );
        // delta = -gamma: C = vk_x
        assertTrue(
            _satisfiesAll(
                [alpha, alpha, vkX, vkX],
                [TrapdoorKey.BETA2, TrapdoorKey.BETA2, TrapdoorKey.GAMMA2, _negated(TrapdoorKey.GAMMA2)]
            )
        );
        // beta = delta: A = vk_x, B = gamma, C = -alpha
        assertTrue(
            _satisfiesAll(
                [vkX, alpha, vkX, _negatedG1(alpha)],
                [TrapdoorKey.GAMMA2, TrapdoorKey.DELTA2, TrapdoorKey.GAMMA2, TrapdoorKey.DELTA2]
            )
        );
        // beta = gamma = G, delta = 2 G: A = alpha + vk_x, B = beta + delta = 3 G, C = A
        bytes memory a = _sum(alpha, vkX);
        assertTrue(
            _satisfiesAll([a, alpha, vkX, a], [TrapdoorKey.G2_3, TrapdoorKey.G2_1, TrapdoorKey.G2_1, TrapdoorKey.G2_2])
        );
    }

    /// e(-A, B) e(alpha, beta) e(vk_x, gamma) e(C, delta) = 1
    function _satisfiesAll(bytes[4] memory g1, bytes[4] memory g2) private view returns (bool) {
        bytes memory pairs = bytes.concat(_negatedG1(g1[0]), g2[0]);
        for (uint256 i = 1; i < 4; ++i) pairs = bytes.concat(pairs, g1[i], g2[i]);
        (bool ok, bytes memory result) = address(8).staticcall(pairs);
        return ok && abi.decode(result, (uint256)) == 1;
    }

    function _negatedG1(bytes memory point) private pure returns (bytes memory negative) {
        negative = bytes.concat(point);
        _setWord(negative, 32, Q - _wordOf(point, 32));
    }

    function _sum(bytes memory a, bytes memory b) private view returns (bytes memory point) {
        bool ok;
        (ok, point) = address(6).staticcall(bytes.concat(a, b));
        assertTrue(ok);
    }

    // Shapes ------------------------------------------------------------------------------------------------------------

    function test_CommittedInputs() public {
        (bytes memory input, bytes memory output) = SpecBuilder.digits();
        bytes32 hash = system.registerKey(TrapdoorKey.build(SpecBuilder.head(SELECTOR, 1, input, output), 3));
        assertEq(system.inputModeOf(hash), 1);

        int256[] memory scores = SpecBuilder.values(1, 10, -32768, 32767);
        uint256[] memory signals = new uint256[](3);
        (signals[0], signals[1]) = (42, R - 1);
        signals[2] = SpecBuilder.packed(scores, -32768, 32767)[0];
        bytes memory seal = TrapdoorKey.forge(signals, 11, 5);
        bytes memory encoded = SpecBuilder.encoded(scores, SpecBuilder.I16);
        system.verify(hash, 42, abi.encode(R - 1), encoded, seal);
        system.checkInput(hash, abi.encode(R - 1));

        vm.expectRevert(abi.encodeWithSelector(IProofSystem.ScalarOutOfField.selector, 1, R));
        system.checkInput(hash, abi.encode(R));
        vm.expectRevert(abi.encodeWithSelector(IProofSystem.ScalarOutOfField.selector, 1, 2 * R - 1));
        system.verify(hash, 42, abi.encode(2 * R - 1), encoded, seal); // T6: the same residue
        vm.expectRevert(abi.encodeWithSelector(IProofSystem.WrongLength.selector, 32, 31));
        system.verify(hash, 42, SpecBuilder.repeat(0, 31), encoded, seal);
        vm.expectRevert(abi.encodeWithSelector(IProofSystem.WrongLength.selector, 32, 64));
        system.verify(hash, 42, SpecBuilder.repeat(0, 64), encoded, seal);
        vm.expectRevert(IProofSystem.InvalidProof.selector);
        system.verify(hash, 42, abi.encode(R - 2), encoded, seal);
    }

    /// A key of more than one piece of code is read back whole, and verifies.
    function test_KeysLongerThanACodeObject() public {
        uint256 n = 1 + 382 + 1;
        bytes memory input = SpecBuilder.list(
            SpecBuilder.spec(382 * 7, SpecBuilder.I32, 0, type(int32).min, type(int32).max)
        );
        bytes memory output = SpecBuilder.list(SpecBuilder.spec(1, SpecBuilder.U8, 0, 0, 255));
        bytes memory blob = TrapdoorKey.build(SpecBuilder.head(SELECTOR, 0, input, output), n);
        assertGt(blob.length, 24_575);
        bytes32 hash = system.registerKey(blob);
        assertEq(keccak256(system.keyOf(hash)), keccak256(blob));

        int256[] memory values = SpecBuilder.values(7, 382 * 7, type(int32).min, type(int32).max);
        uint256[] memory words = SpecBuilder.packed(values, type(int32).min, type(int32).max);
        uint256[] memory signals = new uint256[](n);
        signals[0] = 99;
        for (uint256 i = 0; i < words.length; ++i) signals[1 + i] = words[i];
        signals[n - 1] = 200;
        system.verify(
            hash,
            99,
            SpecBuilder.encoded(values, SpecBuilder.I32),
            hex"c8",
            TrapdoorKey.forge(signals, 5, 1)
        );
    }
}
