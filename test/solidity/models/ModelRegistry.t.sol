// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity ^0.8.28;

import {Test} from "forge-std/Test.sol";
import {Artifacts} from "../Artifacts.sol";
import {IERC165} from "@openzeppelin/contracts/utils/introspection/IERC165.sol";
import {IModelRegistry} from "../../../contracts/interfaces/IModelRegistry.sol";
import {IProofSystem} from "../../../contracts/interfaces/IProofSystem.sol";
import {IProofSystemRouter} from "../../../contracts/interfaces/IProofSystemRouter.sol";
import {MockProofSystem} from "../../../contracts/mocks/proofs/MockProofSystem.sol";
import {ModelRegistry} from "../../../contracts/models/ModelRegistry.sol";
import {ProofSystemRouter} from "../../../contracts/proofs/ProofSystemRouter.sol";
import {ModelId} from "../../../contracts/types/ModelId.sol";
import {ModelSpec, RoyaltyTerms} from "../../../contracts/types/ModelSpec.sol";
import {SpecBuilder} from "../libraries/SpecBuilder.sol";

contract ModelRegistryTest is Test {
    bytes4 private constant SELECTOR = 0x11223344;
    address private constant GUARDIAN = address(0x6A);
    address private constant OTHER = address(0x07);
    address private constant PAYEE = address(0xFEE);

    ProofSystemRouter private router;
    MockProofSystem private system;
    ModelRegistry private registry;
    bytes32 private keyHash;

    function setUp() public {
        router = ProofSystemRouter(
            Artifacts.deploy(
                "contracts/proofs/ProofSystemRouter.sol:ProofSystemRouter",
                abi.encode(address(this), GUARDIAN)
            )
        );
        system = MockProofSystem(
            Artifacts.deploy("contracts/mocks/proofs/MockProofSystem.sol:MockProofSystem", abi.encode(SELECTOR))
        );
        router.add(system);
        registry = ModelRegistry(
            Artifacts.deploy("contracts/models/ModelRegistry.sol:ModelRegistry", abi.encode(router))
        );
        (bytes memory input, bytes memory output) = SpecBuilder.digits();
        keyHash = system.registerKey(bytes.concat(SpecBuilder.head(SELECTOR, 0, input, output), bytes32(0)));
    }

    function _spec() private view returns (ModelSpec memory spec) {
        spec.proofSystem = SELECTOR;
        spec.keyHash = keyHash;
        spec.graphHash = keccak256("graph");
        spec.weightsHash = keccak256("weights");
        (spec.inputSpecHash, spec.outputSpecHash) = system.specHashes(keyHash);
        spec.setupHash = keccak256("setup");
        spec.cid = abi.encodePacked(hex"01701220", keccak256("package"));
        spec.name = "digits";
        spec.royaltyPayee = PAYEE;
        spec.royaltyBps = 250;
    }

    /// formats.md, section 8, spelled out.
    function _expectedId(address owner, ModelSpec memory spec) private pure returns (ModelId) {
        bytes memory head = abi.encode(
            keccak256("verigrad.model.v1"),
            owner,
            spec.proofSystem,
            spec.keyHash,
            spec.graphHash,
            spec.weightsHash
        );
        bytes memory tail = abi.encode(
            spec.inputSpecHash,
            spec.outputSpecHash,
            spec.setupHash,
            keccak256(spec.cid),
            spec.previous
        );
        return ModelId.wrap(keccak256(bytes.concat(head, tail)));
    }

    function _assertIds(ModelId a, ModelId b) private pure {
        assertEq(ModelId.unwrap(a), ModelId.unwrap(b));
    }

    function test_RegisterStoresWhatAMarketNeeds() public {
        ModelSpec memory spec = _spec();
        ModelId expected = _expectedId(address(this), spec);
        vm.expectEmit(address(registry));
        emit IModelRegistry.ModelRegistered(expected, address(this), spec.previous, spec);
        ModelId id = registry.registerModel(spec);
        _assertIds(id, expected);
        assertEq(registry.ownerOf(id), address(this));
        assertFalse(registry.isDeprecated(id));

        (bytes4 proofSystem, bytes32 key, uint24 termsIndex, uint16 bps) = registry.jobTerms(id);
        assertEq(proofSystem, SELECTOR);
        assertEq(key, keyHash);
        assertEq(termsIndex, 0);
        assertEq(bps, 250);
        RoyaltyTerms memory royalty;
        (key, royalty) = registry.settlementTerms(id, termsIndex);
        assertEq(key, keyHash);
        assertEq(royalty.payee, PAYEE);
        assertEq(royalty.bps, 250);

        (address owner, bytes4 selector, bytes32 k, bytes32 setupHash, ModelId previous, bool deprecated) = registry
            .modelOf(id);
        assertEq(owner, address(this));
        assertEq(selector, SELECTOR);
        assertEq(k, keyHash);
        assertEq(setupHash, spec.setupHash);
        assertTrue(previous.isZero());
        assertFalse(deprecated);
    }

    function testFuzz_INV09_IdBindsOwnerAndEveryCommitment(address owner, uint256 field, bytes32 salt) public view {
        ModelSpec memory spec = _spec();
        ModelId before = registry.modelIdOf(owner, spec);
        _assertIds(before, _expectedId(owner, spec));
        vm.assume(salt != bytes32(0));
        field = bound(field, 0, 9);
        if (field == 0) spec.keyHash ^= salt;
        else if (field == 1) spec.graphHash ^= salt;
        else if (field == 2) spec.weightsHash ^= salt;
        else if (field == 3) spec.inputSpecHash ^= salt;
        else if (field == 4) spec.outputSpecHash ^= salt;
        else if (field == 5) spec.setupHash ^= salt;
        else if (field == 6) spec.cid = bytes.concat(spec.cid, salt);
        else if (field == 7) spec.previous = ModelId.wrap(salt);
        else if (field == 8) spec.proofSystem = ~spec.proofSystem;
        else owner = address(uint160(owner) ^ 1);
        assertTrue(registry.modelIdOf(owner, spec) != before);
        _assertIds(registry.modelIdOf(owner, spec), _expectedId(owner, spec));
    }

    function test_NameAndRoyaltyAreNoCommitments() public view {
        ModelSpec memory spec = _spec();
        ModelId before = registry.modelIdOf(address(this), spec);
        (spec.name, spec.royaltyPayee, spec.royaltyBps) = ("other", OTHER, 1);
        _assertIds(registry.modelIdOf(address(this), spec), before);
    }

    function test_NobodyCanSquatAnId() public {
        ModelSpec memory spec = _spec();
        vm.prank(OTHER);
        ModelId theirs = registry.registerModel(spec);
        ModelId ours = registry.registerModel(spec);
        assertTrue(theirs != ours);
        assertEq(registry.ownerOf(ours), address(this));
    }

    function test_RegisteredOnce() public {
        ModelSpec memory spec = _spec();
        ModelId id = registry.registerModel(spec);
        spec.royaltyBps = 9_999; // not a commitment: may not sneak in by registering again
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.ModelExists.selector, id));
        registry.registerModel(spec);
    }

    function test_SpecsMustBeTheKeys() public {
        ModelSpec memory spec = _spec();
        spec.inputSpecHash = spec.outputSpecHash;
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.SpecMismatch.selector, keyHash));
        registry.registerModel(spec);
        spec = _spec();
        spec.outputSpecHash = spec.inputSpecHash;
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.SpecMismatch.selector, keyHash));
        registry.registerModel(spec);
    }

    function test_KeyMustBeRegistered() public {
        ModelSpec memory spec = _spec();
        spec.keyHash = keccak256("no such key");
        vm.expectRevert(abi.encodeWithSelector(IProofSystem.UnknownKey.selector, spec.keyHash));
        registry.registerModel(spec);
    }

    function test_ProofSystemMustBeActive() public {
        ModelSpec memory spec = _spec();
        spec.proofSystem = 0xdeadbeef;
        vm.expectRevert(abi.encodeWithSelector(IProofSystemRouter.SelectorUnset.selector, spec.proofSystem));
        registry.registerModel(spec);
        spec = _spec();
        vm.prank(GUARDIAN);
        router.stop(SELECTOR);
        vm.expectRevert(abi.encodeWithSelector(IProofSystemRouter.SelectorStopped.selector, SELECTOR));
        registry.registerModel(spec);
    }

    function testFuzz_ZeroCommitmentsAreRefused(uint256 field) public {
        ModelSpec memory spec = _spec();
        field = bound(field, 0, 4);
        if (field == 0) spec.keyHash = 0;
        else if (field == 1) spec.graphHash = 0;
        else if (field == 2) spec.weightsHash = 0;
        else if (field == 3) spec.inputSpecHash = 0;
        else spec.outputSpecHash = 0;
        vm.expectRevert(IModelRegistry.ZeroCommitment.selector);
        registry.registerModel(spec);
    }

    function test_SetupHashMayBeZero() public {
        ModelSpec memory spec = _spec();
        spec.setupHash = 0;
        ModelId id = registry.registerModel(spec);
        (, , , bytes32 setupHash, , ) = registry.modelOf(id);
        assertEq(setupHash, 0);
    }

    function testFuzz_CidIsThirtySixBytesWithItsPrefix(bytes memory cid) public {
        vm.assume(cid.length != 36 || bytes4(cid) != 0x01701220);
        ModelSpec memory spec = _spec();
        spec.cid = cid;
        vm.expectRevert(IModelRegistry.InvalidCid.selector);
        registry.registerModel(spec);
    }

    function test_CidEdges() public {
        bytes[4] memory wrong = [
            abi.encodePacked(hex"01551220", keccak256("raw codec")),
            abi.encodePacked(hex"01701220", bytes31(keccak256("short"))),
            abi.encodePacked(hex"01701220", keccak256("long"), uint8(0)),
            bytes("")
        ];
        for (uint256 i = 0; i < wrong.length; ++i) {
            ModelSpec memory spec = _spec();
            spec.cid = wrong[i];
            vm.expectRevert(IModelRegistry.InvalidCid.selector);
            registry.registerModel(spec);
        }
    }

    function test_NameOfSixtyFourBytesAndNoMore() public {
        ModelSpec memory spec = _spec();
        spec.name = string(SpecBuilder.repeat(0x61, 65));
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.InvalidName.selector, 65));
        registry.registerModel(spec);
        spec.name = string(SpecBuilder.repeat(0x61, 64));
        registry.registerModel(spec);
    }

    function test_PreviousMustExistAndBeTheSameOwners() public {
        ModelSpec memory spec = _spec();
        spec.previous = ModelId.wrap(keccak256("nothing"));
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.UnknownModel.selector, spec.previous));
        registry.registerModel(spec);

        ModelSpec memory first = _spec();
        vm.prank(OTHER);
        spec.previous = registry.registerModel(first);
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.NotModelOwner.selector, spec.previous, address(this)));
        registry.registerModel(spec);

        vm.prank(OTHER);
        ModelId next = registry.registerModel(spec);
        (, , , , ModelId previous, ) = registry.modelOf(next);
        _assertIds(previous, spec.previous);
    }

    function test_RoyaltyBounds() public {
        ModelSpec memory spec = _spec();
        spec.royaltyBps = 10_001;
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.InvalidRoyalty.selector, PAYEE, 10_001));
        registry.registerModel(spec);
        (spec.royaltyPayee, spec.royaltyBps) = (address(0), 1);
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.InvalidRoyalty.selector, address(0), 1));
        registry.registerModel(spec);
        spec.royaltyBps = 0;
        ModelId id = registry.registerModel(spec);
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.InvalidRoyalty.selector, PAYEE, 10_001));
        registry.setRoyalty(id, PAYEE, 10_001);
        registry.setRoyalty(id, PAYEE, 10_000);
    }

    function testFuzz_OldRoyaltyTermsStay(address payee, uint16 bps, uint8 changes) public {
        vm.assume(payee != address(0));
        bps = uint16(bound(bps, 0, 10_000));
        ModelId id = registry.registerModel(_spec());
        uint16 count = uint16(bound(changes, 1, 8));
        for (uint16 i = 1; i <= count; ++i) {
            vm.expectEmit(address(registry));
            emit IModelRegistry.RoyaltyChanged(id, i, payee, bps / i);
            registry.setRoyalty(id, payee, bps / i);
        }
        (, , uint24 termsIndex, uint16 current) = registry.jobTerms(id);
        assertEq(termsIndex, count);
        assertEq(current, bps / count);
        for (uint16 i = 0; i <= count; ++i) {
            (, RoyaltyTerms memory terms) = registry.settlementTerms(id, i);
            assertEq(terms.payee, i == 0 ? PAYEE : payee);
            assertEq(terms.bps, i == 0 ? 250 : bps / i);
        }
    }

    function test_DeprecationStopsNewJobsOnly() public {
        ModelId id = registry.registerModel(_spec());
        vm.expectEmit(address(registry));
        emit IModelRegistry.ModelDeprecated(id);
        registry.deprecate(id);
        assertTrue(registry.isDeprecated(id));
        bytes memory deprecated = abi.encodeWithSelector(IModelRegistry.ModelIsDeprecated.selector, id);
        vm.expectRevert(deprecated);
        registry.jobTerms(id);
        vm.expectRevert(deprecated);
        registry.deprecate(id);
        (bytes32 key, RoyaltyTerms memory royalty) = registry.settlementTerms(id, 0);
        assertEq(key, keyHash);
        assertEq(royalty.payee, PAYEE);
    }

    function testFuzz_OnlyTheOwnerChangesAModel(address caller) public {
        vm.assume(caller != address(this));
        ModelId id = registry.registerModel(_spec());
        bytes memory notOwner = abi.encodeWithSelector(IModelRegistry.NotModelOwner.selector, id, caller);
        vm.startPrank(caller);
        vm.expectRevert(notOwner);
        registry.deprecate(id);
        vm.expectRevert(notOwner);
        registry.setRoyalty(id, caller, 1);
    }

    function testFuzz_UnknownModels(ModelId id) public {
        bytes memory unknown = abi.encodeWithSelector(IModelRegistry.UnknownModel.selector, id);
        vm.expectRevert(unknown);
        registry.jobTerms(id);
        vm.expectRevert(unknown);
        registry.settlementTerms(id, 0);
        vm.expectRevert(unknown);
        registry.ownerOf(id);
        vm.expectRevert(unknown);
        registry.isDeprecated(id);
        vm.expectRevert(unknown);
        registry.modelOf(id);
        vm.expectRevert(unknown);
        registry.deprecate(id);
        vm.expectRevert(unknown);
        registry.setRoyalty(id, PAYEE, 1);
    }

    function test_Erc165() public view {
        assertTrue(registry.supportsInterface(type(IModelRegistry).interfaceId));
        assertTrue(registry.supportsInterface(type(IERC165).interfaceId));
        assertFalse(registry.supportsInterface(0xffffffff));
    }
}
