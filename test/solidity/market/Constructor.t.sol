// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity ^0.8.28;

import {IERC5267} from "@openzeppelin/contracts/interfaces/IERC5267.sol";
import {Artifacts} from "../Artifacts.sol";
import {IMarket} from "../Deployed.sol";
import {IInferenceMarket} from "../../../contracts/interfaces/IInferenceMarket.sol";
import {MarketParameters} from "../../../contracts/types/MarketParameters.sol";
import {MarketTest} from "./MarketTest.sol";

contract ConstructorTest is MarketTest {
    struct Arguments {
        address registry;
        address router;
        address[] tokens;
        MarketParameters p;
    }

    /// At the bounds wherever there is one.
    function _valid() private view returns (Arguments memory a) {
        a.registry = address(registry);
        a.router = address(router);
        a.tokens = new address[](2);
        (a.tokens[0], a.tokens[1]) = (address(token), stranger);
        a.p = MarketParameters({
            cancelDelay: 1,
            minRescue: 2,
            minChallengeWindow: 3,
            maxJobSeconds: 4,
            unbondingDelay: 5,
            burnBps: 5_000,
            maxInputBytes: 65_536,
            maxCallbackGas: 2_000_000
        });
    }

    function _deploy(Arguments memory a) private returns (IMarket) {
        return
            IMarket(
                Artifacts.deploy(
                    "contracts/market/InferenceMarket.sol:InferenceMarket",
                    abi.encode(a.registry, a.router, a.tokens, a.p)
                )
            );
    }

    function _refused(Arguments memory a, bytes4 err) private {
        vm.expectRevert(err);
        this.deploy(a);
    }

    function deploy(Arguments memory a) external {
        _deploy(a);
    }

    function test_KeepsItsParameters() public {
        IMarket m = _deploy(_valid());
        assertEq(address(m.registry()), address(registry));
        assertEq(address(m.router()), address(router));
        assertEq(abi.encode(m.parameters()), abi.encode(_valid().p));
        assertTrue(m.isTokenAllowed(address(token)));
        assertTrue(m.isTokenAllowed(stranger));
        assertFalse(m.isTokenAllowed(operator));
        assertEq(m.DOMAIN_JOB(), keccak256("verigrad.job.v1"));
    }

    function test_RefusesZeroAddresses() public {
        Arguments memory a = _valid();
        a.registry = address(0);
        _refused(a, IInferenceMarket.ZeroAddress.selector);
        a = _valid();
        a.router = address(0);
        _refused(a, IInferenceMarket.ZeroAddress.selector);
        a = _valid();
        a.tokens[1] = address(0);
        _refused(a, IInferenceMarket.ZeroAddress.selector);
    }

    function test_RefusesAnEmptyTokenList() public {
        Arguments memory a = _valid();
        a.tokens = new address[](0);
        _refused(a, IInferenceMarket.InvalidParameters.selector);
    }

    function test_RefusesZeroDurations() public {
        Arguments memory a = _valid();
        a.p.cancelDelay = 0;
        _refused(a, IInferenceMarket.InvalidParameters.selector);
        a = _valid();
        a.p.minRescue = 0;
        _refused(a, IInferenceMarket.InvalidParameters.selector);
        a = _valid();
        a.p.minChallengeWindow = 0;
        _refused(a, IInferenceMarket.InvalidParameters.selector);
        a = _valid();
        (a.p.maxJobSeconds, a.p.unbondingDelay) = (0, 1);
        _refused(a, IInferenceMarket.InvalidParameters.selector);
    }

    /// T9: whoever unbonds after the last second of a job's request is past its deadline when the stake is free.
    function testFuzz_T9_StakeUnbondsForLongerThanAnyJob(uint32 unbondingDelay, uint32 maxJobSeconds) public {
        Arguments memory a = _valid();
        (a.p.unbondingDelay, a.p.maxJobSeconds) = (unbondingDelay, maxJobSeconds);
        if (maxJobSeconds == 0 || unbondingDelay <= maxJobSeconds)
            _refused(a, IInferenceMarket.InvalidParameters.selector);
        else assertEq(_deploy(a).parameters().unbondingDelay, unbondingDelay);
    }

    function test_T9_UnbondingBoundaryIsExact() public {
        Arguments memory a = _valid();
        a.p.unbondingDelay = a.p.maxJobSeconds;
        _refused(a, IInferenceMarket.InvalidParameters.selector);
        a.p.unbondingDelay += 1;
        _deploy(a);
    }

    /// At least half of a slash is burnt; fighting oneself never pays.
    function testFuzz_T16_BurnShareIsBetweenHalfAndAll(uint16 bps) public {
        Arguments memory a = _valid();
        a.p.burnBps = bps;
        if (bps < 5_000 || bps > 10_000) _refused(a, IInferenceMarket.InvalidParameters.selector);
        else assertEq(_deploy(a).parameters().burnBps, bps);
    }

    function test_T16_BurnShareBoundariesAreExact() public {
        Arguments memory a = _valid();
        a.p.burnBps = 4_999;
        _refused(a, IInferenceMarket.InvalidParameters.selector);
        a.p.burnBps = 10_001;
        _refused(a, IInferenceMarket.InvalidParameters.selector);
        a.p.burnBps = 10_000;
        _deploy(a);
    }

    function test_T17_RefusesBoundsThatNoTransactionCarries() public {
        Arguments memory a = _valid();
        a.p.maxInputBytes = 65_537;
        _refused(a, IInferenceMarket.InvalidParameters.selector);
        a.p.maxInputBytes = 0;
        _refused(a, IInferenceMarket.InvalidParameters.selector);
        a = _valid();
        a.p.maxCallbackGas = 2_000_001;
        _refused(a, IInferenceMarket.InvalidParameters.selector);
        a.p.maxCallbackGas = 0;
        _refused(a, IInferenceMarket.InvalidParameters.selector);
    }

    /// EIP-170, and room to spare.
    function test_CodeFitsTheChain() public view {
        assertLt(address(market).code.length, 24_576);
    }

    /// ERC-5267: a wallet can ask for the domain that ids are made with.
    function test_DeclaresItsDomain() public view {
        (, string memory name, string memory version, uint256 chainId, address verifyingContract, , ) = IERC5267(
            address(market)
        ).eip712Domain();
        assertEq(name, "Verigrad InferenceMarket");
        assertEq(version, "1");
        assertEq(chainId, block.chainid);
        assertEq(verifyingContract, address(market));
    }
}
