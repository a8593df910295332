// SPDX-License-Identifier: GPL-3.0-or-later
pragma circom 2.2.0;

include "../lib/bits.circom";

// Place of the highest 1 in the binary form of v > 0.
function highestBit(v) {
    return bitLength(v) - 1;
}

// Title: Monomials, all products of some of n bits, but the empty one: 2^n - n - 1 constraints
// Parameters: n >= 1
// Inputs: bit[n]
// Outputs: product[2^n - 1]; product[s - 1] is that of the bits i with 1 at place i of s
// Assumes: nothing
template Monomials(n) {
    signal input bit[n];
    signal output product[2 ** n - 1];

    for (var s = 1; s < 2 ** n; s++) {
        var top = highestBit(s);
        if (s == 2 ** top) {
            product[s - 1] <== bit[top];
        } else {
            product[s - 1] <== product[s - 2 ** top - 1] * bit[top];
        }
    }
}

// Title: Table, y = T[x - least], a function of n bits as a polynomial in them: 2^low + 2^(high + 1) - 2 constraints,
//        with n = low + high; 46 for n = 8, 190 for n = 12, 766 for n = 16
// Parameters: n >= 2; least; coefficients[2^n]: T[v] = sum_s coefficients[s] for all s whose 1s are 1s of v, which has one
//             solution for each T
// Inputs: x
// Outputs: y
// Assumes: nothing: 0 <= x - least < 2^n is checked.
template Table(n, least, coefficients) {
    assert(n >= 2);
    signal input x;
    signal output y;
    var high = n \ 2;
    var low = n - high;
    var columns = 2 ** low;

    component sum = ToBits(n, -least);
    sum.in <== x;
    component inLow = Monomials(low);
    component inHigh = Monomials(high);
    for (var i = 0; i < low; i++) inLow.bit[i] <== valueOfBits(x - least, sum.upper, n, i, 1);
    for (var i = low; i < n; i++) inHigh.bit[i - low] <== sum.upper[i - 1];

    // Row s: the products with exactly these high bits, as a linear sum over the low ones. The last one defines y.
    signal row[2 ** high - 2];
    var total = 0;
    for (var s = 0; s < 2 ** high; s++) {
        var part = coefficients[s * columns];
        for (var near = 1; near < columns; near += 16) {
            var chunk = 0;
            for (var t = near; t < columns && t < near + 16; t++) {
                chunk += coefficients[s * columns + t] * inLow.product[t - 1];
            }
            part += chunk;
        }
        if (s == 0) {
            total += part;
        } else if (s < 2 ** high - 1) {
            row[s - 1] <== inHigh.product[s - 1] * part;
            total += row[s - 1];
        } else {
            y <== total + inHigh.product[s - 1] * part;
        }
    }
}

// Title: TableTensor, y[i] = T[x[i] - least]
// Parameters: size, and those of Table
// Inputs: x[size]
// Outputs: y[size]
// Assumes: nothing
template TableTensor(size, n, least, coefficients) {
    signal input x[size];
    signal output y[size];

    component each[size];
    for (var i = 0; i < size; i++) {
        each[i] = Table(n, least, coefficients);
        each[i].x <== x[i];
        y[i] <== each[i].y;
    }
}
