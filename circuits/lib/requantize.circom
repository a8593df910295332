// SPDX-License-Identifier: GPL-3.0-or-later
pragma circom 2.2.0;

include "bits.circom";

// Requantization y = clamp((z + half) >> shift, lo, hi), with half = 2^(shift - 1), or 0 where shift = 0. Below, q is
// (z + half) >> shift, before the clamp. One decomposition of z plus a constant serves rounding and both clamps.
//
// All templates ASSUME that q lies in [qlo, qhi]; the caller's range analysis proves it. If it did not hold, the
// decompositions would have no solution: no proof, never a wrong one.

function halfOf(shift) {
    return shift > 0 ? 2 ** (shift - 1) : 0;
}

// floor(v / 2^shift) of a compile-time constant; circom's own >> and \ read a negative v as v + r.
function floorShift(v, shift) {
    if (v >= 0) return v \ 2 ** shift;
    return -((-v + 2 ** shift - 1) \ 2 ** shift);
}

function larger(a, b) {
    return a > b ? a : b;
}

// Title: Floor, no clamp can bind: shift + m constraints, m bits for qhi - qlo
// Parameters: shift >= 1, qlo, qhi
// Inputs: z
// Outputs: y = q
template Floor(shift, qlo, qhi) {
    signal input z;
    signal output y;
    var m = bitLength(qhi - qlo);
    component sum = ToBits(shift + m, halfOf(shift) - 2 ** shift * qlo);
    sum.in <== z;
    y <== qlo + valueOfBits(0, sum.upper, shift + m, shift, m);
}

// Title: FloorAtLeast, only the lower clamp can bind (ReLU: lo = 0): shift + m + 2 constraints
// Parameters: shift, qlo < lo < qhi
// Inputs: z
// Outputs: y = max(q, lo)
template FloorAtLeast(shift, qlo, qhi, lo) {
    signal input z;
    signal output y;
    // q - lo + 2^m has m + 1 bits; its top bit says whether q >= lo, and then the others are q - lo.
    var m = larger(bitLength(qhi - lo), bitLength(lo - 1 - qlo));
    var n = shift + m + 1;
    var offset = halfOf(shift) + 2 ** shift * (2 ** m - lo);
    component sum = ToBits(n, offset);
    sum.in <== z;
    var atLeast = valueOfBits(z + offset, sum.upper, n, shift + m, 1);
    y <== lo + atLeast * valueOfBits(z + offset, sum.upper, n, shift, m);
}

// Title: FloorAtMost, only the upper clamp can bind: shift + m + 2 constraints
// Parameters: shift, qlo < hi < qhi
// Inputs: z
// Outputs: y = min(q, hi)
template FloorAtMost(shift, qlo, qhi, hi) {
    signal input z;
    signal output y;
    // q - (hi + 1) + 2^m has m + 1 bits; its top bit says whether q > hi; if not, the others are q - (hi + 1) + 2^m.
    var m = larger(bitLength(qhi - hi - 1), bitLength(hi - qlo));
    var n = shift + m + 1;
    var offset = halfOf(shift) + 2 ** shift * (2 ** m - hi - 1);
    component sum = ToBits(n, offset);
    sum.in <== z;
    var above = valueOfBits(z + offset, sum.upper, n, shift + m, 1);
    y <== hi + (1 - above) * (valueOfBits(z + offset, sum.upper, n, shift, m) + 1 - 2 ** m);
}

// Title: FloorBetween, both clamps can bind and the interval holds 2^t integers: shift + m + 4 constraints
// Parameters: shift, qlo < lo, qhi > lo + 2^t - 1, t >= 1
// Inputs: z
// Outputs: y = min(max(q, lo), lo + 2^t - 1)
template FloorBetween(shift, qlo, qhi, lo, t) {
    signal input z;
    signal output y;
    // q - lo + 2^m has m + 1 bits: t bits of place in the interval, then those that say whether q is inside.
    var m = larger(bitLength(qhi - lo), bitLength(lo - 1 - qlo));
    var n = shift + m + 1;
    var offset = halfOf(shift) + 2 ** shift * (2 ** m - lo);
    component sum = ToBits(n, offset);
    sum.in <== z;

    // 0 inside the interval, something else outside
    var outside = valueOfBits(z + offset, sum.upper, n, shift + t, m + 1 - t) - 2 ** (m - t);
    signal inverse;
    signal inside;
    inverse <-- outside != 0 ? 1 / outside : 0;
    // SOUNDNESS: outside = 0 makes inside = 1 here; else inside = 0 by the next line, and inverse = 1 / outside by this.
    // `inverse` is free where outside = 0; nothing but this constraint reads it.
    inside <== 1 - outside * inverse;
    outside * inside === 0;

    // Outside, the top bit tells above from below.
    var place = valueOfBits(z + offset, sum.upper, n, shift, t);
    var atLeast = valueOfBits(z + offset, sum.upper, n, shift + m, 1);
    y <== lo + inside * (place - (2 ** t - 1)) + (2 ** t - 1) * atLeast;
}

// Title: Requantize
// Parameters: shift, lo <= hi (clamp), zlo <= zhi (proven range of z)
// Inputs: z
// Outputs: y = clamp((z + half) >> shift, lo, hi)
// Assumes: zlo <= z <= zhi
template Requantize(shift, lo, hi, zlo, zhi) {
    assert(shift >= 0 && lo <= hi && zlo <= zhi);
    signal input z;
    signal output y;

    var qlo = floorShift(zlo + halfOf(shift), shift);
    var qhi = floorShift(zhi + halfOf(shift), shift);
    var t = bitLength(hi - lo);

    if (qhi <= lo) {
        y <== lo;
    } else if (qlo >= hi) {
        y <== hi;
    } else if (qlo >= lo && qhi <= hi) {
        if (shift == 0) {
            y <== z;
        } else {
            y <== Floor(shift, qlo, qhi)(z);
        }
    } else if (qhi <= hi) {
        y <== FloorAtLeast(shift, qlo, qhi, lo)(z);
    } else if (qlo >= lo) {
        y <== FloorAtMost(shift, qlo, qhi, hi)(z);
    } else if (lo == hi) {
        y <== lo;
    } else if (hi - lo + 1 == 2 ** t) {
        y <== FloorBetween(shift, qlo, qhi, lo, t)(z);
    } else {
        signal least <== FloorAtLeast(shift, qlo, qhi, lo)(z);
        y <== FloorAtMost(0, lo, qhi, hi)(least);
    }
}
