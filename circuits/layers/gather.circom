// SPDX-License-Identifier: GPL-3.0-or-later
pragma circom 2.2.0;

// Title: Gather, y[i] = x[indices[i]], or fill where indices[i] = -1
// Parameters: size, total, indices[size] in -1 .. total - 1, fill
// Inputs: x[total], the operands one after the other, each row-major
// Outputs: y[size]. Exact.
// Assumes: nothing. Equalities of wires, and of wires with a constant, which the compiler removes: 0 constraints.
template Gather(size, total, indices, fill) {
    signal input x[total];
    signal output y[size];

    for (var i = 0; i < size; i++) {
        if (indices[i] == -1) {
            y[i] <== fill;
        } else {
            y[i] <== x[indices[i]];
        }
    }
}
