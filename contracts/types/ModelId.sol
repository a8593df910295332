// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// Hash of a model version's commitments and its owner (docs/spec/formats.md, section 8).
type ModelId is bytes32;

using {equals as ==, differs as !=, isZero} for ModelId global;

function equals(ModelId a, ModelId b) pure returns (bool) {
    return ModelId.unwrap(a) == ModelId.unwrap(b);
}

function differs(ModelId a, ModelId b) pure returns (bool) {
    return ModelId.unwrap(a) != ModelId.unwrap(b);
}

function isZero(ModelId id) pure returns (bool) {
    return ModelId.unwrap(id) == bytes32(0);
}
