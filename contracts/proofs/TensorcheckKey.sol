// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IProofSystem} from "../interfaces/IProofSystem.sol";
import {Bn254} from "../libraries/Bn254.sol";
import {KeyHeader} from "../libraries/KeyHeader.sol";
import {TensorSpecLib} from "../libraries/TensorSpecLib.sol";

/// @title Tensorcheck key blobs
/// @notice docs/spec/tensorcheck.md, section 5. The checks, their order and the number of each are those of
/// docs/spec/onchain-verification.md. What passes them can be read by TensorcheckVerifier without another look.
library TensorcheckKey {
    bytes4 internal constant SELECTOR = bytes4(keccak256("verigrad.tensorcheck.v1"));

    // Reasons of IProofSystem.MalformedKey; 1 to 9 are KeyHeader's and TensorSpecLib's, 10 to 12 as in Groth16Key.
    uint256 internal constant G1_POINT = 11;
    uint256 internal constant G2_POINT = 12;
    uint256 internal constant SETUP = 13;
    uint256 internal constant LIMIT = 14;
    uint256 internal constant COORDINATE = 15;
    uint256 internal constant AXES = 16;
    uint256 internal constant PORT = 17;
    uint256 internal constant STRUCTURED = 18;
    uint256 internal constant COEFFICIENT = 19;
    uint256 internal constant ENTITY = 20;
    uint256 internal constant CLAIM = 21;
    uint256 internal constant VALUE = 22;
    uint256 internal constant BLOCK = 23;
    uint256 internal constant WORK = 24;

    uint256 private constant MAX_WORK = 1 << 22;
    uint256 private constant NONE = 0xffffff; // of a pick's entries
    uint256 private constant ONE = 0xffff; // the value that is constant

    /// Places are memory addresses.
    struct Reader {
        uint256 cursor; // the next byte
        uint256 end;
        uint256 n;
        uint256 k;
        uint256 r;
        uint256 chunks;
        uint256 values;
        uint256 work; // what a verifier computes beyond the length of the key
        uint256 equations; // outputs, terms and look-ups so far
        uint256 lastEquation; // the greatest number that one of them names
    }

    /// @notice Reverts unless [τ]_2 can be anybody's set-up. Errors: MalformedKey(12), ForgeableKey.
    function validateSetup(uint256[4] memory tau) internal view {
        uint256 pair;
        assembly ("memory-safe") {
            pair := mload(0x40)
            mstore(pair, 1)
            mstore(add(pair, 0x20), 2)
            mcopy(add(pair, 0x40), tau, 0x80)
        }
        bool valid = Bn254.isOnTwist(pair + 0x40);
        if (valid) (valid, ) = Bn254.pairing(pair, 1); // the precompile refuses what lies outside of the subgroup
        if (!valid) revert IProofSystem.MalformedKey(G2_POINT);
        // SAFETY: equal x means equal up to sign.
        if (tau[0] == Bn254.G2_X1 && tau[1] == Bn254.G2_X0) revert IProofSystem.ForgeableKey();
    }

    /// @notice Reverts with MalformedKey unless the blob is a canonical key of this set-up.
    function validate(bytes memory blob, uint256[4] memory tau) internal pure {
        (, , uint256 head) = KeyHeader.validate(blob, SELECTOR);
        if (KeyHeader.inputModeOf(blob) != KeyHeader.PUBLIC) revert IProofSystem.MalformedKey(KeyHeader.INPUT_MODE);
        unchecked {
            Reader memory reader;
            uint256 start;
            assembly ("memory-safe") {
                start := add(blob, 0x20)
            }
            (reader.cursor, reader.end) = (start + head, start + blob.length);
            _parameters(reader, tau);
            _outputs(reader, blob);
            _publics(reader, blob);
            _structuredValues(reader);
            _entities(reader);
            _blocks(reader);
            // A verifier makes as many powers of α.
            _require(reader.lastEquation <= reader.equations, BLOCK);
            if (reader.cursor != reader.end) revert IProofSystem.MalformedKey(KeyHeader.LENGTH);
        }
    }

    function _parameters(Reader memory reader, uint256[4] memory tau) private pure {
        unchecked {
            uint256 cursor = _take(reader, 138);
            bool same;
            assembly ("memory-safe") {
                same := eq(keccak256(cursor, 0x80), keccak256(tau, 0x80))
            }
            if (!same) revert IProofSystem.MalformedKey(SETUP);
            (reader.n, reader.k, reader.r) = (_uint(cursor + 128, 1), _uint(cursor + 129, 1), _uint(cursor + 130, 1));
            uint256 d = _uint(cursor + 131, 1);
            if (reader.n == 0 || reader.n > 18 || reader.k > 30 || reader.r > 30 || d < 2 || d > 6) {
                revert IProofSystem.MalformedKey(LIMIT);
            }
            uint256 pre = _uint(cursor + 132, 2);
            reader.chunks = pre + _uint(cursor + 134, 2) + _uint(cursor + 136, 2);
            if (!Bn254.areG1(_take(reader, 64 * pre), pre)) revert IProofSystem.MalformedKey(G1_POINT);
        }
    }

    function _outputs(Reader memory reader, bytes memory blob) private pure {
        uint256 specs = KeyHeader.outputSpecsOf(blob);
        uint256 count = uint8(blob[specs]);
        for (uint256 port = 0; port < count; ++port) {
            _equation(reader, _take(reader, 2));
            (, , uint256 size) = TensorSpecLib.placeOf(blob, specs, port);
            _axes(reader, size, false);
        }
    }

    function _publics(Reader memory reader, bytes memory blob) private pure {
        uint256 ports = uint8(blob[KeyHeader.INPUT_SPECS]);
        uint256 count = _uint(_take(reader, 2), 2);
        for (uint256 i = 0; i < count; ++i) {
            uint256 port = _uint(_take(reader, 1), 1);
            _require(port < ports, PORT);
            (, , uint256 size) = TensorSpecLib.placeOf(blob, KeyHeader.INPUT_SPECS, port);
            _axes(reader, size, true);
            _work(reader, size);
        }
        reader.values = count;
    }

    /// count (1), each: size (4), bits (1), coordinates.
    function _axes(Reader memory reader, uint256 size, bool atR) private pure {
        unchecked {
            uint256 product = 1;
            uint256 count = _uint(_take(reader, 1), 1);
            for (uint256 i = 0; i < count; ++i) {
                uint256 cursor = _take(reader, 5);
                (uint256 axis, uint256 bits) = (_uint(cursor, 4), _uint(cursor + 4, 1));
                product *= axis; // at most 2^24 times 2^32
                _require(bits <= 30 && axis > 0 && axis <= 1 << bits && product <= size, AXES);
                _coordinates(reader, bits, atR);
            }
            _require(product == size, AXES);
        }
    }

    function _structuredValues(Reader memory reader) private pure {
        unchecked {
            uint256 count = _uint(_take(reader, 2), 2);
            for (uint256 i = 0; i < count; ++i) {
                uint256 kind = _uint(_take(reader, 1), 1);
                _require(kind <= 4, STRUCTURED);
                if (kind == 0) _select(reader);
                else if (kind == 1) _window(reader);
                else if (kind == 2) _pick(reader);
                else if (kind == 3) _run(reader, _take(reader, 2));
                else _steps(reader);
            }
            reader.values += count;
        }
    }

    function _select(Reader memory reader) private pure {
        unchecked {
            uint256 count = _uint(_take(reader, 1), 1);
            for (uint256 i = 0; i < count; ++i) {
                uint256 cursor = _take(reader, 6);
                uint256 size = _uint(cursor, 4);
                uint256 bits = _run(reader, cursor + 4);
                _require(size > 0 && size < 1 << bits, STRUCTURED);
            }
        }
    }

    function _window(Reader memory reader) private pure {
        unchecked {
            uint256 cursor = _take(reader, 28);
            (uint256 p, uint256 k, uint256 q) = (_uint(cursor, 4), _uint(cursor + 4, 2), _uint(cursor + 6, 4));
            uint256 pBits = _run(reader, cursor + 22);
            uint256 kBits = _run(reader, cursor + 24);
            uint256 qBits = _run(reader, cursor + 26);
            _require(p > 0 && p <= 1 << pBits && k > 0 && k <= 1 << kBits && q > 0 && q <= 1 << qBits, STRUCTURED);
            _work(reader, p * k);
        }
    }

    function _pick(Reader memory reader) private pure {
        unchecked {
            uint256 cursor = _take(reader, 8);
            uint256 p = _uint(cursor, 4);
            uint256 pBits = _run(reader, cursor + 4);
            uint256 limit = 1 << _run(reader, cursor + 6);
            _require(p > 0 && p <= 1 << pBits, STRUCTURED);
            _work(reader, p);
            cursor = _take(reader, 3 * p);
            for (uint256 i = 0; i < p; ++i) {
                uint256 entry = _uint(cursor + 3 * i, 3);
                _require(entry < limit || entry == NONE, STRUCTURED);
            }
        }
    }

    function _steps(Reader memory reader) private pure {
        unchecked {
            uint256 cursor = _take(reader, 4);
            uint256 bits = _run(reader, cursor);
            uint256 count = _uint(cursor + 2, 2);
            for (uint256 i = 0; i < count; ++i) {
                cursor = _take(reader, 5);
                uint256 b = _uint(cursor, 1);
                _require(b <= bits && _uint(cursor + 1, 4) < 1 << (bits - b), STRUCTURED);
                _coefficient(reader);
            }
        }
    }

    function _entities(Reader memory reader) private pure {
        unchecked {
            uint256 count = _uint(_take(reader, 2), 2);
            uint256 total = 0;
            for (uint256 i = 0; i < count; ++i) {
                uint256 cursor = _take(reader, 3);
                (uint256 kind, uint256 chunk) = (_uint(cursor, 1), _uint(cursor + 1, 2));
                _require(kind <= 1 && chunk < reader.chunks, ENTITY);
                if (kind == 1) {
                    uint256 upper = _uint(_take(reader, 1), 1);
                    _require(upper > 0 && upper <= 16 && chunk + (1 << upper) <= reader.chunks, ENTITY);
                    _coordinates(reader, upper, true);
                    _work(reader, 1 << upper);
                }
                total += _claims(reader);
            }
            reader.values += total;
            _require(reader.values <= ONE, VALUE);
        }
    }

    function _claims(Reader memory reader) private pure returns (uint256 count) {
        unchecked {
            (uint256 n, uint256 k) = (reader.n, reader.k);
            count = _uint(_take(reader, 2), 2);
            for (uint256 i = 0; i < count; ++i) {
                uint256 cursor = _take(reader, 5);
                uint256 bits = _uint(cursor, 1);
                bool standard = bits > 0x7f;
                if (standard) bits -= 0x80;
                _require(bits <= n && (!standard || bits <= k) && _uint(cursor + 1, 4) < 1 << (n - bits), CLAIM);
                if (!standard) _coordinates(reader, bits, true);
            }
        }
    }

    function _blocks(Reader memory reader) private pure {
        unchecked {
            uint256 count = _uint(_take(reader, 2), 2);
            for (uint256 i = 0; i < count; ++i) {
                uint256 cursor = _take(reader, 2);
                (uint256 k, uint256 isEq) = (_uint(cursor, 1), _uint(cursor + 1, 1));
                _require(k <= reader.k && isEq <= 1 && (isEq == 0 || k <= reader.r), BLOCK);
                uint256 terms = _uint(_take(reader, 2), 2);
                for (uint256 t = 0; t < terms; ++t) {
                    _equation(reader, _take(reader, 2));
                    _coefficient(reader);
                    uint256 factors = _uint(_take(reader, 1), 1);
                    _values(reader, _take(reader, 2 * factors), factors);
                }
                uint256 lookups = _uint(_take(reader, 2), 2);
                _require(lookups == 0 || isEq == 1, BLOCK);
                for (uint256 t = 0; t < lookups; ++t) _lookup(reader);
            }
        }
    }

    function _lookup(Reader memory reader) private pure {
        unchecked {
            uint256 cursor = _take(reader, 5);
            uint256 fractions = _uint(cursor + 4, 1);
            _equation(reader, cursor);
            _values(reader, cursor + 2, 1);
            _require(fractions > 0 && fractions <= 3, BLOCK);
            for (uint256 j = 0; j < fractions; ++j) {
                cursor = _take(reader, 4);
                _values(reader, cursor, 1);
                _require(_uint(cursor + 2, 1) <= 1, BLOCK);
                uint256 linear = _uint(cursor + 3, 1);
                for (uint256 t = 0; t < linear; ++t) {
                    _require(_uint(_take(reader, 1), 1) <= 3, BLOCK);
                    _coefficient(reader);
                    _values(reader, _take(reader, 4), 2);
                }
            }
        }
    }

    /// The number of an equation, which one more output, term or look-up is part of.
    function _equation(Reader memory reader, uint256 cursor) private pure {
        unchecked {
            uint256 number = _uint(cursor, 2);
            _require(number > 0, BLOCK);
            if (number > reader.lastEquation) reader.lastEquation = number;
            ++reader.equations;
        }
    }

    /// Numbers of values, or of the constant 1.
    function _values(Reader memory reader, uint256 cursor, uint256 count) private pure {
        unchecked {
            uint256 values = reader.values;
            for (uint256 end = cursor + 2 * count; cursor < end; cursor += 2) {
                uint256 number = _uint(cursor, 2);
                _require(number < values || number == ONE, VALUE);
            }
        }
    }

    /// length (1; + 0x80 for a negative one) ‖ magnitude, without leading zeros, below r; no negative zero.
    function _coefficient(Reader memory reader) private pure {
        unchecked {
            uint256 head = _uint(_take(reader, 1), 1);
            uint256 length = head & 0x7f;
            _require(length <= 32 && head != 0x80, COEFFICIENT);
            if (length == 0) return;
            uint256 magnitude = _uint(_take(reader, length), length);
            _require(magnitude >> (8 * (length - 1)) != 0 && magnitude < Bn254.R, COEFFICIENT);
        }
    }

    function _coordinates(Reader memory reader, uint256 count, bool atR) private pure {
        unchecked {
            uint256 cursor = _take(reader, count);
            uint256 k = atR ? reader.k : 0;
            uint256 r = 0x40 + reader.r;
            for (uint256 end = cursor + count; cursor < end; ++cursor) {
                uint256 c = _uint(cursor, 1);
                _require(c < k || (c > 0x3f && c < r) || c == 0x80 || c == 0x81, COORDINATE);
            }
        }
    }

    /// coordinate (1) ‖ bits (1): r_t or ρ_t for `bits` t's, the first of which is the coordinate's.
    function _run(Reader memory reader, uint256 cursor) private pure returns (uint256 bits) {
        unchecked {
            uint256 low = _uint(cursor, 1);
            bits = _uint(cursor + 1, 1);
            _require(low < 0x40 ? low + bits <= reader.k : low < 0x80 && low - 0x40 + bits <= reader.r, COORDINATE);
        }
    }

    function _work(Reader memory reader, uint256 more) private pure {
        unchecked {
            reader.work += more;
            _require(reader.work <= MAX_WORK, WORK);
        }
    }

    /// The next `length` bytes. Errors: MalformedKey(1) where the key ends before.
    function _take(Reader memory reader, uint256 length) private pure returns (uint256 cursor) {
        unchecked {
            cursor = reader.cursor;
            reader.cursor = cursor + length;
            _require(reader.cursor <= reader.end, KeyHeader.LENGTH);
        }
    }

    function _require(bool condition, uint256 reason) private pure {
        if (!condition) revert IProofSystem.MalformedKey(reason);
    }

    /// Big-endian integer of `width` bytes at a memory address.
    function _uint(uint256 cursor, uint256 width) private pure returns (uint256 value) {
        assembly ("memory-safe") {
            value := shr(sub(256, shl(3, width)), mload(cursor))
        }
    }
}
