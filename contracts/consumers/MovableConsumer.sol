// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IInferenceMarket} from "../interfaces/IInferenceMarket.sol";
import {ModelId} from "../types/ModelId.sol";
import {ConsumerBase} from "./ConsumerBase.sol";

/// @title Base of a dApp that uses one model and can move to another market, in two steps
/// @notice A market is immutable, so a better one stands beside it. A move is offered, can be seen by everybody for
/// moveDelay, and is then accepted; jobs that were asked of the old market are still answered by it. The model stays: its
/// id is the hash of its commitments, the same in every registry (docs/migration.md).
/// @dev Who may call the internal functions is the dApp's to decide. A hostile market could answer with anything: offering
/// one is as much power as upgrading the dApp's code, and should be held so.
abstract contract MovableConsumer is ConsumerBase {
    event MarketOffered(IInferenceMarket indexed market, uint256 acceptableAt);
    event OfferWithdrawn(IInferenceMarket indexed market);
    event MarketMoved(IInferenceMarket indexed from, IInferenceMarket indexed to);

    error NoOffer();
    error OfferTooYoung(uint256 acceptableAt, uint256 nowAt);
    error NoMarketThere(address market);
    error ZeroDelay();

    /// Seconds between an offer and its acceptance.
    uint256 public immutable moveDelay;

    IInferenceMarket private _current;
    IInferenceMarket private _offered;
    uint64 private _acceptableAt;

    constructor(IInferenceMarket market_, ModelId modelId_, uint32 moveDelay_) ConsumerBase(modelId_) {
        if (address(market_) == address(0)) revert ZeroMarketOrModel();
        if (moveDelay_ == 0) revert ZeroDelay();
        _current = market_;
        moveDelay = moveDelay_;
    }

    /// @notice The market that new jobs are asked of.
    function market() public view returns (IInferenceMarket) {
        return _current;
    }

    /// @notice The market on offer, zero if none, and from when it can be accepted, in seconds since 1970.
    function offeredMarket() public view returns (IInferenceMarket offered, uint256 acceptableAt) {
        return (_offered, _acceptableAt);
    }

    /// @dev First step. Replaces an offer that is there, and starts its clock anew.
    function _offerMarket(IInferenceMarket next) internal {
        if (address(next).code.length == 0) revert NoMarketThere(address(next));
        _offered = next;
        _acceptableAt = uint64(block.timestamp + moveDelay);
        emit MarketOffered(next, _acceptableAt);
    }

    function _withdrawOffer() internal {
        IInferenceMarket offered = _offered;
        if (address(offered) == address(0)) revert NoOffer();
        delete _offered;
        emit OfferWithdrawn(offered);
    }

    /// @dev Second step. What this contract holds on the old market stays there until it withdraws it.
    /// @param expected the market that the caller means to accept: an offer may have been replaced
    function _acceptMarket(IInferenceMarket expected) internal {
        IInferenceMarket offered = _offered;
        if (address(offered) == address(0) || offered != expected) revert NoOffer();
        if (block.timestamp < _acceptableAt) revert OfferTooYoung(_acceptableAt, block.timestamp);
        emit MarketMoved(_current, offered);
        _current = offered;
        delete _offered;
    }

    function _market() internal view override returns (IInferenceMarket) {
        return _current;
    }
}
