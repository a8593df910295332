// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity ^0.8.28;

import {Artifacts} from "../Artifacts.sol";
import {IInferenceMarket} from "../../../contracts/interfaces/IInferenceMarket.sol";
import {InferenceMarket} from "../../../contracts/market/InferenceMarket.sol";
import {MarketTest} from "./MarketTest.sol";

contract ConstructorTest is MarketTest {
    struct Parameters {
        address registry;
        address router;
        address[] tokens;
        uint32 cancelDelay;
        uint32 minRescue;
        uint16 burnBps;
        uint32 maxInputBytes;
        uint32 maxCallbackGas;
    }

    function _valid() private view returns (Parameters memory p) {
        p.registry = address(registry);
        p.router = address(router);
        p.tokens = new address[](2);
        (p.tokens[0], p.tokens[1]) = (address(token), stranger);
        (p.cancelDelay, p.minRescue, p.burnBps) = (1, 1, 5_000);
        (p.maxInputBytes, p.maxCallbackGas) = (131_072, 8_000_000);
    }

    function _deploy(Parameters memory p) private returns (InferenceMarket) {
        return
            InferenceMarket(
                Artifacts.deploy(
                    "contracts/market/InferenceMarket.sol:InferenceMarket",
                    abi.encode(
                        p.registry,
                        p.router,
                        p.tokens,
                        p.cancelDelay,
                        p.minRescue,
                        p.burnBps,
                        p.maxInputBytes,
                        p.maxCallbackGas
                    )
                )
            );
    }

    function _refused(Parameters memory p, bytes4 err) private {
        vm.expectRevert(err);
        this.deploy(p);
    }

    function deploy(Parameters memory p) external {
        _deploy(p);
    }

    function test_KeepsItsParameters() public {
        InferenceMarket m = _deploy(_valid());
        assertEq(address(m.registry()), address(registry));
        assertEq(address(m.router()), address(router));
        assertEq(m.cancelDelay(), 1);
        assertEq(m.minRescue(), 1);
        assertEq(m.burnBps(), 5_000);
        assertEq(m.maxInputBytes(), 131_072);
        assertEq(m.maxCallbackGas(), 8_000_000);
        assertTrue(m.isTokenAllowed(address(token)));
        assertTrue(m.isTokenAllowed(stranger));
        assertFalse(m.isTokenAllowed(operator));
        assertEq(m.DOMAIN_JOB(), keccak256("verigrad.job.v1"));
    }

    function test_RefusesZeroAddresses() public {
        Parameters memory p = _valid();
        p.registry = address(0);
        _refused(p, IInferenceMarket.ZeroAddress.selector);
        p = _valid();
        p.router = address(0);
        _refused(p, IInferenceMarket.ZeroAddress.selector);
        p = _valid();
        p.tokens[1] = address(0);
        _refused(p, IInferenceMarket.ZeroAddress.selector);
    }

    function test_RefusesAnEmptyTokenList() public {
        Parameters memory p = _valid();
        p.tokens = new address[](0);
        _refused(p, IInferenceMarket.InvalidParameters.selector);
    }

    function test_RefusesZeroDelays() public {
        Parameters memory p = _valid();
        p.cancelDelay = 0;
        _refused(p, IInferenceMarket.InvalidParameters.selector);
        p = _valid();
        p.minRescue = 0;
        _refused(p, IInferenceMarket.InvalidParameters.selector);
    }

    /// At least half of a slash is burnt; fighting oneself never pays.
    function testFuzz_T16_BurnShareIsBetweenHalfAndAll(uint16 bps) public {
        Parameters memory p = _valid();
        p.burnBps = bps;
        if (bps < 5_000 || bps > 10_000) _refused(p, IInferenceMarket.InvalidParameters.selector);
        else assertEq(_deploy(p).burnBps(), bps);
    }

    function test_BurnShareBoundariesAreExact() public {
        Parameters memory p = _valid();
        p.burnBps = 4_999;
        _refused(p, IInferenceMarket.InvalidParameters.selector);
        p.burnBps = 10_001;
        _refused(p, IInferenceMarket.InvalidParameters.selector);
        p.burnBps = 10_000;
        _deploy(p);
    }

    function test_RefusesBoundsThatNoTransactionCarries() public {
        Parameters memory p = _valid();
        p.maxInputBytes = 131_073;
        _refused(p, IInferenceMarket.InvalidParameters.selector);
        p.maxInputBytes = 0;
        _refused(p, IInferenceMarket.InvalidParameters.selector);
        p = _valid();
        p.maxCallbackGas = 8_000_001;
        _refused(p, IInferenceMarket.InvalidParameters.selector);
        p.maxCallbackGas = 0;
        _refused(p, IInferenceMarket.InvalidParameters.selector);
    }

    /// EIP-170, and room to spare.
    function test_CodeFitsTheChain() public view {
        assertLt(address(market).code.length, 24_576);
    }

    /// ERC-5267: a wallet can ask for the domain that ids are made with.
    function test_DeclaresItsDomain() public view {
        (, string memory name, string memory version, uint256 chainId, address verifyingContract, , ) = market
            .eip712Domain();
        assertEq(name, "Verigrad InferenceMarket");
        assertEq(version, "1");
        assertEq(chainId, block.chainid);
        assertEq(verifyingContract, address(market));
    }
}
