// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// EIP-712 digest of a Request, bound to chain and market (docs/spec/formats.md, section 9).
type JobId is bytes32;

using {equals as ==} for JobId global;

function equals(JobId a, JobId b) pure returns (bool) {
    return JobId.unwrap(a) == JobId.unwrap(b);
}
