// SPDX-License-Identifier: GPL-3.0-or-later
pragma circom 2.2.0;

include "../lib/bits.circom";

// Title: Step, y = 1 where x >= 0, else 0: m + 2 constraints, or none where the range says which
// Parameters: lo <= hi (proven range of x)
// Inputs: x
// Outputs: y
// Assumes: lo <= x <= hi. If it did not hold, the decomposition would have no solution, or y be right nonetheless.
template Step(lo, hi) {
    signal input x;
    signal output y;

    if (lo >= 0 || hi < 0) {
        y <== lo >= 0 ? 1 : 0;
    } else {
        // x + 2^m has m + 1 bits; its top bit says whether x >= 0. m = 1 at least: circom passes no empty array.
        var m = 1;
        if (bitLength(hi) > m) m = bitLength(hi);
        if (bitLength(-1 - lo) > m) m = bitLength(-1 - lo);
        component sum = ToBits(m + 1, 2 ** m);
        sum.in <== x;
        y <== valueOfBits(x + 2 ** m, sum.upper, m + 1, m, 1);
    }
}

// Title: StepTensor, y[i] = 1 where x[i] >= 0, else 0
// Parameters: size, lo[size], hi[size] (proven range of each x)
// Inputs: x[size]
// Outputs: y[size]
// Assumes: lo[i] <= x[i] <= hi[i]
template StepTensor(size, lo, hi) {
    signal input x[size];
    signal output y[size];

    component each[size];
    for (var i = 0; i < size; i++) {
        each[i] = Step(lo[i], hi[i]);
        each[i].x <== x[i];
        y[i] <== each[i].y;
    }
}
