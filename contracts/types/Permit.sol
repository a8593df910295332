// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// An ERC-2612 permit for the market to take `value` of its signer's tokens.
struct Permit {
    uint256 value;
    uint256 deadline;
    uint8 v;
    bytes32 r;
    bytes32 s;
}
