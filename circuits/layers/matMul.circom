// SPDX-License-Identifier: GPL-3.0-or-later
pragma circom 2.2.0;

// Title: MatMul, z[n, i, j] = sum_k a[n, i, k] * b[n, k, j]: one constraint a product
// Parameters: batch, rows, inner, columns
// Inputs: a[batch * rows * inner], b[batch * inner * columns], row-major
// Outputs: z[batch * rows * columns], row-major. Exact.
// Assumes: that no sum reaches r / 2 in magnitude, which range analysis proves before the circuit is emitted.
template MatMul(batch, rows, inner, columns) {
    signal input a[batch * rows * inner];
    signal input b[batch * inner * columns];
    signal output z[batch * rows * columns];

    signal partial[batch * rows * columns][inner];
    for (var i = 0; i < batch * rows * columns; i++) {
        var row = i \ columns;
        var first = row \ rows * inner;
        for (var k = 0; k < inner; k++) {
            var before = k == 0 ? 0 : partial[i][k - 1];
            partial[i][k] <== before + a[row * inner + k] * b[(first + k) * columns + i % columns];
        }
        z[i] <== partial[i][inner - 1];
    }
}
