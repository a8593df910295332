// SPDX-License-Identifier: GPL-3.0-or-later
pragma circom 2.2.0;

include "../../node_modules/circomlib/circuits/poseidon.circom";

// Title: Commitment, to salt and input words (docs/spec/commitment.md): a Poseidon sponge of width 5, one element of it
//        capacity, that overwrites; 737 constraints for each block of 4 elements
// Parameters: count (number of words), tag (initial capacity: names the purpose and the input specs)
// Inputs: salt, words[count]
// Outputs: commitment
// Assumes: that `count` follows from `tag`, so that zeros after the last word are no ambiguity. Nothing of salt and
//          words: any field elements are committed to. Words that stand for values are made canonical by UnpackTensor.
template Commitment(count, tag) {
    var RATE = 4;
    var blocks = (1 + count + RATE - 1) \ RATE;
    signal input salt;
    signal input words[count];
    signal output commitment;

    component permutation[blocks];
    for (var b = 0; b < blocks; b++) {
        permutation[b] = PoseidonEx(RATE, 2);
        if (b == 0) {
            permutation[b].initialState <== tag;
        } else {
            permutation[b].initialState <== permutation[b - 1].out[0];
        }
        for (var i = 0; i < RATE; i++) {
            var at = b * RATE + i;
            if (at == 0) {
                permutation[b].inputs[i] <== salt;
            } else if (at <= count) {
                permutation[b].inputs[i] <== words[at - 1];
            } else {
                permutation[b].inputs[i] <== 0;
            }
        }
    }
    commitment <== permutation[blocks - 1].out[1];
}
