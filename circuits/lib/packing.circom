// SPDX-License-Identifier: GPL-3.0-or-later
pragma circom 2.2.0;

include "bits.circom";

// Field packing of docs/spec/formats.md, section 3: `perWord` values of `bits` bits a word, the first value most
// significant, each value offset by lo; the last word holds what remains.

function wordCount(size, perWord) {
    return (size + perWord - 1) \ perWord;
}

// Title: UnpackTensor, words -> values, which is the range check of the values
// Parameters: bits, perWord, size (number of values), lo (least value)
// Inputs: words
// Outputs: values[size], each in [lo, lo + 2^bits - 1]
// Assumes: nothing of the words. The declared range may end before lo + 2^bits - 1: whoever reads the values as
//          declared ones must check the upper end (the verifying contract does, see docs/spec/groth16.md).
template UnpackTensor(bits, perWord, size, lo) {
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
            inRange[first + i] = ToBits(bits, -lo);
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
