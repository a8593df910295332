// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity ^0.8.28;

import {Test} from "forge-std/Test.sol";
import {Artifacts} from "../Artifacts.sol";
import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {IProofSystem} from "../../../contracts/interfaces/IProofSystem.sol";
import {IProofSystemRouter} from "../../../contracts/interfaces/IProofSystemRouter.sol";
import {MockProofSystem} from "../../../contracts/mocks/proofs/MockProofSystem.sol";
import {ProofSystemRouter} from "../../../contracts/proofs/ProofSystemRouter.sol";

contract ProofSystemRouterTest is Test {
    bytes4 private constant SELECTOR = 0x11223344;
    address private constant GUARDIAN = address(0x6A);

    ProofSystemRouter private router;
    MockProofSystem private system;

    function setUp() public {
        router = ProofSystemRouter(
            Artifacts.deploy(
                "contracts/proofs/ProofSystemRouter.sol:ProofSystemRouter",
                abi.encode(address(this), GUARDIAN)
            )
        );
        system = MockProofSystem(
            Artifacts.deploy("contracts/mocks/proofs/MockProofSystem.sol:MockProofSystem", abi.encode(SELECTOR))
        );
    }

    function test_UnsetSelector() public {
        vm.expectRevert(abi.encodeWithSelector(IProofSystemRouter.SelectorUnset.selector, SELECTOR));
        router.activeImplementation(SELECTOR);
        assertEq(address(router.implementationOf(SELECTOR)), address(0));
    }

    function test_AddReadsTheSelectorAndPinsTheCode() public {
        vm.expectEmit(address(router));
        emit IProofSystemRouter.ProofSystemAdded(SELECTOR, address(system), address(system).codehash);
        router.add(system);
        assertEq(address(router.activeImplementation(SELECTOR)), address(system));
        assertEq(address(router.implementationOf(SELECTOR)), address(system));
    }

    function test_OnlyTheOwnerAdds() public {
        vm.prank(GUARDIAN);
        vm.expectRevert(abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, GUARDIAN));
        router.add(system);
    }

    function test_AnEntryIsNeverReplaced() public {
        router.add(system);
        MockProofSystem other = MockProofSystem(
            Artifacts.deploy("contracts/mocks/proofs/MockProofSystem.sol:MockProofSystem", abi.encode(SELECTOR))
        );
        vm.expectRevert(abi.encodeWithSelector(IProofSystemRouter.SelectorTaken.selector, SELECTOR));
        router.add(other);
        vm.expectRevert(abi.encodeWithSelector(IProofSystemRouter.SelectorTaken.selector, SELECTOR));
        router.add(system);
    }

    function test_AddRefusesZeroSelectorAndNoCode() public {
        MockProofSystem zero = MockProofSystem(
            Artifacts.deploy("contracts/mocks/proofs/MockProofSystem.sol:MockProofSystem", abi.encode(bytes4(0)))
        );
        vm.expectRevert(IProofSystemRouter.ZeroSelector.selector);
        router.add(zero);
        vm.expectRevert(abi.encodeWithSelector(IProofSystemRouter.NoCode.selector, GUARDIAN));
        router.add(IProofSystem(GUARDIAN));
    }

    function test_StopIsForGuardianOnlyAndForEver() public {
        router.add(system);
        vm.expectRevert(abi.encodeWithSelector(IProofSystemRouter.NotGuardian.selector, address(this)));
        router.stop(SELECTOR);

        vm.expectEmit(address(router));
        emit IProofSystemRouter.ProofSystemStopped(SELECTOR);
        vm.prank(GUARDIAN);
        router.stop(SELECTOR);
        vm.expectRevert(abi.encodeWithSelector(IProofSystemRouter.SelectorStopped.selector, SELECTOR));
        router.activeImplementation(SELECTOR);
        assertEq(address(router.implementationOf(SELECTOR)), address(system));

        vm.prank(GUARDIAN);
        vm.expectRevert(abi.encodeWithSelector(IProofSystemRouter.SelectorStopped.selector, SELECTOR));
        router.stop(SELECTOR);
        vm.expectRevert(abi.encodeWithSelector(IProofSystemRouter.SelectorTaken.selector, SELECTOR));
        router.add(system);
    }

    function test_StopAnUnsetSelector() public {
        vm.prank(GUARDIAN);
        vm.expectRevert(abi.encodeWithSelector(IProofSystemRouter.SelectorUnset.selector, SELECTOR));
        router.stop(SELECTOR);
    }

    function test_ATombstoneIsNeverUsedAgain() public {
        vm.expectRevert(abi.encodeWithSelector(IProofSystemRouter.SelectorUnset.selector, SELECTOR));
        router.remove(SELECTOR);
        router.add(system);
        vm.prank(GUARDIAN);
        vm.expectRevert(abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, GUARDIAN));
        router.remove(SELECTOR);

        vm.expectEmit(address(router));
        emit IProofSystemRouter.ProofSystemRemoved(SELECTOR);
        router.remove(SELECTOR);
        bytes memory removed = abi.encodeWithSelector(IProofSystemRouter.SelectorRemoved.selector, SELECTOR);
        vm.expectRevert(removed);
        router.activeImplementation(SELECTOR);
        vm.expectRevert(removed);
        router.remove(SELECTOR);
        vm.expectRevert(removed);
        router.add(system);
        vm.prank(GUARDIAN);
        vm.expectRevert(removed);
        router.stop(SELECTOR);
        assertEq(address(router.implementationOf(SELECTOR)), address(system));
    }

    function test_AStoppedEntryCanBecomeATombstone() public {
        router.add(system);
        vm.prank(GUARDIAN);
        router.stop(SELECTOR);
        router.remove(SELECTOR);
        vm.expectRevert(abi.encodeWithSelector(IProofSystemRouter.SelectorRemoved.selector, SELECTOR));
        router.activeImplementation(SELECTOR);
    }

    function test_ChangedCodeIsNotActive() public {
        router.add(system);
        bytes32 expected = address(system).codehash;
        vm.etch(address(system), hex"00");
        vm.expectRevert(
            abi.encodeWithSelector(
                IProofSystemRouter.CodeHashChanged.selector,
                SELECTOR,
                expected,
                address(system).codehash
            )
        );
        router.activeImplementation(SELECTOR);
    }

    function test_OwnershipMovesInTwoSteps() public {
        router.transferOwnership(GUARDIAN);
        assertEq(router.owner(), address(this));
        vm.prank(GUARDIAN);
        router.acceptOwnership();
        assertEq(router.owner(), GUARDIAN);
    }

    function testFuzz_NobodyElseMayChangeAnything(address caller) public {
        vm.assume(caller != address(this) && caller != GUARDIAN);
        router.add(system);
        vm.startPrank(caller);
        vm.expectRevert(abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, caller));
        router.add(system);
        vm.expectRevert(abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, caller));
        router.remove(SELECTOR);
        vm.expectRevert(abi.encodeWithSelector(IProofSystemRouter.NotGuardian.selector, caller));
        router.stop(SELECTOR);
    }
}
