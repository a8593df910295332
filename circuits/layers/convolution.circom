// SPDX-License-Identifier: GPL-3.0-or-later
pragma circom 2.2.0;

// The taps k of an axis that meet the input at output position p, that is 0 <= p * stride + k * dilation - begin < size:
// the first, and the one after the last. Both are compile-time constants.
function firstTap(p, stride, dilation, begin) {
    var before = begin - p * stride;
    return before > 0 ? (before + dilation - 1) \ dilation : 0;
}

function endOfTaps(p, stride, dilation, begin, size, kernel) {
    var after = size + begin - p * stride;
    if (after <= 0) return 0;
    var count = (after + dilation - 1) \ dilation;
    return count < kernel ? count : kernel;
}

// Title: Convolution, z[n, m, p] = sum_{c, k} weights[m][c, k] * x[n, g * ins + c, p * stride + k * dilation - begin] +
//        bias[m], with g = m \ (outs \ group) and x = 0 outside its bounds
// Parameters: batch; group; outs and ins (output channels, input channels a group); per axis, three of each, inputSize,
//             outputSize, kernel (its size), stride, dilation and begin; weights[outs][ins * kernel], bias[outs]:
//             integers, negative ones as r - |w|
// Inputs: x[batch * group * ins * input], row-major
// Outputs: z[batch * outs * output], row-major. Exact.
// Assumes: that no sum reaches r / 2 in magnitude, which range analysis proves before the circuit is emitted.
// Linear in x: one linear constraint an output. Sums are put together from chunks as in FullyConnected.
template Convolution(batch, group, outs, ins, inputSize, outputSize, kernel, stride, dilation, begin, weights, bias) {
    signal input x[batch * group * ins * inputSize[0] * inputSize[1] * inputSize[2]];
    signal output z[batch * outs * outputSize[0] * outputSize[1] * outputSize[2]];

    var next = 0;
    for (var row = 0; row < batch * outs; row++) {
        var m = row % outs;
        // first input channel of this batch and group
        var channel = (row \ outs * group + m \ (outs \ group)) * ins;
        for (var p0 = 0; p0 < outputSize[0]; p0++) {
            var first0 = firstTap(p0, stride[0], dilation[0], begin[0]);
            var end0 = endOfTaps(p0, stride[0], dilation[0], begin[0], inputSize[0], kernel[0]);
            for (var p1 = 0; p1 < outputSize[1]; p1++) {
                var first1 = firstTap(p1, stride[1], dilation[1], begin[1]);
                var end1 = endOfTaps(p1, stride[1], dilation[1], begin[1], inputSize[1], kernel[1]);
                for (var p2 = 0; p2 < outputSize[2]; p2++) {
                    var first2 = firstTap(p2, stride[2], dilation[2], begin[2]);
                    var end2 = endOfTaps(p2, stride[2], dilation[2], begin[2], inputSize[2], kernel[2]);
                    var total = bias[m];
                    var part = 0;
                    var sum = 0;
                    var held = 0;
                    for (var c = 0; c < ins; c++) {
                        for (var k0 = first0; k0 < end0; k0++) {
                            var at0 = (channel + c) * inputSize[0] + p0 * stride[0] + k0 * dilation[0] - begin[0];
                            for (var k1 = first1; k1 < end1; k1++) {
                                var at1 = at0 * inputSize[1] + p1 * stride[1] + k1 * dilation[1] - begin[1];
                                var at2 = at1 * inputSize[2] + p2 * stride[2] - begin[2];
                                var tap = ((c * kernel[0] + k0) * kernel[1] + k1) * kernel[2];
                                for (var k2 = first2; k2 < end2; k2++) {
                                    sum += weights[m][tap + k2] * x[at2 + k2 * dilation[2]];
                                    held++;
                                    if (held % 8 == 0) {
                                        part += sum;
                                        sum = 0;
                                        if (held % 64 == 0) {
                                            total += part;
                                            part = 0;
                                        }
                                    }
                                }
                            }
                        }
                    }
                    z[next] <== total + (part + sum);
                    next++;
                }
            }
        }
    }
}
