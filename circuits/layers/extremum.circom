// SPDX-License-Identifier: GPL-3.0-or-later
pragma circom 2.2.0;

include "step.circom";

// Title: Extremum, y = max(a, b), or min(a, b): m + 3 constraints for a difference of m bits and a sign
// Parameters: greatest, 1 for the maximum and 0 for the minimum; lo < 0 < hi (proven range of a - b)
// Inputs: a, b
// Outputs: y
// Assumes: lo <= a - b <= hi. If it did not hold, the decomposition would have no solution, or y be right nonetheless.
template Extremum(greatest, lo, hi) {
    signal input a;
    signal input b;
    signal output y;

    component atLeast = Step(lo, hi);
    atLeast.x <== a - b;
    if (greatest == 1) {
        y <== b + atLeast.y * (a - b);
    } else {
        y <== a - atLeast.y * (a - b);
    }
}

// Title: ExtremumTensor, y[i] = max(a[i], b[i]), or min(a[i], b[i])
// Parameters: greatest, 1 for the maximum and 0 for the minimum; size, lo[size], hi[size] (proven range of each a - b)
// Inputs: a[size], b[size] (the caller repeats an operand of size 1)
// Outputs: y[size]
// Assumes: lo[i] <= a[i] - b[i] <= hi[i]: no constraint where the range says which of the two it is.
template ExtremumTensor(greatest, size, lo, hi) {
    signal input a[size];
    signal input b[size];
    signal output y[size];

    component each[size];
    for (var i = 0; i < size; i++) {
        if (lo[i] < 0 && hi[i] > 0) {
            each[i] = Extremum(greatest, lo[i], hi[i]);
            each[i].a <== a[i];
            each[i].b <== b[i];
            y[i] <== each[i].y;
        } else if ((lo[i] >= 0) == (greatest == 1)) {
            y[i] <== a[i];
        } else {
            y[i] <== b[i];
        }
    }
}
