// SPDX-License-Identifier: GPL-3.0-or-later
pragma circom 2.2.0;

// Title: Convolution, z[n, m, p] = sum_{c, k} weights[m][c, k] * x[n, g * ins + c, p * stride + k * dilation - begin] +
//        bias[m], with g = m \ (outs \ group) and x = 0 outside its bounds
// Parameters: batch; group; outs and ins (output channels, input channels a group); per axis, three of each, sizes of
//             input, output and kernel, stride, dilation and begin; weights[outs][ins * kernel], bias[outs]: integers,
//             negative ones as r - |w|
// Inputs: x[batch * group * ins * input], row-major
// Outputs: z[batch * outs * output], row-major. Exact.
// Assumes: that no sum reaches r / 2 in magnitude, which range analysis proves before the circuit is emitted.
// Linear in x: one linear constraint an output. Sums are put together from chunks as in FullyConnected.
template Convolution(batch, group, outs, ins, input3, output3, kernel3, stride, dilation, begin, weights, bias) {
    var inputSize = input3[0] * input3[1] * input3[2];
    var outputSize = output3[0] * output3[1] * output3[2];
    var kernelSize = kernel3[0] * kernel3[1] * kernel3[2];
    signal input x[batch * group * ins * inputSize];
    signal output z[batch * outs * outputSize];

    var chunk = 32;
    for (var row = 0; row < batch * outs; row++) {
        var m = row % outs;
        // first input channel of this batch and group
        var channel = (row \ outs * group + m \ (outs \ group)) * ins;
        for (var p = 0; p < outputSize; p++) {
            var total = bias[m];
            var sum = 0;
            var held = 0;
            for (var tap = 0; tap < ins * kernelSize; tap++) {
                // Position of the tap on each axis, and of what it meets in x; the last axis varies fastest.
                var at = channel + tap \ kernelSize;
                var inside = 1;
                var restOfTap = tap % kernelSize;
                var restOfP = p;
                var kernelBelow = kernelSize;
                var outputBelow = outputSize;
                for (var axis = 0; axis < 3; axis++) {
                    kernelBelow = kernelBelow \ kernel3[axis];
                    outputBelow = outputBelow \ output3[axis];
                    var met = restOfP \ outputBelow * stride[axis] + restOfTap \ kernelBelow * dilation[axis];
                    met -= begin[axis];
                    restOfTap = restOfTap % kernelBelow;
                    restOfP = restOfP % outputBelow;
                    if (met < 0 || met >= input3[axis]) inside = 0;
                    at = at * input3[axis] + met;
                }
                if (inside == 1) {
                    sum += weights[m][tap] * x[at];
                    held++;
                }
                if (held == chunk) {
                    total += sum;
                    sum = 0;
                    held = 0;
                }
            }
            z[row * outputSize + p] <== total + sum;
        }
    }
}
