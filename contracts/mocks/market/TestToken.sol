// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Permit.sol";

/// @title A token for local networks: anyone may mint
contract TestToken is ERC20, ERC20Permit {
    constructor() ERC20("Verigrad Test Token", "TEST") ERC20Permit("Verigrad Test Token") {}

    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }
}
