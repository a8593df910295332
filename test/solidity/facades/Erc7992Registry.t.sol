// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity ^0.8.28;

import {IERC165} from "@openzeppelin/contracts/utils/introspection/IERC165.sol";
import {Artifacts} from "../Artifacts.sol";
import {Erc7992Registry} from "../../../contracts/facades/Erc7992Registry.sol";
import {IERCZKMLRegistry} from "../../../contracts/interfaces/erc/IERC7992.sol";
import {IModelRegistry} from "../../../contracts/interfaces/IModelRegistry.sol";
import {ModelId} from "../../../contracts/types/ModelId.sol";
import {ModelSpec} from "../../../contracts/types/ModelSpec.sol";
import {FacadeTest} from "./FacadeTest.sol";

contract Erc7992RegistryTest is FacadeTest {
    Erc7992Registry private facade;
    ModelSpec private spec;
    uint256 private modelId;

    function setUp() public override {
        super.setUp();
        facade = Erc7992Registry(
            Artifacts.deploy("contracts/facades/Erc7992Registry.sol:Erc7992Registry", abi.encode(registry))
        );
        (ModelId id, ModelSpec memory registered) = registerModel(1, ModelId.wrap(0));
        modelId = uint256(ModelId.unwrap(id));
        spec = registered;
    }

    function _modelHash() private view returns (bytes32) {
        return keccak256(abi.encode(spec.graphHash, spec.weightsHash));
    }

    // The draft's shape ---------------------------------------------------------------------------------------------

    /// 0x88e9606f registerModel((bytes32,bytes32,bytes32,bytes4,string)) ^ 0x871f5cce updateModel(uint256,(same)) ^
    /// 0xb0453384 deprecateModel(uint256) ^ 0x6d361694 getModel(uint256)
    function test_InterfaceIdFromTheText() public view {
        assertEq(IERCZKMLRegistry.registerModel.selector, bytes4(0x88e9606f));
        assertEq(IERCZKMLRegistry.updateModel.selector, bytes4(0x871f5cce));
        assertEq(IERCZKMLRegistry.deprecateModel.selector, bytes4(0xb0453384));
        assertEq(IERCZKMLRegistry.getModel.selector, bytes4(0x6d361694));
        assertEq(type(IERCZKMLRegistry).interfaceId, bytes4(0xd28519b1));
        assertTrue(facade.supportsInterface(0xd28519b1));
        assertTrue(facade.supportsInterface(type(IERC165).interfaceId));
        assertFalse(facade.supportsInterface(0xffffffff));
    }

    function test_EventsFromTheText() public pure {
        assertEq(
            IERCZKMLRegistry.ModelRegistered.selector,
            keccak256("ModelRegistered(uint256,address,(bytes32,bytes32,bytes32,bytes4,string))")
        );
        assertEq(
            IERCZKMLRegistry.ModelUpdated.selector,
            keccak256(
                "ModelUpdated(uint256,(bytes32,bytes32,bytes32,bytes4,string),(bytes32,bytes32,bytes32,bytes4,string))"
            )
        );
        assertEq(IERCZKMLRegistry.ModelDeprecated.selector, keccak256("ModelDeprecated(uint256)"));
    }

    // Mirroring -----------------------------------------------------------------------------------------------------

    function test_MirrorsWhatTheOwnerRegistered() public {
        IERCZKMLRegistry.ModelCommitment memory commitment = IERCZKMLRegistry.ModelCommitment({
            modelHash: _modelHash(),
            circuitHash: spec.graphHash,
            vkHash: spec.keyHash,
            proofSystemId: SELECTOR,
            uri: "ipfs://bafybeib67w6bz5mxrzvrbddm3guuphkt4fwmcvfpbsmloebd73nso2v4ka"
        });
        vm.expectEmit(address(facade));
        emit IERCZKMLRegistry.ModelRegistered(modelId, modelOwner, commitment);
        vm.prank(stranger);
        facade.mirrorModel(modelId, spec);
        (IERCZKMLRegistry.ModelCommitment memory shown, bool deprecated, address owner) = facade.getModel(modelId);
        assertEq(abi.encode(shown), abi.encode(commitment));
        assertFalse(deprecated);
        assertEq(owner, modelOwner);
    }

    function test_OnceOnly() public {
        facade.mirrorModel(modelId, spec);
        vm.expectRevert(abi.encodeWithSelector(Erc7992Registry.AlreadyMirrored.selector, modelId));
        facade.mirrorModel(modelId, spec);
    }

    /// Nobody shows a model with other commitments than its owner's.
    function testFuzz_NoOtherSpec(uint256 field, bytes32 other) public {
        ModelSpec memory forged = spec;
        field = field % 9;
        vm.assume(other != bytes32(0));
        if (field == 0) forged.keyHash = other;
        else if (field == 1) forged.graphHash = other;
        else if (field == 2) forged.weightsHash = other;
        else if (field == 3) forged.inputSpecHash = other;
        else if (field == 4) forged.outputSpecHash = other;
        else if (field == 5) forged.setupHash = other;
        else if (field == 6) forged.previous = ModelId.wrap(other);
        else if (field == 7) forged.cid = abi.encodePacked(hex"01701220", other);
        else forged.proofSystem = bytes4(other);
        vm.expectRevert(abi.encodeWithSelector(Erc7992Registry.SpecMismatch.selector, modelId));
        facade.mirrorModel(modelId, forged);
    }

    /// Name and royalty are no commitments: whatever they are, the same is shown.
    function testFuzz_NameAndRoyaltyDoNotMatter(string calldata name, address payee, uint16 bps) public {
        ModelSpec memory other = spec;
        (other.name, other.royaltyPayee, other.royaltyBps) = (name, payee, bps);
        facade.mirrorModel(modelId, other);
        (IERCZKMLRegistry.ModelCommitment memory shown, , ) = facade.getModel(modelId);
        assertEq(shown.modelHash, _modelHash());
    }

    function testFuzz_UnknownModelsAreNotShown(uint256 unknown) public {
        vm.assume(unknown != modelId);
        vm.expectRevert(abi.encodeWithSelector(IERCZKMLRegistry.ModelNotFound.selector, unknown));
        facade.getModel(unknown);
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.UnknownModel.selector, unknown));
        facade.mirrorModel(unknown, spec);
    }

    function test_NotFoundUntilMirrored() public {
        vm.expectRevert(abi.encodeWithSelector(IERCZKMLRegistry.ModelNotFound.selector, modelId));
        facade.getModel(modelId);
        vm.expectRevert(abi.encodeWithSelector(IERCZKMLRegistry.ModelNotFound.selector, modelId));
        facade.mirrorDeprecation(modelId);
    }

    /// Base32 by long division: from the last character, five bits at a time.
    function testFuzz_UriIsTheCid(bytes32 digest) public {
        ModelSpec memory other = spec;
        other.cid = abi.encodePacked(hex"01701220", digest);
        vm.prank(modelOwner);
        uint256 id = uint256(ModelId.unwrap(registry.registerModel(other)));
        facade.mirrorModel(id, other);
        (IERCZKMLRegistry.ModelCommitment memory shown, , ) = facade.getModel(id);
        // 288 bits and two zero bits, in two halves: 140 bits of 28 characters, 150 of 30.
        uint256 high = (uint256(0x01701220) << 108) | (uint256(digest) >> 148);
        uint256 low = (uint256(digest) & ((1 << 148) - 1)) << 2;
        bytes memory text = new bytes(58);
        for (uint256 i = 58; i > 0; --i) {
            uint256 digit = i > 28 ? low & 31 : high & 31;
            if (i > 28) low >>= 5;
            else high >>= 5;
            text[i - 1] = bytes1(uint8(digit < 26 ? 97 + digit : 24 + digit));
        }
        assertEq(shown.uri, string.concat("ipfs://b", string(text)));
    }

    // Deprecation ---------------------------------------------------------------------------------------------------

    function test_DeprecationIsSeenAtOnceAndShownOnce() public {
        facade.mirrorModel(modelId, spec);
        vm.expectRevert(abi.encodeWithSelector(Erc7992Registry.NotDeprecated.selector, modelId));
        facade.mirrorDeprecation(modelId);
        vm.prank(modelOwner);
        registry.deprecate(ModelId.wrap(bytes32(modelId)));
        (, bool deprecated, ) = facade.getModel(modelId);
        assertTrue(deprecated);
        vm.expectEmit(address(facade));
        emit IERCZKMLRegistry.ModelDeprecated(modelId);
        vm.prank(stranger);
        facade.mirrorDeprecation(modelId);
        vm.expectRevert(abi.encodeWithSelector(IERCZKMLRegistry.ModelIsDeprecated.selector, modelId));
        facade.mirrorDeprecation(modelId);
    }

    function test_ADeprecatedModelCanBeMirrored() public {
        vm.prank(modelOwner);
        registry.deprecate(ModelId.wrap(bytes32(modelId)));
        facade.mirrorModel(modelId, spec);
        (, bool deprecated, ) = facade.getModel(modelId);
        assertTrue(deprecated);
    }

    // No authority of its own ---------------------------------------------------------------------------------------

    function testFuzz_NothingIsWrittenHere(
        address caller,
        IERCZKMLRegistry.ModelCommitment calldata commitment
    ) public {
        facade.mirrorModel(modelId, spec);
        bytes memory elsewhere = abi.encodeWithSelector(
            Erc7992Registry.WriteToModelRegistry.selector,
            address(registry)
        );
        vm.startPrank(caller);
        vm.expectRevert(elsewhere);
        facade.registerModel(commitment);
        vm.expectRevert(elsewhere);
        facade.updateModel(modelId, commitment);
        vm.expectRevert(elsewhere);
        facade.deprecateModel(modelId);
        vm.stopPrank();
        vm.prank(modelOwner);
        vm.expectRevert(elsewhere);
        facade.deprecateModel(modelId);
    }

    function test_NeedsARegistry() public {
        vm.expectRevert(Erc7992Registry.ZeroAddress.selector);
        this.deployWith(address(0));
    }

    function deployWith(address registry_) external {
        Artifacts.deploy("contracts/facades/Erc7992Registry.sol:Erc7992Registry", abi.encode(registry_));
    }
}
