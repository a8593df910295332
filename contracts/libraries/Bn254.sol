// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title BN254 by its precompiles
/// @notice Points lie in memory as the precompiles read them: G1 x ‖ y (64 bytes), G2 x.c1 ‖ x.c0 ‖ y.c1 ‖ y.c0 (128
/// bytes), big-endian. A `pointer` is a memory address. Point and curve checks follow EIP-196 and EIP-197; infinity, 64 or
/// 128 zero bytes, is a point to `areG1` only.
/// @dev A precompile that fails takes all gas that it was given, and so cannot be told from one that ran out of gas,
/// except by how much it was given. Running out of gas must never look like a verdict: see `_outOfGas`.
library Bn254 {
    /// Order of the base field.
    uint256 internal constant Q = 21888242871839275222246405745257275088696311157297823662689037894645226208583;
    /// Order of the groups, and of the scalar field.
    uint256 internal constant R = 21888242871839275222246405745257275088548364400416034343698204186575808495617;

    /// x of the generator of G2 (EIP-197).
    uint256 internal constant G2_X1 = 11559732032986387107991004021392285783925812861821192530917403151452391805634;
    uint256 internal constant G2_X0 = 10857046999023057135944570762232829481370756359578518086990519993285655852781;
    /// and its y.
    uint256 internal constant G2_Y1 = 4082367875863433681332203403145435568316851327593401208105741076214120093531;
    uint256 internal constant G2_Y0 = 8495653923123431417604973247489272438418190587263600148770280649306958101930;

    /// Coefficient of the twist, 3 / (9 + u).
    uint256 private constant B1 = 266929791119991161246907387137283842545076965332900288569378510910307636690;
    uint256 private constant B0 = 19485874751759354771024239261021720505790618469301721065564631296452457478373;

    uint256 private constant PAIRING_GAS_BASE = 45_000; // EIP-1108
    uint256 private constant PAIRING_GAS_A_PAIR = 34_000;
    /// What may be spent between measuring the gas and calling the precompile, with room to spare.
    uint256 private constant GAS_MARGIN = 2_000;

    /// @notice R in a variable that the optimiser cannot see through. It puts literals where they are used, and one of 32
    /// bytes is fetched from the code each time, for eight times the gas of a variable.
    function order() internal pure returns (uint256 r) {
        assembly ("memory-safe") {
            mstore(0x00, R)
            r := mload(mload(0x60)) // the zero slot points to the scratch space
        }
    }

    /// @notice Q, likewise.
    function modulus() internal pure returns (uint256 q) {
        assembly ("memory-safe") {
            mstore(0x00, Q)
            q := mload(mload(0x60))
        }
    }

    /// @notice Whether a G1 point is canonical, on the curve y^2 = x^3 + 3, and not infinity. The curve's order is R: no
    /// subgroup check.
    function isG1(uint256 pointer) internal pure returns (bool) {
        (uint256 x, uint256 y) = _pair(pointer);
        if (x >= Q || y >= Q) return false;
        // (0, 0), which stands for infinity, is not on the curve.
        return mulmod(y, y, Q) == addmod(mulmod(mulmod(x, x, Q), x, Q), 3, Q);
    }

    /// @notice Whether `count` G1 points, one after the other, are each canonical and on the curve, or infinity.
    function areG1(uint256 pointer, uint256 count) internal pure returns (bool valid) {
        uint256 q = modulus();
        assembly ("memory-safe") {
            valid := 1
            for {
                let end := add(pointer, shl(6, count))
            } lt(pointer, end) {
                pointer := add(pointer, 0x40)
            } {
                let x := mload(pointer)
                let y := mload(add(pointer, 0x20))
                let onCurve := eq(mulmod(y, y, q), addmod(mulmod(mulmod(x, x, q), x, q), 3, q))
                onCurve := and(onCurve, and(lt(x, q), lt(y, q)))
                valid := and(valid, or(onCurve, iszero(or(x, y))))
            }
        }
    }

    /// @notice Whether a G2 point is canonical, on the twist y^2 = x^3 + 3 / (9 + u) over Fq[u] / (u^2 + 1), and not
    /// infinity. It may lie outside the subgroup of order R: only the pairing precompile tells.
    function isOnTwist(uint256 pointer) internal pure returns (bool) {
        unchecked {
            (uint256 x1, uint256 x0) = _pair(pointer);
            (uint256 y1, uint256 y0) = _pair(pointer + 0x40);
            if (x0 >= Q || x1 >= Q || y0 >= Q || y1 >= Q) return false;
            // (a0 + a1 u)^2 = (a0 + a1)(a0 - a1) + 2 a0 a1 u
            uint256 s0 = mulmod(x0 + x1, x0 + (Q - x1), Q);
            uint256 s1 = mulmod(x0 << 1, x1, Q);
            uint256 cube0 = addmod(mulmod(s0, x0, Q), Q - mulmod(s1, x1, Q), Q);
            uint256 cube1 = addmod(mulmod(s0, x1, Q), mulmod(s1, x0, Q), Q);
            return
                mulmod(y0 + y1, y0 + (Q - y1), Q) == addmod(cube0, B0, Q) &&
                mulmod(y0 << 1, y1, Q) == addmod(cube1, B1, Q);
        }
    }

    /// @notice Turns a G1 point into its negative.
    function negate(uint256 pointer) internal pure {
        assembly ("memory-safe") {
            let y := add(pointer, 0x20)
            mstore(y, mod(sub(Q, mload(y)), Q)) // infinity, (0, 0), is its own
        }
    }

    /// @notice value^-1 modulo R, and 0 for 0 (Fermat, by the modexp precompile).
    function inverse(uint256 value) internal view returns (uint256 result) {
        bool done;
        assembly ("memory-safe") {
            let room := mload(0x40)
            mstore(room, 0x20)
            mstore(add(room, 0x20), 0x20)
            mstore(add(room, 0x40), 0x20)
            mstore(add(room, 0x60), value)
            mstore(add(room, 0x80), sub(R, 2))
            mstore(add(room, 0xa0), R)
            done := staticcall(gas(), 5, room, 0xc0, 0x00, 0x20)
            result := mload(0x00)
        }
        if (!done) _outOfGas();
    }

    /// @notice sum := sum + scalar * point, for valid G1 points.
    /// @param sum 160 bytes: a G1 point and room to work in
    function mulAdd(uint256 sum, uint256 point, uint256 scalar) internal view {
        bool done;
        assembly ("memory-safe") {
            let term := add(sum, 0x40)
            mcopy(term, point, 0x40)
            mstore(add(term, 0x40), scalar)
            done := staticcall(gas(), 7, term, 0x60, term, 0x40) // ecMul
            done := and(done, staticcall(gas(), 6, sum, 0x80, sum, 0x40)) // ecAdd
        }
        // SAFETY: the points are valid, so nothing else can have failed.
        if (!done) _outOfGas();
    }

    /// @notice Pairing check of `count` pairs G1 ‖ G2 of 192 bytes each.
    /// @return valid false when a point is off its curve or outside its subgroup
    /// @return isOne whether the product of the pairings is 1
    function pairing(uint256 pairs, uint256 count) internal view returns (bool valid, bool isOne) {
        uint256 price = PAIRING_GAS_BASE + PAIRING_GAS_A_PAIR * count;
        uint256 available = gasleft();
        available -= available / 64; // EIP-150
        assembly ("memory-safe") {
            // SAFETY: a call that fails takes all that it is given, so that one point outside its subgroup could end a
            // whole batch. Twice the price is little, and leaves room for a chain that raises it.
            valid := staticcall(shl(1, price), 8, pairs, mul(count, 0xc0), 0x00, 0x20)
            isOne := and(valid, mload(0x00))
        }
        if (!valid && available < price + GAS_MARGIN) _outOfGas();
    }

    /// Ends as running out of gas does: all gas gone, no data, no error that a caller could take for a verdict.
    function _outOfGas() private pure {
        assembly ("memory-safe") {
            invalid()
        }
    }

    function _pair(uint256 pointer) private pure returns (uint256 first, uint256 second) {
        assembly ("memory-safe") {
            first := mload(pointer)
            second := mload(add(pointer, 0x20))
        }
    }
}
