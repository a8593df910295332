// SPDX-License-Identifier: GPL-3.0-or-later
pragma circom 2.2.0;

// Number of bits of v: 0 for 0. v is a compile-time constant, 0 <= v < 2^252.
function bitLength(v) {
    var n = 0;
    while (v > 0) {
        v = v \ 2;
        n++;
    }
    return n;
}

// Value of the `count` bits from bit `start` on of an n-bit number `sum`, whose bits 1 .. n - 1 are upper[0 .. n - 2]
// (ToBits). Linear in `sum` and `upper`: no constraint.
function valueOfBits(sum, upper, n, start, count) {
    var value = 0;
    if (start > 0) {
        for (var i = 0; i < count; i++) value += upper[start + i - 1] * 2 ** i;
    } else if (count > 0) {
        value = sum;
        for (var i = count; i < n; i++) value -= upper[i - 1] * 2 ** i;
    }
    return value;
}

// Title: ToBits, the one range check of this library: n constraints
// Parameters: n, number of bits; offset, a constant
// Inputs: in
// Outputs: upper[n - 1], bits 1 .. n - 1 of in + offset; its bit 0 is what is left:
//          valueOfBits(in + offset, upper, n, 0, 1). So 0 <= in + offset < 2^n holds.
// Assumes: nothing of `in`. n <= 253, so that 2^n < r and no other bits have the same sum modulo r.
template ToBits(n, offset) {
    assert(n >= 1 && n <= 253);
    signal input in;
    signal output upper[n - 1];

    // Bit 0 is an expression and not a wire: that saves the linear constraint which would define it.
    var above = 0;
    for (var i = 1; i < n; i++) {
        upper[i - 1] <-- (in + offset >> i) & 1;
        // SOUNDNESS: each upper bit is 0 or 1 ...
        upper[i - 1] * (upper[i - 1] - 1) === 0;
        above += upper[i - 1] * 2 ** i;
    }
    // ... and so is bit 0, which is the rest. in + offset = bit 0 + above has one solution, as 2^n < r.
    (in + offset - above) * (in + offset - above - 1) === 0;
}
