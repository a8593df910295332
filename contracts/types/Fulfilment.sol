// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Request} from "./Request.sol";

/// One job of a batch, as `fulfil` takes it.
struct Fulfilment {
    Request request;
    address payee;
    bytes output;
    bytes seal;
}
