// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity ^0.8.28;

import {Test} from "forge-std/Test.sol";
import {Artifacts} from "../Artifacts.sol";
import {SpecBuilder} from "../libraries/SpecBuilder.sol";
import {IModelRegistry} from "../../../contracts/interfaces/IModelRegistry.sol";
import {IProofSystem} from "../../../contracts/interfaces/IProofSystem.sol";
import {IProofSystemRouter} from "../../../contracts/interfaces/IProofSystemRouter.sol";
import {ModelId} from "../../../contracts/types/ModelId.sol";
import {ModelSpec} from "../../../contracts/types/ModelSpec.sol";

interface ISealer {
    function sealOf(
        bytes32 keyHash,
        uint256 context,
        bytes calldata input,
        bytes calldata output
    ) external pure returns (bytes memory);
}

/// A model registry with a router and the mock proof system, and no market.
abstract contract FacadeTest is Test {
    bytes4 internal constant SELECTOR = 0x4d4f434b;

    address internal guardian = makeAddr("guardian");
    address internal modelOwner = makeAddr("model owner");
    address internal stranger = makeAddr("stranger");

    IProofSystemRouter internal router;
    IProofSystem internal proofSystem;
    IModelRegistry internal registry;

    function setUp() public virtual {
        vm.warp(1_800_000_000);
        router = IProofSystemRouter(
            Artifacts.deploy(
                "contracts/proofs/ProofSystemRouter.sol:ProofSystemRouter",
                abi.encode(address(this), guardian)
            )
        );
        proofSystem = IProofSystem(
            Artifacts.deploy("contracts/mocks/proofs/MockProofSystem.sol:MockProofSystem", abi.encode(SELECTOR))
        );
        router.add(proofSystem);
        registry = IModelRegistry(
            Artifacts.deploy("contracts/models/ModelRegistry.sol:ModelRegistry", abi.encode(router))
        );
    }

    /// Registers modelOwner's model number `salt`: 4 inputs of u8 in 0..16, two outputs of i8.
    function registerModel(uint256 salt, ModelId previous) public returns (ModelId id, ModelSpec memory spec) {
        bytes memory input = SpecBuilder.list(SpecBuilder.spec(4, SpecBuilder.U8, 0, 0, 16));
        bytes memory output = SpecBuilder.list(SpecBuilder.spec(2, SpecBuilder.I8, 4, -128, 127));
        spec.proofSystem = SELECTOR;
        spec.keyHash = proofSystem.registerKey(abi.encodePacked(SpecBuilder.head(SELECTOR, 0, input, output), salt));
        spec.graphHash = keccak256(abi.encode("graph", salt));
        spec.weightsHash = keccak256(abi.encode("weights", salt));
        spec.inputSpecHash = keccak256(input);
        spec.outputSpecHash = keccak256(output);
        spec.setupHash = keccak256("transcript");
        spec.cid = abi.encodePacked(hex"01701220", keccak256(abi.encode("package", salt)));
        spec.previous = previous;
        spec.name = "two scores";
        vm.prank(modelOwner);
        id = registry.registerModel(spec);
    }
}
