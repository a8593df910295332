// SPDX-License-Identifier: GPL-3.0-or-later
pragma circom 2.2.0;

// Title: FullyConnected, z[row, o] = sum_j weights[o][j] * x[row, j] + bias[o]
// Parameters: rows, outputs, inputs, weights[outputs][inputs], bias[outputs]: integers, negative ones as r - |w|
// Inputs: x[rows * inputs], row-major
// Outputs: z[rows * outputs], row-major. Exact.
// Assumes: that no sum reaches r / 2 in magnitude, which range analysis proves before the circuit is emitted.
// Linear in x: no quadratic constraint. Sums go in chunks because one running sum takes quadratic time to compile.
template FullyConnected(rows, outputs, inputs, weights, bias) {
    signal input x[rows * inputs];
    signal output z[rows * outputs];

    var chunk = 64;
    var chunks = (inputs + chunk - 1) \ chunk;
    signal partial[rows][outputs][chunks];
    for (var row = 0; row < rows; row++) {
        for (var o = 0; o < outputs; o++) {
            var total = bias[o];
            for (var c = 0; c < chunks; c++) {
                var sum = 0;
                for (var j = c * chunk; j < inputs && j < (c + 1) * chunk; j++) {
                    sum += weights[o][j] * x[row * inputs + j];
                }
                partial[row][o][c] <== sum;
                total += partial[row][o][c];
            }
            z[row * outputs + o] <== total;
        }
    }
}
