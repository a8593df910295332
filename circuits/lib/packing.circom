// SPDX-License-Identifier: GPL-3.0-or-later
pragma circom 2.2.0;

include "bits.circom";

// Field packing of docs/spec/formats.md, section 3: `perWord` values of `bits` bits a word, the first value most
// significant, each value offset by lo; the last word holds what remains.

function wordCount(size, perWord) {
    return (size + perWord - 1) \ perWord;
}

// Whether bit i of v is 0 and the one below it is not: where a run of zeros ends.
function endsZeros(v, i) {
    return ((v >> i) & 1) == 0 && (i == 0 || ((v >> (i - 1)) & 1) == 1);
}

// Number of runs of zeros in the `bits` lowest bits of v.
function zeroRuns(v, bits) {
    var runs = 0;
    for (var i = 0; i < bits; i++) runs += endsZeros(v, i);
    return runs;
}

// Title: InRange, the range check of a value: `bits` constraints, and one for each run of zeros in hi - lo
// Parameters: bits, lo, hi with 0 <= hi - lo < 2^bits
// Inputs: in
// Outputs: none; lo <= in <= hi holds
// Assumes: nothing of `in`
template InRange(bits, lo, hi) {
    assert(lo <= hi && hi - lo < 2 ** bits);
    signal input in;

    component sum = ToBits(bits, -lo);
    sum.in <== in;

    // in - lo > hi - lo if and only if, for some run of zeros in hi - lo, in - lo has each 1 of hi - lo above the run
    // (`missing` = 0) and a 1 inside the run (`extra` > 0). Both are counts of bits, far below r.
    var most = hi - lo;
    signal quotient[zeroRuns(most, bits)];
    var run = 0;
    var missing = 0;
    var extra = 0;
    // No run of zeros, nothing to check; circom passes no empty array, which `upper` is for a single bit.
    if (zeroRuns(most, bits) > 0) {
        for (var i = bits - 1; i >= 0; i--) {
            var bit = valueOfBits(in - lo, sum.upper, bits, i, 1);
            if (((most >> i) & 1) == 1) {
                missing += 1 - bit;
            } else {
                extra += bit;
            }
            if (endsZeros(most, i)) {
                quotient[run] <-- missing != 0 ? extra / missing : 0;
                // SOUNDNESS: missing = 0 forces extra = 0. Else the quotient is pinned, and forbids nothing.
                // It is free where missing = 0; nothing but this constraint reads it.
                extra === quotient[run] * missing;
                run++;
                extra = 0;
            }
        }
    }
}

// Title: UnpackTensor, words -> values, which is the range check of the values
// Parameters: bits, perWord, size (number of values), lo and hi (range of a value)
// Inputs: words
// Outputs: values[size], each in [lo, hi]
// Assumes: nothing of the words. With hi = lo + 2^bits - 1, unpacking alone is the check: whoever reads the values as
//          declared ones must check an upper end below that (for public inputs the verifying contract does, see
//          docs/spec/groth16.md).
template UnpackTensor(bits, perWord, size, lo, hi) {
    assert(bits >= 1 && bits * perWord <= 248);
    var count = wordCount(size, perWord);
    signal input words[count];
    signal output values[size];

    component inRange[size];
    for (var w = 0; w < count; w++) {
        var first = w * perWord;
        var held = size - first < perWord ? size - first : perWord;
        var word = 0;
        for (var i = 0; i < held; i++) {
            values[first + i] <-- lo + ((words[w] >> (held - 1 - i) * bits) & (2 ** bits - 1));
            // SOUNDNESS: each value - lo has `bits` bits, so the sum below is less than 2^248 < r and has one solution.
            inRange[first + i] = InRange(bits, lo, hi);
            inRange[first + i].in <== values[first + i];
            word = word * 2 ** bits + values[first + i] - lo;
        }
        words[w] === word;
    }
}

// Title: PackTensor, values -> words
// Parameters: as UnpackTensor
// Inputs: values[size]
// Outputs: words
// Assumes: each value in [lo, lo + 2^bits - 1], which range analysis proves before the circuit is emitted. Then a word
//          is below 2^248 and determines its values.
template PackTensor(bits, perWord, size, lo) {
    assert(bits >= 1 && bits * perWord <= 248);
    var count = wordCount(size, perWord);
    signal input values[size];
    signal output words[count];

    for (var w = 0; w < count; w++) {
        var first = w * perWord;
        var held = size - first < perWord ? size - first : perWord;
        var word = 0;
        for (var i = 0; i < held; i++) word = word * 2 ** bits + values[first + i] - lo;
        words[w] <== word;
    }
}
