// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity ^0.8.28;

import {Artifacts} from "../Artifacts.sol";
import {IModelRegistry} from "../../../contracts/interfaces/IModelRegistry.sol";
import {IOperatorRegistry, Listing} from "../../../contracts/interfaces/IOperatorRegistry.sol";
import {ModelId} from "../../../contracts/types/ModelId.sol";
import {Request} from "../../../contracts/types/Request.sol";
import {Stake} from "../../../contracts/types/Stake.sol";
import {MarketTest} from "../market/MarketTest.sol";

contract OperatorRegistryTest is MarketTest {
    uint256 private constant MAX_MODELS = 64;

    IOperatorRegistry private operators;
    ModelId[] private models;

    function setUp() public override {
        super.setUp();
        operators = deploy(address(market), address(registry));
        models.push(modelId);
        for (uint256 i = 2; i < 6; ++i) {
            (, ModelId id) = registerModel(0, 64, 10, i);
            models.push(id);
        }
    }

    function deploy(address market_, address registry_) private returns (IOperatorRegistry) {
        return
            IOperatorRegistry(
                Artifacts.deploy(
                    "contracts/market/OperatorRegistry.sol:OperatorRegistry",
                    abi.encode(market_, registry_)
                )
            );
    }

    function listAs(address account) private {
        vm.prank(account);
        operators.list(account, "https://node.example", hex"0024080112");
    }

    function one(ModelId id) private pure returns (ModelId[] memory list) {
        list = new ModelId[](1);
        list[0] = id;
    }

    function serveAs(address account, ModelId[] memory list) private {
        vm.prank(account);
        operators.serve(list);
    }

    function test_NeedsMarketAndRegistry() public {
        vm.expectRevert(IOperatorRegistry.ZeroAddress.selector);
        this.deployWith(address(0), address(registry));
        vm.expectRevert(IOperatorRegistry.ZeroAddress.selector);
        this.deployWith(address(market), address(0));
    }

    function deployWith(address market_, address registry_) external {
        deploy(market_, registry_);
    }

    function test_ListsAndChanges() public {
        vm.expectEmit(address(operators));
        emit IOperatorRegistry.OperatorListed(operator, rescuer, "https://a.example", hex"01");
        vm.prank(operator);
        operators.list(rescuer, "https://a.example", hex"01");
        Listing memory listing = operators.listingOf(operator);
        assertEq(listing.payee, rescuer);
        assertEq(listing.endpoint, "https://a.example");
        assertEq(listing.peerId, hex"01");
        assertEq(listing.updatedAt, vm.getBlockTimestamp());

        vm.warp(vm.getBlockTimestamp() + 60);
        serveAs(operator, one(modelId));
        listAs(operator);
        listing = operators.listingOf(operator);
        assertEq(listing.payee, operator);
        assertEq(listing.updatedAt, vm.getBlockTimestamp());
        assertEq(operators.modelsOf(operator).length, 1); // changing a listing leaves the models
        assertEq(operators.listingOf(stranger).updatedAt, 0);
    }

    function test_ListingsAreBounded() public {
        bytes memory endpoint = new bytes(256);
        bytes memory peerId = new bytes(64);
        operators.list(stranger, string(endpoint), peerId);
        vm.expectRevert(IOperatorRegistry.InvalidListing.selector);
        operators.list(stranger, string(new bytes(257)), peerId);
        vm.expectRevert(IOperatorRegistry.InvalidListing.selector);
        operators.list(stranger, string(endpoint), new bytes(65));
        vm.expectRevert(IOperatorRegistry.InvalidListing.selector);
        operators.list(stranger, "", peerId);
        vm.expectRevert(IOperatorRegistry.InvalidListing.selector);
        operators.list(address(0), string(endpoint), peerId);
    }

    function test_OnlyTheListedServe() public {
        vm.prank(operator);
        vm.expectRevert(abi.encodeWithSelector(IOperatorRegistry.NotListed.selector, operator));
        operators.serve(one(modelId));
        vm.prank(operator);
        vm.expectRevert(abi.encodeWithSelector(IOperatorRegistry.NotListed.selector, operator));
        operators.retire();
    }

    function test_ServesAndStops() public {
        listAs(operator);
        vm.expectEmit(address(operators));
        emit IOperatorRegistry.ServingStarted(operator, modelId);
        serveAs(operator, one(modelId));
        assertEq(operators.operatorCount(modelId), 1);
        vm.prank(operator);
        vm.expectRevert(abi.encodeWithSelector(IOperatorRegistry.AlreadyServed.selector, modelId));
        operators.serve(one(modelId));

        vm.expectEmit(address(operators));
        emit IOperatorRegistry.ServingEnded(operator, modelId);
        vm.prank(operator);
        operators.stopServing(one(modelId));
        assertEq(operators.operatorCount(modelId), 0);
        vm.prank(operator);
        vm.expectRevert(abi.encodeWithSelector(IOperatorRegistry.NotServed.selector, modelId));
        operators.stopServing(one(modelId));
    }

    function test_ServesOnlyWhatCanBeAskedFor() public {
        listAs(operator);
        vm.prank(modelOwner);
        registry.deprecate(modelId);
        vm.prank(operator);
        vm.expectRevert(abi.encodeWithSelector(IOperatorRegistry.ModelNotServable.selector, modelId));
        operators.serve(one(modelId));
        ModelId unknown = ModelId.wrap(keccak256("nothing"));
        vm.prank(operator);
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.UnknownModel.selector, unknown));
        operators.serve(one(unknown));
    }

    function test_AModelDeprecatedSinceCanBeLeft() public {
        listAs(operator);
        serveAs(operator, one(modelId));
        vm.prank(modelOwner);
        registry.deprecate(modelId);
        vm.prank(operator);
        operators.retire();
        assertEq(operators.operatorCount(modelId), 0);
    }

    function test_RetiringLeavesNothing() public {
        listAs(operator);
        serveAs(operator, models);
        listAs(rescuer);
        serveAs(rescuer, one(modelId));
        vm.expectEmit(address(operators));
        emit IOperatorRegistry.OperatorRetired(operator);
        vm.prank(operator);
        operators.retire();
        assertEq(operators.modelsOf(operator).length, 0);
        assertEq(operators.listingOf(operator).updatedAt, 0);
        for (uint256 i = 1; i < models.length; ++i) assertEq(operators.operatorCount(models[i]), 0);
        assertEq(operators.operatorsOf(modelId, 0, 10)[0], rescuer);
    }

    function test_T17_ModelsOfAnOperatorAreBounded() public {
        listAs(operator);
        for (uint256 i = 0; i < MAX_MODELS; ++i) {
            (, ModelId id) = registerModel(0, 64, 10, 100 + i);
            serveAs(operator, one(id));
        }
        vm.prank(operator);
        vm.expectRevert(abi.encodeWithSelector(IOperatorRegistry.TooManyModels.selector, MAX_MODELS));
        operators.serve(one(modelId));
        // Even the most can be left in one transaction.
        uint256 before = gasleft();
        vm.prank(operator);
        operators.retire();
        assertLt(before - gasleft(), 1 << 23);
    }

    function testFuzz_PagesAreTheWhole(uint8 count, uint8 size) public {
        uint256 n = bound(count, 0, 12);
        uint256 limit = bound(size, 1, 5);
        for (uint256 i = 0; i < n; ++i) {
            address account = address(uint160(0x1000 + i));
            listAs(account);
            serveAs(account, one(modelId));
        }
        uint256 seen = 0;
        for (uint256 offset = 0; ; offset += limit) {
            address[] memory page = operators.operatorsOf(modelId, offset, limit);
            for (uint256 i = 0; i < page.length; ++i) assertEq(page[i], address(uint160(0x1000 + seen++)));
            if (page.length < limit) break;
        }
        assertEq(seen, n);
        assertEq(operators.operatorsOf(modelId, type(uint256).max, type(uint256).max).length, 0);
        assertEq(operators.operatorsOf(modelId, 0, type(uint256).max).length, n);
    }

    /// Stake and record come from the market: nobody writes their own.
    function test_TheRecordIsTheMarkets() public {
        (Request memory req, ) = openAndClaim();
        Stake memory record = operators.recordOf(address(token), operator);
        assertEq(record.exposure, req.collateral);
        fulfilFor(operator, req);
        record = operators.recordOf(address(token), operator);
        assertEq(record.settled, 1);
        assertEq(record.exposure, 0);
        assertEq(record.bonded, FUNDS);
    }
}
