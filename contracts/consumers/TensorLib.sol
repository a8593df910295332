// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SignedMath} from "@openzeppelin/contracts/utils/math/SignedMath.sol";
import {TensorCodec, TensorType} from "./TensorCodec.sol";

/// Where a value goes that lies between two representable ones. HalfUp, to the nearest and upwards from the middle, is
/// how models are quantized (docs/spec/integer-graph.md); HalfEven has no bias.
enum Rounding {
    Floor,
    Ceil,
    Trunc,
    HalfUp,
    HalfEven
}

/// @title Decimal numbers to and from canonical fixed point
/// @notice Number and MultiDimensionalNumberTensor are, field by field, those of OpenGradient's TensorLib, so that its
/// users change an import. A Number is value * 10^-decimals, a fixed-point q of exponent e is q * 2^-e. Every conversion
/// is the exact quotient rounded once, as the caller says; what does not fit reverts, nothing is clamped.
library TensorLib {
    struct Number {
        int128 value;
        int128 decimals; // may be negative: Number(12, -3) is 12,000
    }

    struct MultiDimensionalNumberTensor {
        string name;
        Number[] values; // row-major
        uint32[] shape;
    }

    /// The fixed-point value takes more than 128 bits.
    error FixedPointOverflow(int128 value, int128 decimals, int8 exponent);
    /// The Number's value takes more than 128 bits.
    error NumberOverflow(int128 q, int8 exponent, int128 decimals);
    error ShapeMismatch(uint256 size, uint256 count);

    /// Largest k for which 5^k is below 2^256.
    int256 private constant MAX_FIVES = 110;

    /// @notice round(value * 10^-decimals * 2^exponent). Errors: FixedPointOverflow.
    function toFixedPoint(Number memory number, int8 exponent, Rounding rounding) internal pure returns (int128 q) {
        bool fits;
        (fits, q) = _scale(number.value, exponent, -int256(number.decimals), rounding);
        if (!fits) revert FixedPointOverflow(number.value, number.decimals, exponent);
    }

    /// @notice The Number of these decimals that q * 2^-exponent rounds to. Errors: NumberOverflow.
    function fromFixedPoint(
        int128 q,
        int8 exponent,
        int128 decimals,
        Rounding rounding
    ) internal pure returns (Number memory number) {
        bool fits;
        (fits, number.value) = _scale(q, -int256(exponent), decimals, rounding);
        if (!fits) revert NumberOverflow(q, exponent, decimals);
        number.decimals = decimals;
    }

    /// @notice Decimals with which no value of this exponent is rounded: 2^-e has e decimals. Values of 32 bits fit up to
    /// e = 41.
    function exactDecimals(int8 exponent) internal pure returns (int128) {
        return exponent > 0 ? int128(exponent) : int128(0);
    }

    /// @notice Canonical bytes of a tensor of these values. Errors: FixedPointOverflow, TensorCodec.ValueDoesNotFit.
    function encode(
        Number[] memory numbers,
        TensorType tensorType,
        int8 exponent,
        Rounding rounding
    ) internal pure returns (bytes memory) {
        int256[] memory values = new int256[](numbers.length);
        for (uint256 i = 0; i < numbers.length; ++i) values[i] = toFixedPoint(numbers[i], exponent, rounding);
        return TensorCodec.encode(values, tensorType);
    }

    /// @notice As above, of a whole tensor. Errors: also ShapeMismatch.
    function encode(
        MultiDimensionalNumberTensor memory tensor,
        TensorType tensorType,
        int8 exponent,
        Rounding rounding
    ) internal pure returns (bytes memory) {
        _checkShape(tensor.shape, tensor.values.length);
        return encode(tensor.values, tensorType, exponent, rounding);
    }

    /// @notice Every value of a tensor's canonical bytes. Errors: NumberOverflow, TensorCodec.LengthNotMultiple.
    function decode(
        bytes memory data,
        TensorType tensorType,
        int8 exponent,
        int128 decimals,
        Rounding rounding
    ) internal pure returns (Number[] memory numbers) {
        uint256 count = TensorCodec.countOf(data, tensorType);
        numbers = new Number[](count);
        for (uint256 i = 0; i < count; ++i) {
            int128 q = int128(TensorCodec.unsafeDecode(data, i, tensorType)); // of at most 32 bits
            numbers[i] = fromFixedPoint(q, exponent, decimals, rounding);
        }
    }

    /// @notice As above, as a tensor of a name and shape. Errors: also ShapeMismatch.
    function decodeTensor(
        string memory name,
        uint32[] memory shape,
        bytes memory data,
        TensorType tensorType,
        int8 exponent,
        int128 decimals,
        Rounding rounding
    ) internal pure returns (MultiDimensionalNumberTensor memory) {
        Number[] memory numbers = decode(data, tensorType, exponent, decimals, rounding);
        _checkShape(shape, numbers.length);
        return MultiDimensionalNumberTensor(name, numbers, shape);
    }

    function _checkShape(uint32[] memory shape, uint256 count) private pure {
        uint256 size = TensorCodec.sizeOf(shape);
        if (size != count) revert ShapeMismatch(size, count);
    }

    /// round(value * 2^twos * 10^tens), as a quotient of integers below 2^256 that is never approximated.
    /// @param twos of [-128, 128]
    /// @return fits whether the result is an int128
    function _scale(
        int128 value,
        int256 twos,
        int256 tens,
        Rounding rounding
    ) private pure returns (bool fits, int128 result) {
        if (value == 0) return (true, 0);
        uint256 numerator = SignedMath.abs(value); // at most 2^127
        uint256 denominator = 1;
        int256 shift = twos + tens; // 10^t = 5^t * 2^t
        if (tens >= 0) {
            // Beyond 2^256 before a shift to the right by 128 at the most: too large in any case.
            if (tens > MAX_FIVES) return (false, 0);
            (fits, numerator) = Math.tryMul(numerator, 5 ** uint256(tens));
            if (!fits) return (false, 0);
            if (shift < 0) {
                denominator = 1 << uint256(-shift);
            } else {
                if (shift > 127 || numerator > (1 << 127) >> uint256(shift)) return (false, 0);
                numerator <<= uint256(shift);
            }
        } else {
            // At most 2^127 * 2^127.
            if (shift > 0) numerator <<= uint256(shift);
            denominator = _denominator(uint256(-tens), shift < 0 ? uint256(-shift) : 0);
        }
        uint256 magnitude = _round(numerator, denominator, value < 0, rounding);
        if (magnitude > (1 << 127) || (value > 0 && magnitude == 1 << 127)) return (false, 0);
        return (true, value < 0 ? int128(-int256(magnitude)) : int128(int256(magnitude)));
    }

    /// 5^fives * 2^shift, or 2^256 - 1 if that is less: the numerator is then below 2^145, far from half of either.
    function _denominator(uint256 fives, uint256 shift) private pure returns (uint256) {
        if (fives > uint256(MAX_FIVES) || shift > 255) return type(uint256).max;
        uint256 power = 5 ** fives;
        return power > type(uint256).max >> shift ? type(uint256).max : power << shift;
    }

    /// |numerator / denominator| of a value of this sign, rounded.
    function _round(
        uint256 numerator,
        uint256 denominator,
        bool negative,
        Rounding rounding
    ) private pure returns (uint256 quotient) {
        quotient = numerator / denominator;
        uint256 rest = numerator % denominator;
        if (rest == 0 || rounding == Rounding.Trunc) return quotient;
        bool away;
        if (rounding == Rounding.Floor) {
            away = negative;
        } else if (rounding == Rounding.Ceil) {
            away = !negative;
        } else {
            uint256 missing = denominator - rest;
            if (rest != missing) away = rest > missing;
            else away = rounding == Rounding.HalfUp ? !negative : quotient % 2 == 1;
        }
        if (away) ++quotient;
    }
}
