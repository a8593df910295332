// SPDX-License-Identifier: GPL-3.0-or-later
pragma circom 2.2.0;

// Title: FullyConnected, z[row, o] = sum_j weights[o][j] * x[row, j] + bias[o]
// Parameters: rows, outputs, inputs, weights[outputs][inputs], bias[outputs]: integers, negative ones as r - |w|
// Inputs: x[rows * inputs], row-major
// Outputs: z[rows * outputs], row-major. Exact.
// Assumes: that no sum reaches r / 2 in magnitude, which range analysis proves before the circuit is emitted.
// Linear in x: one linear constraint an output, which keeps z a wire and so the constraints that read it short. Sums are
// put together from sums of 64 and these from sums of 8, because the compiler copies a running sum at each step.
template FullyConnected(rows, outputs, inputs, weights, bias) {
    signal input x[rows * inputs];
    signal output z[rows * outputs];

    for (var row = 0; row < rows; row++) {
        for (var o = 0; o < outputs; o++) {
            var total = bias[o];
            for (var far = 0; far < inputs; far += 64) {
                var part = 0;
                for (var near = far; near < inputs && near < far + 64; near += 8) {
                    var sum = 0;
                    for (var j = near; j < inputs && j < near + 8; j++) sum += weights[o][j] * x[row * inputs + j];
                    part += sum;
                }
                total += part;
            }
            z[row * outputs + o] <== total;
        }
    }
}
