// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IProofSystem} from "../interfaces/IProofSystem.sol";
import {Bn254} from "../libraries/Bn254.sol";
import {KeyHeader} from "../libraries/KeyHeader.sol";
import {Multilinear} from "../libraries/Multilinear.sol";
import {TensorSpecLib} from "../libraries/TensorSpecLib.sol";
import {TensorcheckBlocks} from "./TensorcheckBlocks.sol";
import {TensorcheckClaims} from "./TensorcheckClaims.sol";
import {TensorcheckOpening} from "./TensorcheckOpening.sol";
import {TensorcheckTranscript} from "./TensorcheckTranscript.sol";
import {TensorcheckTensor} from "./TensorcheckTensor.sol";
import {TensorcheckValues} from "./TensorcheckValues.sol";

/// @title The verifier of tensorcheck
/// @notice docs/spec/tensorcheck.md; checks and their order: docs/spec/onchain-verification.md. It reads a validated key
/// once, from its first byte to its last, and the seal with it. Places in memory are addresses.
library TensorcheckVerifier {
    using TensorcheckTranscript for TensorcheckTranscript.Transcript;

    bytes32 private constant DOMAIN = keccak256("verigrad.tensorcheck.v1");

    /// Words of the table of coordinates: r_t at t, ρ_t at 0x40 + t, 0 at 0x80, 1 at 0x81, the field's order.
    uint256 private constant POINTS = 0x83;
    uint256 private constant RHO = 0x40;
    uint256 private constant ZERO = 0x80;

    /// What the parts of the verifier share.
    struct Frame {
        TensorcheckTranscript.Transcript seal;
        uint256 sealLength;
        uint256 cursor; // the next byte of the key
        uint256 k;
        uint256 r;
        uint256 d;
        uint256 entities;
        uint256 claims;
        uint256 points; // table of coordinates
        uint256 values; // value 0; claims, publics, structured
        uint256 alpha;
        uint256 beta;
        uint256 gamma;
    }

    /// @notice Reverts with a named error unless the seal proves output = model(input) under the context. Errors, in this
    /// order: ScalarOutOfField, WrongLength, ValueOutOfRange, MalformedSeal, InvalidProof.
    function verify(
        bytes memory key,
        bytes32 keyHash,
        uint256 context,
        bytes calldata input,
        bytes calldata output,
        bytes calldata seal
    ) internal view {
        // SAFETY: context + r would be another context with the same proofs.
        if (context >= Bn254.R) revert IProofSystem.ScalarOutOfField(0, context);
        // SAFETY: the bounds of every tensor, by which a program tells apart what is equal modulo r, start from these.
        TensorSpecLib.check(key, KeyHeader.INPUT_SPECS, input);
        TensorSpecLib.check(key, KeyHeader.outputSpecsOf(key), output);

        Frame memory f;
        TensorcheckOpening.Opening memory o;
        TensorcheckClaims.Reduction memory c;
        _start(f, o, key, seal, [keyHash, bytes32(context), keccak256(input), keccak256(output)]);
        uint256 endOfA = f.seal.sumcheck(f.k, f.d, _outputs(f, key, output), f.points);
        _evaluate(f, o, key, input);
        uint256 endOfC = _reduce(f, o, c);

        (uint256 sum, uint256 y, uint256 next) = TensorcheckClaims.reduce(c, f.cursor, f.entities);
        // SAFETY: the number of claims was taken from the seal's length; the key has the last word.
        if (c.claims != f.claims) revert IProofSystem.MalformedSeal();
        uint256 blocks = TensorcheckBlocks.evaluate(f.points, f.k, f.r, f.values, f.alpha, f.beta, f.gamma, next);
        o.y = y;
        if (sum != endOfC || blocks != endOfA || !TensorcheckOpening.holds(o)) revert IProofSystem.InvalidProof();
    }

    /// Reads the key up to its pre commitments, copies the seal, and absorbs the claim and messages 1 and 2.
    function _start(
        Frame memory f,
        TensorcheckOpening.Opening memory o,
        bytes memory key,
        bytes calldata seal,
        bytes32[4] memory claim
    ) private pure {
        unchecked {
            uint256 cursor;
            uint256 room;
            uint256 points;
            uint256 head = KeyHeader.endOf(key);
            assembly ("memory-safe") {
                cursor := add(add(key, 0x20), head)
                // The state's word, the claim and the seal, in one piece.
                room := mload(0x40)
                mcopy(add(room, 0x20), claim, 0x80)
                calldatacopy(add(room, 0xa0), seal.offset, seal.length)
                points := and(add(add(room, seal.length), 0xbf), not(0x1f))
                mstore(0x40, add(points, mul(0x20, POINTS)))
                mstore(add(points, mul(0x20, ZERO)), 0)
                mstore(add(points, mul(0x20, add(ZERO, 1))), 1)
            }
            uint256 order = Bn254.order();
            _store(points + 32 * Multilinear.ORDER, order);
            (f.points, f.sealLength, f.seal.order, o.order) = (points, seal.length, order, order);
            o.tau = cursor;
            (o.n, f.k, f.r, f.d) = (
                _uint(cursor + 128, 1),
                _uint(cursor + 129, 1),
                _uint(cursor + 130, 1),
                _uint(cursor + 131, 1)
            );
            uint256 wit = _uint(cursor + 134, 2);
            uint256 help = _uint(cursor + 136, 2);
            (o.preChunks, o.preCount) = (cursor + 138, _uint(cursor + 132, 2));
            (o.proofChunks, o.proofCount) = (room + 0xa0, wit + help);
            f.cursor = o.preChunks + 64 * o.preCount;
            if (seal.length < _lengthFor(f, o)) revert IProofSystem.MalformedSeal();

            (f.seal.state, f.seal.cursor) = (DOMAIN, o.proofChunks);
            f.beta = f.seal.points(wit, 0x80);
            f.gamma = f.seal.draw();
            uint256 challenge = f.seal.points(help, 0);
            for (uint256 t = f.r; t > 0; --t) {
                _store(points + 32 * (RHO + t - 1), challenge);
                challenge = f.seal.draw();
            }
            f.alpha = challenge;
        }
    }

    /// Each output port: c (2), axes. Σ α^c out~, what the blocks sum to.
    function _outputs(Frame memory f, bytes memory key, bytes calldata output) private pure returns (uint256 sum) {
        unchecked {
            uint256 r = Multilinear.order(f.points);
            uint256 specs = KeyHeader.outputSpecsOf(key);
            uint256 count = uint8(key[specs]);
            for (uint256 port = 0; port < count; ++port) {
                uint256 power = _power(r, f.alpha, _uint(f.cursor, 2));
                (uint256 from, uint256 typeCode, ) = TensorSpecLib.placeOf(key, specs, port);
                uint256 value;
                (value, f.cursor) = TensorcheckTensor.tensor(
                    f.points,
                    f.cursor + 2,
                    _position(output) + from,
                    typeCode
                );
                sum = addmod(sum, mulmod(power, value, r), r);
            }
        }
    }

    /// The publics and the structured values; then the number of entities, with which the seal's length tells the number
    /// of claims. Claims stand before publics: there is room for as many as the seal could hold.
    function _evaluate(
        Frame memory f,
        TensorcheckOpening.Opening memory o,
        bytes memory key,
        bytes calldata input
    ) private pure {
        unchecked {
            (uint256 points, uint256 cursor, uint256 position) = (f.points, f.cursor, _position(input));
            uint256 slot = _allocate(f.sealLength) + 32 * (f.sealLength / 32);
            f.values = slot;
            uint256 count = _uint(cursor, 2);
            cursor += 2;
            _allocate(32 * count);
            for (uint256 i = 0; i < count; ++i) {
                uint256 value;
                (uint256 from, uint256 typeCode, ) = TensorSpecLib.placeOf(
                    key,
                    KeyHeader.INPUT_SPECS,
                    _uint(cursor, 1)
                );
                (value, cursor) = TensorcheckTensor.tensor(points, cursor + 1, position + from, typeCode);
                _store(slot, value);
                slot += 32;
            }
            count = _uint(cursor, 2);
            cursor += 2;
            _allocate(32 * count);
            for (uint256 i = 0; i < count; ++i) {
                uint256 value;
                (value, cursor) = TensorcheckValues.structured(points, cursor);
                _store(slot, value);
                slot += 32;
            }
            f.entities = _uint(cursor, 2);
            f.cursor = cursor + 2;
            uint256 length = _lengthFor(f, o);
            if (f.sealLength < length || f.sealLength % 32 != length % 32) revert IProofSystem.MalformedSeal();
            f.claims = (f.sealLength - length) / 32;
            f.values -= 32 * f.claims;
        }
    }

    /// Absorbs messages 4 to 10 and hands them on.
    /// @return end what sumcheck C's polynomial is at s
    function _reduce(
        Frame memory f,
        TensorcheckOpening.Opening memory o,
        TensorcheckClaims.Reduction memory c
    ) private pure returns (uint256 end) {
        unchecked {
            uint256 r = f.seal.order;
            (uint256 claims, uint256 values, uint256 from) = (f.claims, f.values, f.seal.cursor);
            uint256 delta = f.seal.scalars(claims);
            uint256 sum; // Σ δ^i v_i, by Horner
            assembly ("memory-safe") {
                mcopy(values, from, shl(5, claims))
                for {
                    let cursor := add(values, shl(5, claims))
                } gt(cursor, values) {} {
                    cursor := sub(cursor, 0x20)
                    sum := addmod(mulmod(sum, delta, r), mload(cursor), r)
                }
            }
            (c.points, c.n, c.k, c.delta) = (f.points, o.n, f.k, delta);
            o.s = _allocate(32 * o.n);
            c.s = o.s;
            end = f.seal.sumcheck(o.n, 2, sum, o.s);
            c.evaluations = f.seal.cursor;
            c.eta = f.seal.scalars(f.entities);
            o.folds = f.seal.cursor;
            o.zeta = f.seal.points(o.n - 1, 0);
            o.e = f.seal.cursor;
            o.nu = f.seal.scalars(o.n);
            o.proof = f.seal.cursor;
            o.z = f.seal.points(1, 0);
            f.seal.points(1, 0);

            uint256 length = 32 * (o.preCount + o.proofCount);
            uint256 scalars = _allocate(length);
            assembly ("memory-safe") {
                calldatacopy(scalars, calldatasize(), length) // zeros
            }
            (c.scalars, o.scalars) = (scalars, scalars);
        }
    }

    /// Bytes of a seal without its claims; until the entities are known, without theirs.
    function _lengthFor(Frame memory f, TensorcheckOpening.Opening memory o) private pure returns (uint256) {
        unchecked {
            return 64 * (o.proofCount + o.n + 1) + 32 * (f.k * f.d + 3 * o.n + f.entities);
        }
    }

    function _power(uint256 r, uint256 base, uint256 exponent) private pure returns (uint256 power) {
        assembly ("memory-safe") {
            power := 1
            for {} exponent {
                exponent := shr(1, exponent)
            } {
                if and(exponent, 1) {
                    power := mulmod(power, base, r)
                }
                base := mulmod(base, base, r)
            }
        }
    }

    function _position(bytes calldata data) private pure returns (uint256 position) {
        assembly ("memory-safe") {
            position := data.offset
        }
    }

    /// Memory as it comes, a whole number of words.
    function _allocate(uint256 length) private pure returns (uint256 pointer) {
        assembly ("memory-safe") {
            pointer := mload(0x40)
            mstore(0x40, and(add(add(pointer, length), 0x1f), not(0x1f)))
        }
    }

    function _store(uint256 cursor, uint256 value) private pure {
        assembly ("memory-safe") {
            mstore(cursor, value)
        }
    }

    /// Big-endian integer of `width` bytes at a memory address.
    function _uint(uint256 cursor, uint256 width) private pure returns (uint256 value) {
        assembly ("memory-safe") {
            value := shr(sub(256, shl(3, width)), mload(cursor))
        }
    }
}
