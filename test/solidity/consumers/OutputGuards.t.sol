// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity ^0.8.28;

import {Artifacts} from "../Artifacts.sol";
import {FacadeTest} from "../facades/FacadeTest.sol";
import {SpecBuilder} from "../libraries/SpecBuilder.sol";
import {OutputGuards} from "../../../contracts/consumers/OutputGuards.sol";
import {TensorCodec, TensorType} from "../../../contracts/consumers/TensorCodec.sol";
import {IModelRegistry} from "../../../contracts/interfaces/IModelRegistry.sol";
import {ConsumerHarness} from "../../../contracts/mocks/consumers/ConsumerHarness.sol";
import {ModelId} from "../../../contracts/types/ModelId.sol";

/// Guards over ranges, ages and versions; argmax and margin are in libraries/TensorCodec.t.sol.
contract OutputGuardsTest is FacadeTest {
    ModelId private constant NONE = ModelId.wrap(0);

    ConsumerHarness private lib;

    function setUp() public override {
        super.setUp();
        lib = ConsumerHarness(Artifacts.deploy("contracts/mocks/consumers/ConsumerHarness.sol:ConsumerHarness", ""));
    }

    // Range ---------------------------------------------------------------------------------------------------------

    function testFuzz_AllInRangeFindsTheFirstOutside(uint256 seed, uint8 typeCode, int32 a, int32 b) public {
        TensorType tensorType = TensorType(typeCode % 5);
        (int256 least, int256 most) = TensorCodec.boundsOf(tensorType);
        (int256 lo, int256 hi) = (bound(a, least, most), bound(b, least, most));
        if (lo > hi) (lo, hi) = (hi, lo);
        int256[] memory values = SpecBuilder.values(seed, 4, least, most);
        if (seed % 3 == 0) (values[0], values[1], values[2], values[3]) = (lo, hi, lo, hi);
        for (uint256 i = 0; i < 4; ++i) {
            if (values[i] >= lo && values[i] <= hi) continue;
            vm.expectRevert(abi.encodeWithSelector(OutputGuards.ValueOutsideRange.selector, i, values[i], lo, hi));
            break;
        }
        lib.requireAllInRange(SpecBuilder.encoded(values, uint8(tensorType)), tensorType, lo, hi);
    }

    function test_AllInRangeRefusesPartsOfValues() public {
        vm.expectRevert(abi.encodeWithSelector(TensorCodec.LengthNotMultiple.selector, 3, 2));
        lib.requireAllInRange(hex"000000", TensorType.I16, -1, 1);
        lib.requireAllInRange("", TensorType.I16, 1, -1); // no value, none outside
    }

    // Age -----------------------------------------------------------------------------------------------------------

    function testFuzz_FreshUntilMaxAge(uint64 timestamp, uint64 maxAge, uint64 age) public {
        uint256 now_ = uint256(timestamp) + age;
        vm.warp(now_);
        if (age >= maxAge) vm.expectRevert(abi.encodeWithSelector(OutputGuards.StaleAnswer.selector, age, maxAge));
        lib.requireFresh(timestamp, maxAge);
    }

    function test_FreshBoundary() public {
        vm.warp(1_000);
        lib.requireFresh(941, 60);
        vm.expectRevert(abi.encodeWithSelector(OutputGuards.StaleAnswer.selector, 60, 60));
        lib.requireFresh(940, 60);
        lib.requireFresh(1_000, 1);
        vm.expectRevert(abi.encodeWithSelector(OutputGuards.StaleAnswer.selector, 0, 0));
        lib.requireFresh(1_000, 0);
        lib.requireFresh(0, type(uint256).max);
    }

    function testFuzz_NothingComesFromTheFuture(uint256 timestamp, uint256 maxAge) public {
        vm.warp(1_000);
        timestamp = bound(timestamp, 1_001, type(uint256).max);
        vm.expectRevert(abi.encodeWithSelector(OutputGuards.AnswerFromTheFuture.selector, timestamp, 1_000));
        lib.requireFresh(timestamp, maxAge);
    }

    // Version -------------------------------------------------------------------------------------------------------

    /// `length` versions, each naming the one before.
    function _chain(uint256 length) private returns (ModelId[] memory ids) {
        ids = new ModelId[](length);
        ModelId previous = NONE;
        for (uint256 i = 0; i < length; ++i) {
            (ids[i], ) = registerModel(i, previous);
            previous = ids[i];
        }
    }

    function testFuzz_RequireModelIsEquality(bytes32 actual, bytes32 required) public {
        lib.requireModel(ModelId.wrap(required), ModelId.wrap(required));
        vm.assume(actual != required);
        vm.expectRevert(abi.encodeWithSelector(OutputGuards.WrongModel.selector, actual, required));
        lib.requireModel(ModelId.wrap(actual), ModelId.wrap(required));
    }

    function testFuzz_DescendantsWithinTheBound(uint8 from, uint8 to, uint8 maxSteps) public {
        ModelId[] memory ids = _chain(6);
        (uint256 actual, uint256 ancestor, uint256 most) = (from % 6, to % 6, maxSteps % 8);
        if (actual < ancestor || actual - ancestor > most) {
            vm.expectRevert(
                abi.encodeWithSelector(OutputGuards.NotDescendant.selector, ids[actual], ids[ancestor], most)
            );
            lib.requireDescendant(registry, ids[actual], ids[ancestor], most);
        } else {
            assertEq(lib.requireDescendant(registry, ids[actual], ids[ancestor], most), actual - ancestor);
        }
    }

    function test_ADescendantOfNothingIsNone() public {
        ModelId[] memory ids = _chain(2);
        vm.expectRevert(abi.encodeWithSelector(OutputGuards.NotDescendant.selector, ids[1], NONE, 5));
        lib.requireDescendant(registry, ids[1], NONE, 5);
        vm.expectRevert(abi.encodeWithSelector(OutputGuards.NotDescendant.selector, NONE, NONE, 5));
        lib.requireDescendant(registry, NONE, NONE, 5);
    }

    function test_AnotherOwnersModelIsNoDescendant() public {
        ModelId[] memory ids = _chain(1);
        modelOwner = makeAddr("impostor");
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.NotModelOwner.selector, ids[0], modelOwner));
        this.registerModel(9, ids[0]);
        (ModelId copy, ) = registerModel(0, NONE); // the same commitments, another owner
        vm.expectRevert(abi.encodeWithSelector(OutputGuards.NotDescendant.selector, copy, ids[0], 5));
        lib.requireDescendant(registry, copy, ids[0], 5);
    }

    function test_AnUnknownModelIsNoDescendant() public {
        ModelId[] memory ids = _chain(1);
        ModelId unknown = ModelId.wrap(keccak256("unknown"));
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.UnknownModel.selector, unknown));
        lib.requireDescendant(registry, unknown, ids[0], 5);
    }

    function test_DeprecatedVersionsStayDescendants() public {
        ModelId[] memory ids = _chain(3);
        vm.prank(modelOwner);
        registry.deprecate(ids[1]);
        assertEq(lib.requireDescendant(registry, ids[2], ids[0], 2), 2);
    }
}
