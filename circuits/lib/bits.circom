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

// Value of `count` bits from `start` on, least significant first. Linear in the bits: no constraint.
function valueOfBits(bits, start, count) {
    var value = 0;
    for (var i = 0; i < count; i++) value += bits[start + i] * 2 ** i;
    return value;
}

// Title: ToBits, the one range check of this library
// Parameters: n, number of bits
// Inputs: in
// Outputs: bits[n], least significant first, with in = sum_i 2^i * bits[i]; so 0 <= in < 2^n holds
// Assumes: nothing of `in`. n <= 253, so that 2^n < r and no other bits have the same sum modulo r.
template ToBits(n) {
    assert(n >= 1 && n <= 253);
    signal input in;
    signal output bits[n];

    var sum = 0;
    for (var i = 0; i < n; i++) {
        bits[i] <-- (in >> i) & 1;
        // SOUNDNESS: each bit is 0 or 1; with the sum below, and 2^n < r, the bits are those of `in` and no others.
        bits[i] * (bits[i] - 1) === 0;
        sum += bits[i] * 2 ** i;
    }
    in === sum;
}

// Title: IsZero
// Inputs: in
// Outputs: out, 1 if in = 0, else 0
// Assumes: nothing.
template IsZero() {
    signal input in;
    signal output out;

    signal inverse;
    inverse <-- in != 0 ? 1 / in : 0;
    // SOUNDNESS: in = 0 makes out = 1 here; in != 0 makes out = 0 below and then inverse = 1 / in here. `inverse` is
    // free when in = 0; nothing but these two constraints reads it.
    out <== 1 - in * inverse;
    in * out === 0;
}
