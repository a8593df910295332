// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IInferenceMarket} from "../interfaces/IInferenceMarket.sol";
import {ModelId} from "../types/ModelId.sol";
import {ConsumerBase} from "./ConsumerBase.sol";

/// @title Base of a dApp that uses one model on one market, for ever
abstract contract InferenceConsumer is ConsumerBase {
    IInferenceMarket public immutable market;

    constructor(IInferenceMarket market_, ModelId modelId_) ConsumerBase(modelId_) {
        if (address(market_) == address(0)) revert ZeroMarketOrModel();
        market = market_;
    }

    function _market() internal view override returns (IInferenceMarket) {
        return market;
    }
}
