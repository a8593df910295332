// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity ^0.8.28;

import {Test} from "forge-std/Test.sol";
import {Artifacts} from "../Artifacts.sol";
import {Groth16ProofSystem} from "../../../contracts/proofs/Groth16ProofSystem.sol";
import {SpecBuilder} from "../libraries/SpecBuilder.sol";
import {TrapdoorKey} from "./TrapdoorKey.sol";

/// A registered key of the digits model's shape, and valid claims about it.
abstract contract Groth16Fixture is Test {
    struct Claim {
        uint256 context;
        bytes input;
        bytes output;
        bytes seal;
    }

    bytes4 internal constant SELECTOR = bytes4(keccak256("verigrad.groth16.v1"));
    uint256 internal constant R = TrapdoorKey.R;
    uint256 internal constant Q = TrapdoorKey.Q;
    /// context, 2 input words, 1 output word
    uint256 internal constant N = 4;

    Groth16ProofSystem internal system;
    bytes internal key;
    bytes32 internal keyHash;

    function setUp() public virtual {
        system = Groth16ProofSystem(Artifacts.deploy("contracts/proofs/Groth16ProofSystem.sol:Groth16ProofSystem", ""));
        key = TrapdoorKey.build(_head(), N);
        keyHash = system.registerKey(key);
    }

    function _head() internal pure returns (bytes memory) {
        (bytes memory input, bytes memory output) = SpecBuilder.digits();
        return SpecBuilder.head(SELECTOR, 0, input, output);
    }

    function _signals(
        uint256 context,
        int256[] memory pixels,
        int256[] memory scores
    ) internal pure returns (uint256[] memory signals) {
        uint256[] memory inputWords = SpecBuilder.packed(pixels, 0, 16);
        uint256[] memory outputWords = SpecBuilder.packed(scores, -32768, 32767);
        assertEq(inputWords.length, 2);
        assertEq(outputWords.length, 1);
        signals = new uint256[](N);
        (signals[0], signals[1], signals[2], signals[3]) = (context, inputWords[0], inputWords[1], outputWords[0]);
    }

    /// A valid claim, drawn from a seed.
    function _claim(uint256 seed) internal view returns (Claim memory claim) {
        int256[] memory pixels = SpecBuilder.values(seed, 64, 0, 16);
        int256[] memory scores = SpecBuilder.values(~seed, 10, -32768, 32767);
        claim.context = uint256(keccak256(abi.encode("context", seed))) >> 8;
        claim.input = SpecBuilder.encoded(pixels, SpecBuilder.U8);
        claim.output = SpecBuilder.encoded(scores, SpecBuilder.I16);
        uint8[4] memory b = [1, 2, 3, 5];
        uint256 a = 1 + (uint256(keccak256(abi.encode("a", seed))) >> 8);
        claim.seal = TrapdoorKey.forge(_signals(claim.context, pixels, scores), a, b[seed % 4]);
    }

    function _verify(Claim memory claim) internal view {
        system.verify(keyHash, claim.context, claim.input, claim.output, claim.seal);
    }

    /// The selector of the error that `verify` ends with; 0 when it accepts or ends without a named error.
    function _errorOf(bytes32 hash, Claim memory claim) internal view returns (bytes4 name) {
        try system.verify(hash, claim.context, claim.input, claim.output, claim.seal) {
            return 0;
        } catch (bytes memory reason) {
            return bytes4(reason);
        }
    }

    /// Word number `index` of `data` becomes `value`.
    function _setWord(bytes memory data, uint256 offset, uint256 value) internal pure {
        assembly ("memory-safe") {
            mstore(add(add(data, 0x20), offset), value)
        }
    }

    function _wordOf(bytes memory data, uint256 offset) internal pure returns (uint256 value) {
        assembly ("memory-safe") {
            value := mload(add(add(data, 0x20), offset))
        }
    }

    function _slice(bytes memory data, uint256 from, uint256 to) internal pure returns (bytes memory part) {
        part = new bytes(to - from);
        for (uint256 i = from; i < to; ++i) part[i - from] = data[i];
    }
}
