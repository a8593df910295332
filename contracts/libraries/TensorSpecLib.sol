// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {IProofSystem} from "../interfaces/IProofSystem.sol";

/// @title Tensor specs, canonical tensors and field packing
/// @notice docs/spec/formats.md, sections 1 to 3. A spec list lies inside a key blob in memory, from `offset` on.
/// @dev `validate` is for bytes that nobody has checked; every other function assumes a validated list.
library TensorSpecLib {
    // Reasons of IProofSystem.MalformedKey, with KeyHeader's and Groth16Key's in one numbering
    // (docs/spec/onchain-verification.md).
    uint256 internal constant SPEC_COUNT = 4;
    uint256 internal constant SPEC_RANK = 5;
    uint256 internal constant SPEC_SHAPE = 6;
    uint256 internal constant SPEC_TYPE = 7;
    uint256 internal constant SPEC_RANGE = 8;
    uint256 internal constant SPEC_LENGTH = 9;

    uint256 internal constant MAX_TENSORS = 16;
    uint256 internal constant MAX_RANK = 8;
    uint256 internal constant MAX_VALUES = 1 << 24;
    uint256 internal constant WORD_BITS = 248;

    /// @notice Reverts with MalformedKey unless the `length` bytes at `offset` are exactly one canonical spec list.
    /// @return words the number of field elements that its tensors pack into
    function validate(bytes memory blob, uint256 offset, uint256 length) internal pure returns (uint256 words) {
        uint256 end = offset + length;
        if (length == 0) revert IProofSystem.MalformedKey(SPEC_LENGTH);
        uint256 count = _uint(blob, offset, 1);
        if (count == 0 || count > MAX_TENSORS) revert IProofSystem.MalformedKey(SPEC_COUNT);
        offset += 1;
        for (uint256 t = 0; t < count; ++t) {
            if (offset >= end) revert IProofSystem.MalformedKey(SPEC_LENGTH);
            uint256 rank = _uint(blob, offset, 1);
            if (rank == 0 || rank > MAX_RANK) revert IProofSystem.MalformedKey(SPEC_RANK);
            if (offset + 11 + 4 * rank > end) revert IProofSystem.MalformedKey(SPEC_LENGTH);
            uint256 size = 1;
            for (uint256 d = 0; d < rank; ++d) {
                // Checked at each step: 2^24 * (2^32 - 1) cannot overflow.
                size *= _uint(blob, offset + 1 + 4 * d, 4);
                if (size == 0 || size > MAX_VALUES) revert IProofSystem.MalformedKey(SPEC_SHAPE);
            }
            words += _validateRange(blob, offset + 1 + 4 * rank, size);
            offset += 11 + 4 * rank;
        }
        if (offset != end) revert IProofSystem.MalformedKey(SPEC_LENGTH);
    }

    /// @notice Length in bytes of the canonical encoding of the list's tensors.
    function encodedLength(bytes memory blob, uint256 offset) internal pure returns (uint256 length) {
        unchecked {
            uint256 pointer = _pointer(blob, offset);
            uint256 count = _byteAt(pointer++);
            for (uint256 t = 0; t < count; ++t) {
                uint256 size;
                uint256 width;
                (size, width, , , , , pointer) = _layoutAt(pointer);
                length += size * width;
            }
        }
    }

    /// @notice Reverts with WrongLength or ValueOutOfRange unless `data` is canonical for the list; packs it in the
    /// same pass.
    /// @param words where the packed words go, from `index` on; must be long enough
    /// @return next the index after the last word written
    function pack(
        bytes memory blob,
        uint256 offset,
        bytes calldata data,
        uint256[] memory words,
        uint256 index
    ) internal pure returns (uint256 next) {
        uint256 expected = encodedLength(blob, offset);
        if (data.length != expected) revert IProofSystem.WrongLength(expected, data.length);
        unchecked {
            uint256 pointer = _pointer(blob, offset);
            uint256 count = _byteAt(pointer++);
            uint256 from;
            assembly ("memory-safe") {
                from := data.offset
                next := add(add(words, 0x20), shl(5, index)) // a pointer until the loop is over
            }
            uint256 valuesBefore = 0;
            for (uint256 t = 0; t < count; ++t) {
                uint256 spec = pointer;
                uint256 size;
                uint256 width;
                uint256 shift;
                uint256 lowest;
                uint256 span;
                uint256 bits;
                (size, width, shift, lowest, span, bits, pointer) = _layoutAt(spec);
                uint256 outside = 0;
                assembly ("memory-safe") {
                    // word = word * 2^b + (value - lo) for the k values of each word
                    let wordBytes := mul(width, div(248, bits))
                    let value := from
                    for {
                        let end := add(from, mul(size, width))
                    } lt(value, end) {} {
                        let wordEnd := add(value, wordBytes)
                        if gt(wordEnd, end) {
                            wordEnd := end
                        }
                        let word := 0
                        for {} lt(value, wordEnd) {
                            value := add(value, width)
                        } {
                            let delta := shr(shift, sub(calldataload(value), lowest))
                            // SAFETY: an unsigned comparison catches both sides; looked at once, after the loops.
                            outside := or(outside, gt(delta, span))
                            word := or(shl(bits, word), delta)
                        }
                        mstore(next, word)
                        next := add(next, 0x20)
                    }
                }
                if (outside != 0) _revertOutOfRange(from, spec, valuesBefore);
                from += size * width;
                valuesBefore += size;
            }
            assembly ("memory-safe") {
                next := shr(5, sub(next, add(words, 0x20)))
            }
        }
    }

    /// @notice Reverts with WrongLength or ValueOutOfRange unless `data` is canonical for the list, as `pack` does.
    function check(bytes memory blob, uint256 offset, bytes calldata data) internal pure {
        uint256 expected = encodedLength(blob, offset);
        if (data.length != expected) revert IProofSystem.WrongLength(expected, data.length);
        unchecked {
            uint256 pointer = _pointer(blob, offset);
            uint256 count = _byteAt(pointer++);
            uint256 from;
            assembly ("memory-safe") {
                from := data.offset
            }
            uint256 index = 0;
            for (uint256 t = 0; t < count; ++t) {
                uint256 spec = pointer;
                (uint256 size, uint256 typeCode, int256 lo, int256 hi, uint256 next) = _specAt(spec);
                uint256 end = from + (size << (typeCode >> 1));
                if (_anyOutside(from, end, typeCode, lo, hi)) _revertOutOfRange(from, spec, index);
                (pointer, from, index) = (next, end, index + size);
            }
        }
    }

    /// @notice Where tensor number `index` of the list stands in the list's data: from which byte on, and its type.
    function placeOf(
        bytes memory blob,
        uint256 offset,
        uint256 index
    ) internal pure returns (uint256 from, uint256 typeCode, uint256 size) {
        unchecked {
            uint256 pointer = _pointer(blob, offset) + 1;
            (size, typeCode, , , pointer) = _specAt(pointer);
            for (uint256 t = 0; t < index; ++t) {
                from += size << (typeCode >> 1);
                (size, typeCode, , , pointer) = _specAt(pointer);
            }
        }
    }

    /// Bits that a value of [lo, hi] takes in a word.
    function bitsOf(int256 lo, int256 hi) internal pure returns (uint256) {
        unchecked {
            return Math.log2(uint256(hi - lo)) + 1;
        }
    }

    /// Bounds of a type by its code: i8, u8, i16, u16, i32.
    function typeBounds(uint256 typeCode) internal pure returns (int256 lo, int256 hi) {
        unchecked {
            int256 values = int256(1 << (8 << (typeCode >> 1)));
            return typeCode & 1 == 0 ? (-values / 2, values / 2 - 1) : (int256(0), values - 1);
        }
    }

    /// type ‖ exponent ‖ lo ‖ hi at `offset`; any exponent is allowed.
    function _validateRange(bytes memory blob, uint256 offset, uint256 size) private pure returns (uint256 words) {
        uint256 typeCode = _uint(blob, offset, 1);
        if (typeCode > 4) revert IProofSystem.MalformedKey(SPEC_TYPE);
        int256 lo = int32(uint32(_uint(blob, offset + 2, 4)));
        int256 hi = int32(uint32(_uint(blob, offset + 6, 4)));
        (int256 typeLo, int256 typeHi) = typeBounds(typeCode);
        if (lo >= hi || lo < typeLo || hi > typeHi) revert IProofSystem.MalformedKey(SPEC_RANGE);
        return Math.ceilDiv(size, WORD_BITS / bitsOf(lo, hi));
    }

    /// Finds the first value outside its range in a tensor that has one, at calldata position `from`.
    function _revertOutOfRange(uint256 from, uint256 spec, uint256 index) private pure {
        (, uint256 typeCode, int256 lo, int256 hi, ) = _specAt(spec);
        uint256 width = 1 << (typeCode >> 1);
        while (true) {
            int256 value;
            assembly ("memory-safe") {
                value := shr(sub(256, shl(3, width)), calldataload(from))
                if iszero(and(typeCode, 1)) {
                    value := signextend(sub(width, 1), value)
                }
            }
            if (value < lo || value > hi) revert IProofSystem.ValueOutOfRange(index, value, lo, hi);
            from += width;
            ++index;
        }
    }

    /// Whether a value at calldata positions `from` to `end` lies outside of [lo, hi], all lanes of a word at once. Values
    /// v become v - (least value of the type), which keeps their order. Every second one stands in a lane of twice its
    /// width with one bit, `top`, above it: top + hi - v and top + v - lo keep that bit if, and only if, lo <= v <= hi.
    function _anyOutside(
        uint256 from,
        uint256 end,
        uint256 typeCode,
        int256 lo,
        int256 hi
    ) private pure returns (bool outside) {
        unchecked {
            (int256 typeLo, int256 typeHi) = typeBounds(typeCode);
            if (lo == typeLo && hi == typeHi) return false;
            uint256 width = 8 << (typeCode >> 1); // bits
            uint256 lane = type(uint256).max / ((1 << width) + 1); // ones in the lower half of each lane
            uint256 one = lane / ((1 << width) - 1);
            uint256 top = one << width;
            uint256 low = one * uint256(lo - typeLo);
            uint256 high = top | (one * uint256(hi - typeLo));
            uint256 signs = typeLo == 0 ? 0 : (one | top) << (width - 1);
            assembly ("memory-safe") {
                let inside := top
                for {} lt(from, end) {
                    from := add(from, 0x20)
                } {
                    let word := xor(calldataload(from), signs)
                    let rest := sub(end, from)
                    if lt(rest, 0x20) {
                        // lo stands for what is behind the last value
                        let beyond := shr(shl(3, rest), not(0))
                        word := or(and(word, not(beyond)), and(or(low, shl(width, low)), beyond))
                    }
                    let even := and(word, lane)
                    let odd := and(shr(width, word), lane)
                    inside := and(inside, and(sub(high, even), sub(or(top, even), low)))
                    inside := and(inside, and(sub(high, odd), sub(or(top, odd), low)))
                }
                outside := xor(inside, top)
            }
        }
    }

    /// What packing needs of the spec at `pointer`. A value's bytes are the top `width` bytes of the word w at its place;
    /// delta = (w - lowest) >> shift is value - lo modulo the type's 2^(8 width). That is right for a value >= lo, signed or
    /// not; one below lo wraps to more than hi - lo, as both lie in the type.
    /// @dev Returned by a function, since the optimiser would compute these anew for every value.
    function _layoutAt(
        uint256 pointer
    )
        private
        pure
        returns (uint256 size, uint256 width, uint256 shift, uint256 lowest, uint256 span, uint256 bits, uint256 next)
    {
        unchecked {
            uint256 typeCode;
            int256 lo;
            int256 hi;
            (size, typeCode, lo, hi, next) = _specAt(pointer);
            width = 1 << (typeCode >> 1);
            shift = 256 - 8 * width;
            lowest = uint256(lo) << shift;
            span = uint256(hi - lo);
            bits = bitsOf(lo, hi);
        }
    }

    /// One spec of a validated list, read from memory; the type's width is 2^(typeCode >> 1) bytes.
    function _specAt(
        uint256 pointer
    ) private pure returns (uint256 size, uint256 typeCode, int256 lo, int256 hi, uint256 next) {
        assembly ("memory-safe") {
            let rank := byte(0, mload(pointer))
            pointer := add(pointer, 1)
            size := 1
            for {
                let end := add(pointer, shl(2, rank))
            } lt(pointer, end) {
                pointer := add(pointer, 4)
            } {
                size := mul(size, shr(224, mload(pointer)))
            }
            let tail := mload(pointer) // type ‖ exponent ‖ lo ‖ hi
            typeCode := byte(0, tail)
            lo := signextend(3, shr(208, tail))
            hi := signextend(3, shr(176, tail))
            next := add(pointer, 10)
        }
    }

    function _pointer(bytes memory blob, uint256 offset) private pure returns (uint256 pointer) {
        assembly ("memory-safe") {
            pointer := add(add(blob, 0x20), offset)
        }
    }

    function _byteAt(uint256 pointer) private pure returns (uint256 value) {
        assembly ("memory-safe") {
            value := byte(0, mload(pointer))
        }
    }

    /// Big-endian unsigned integer of `width` bytes; the caller has checked that it lies inside the blob.
    function _uint(bytes memory blob, uint256 offset, uint256 width) private pure returns (uint256 value) {
        assembly ("memory-safe") {
            value := shr(sub(256, shl(3, width)), mload(add(add(blob, 0x20), offset)))
        }
    }
}
