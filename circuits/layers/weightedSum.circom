// SPDX-License-Identifier: GPL-3.0-or-later
pragma circom 2.2.0;

// Title: WeightedSum, z[i] = sum_k multipliers[k] * x[k][i] + constants[i]
// Parameters: size, operands, multipliers[operands], constants[size]: integers, negative ones as r - |v|
// Inputs: x[operands][size] (the caller repeats an operand of size 1)
// Outputs: z[size]. Exact.
// Assumes: that no sum reaches r / 2 in magnitude, which range analysis proves before the circuit is emitted.
// Linear in x: one linear constraint a value.
template WeightedSum(size, operands, multipliers, constants) {
    signal input x[operands][size];
    signal output z[size];

    for (var i = 0; i < size; i++) {
        var sum = constants[i];
        for (var k = 0; k < operands; k++) sum += multipliers[k] * x[k][i];
        z[i] <== sum;
    }
}
