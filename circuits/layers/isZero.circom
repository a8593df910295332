// SPDX-License-Identifier: GPL-3.0-or-later
pragma circom 2.2.0;

// Title: IsZero, y = 1 where x = 0, else 0: 2 constraints
// Inputs: x
// Outputs: y
// Assumes: that x is an integer below r in magnitude, so that x = 0 modulo r means x = 0.
template IsZero() {
    signal input x;
    signal output y;

    signal inverse;
    inverse <-- x != 0 ? 1 / x : 0;
    // SOUNDNESS: x = 0 makes y = 1 here; else y = 0 by the next line, and inverse = 1 / x by this.
    // `inverse` is free where x = 0; nothing but this constraint reads it.
    y <== 1 - x * inverse;
    x * y === 0;
}

// Title: IsZeroTensor, y[i] = 1 where x[i] = 0, else 0
// Parameters: size, lo[size], hi[size] (proven range of each x)
// Inputs: x[size]
// Outputs: y[size]
// Assumes: lo[i] <= x[i] <= hi[i]: no constraint where the range says whether x[i] is 0.
template IsZeroTensor(size, lo, hi) {
    signal input x[size];
    signal output y[size];

    for (var i = 0; i < size; i++) {
        if (lo[i] > 0 || hi[i] < 0) {
            y[i] <== 0;
        } else if (lo[i] == 0 && hi[i] == 0) {
            y[i] <== 1;
        } else {
            y[i] <== IsZero()(x[i]);
        }
    }
}
