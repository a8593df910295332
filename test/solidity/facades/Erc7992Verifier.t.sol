// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity ^0.8.28;

import {IERC165} from "@openzeppelin/contracts/utils/introspection/IERC165.sol";
import {Artifacts} from "../Artifacts.sol";
import {Erc7992Registry} from "../../../contracts/facades/Erc7992Registry.sol";
import {Erc7992Verifier} from "../../../contracts/facades/Erc7992Verifier.sol";
import {IERCZKMLRegistry, IERCZKMLVerifier} from "../../../contracts/interfaces/erc/IERC7992.sol";
import {IProofSystem} from "../../../contracts/interfaces/IProofSystem.sol";
import {Claim} from "../../../contracts/interfaces/IProofSystemRouter.sol";
import {ModelId} from "../../../contracts/types/ModelId.sol";
import {ModelSpec} from "../../../contracts/types/ModelSpec.sol";
import {FacadeTest, ISealer} from "./FacadeTest.sol";

contract Erc7992VerifierTest is FacadeTest {
    bytes32 private constant SALT = keccak256("salt");
    bytes private constant INPUT = hex"00010210";
    bytes private constant OUTPUT = hex"80ff";

    Erc7992Registry private mirror;
    Erc7992Verifier private verifier;
    ModelSpec private spec;
    uint256 private modelId;
    bytes32 private commitment;

    function setUp() public override {
        super.setUp();
        mirror = Erc7992Registry(
            Artifacts.deploy("contracts/facades/Erc7992Registry.sol:Erc7992Registry", abi.encode(registry))
        );
        verifier = _newVerifier();
        (ModelId id, ModelSpec memory registered) = registerModel(1, ModelId.wrap(0));
        modelId = uint256(ModelId.unwrap(id));
        spec = registered;
        commitment = verifier.inputCommitmentOf(SALT, INPUT);
    }

    function _newVerifier() private returns (Erc7992Verifier) {
        return
            Erc7992Verifier(
                Artifacts.deploy("contracts/facades/Erc7992Verifier.sol:Erc7992Verifier", abi.encode(mirror, router))
            );
    }

    function _seal(uint256 context, bytes memory input, bytes memory output) private view returns (bytes memory) {
        return ISealer(address(proofSystem)).sealOf(spec.keyHash, context, input, output);
    }

    /// A good proof of OUTPUT for INPUT under SALT.
    function _proof() private view returns (bytes memory) {
        return abi.encode(SALT, INPUT, _seal(verifier.contextOf(modelId, commitment), INPUT, OUTPUT));
    }

    // The draft's shape ---------------------------------------------------------------------------------------------

    /// 0x80b171ef verifyInference(uint256,bytes32,bytes,bytes) ^ 0xa6571c04 proofSystemOf(uint256) ^ 0x7b103999 registry()
    function test_InterfaceIdFromTheText() public view {
        assertEq(IERCZKMLVerifier.verifyInference.selector, bytes4(0x80b171ef));
        assertEq(IERCZKMLVerifier.proofSystemOf.selector, bytes4(0xa6571c04));
        assertEq(IERCZKMLVerifier.registry.selector, bytes4(0x7b103999));
        assertEq(type(IERCZKMLVerifier).interfaceId, bytes4(0x5df65472));
        assertTrue(verifier.supportsInterface(0x5df65472));
        assertTrue(verifier.supportsInterface(type(IERC165).interfaceId));
        assertFalse(verifier.supportsInterface(0xffffffff));
    }

    /// A failing proof reverts with the draft's error, which proof systems share.
    function test_EventAndErrorsFromTheText() public pure {
        assertEq(
            IERCZKMLVerifier.InferenceVerified.selector,
            keccak256("InferenceVerified(uint256,bytes32,bytes,address)")
        );
        assertEq(IERCZKMLVerifier.InvalidProof.selector, IProofSystem.InvalidProof.selector);
    }

    function test_RegistryAndProofSystem() public view {
        assertEq(verifier.registry(), address(mirror));
        assertEq(verifier.proofSystemOf(modelId), SELECTOR);
    }

    // What verifies -------------------------------------------------------------------------------------------------

    function testFuzz_ProvenInferencesVerify(address caller, bytes32 salt, uint32 pixels, int8 a, int8 b) public {
        bytes memory input = abi.encodePacked(pixels & 0x0f0f0f0f);
        bytes memory output = abi.encodePacked(a, b);
        bytes32 inputCommitment = verifier.inputCommitmentOf(salt, input);
        bytes memory seal = _seal(verifier.contextOf(modelId, inputCommitment), input, output);
        vm.expectEmit(address(verifier));
        emit IERCZKMLVerifier.InferenceVerified(modelId, inputCommitment, output, caller);
        vm.prank(caller);
        verifier.verifyInference(modelId, inputCommitment, output, abi.encode(salt, input, seal));
    }

    function test_NoStateSoAnybodyCanShowAProofAgain() public {
        verifier.verifyInference(modelId, commitment, OUTPUT, _proof());
        vm.prank(stranger);
        verifier.verifyInference(modelId, commitment, OUTPUT, _proof());
    }

    // What does not -------------------------------------------------------------------------------------------------

    function testFuzz_NoOtherOutput(bytes2 output) public {
        vm.assume(output != bytes2(OUTPUT));
        bytes memory proof = _proof();
        vm.expectRevert(IERCZKMLVerifier.InvalidProof.selector);
        verifier.verifyInference(modelId, commitment, abi.encodePacked(output), proof);
    }

    function testFuzz_NoOtherCommitment(bytes32 other) public {
        vm.assume(other != commitment);
        bytes memory proof = _proof();
        vm.expectRevert(IERCZKMLVerifier.InputCommitmentMismatch.selector);
        verifier.verifyInference(modelId, other, OUTPUT, proof);
    }

    /// The committed input is the verified one: neither salt nor input can be swapped under a commitment.
    function testFuzz_NoOtherInputUnderACommitment(bytes32 salt, bytes4 input) public {
        vm.assume(salt != SALT || input != bytes4(INPUT));
        bytes memory other = abi.encodePacked(input);
        bytes memory seal = _seal(verifier.contextOf(modelId, commitment), other, OUTPUT);
        vm.expectRevert(IERCZKMLVerifier.InputCommitmentMismatch.selector);
        verifier.verifyInference(modelId, commitment, OUTPUT, abi.encode(salt, other, seal));
    }

    /// Without its context a proof would be anybody's for any commitment to the same input.
    function testFuzz_NoOtherContext(uint256 context) public {
        vm.assume(context != verifier.contextOf(modelId, commitment));
        bytes memory seal = _seal(context, INPUT, OUTPUT);
        vm.expectRevert(IERCZKMLVerifier.InvalidProof.selector);
        verifier.verifyInference(modelId, commitment, OUTPUT, abi.encode(SALT, INPUT, seal));
    }

    /// The same key under another model id (another weights hash, say) is another model.
    function test_NoOtherModelOfTheSameKey() public {
        bytes memory proof = _proof();
        spec.weightsHash = keccak256("other weights");
        vm.prank(modelOwner);
        uint256 twin = uint256(ModelId.unwrap(registry.registerModel(spec)));
        vm.expectRevert(IERCZKMLVerifier.InvalidProof.selector);
        verifier.verifyInference(twin, commitment, OUTPUT, proof);
    }

    function test_NoOtherVerifierOrChain() public {
        bytes memory proof = _proof();
        Erc7992Verifier clone = _newVerifier();
        vm.expectRevert(IERCZKMLVerifier.InvalidProof.selector);
        clone.verifyInference(modelId, commitment, OUTPUT, proof);
        vm.chainId(31_338);
        vm.expectRevert(IERCZKMLVerifier.InvalidProof.selector);
        verifier.verifyInference(modelId, commitment, OUTPUT, proof);
    }

    function testFuzz_ContextIsBelowTheScalarField(uint256 id, bytes32 inputCommitment) public view {
        assertLt(verifier.contextOf(id, inputCommitment), uint256(1) << 248);
    }

    function testFuzz_JunkIsNoProof(bytes calldata junk) public {
        vm.expectRevert();
        verifier.verifyInference(modelId, commitment, OUTPUT, junk);
    }

    /// The proof system's own checks come through by name.
    function test_OutOfRangeValuesAreNamed() public {
        bytes memory input = hex"00010211"; // 17 of 0..16
        bytes32 inputCommitment = verifier.inputCommitmentOf(SALT, input);
        bytes memory seal = _seal(verifier.contextOf(modelId, inputCommitment), input, OUTPUT);
        vm.expectRevert(abi.encodeWithSelector(IProofSystem.ValueOutOfRange.selector, 3, 17, 0, 16));
        verifier.verifyInference(modelId, inputCommitment, OUTPUT, abi.encode(SALT, input, seal));
    }

    // What is no longer trusted -------------------------------------------------------------------------------------

    function test_DeprecatedModelsAreRefused() public {
        bytes memory proof = _proof();
        vm.prank(modelOwner);
        registry.deprecate(ModelId.wrap(bytes32(modelId)));
        vm.expectRevert(abi.encodeWithSelector(IERCZKMLVerifier.VerificationRefused_ModelDeprecated.selector, modelId));
        verifier.verifyInference(modelId, commitment, OUTPUT, proof);
        assertEq(verifier.proofSystemOf(modelId), SELECTOR);
    }

    function test_StoppedProofSystemsAreRefused() public {
        bytes memory proof = _proof();
        vm.prank(guardian);
        router.stop(SELECTOR);
        vm.expectRevert(abi.encodeWithSelector(IERCZKMLVerifier.UnsupportedProofSystem.selector, SELECTOR));
        verifier.verifyInference(modelId, commitment, OUTPUT, proof);
    }

    /// Two outputs were proven for one input: somebody can forge for this key.
    function test_StoppedKeysAreRefused() public {
        bytes memory proof = _proof();
        router.stopKey(
            SELECTOR,
            spec.keyHash,
            INPUT,
            Claim(1, OUTPUT, _seal(1, INPUT, OUTPUT)),
            Claim(2, hex"0000", _seal(2, INPUT, hex"0000"))
        );
        vm.expectRevert(abi.encodeWithSelector(IERCZKMLVerifier.UnsupportedProofSystem.selector, SELECTOR));
        verifier.verifyInference(modelId, commitment, OUTPUT, proof);
    }

    function test_RemovedAndChangedProofSystemsAreRefused() public {
        bytes memory proof = _proof();
        bytes memory code = address(proofSystem).code;
        vm.etch(address(proofSystem), hex"00"); // stops with success, whatever it is asked
        vm.expectRevert(abi.encodeWithSelector(IERCZKMLVerifier.UnsupportedProofSystem.selector, SELECTOR));
        verifier.verifyInference(modelId, commitment, OUTPUT, proof);
        vm.etch(address(proofSystem), code);
        router.remove(SELECTOR);
        vm.expectRevert(abi.encodeWithSelector(IERCZKMLVerifier.UnsupportedProofSystem.selector, SELECTOR));
        verifier.verifyInference(modelId, commitment, OUTPUT, proof);
    }

    function testFuzz_UnknownModelsAreRefused(uint256 unknown) public {
        vm.assume(unknown != modelId);
        vm.expectRevert(abi.encodeWithSelector(IERCZKMLRegistry.ModelNotFound.selector, unknown));
        verifier.verifyInference(unknown, commitment, OUTPUT, "");
        vm.expectRevert(abi.encodeWithSelector(IERCZKMLRegistry.ModelNotFound.selector, unknown));
        verifier.proofSystemOf(unknown);
    }

    function test_NeedsRegistryAndRouter() public {
        vm.expectRevert(Erc7992Verifier.ZeroAddress.selector);
        this.deployWith(address(0), address(router));
        vm.expectRevert(Erc7992Verifier.ZeroAddress.selector);
        this.deployWith(address(mirror), address(0));
    }

    function deployWith(address registry_, address router_) external {
        Artifacts.deploy("contracts/facades/Erc7992Verifier.sol:Erc7992Verifier", abi.encode(registry_, router_));
    }
}
