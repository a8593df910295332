// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {ERC721} from "@openzeppelin/contracts/token/ERC721/ERC721.sol";
import {IERC165} from "@openzeppelin/contracts/utils/introspection/IERC165.sol";
import {Erc7007Verifier} from "../../contracts/facades/Erc7007Verifier.sol";
import {IInferenceMarket} from "../../contracts/interfaces/IInferenceMarket.sol";
import {IERC7007} from "../../contracts/interfaces/erc/IERC7007.sol";
import {ModelId} from "../../contracts/types/ModelId.sol";

/// @title A collection of what one model makes of prompts (ERC-7007)
/// @notice The token of a prompt is minted with its proven content, to whoever paid for the inference, whoever sends the
/// transaction: there is nothing to gain by copying it.
/// @dev Of two requesters with the same prompt, the one whose token is minted first has it.
contract ContentToken is ERC721, Erc7007Verifier, IERC7007 {
    /// ERC-7007: the id of a prompt's token is its hash.
    error WrongTokenId(uint256 tokenId, uint256 expected);

    constructor(
        IInferenceMarket market_,
        ModelId modelId_
    ) ERC721("Verigrad content", "CONTENT") Erc7007Verifier(market_, modelId_, false) {}

    /// @inheritdoc IERC7007
    /// @dev Mints the token as well. Errors: those of Erc7007Verifier.requireVerified, and ERC721InvalidSender for a token
    /// that exists.
    function addAigcData(
        uint256 tokenId,
        bytes calldata prompt,
        bytes calldata aigcData,
        bytes calldata proof
    ) external {
        uint256 expected = uint256(keccak256(prompt));
        if (tokenId != expected) revert WrongTokenId(tokenId, expected);
        address requester = requireVerified(prompt, aigcData, proof);
        emit AigcData(tokenId, prompt, aigcData, proof);
        // Not _safeMint: a requester that is a dApp need not know of tokens, and nobody's code runs here.
        _mint(requester, tokenId);
    }

    /// @inheritdoc Erc7007Verifier
    function verify(
        bytes calldata prompt,
        bytes calldata aigcData,
        bytes calldata proof
    ) public view override(Erc7007Verifier, IERC7007) returns (bool) {
        return super.verify(prompt, aigcData, proof);
    }

    /// @inheritdoc ERC721
    function supportsInterface(bytes4 interfaceId) public view override(ERC721, IERC165) returns (bool) {
        return interfaceId == type(IERC7007).interfaceId || super.supportsInterface(interfaceId);
    }
}
