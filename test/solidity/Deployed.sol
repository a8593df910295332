// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity ^0.8.28;

import {IInferenceMarket} from "../../contracts/interfaces/IInferenceMarket.sol";
import {IModelRegistry} from "../../contracts/interfaces/IModelRegistry.sol";
import {IProofSystem} from "../../contracts/interfaces/IProofSystem.sol";
import {IProofSystemRouter} from "../../contracts/interfaces/IProofSystemRouter.sol";

// What tests call of contracts that are deployed from their artifacts. A test that imported an implementation for its
// type would compile it anew, which takes a minute and more.

interface IMarket is IInferenceMarket {
    function DOMAIN_JOB() external view returns (bytes32);

    function MAX_OUTPUT_BYTES() external view returns (uint256);

    function MAX_BATCH() external view returns (uint256);

    function MAX_VERIFY_GAS() external view returns (uint256);

    function registry() external view returns (IModelRegistry);

    function router() external view returns (IProofSystemRouter);

    function burntOf(address token) external view returns (uint256);

    function isTokenAllowed(address token) external view returns (bool);
}

interface IMockProofSystem is IProofSystem {
    function sealOf(
        bytes32 keyHash,
        uint256 context,
        bytes calldata input,
        bytes calldata output
    ) external pure returns (bytes memory);
}
