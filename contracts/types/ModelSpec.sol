// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {ModelId} from "./ModelId.sol";

/// What an owner registers. All but name and royalty are commitments, hashed into the model's id; they never change.
struct ModelSpec {
    bytes4 proofSystem; // selector, known to the router
    bytes32 keyHash; // registered with that proof system
    bytes32 graphHash; // keccak256(graph.json)
    bytes32 weightsHash; // keccak256(weights.bin)
    bytes32 inputSpecHash; // equal to the key's
    bytes32 outputSpecHash; // equal to the key's
    bytes32 setupHash; // ceremony transcript; 0 = INSECURE development set-up
    bytes cid; // CIDv1 of the package, 36 bytes
    ModelId previous; // the version that this one follows, of the same owner; or zero
    string name; // at most 64 bytes, for people
    address royaltyPayee;
    uint16 royaltyBps; // share of the price, of 10,000
}

/// Where a model's royalty goes. A job keeps the terms in force when it was requested.
struct RoyaltyTerms {
    address payee;
    uint16 bps;
}
