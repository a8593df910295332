// SPDX-License-Identifier: GPL-3.0-or-later
pragma circom 2.2.0;

// Title: Multiply, z[i] = a[i] * b[i]: one constraint a value
// Parameters: size
// Inputs: a[size], b[size] (the caller repeats an operand of size 1)
// Outputs: z[size]. Exact.
// Assumes: that no product reaches r / 2 in magnitude, which range analysis proves before the circuit is emitted.
template Multiply(size) {
    signal input a[size];
    signal input b[size];
    signal output z[size];

    for (var i = 0; i < size; i++) z[i] <== a[i] * b[i];
}
