// SPDX-License-Identifier: GPL-3.0-or-later
pragma circom 2.2.0;

// Title: BindContext, which keeps a public input that nothing else reads
// Inputs: context, any field element
// Outputs: none
// Assumes: nothing. The proof system binds every public input to the proof as soon as the input is part of the
//          constraint system; a quadratic constraint is never removed by the compiler, a missing one could be.
template BindContext() {
    signal input context;
    signal square <== context * context;
}
