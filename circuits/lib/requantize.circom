// SPDX-License-Identifier: GPL-3.0-or-later
pragma circom 2.2.0;

include "bits.circom";

// Requantization y = clamp((z + half) >> shift, lo, hi), with half = 2^(shift - 1), or 0 where shift = 0. Below,
// u = z + half and q = floor(u / 2^shift). One decomposition of u serves rounding and both clamps.
//
// All templates ASSUME that q lies in [qlo, qhi]; the caller's range analysis proves it. If it did not hold, the
// decompositions would have no solution: no proof, never a wrong one.

// floor(v / 2^shift) of a compile-time constant; circom's own >> and \ read a negative v as v + r.
function floorShift(v, shift) {
    if (v >= 0) return v \ 2 ** shift;
    return -((-v + 2 ** shift - 1) \ 2 ** shift);
}

function larger(a, b) {
    return a > b ? a : b;
}

// Title: Floor, no clamp can bind
// Parameters: shift, qlo, qhi
// Inputs: u
// Outputs: y = q
template Floor(shift, qlo, qhi) {
    signal input u;
    signal output y;
    if (shift == 0) {
        y <== u;
    } else {
        var m = bitLength(qhi - qlo);
        component low = ToBits(shift + m);
        low.in <== u - 2 ** shift * qlo;
        y <== qlo + valueOfBits(low.bits, shift, m);
    }
}

// Title: FloorAtLeast, only the lower clamp can bind (ReLU: lo = 0)
// Parameters: shift, qlo < lo < qhi
// Inputs: u
// Outputs: y = max(q, lo)
template FloorAtLeast(shift, qlo, qhi, lo) {
    signal input u;
    signal output y;
    // q - lo + 2^m has m + 1 bits; its top bit says whether q >= lo, and then the others are q - lo.
    var m = larger(bitLength(qhi - lo), bitLength(lo - 1 - qlo));
    component sum = ToBits(shift + m + 1);
    sum.in <== u + 2 ** shift * (2 ** m - lo);
    y <== lo + sum.bits[shift + m] * valueOfBits(sum.bits, shift, m);
}

// Title: FloorAtMost, only the upper clamp can bind
// Parameters: shift, qlo < hi < qhi
// Inputs: u
// Outputs: y = min(q, hi)
template FloorAtMost(shift, qlo, qhi, hi) {
    signal input u;
    signal output y;
    // q - (hi + 1) + 2^m has m + 1 bits; its top bit says whether q > hi; if not, the others are q - (hi + 1) + 2^m.
    var m = larger(bitLength(qhi - hi - 1), bitLength(hi - qlo));
    component sum = ToBits(shift + m + 1);
    sum.in <== u + 2 ** shift * (2 ** m - hi - 1);
    y <== hi + (1 - sum.bits[shift + m]) * (valueOfBits(sum.bits, shift, m) + 1 - 2 ** m);
}

// Title: FloorBetween, both clamps can bind and the interval [lo, lo + 2^t - 1] is a power of two long
// Parameters: shift, qlo < lo, qhi > lo + 2^t - 1
// Inputs: u
// Outputs: y = min(max(q, lo), lo + 2^t - 1)
template FloorBetween(shift, qlo, qhi, lo, t) {
    signal input u;
    signal output y;
    // q - lo + 2^m has m + 1 bits: t bits of offset into the interval, then those that say whether q is inside.
    var m = larger(bitLength(qhi - lo), bitLength(lo - 1 - qlo));
    component sum = ToBits(shift + m + 1);
    sum.in <== u + 2 ** shift * (2 ** m - lo);

    component inside = IsZero();
    inside.in <== valueOfBits(sum.bits, shift + t, m + 1 - t) - 2 ** (m - t);
    // Outside, the top bit (q >= lo) tells above from below.
    var offset = valueOfBits(sum.bits, shift, t);
    y <== lo + inside.out * (offset - (2 ** t - 1)) + (2 ** t - 1) * sum.bits[shift + m];
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

    var half = shift > 0 ? 2 ** (shift - 1) : 0;
    var qlo = floorShift(zlo + half, shift);
    var qhi = floorShift(zhi + half, shift);
    var t = bitLength(hi - lo);

    if (qhi <= lo || lo == hi) {
        y <== lo;
    } else if (qlo >= hi) {
        y <== hi;
    } else if (qlo >= lo && qhi <= hi) {
        y <== Floor(shift, qlo, qhi)(z + half);
    } else if (qhi <= hi) {
        y <== FloorAtLeast(shift, qlo, qhi, lo)(z + half);
    } else if (qlo >= lo) {
        y <== FloorAtMost(shift, qlo, qhi, hi)(z + half);
    } else if (hi - lo + 1 == 2 ** t) {
        y <== FloorBetween(shift, qlo, qhi, lo, t)(z + half);
    } else {
        signal least <== FloorAtLeast(shift, qlo, qhi, lo)(z + half);
        y <== FloorAtMost(0, lo, qhi, hi)(least);
    }
}
