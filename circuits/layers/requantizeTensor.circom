// SPDX-License-Identifier: GPL-3.0-or-later
pragma circom 2.2.0;

include "../lib/requantize.circom";

// Title: RequantizeTensor, y[i] = clamp((z[i] + half) >> shift, lo, hi)
// Parameters: size, shift, lo, hi, zlo[size], zhi[size] (proven range of each z)
// Inputs: z[size]
// Outputs: y[size]
// Assumes: zlo[i] <= z[i] <= zhi[i]
template RequantizeTensor(size, shift, lo, hi, zlo, zhi) {
    signal input z[size];
    signal output y[size];

    component each[size];
    for (var i = 0; i < size; i++) {
        each[i] = Requantize(shift, lo, hi, zlo[i], zhi[i]);
        each[i].z <== z[i];
        y[i] <== each[i].y;
    }
}
