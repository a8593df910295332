// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity ^0.8.28;

/// Groth16 keys whose trapdoor is known, and proofs forged with it, for any public signals and without a circuit. The
/// TypeScript twin, which made the points of G2 below, is test/helpers/trapdoor.ts.
library TrapdoorKey {
    uint256 internal constant R = 21888242871839275222246405745257275088548364400416034343698204186575808495617;
    uint256 internal constant Q = 21888242871839275222246405745257275088696311157297823662689037894645226208583;

    /// log("beta"), log("gamma"), log("delta") times the generator of G2.
    bytes internal constant BETA2 =
        hex"1b0f9dc61c717bae04a5364bbcff2b1da03189c2469b77002409b1952470c543"
        hex"205ab3e8581d1ab9a887e201822a74ec9417f6e657e7b31f35697adbda377f87"
        hex"0facdf2d6528ae03da60306612e661213248a0706803c9953c9d1b5d38a09ed2"
        hex"1a78b243039c36b0d550ea552a12557a7a180de0d4f7edb9eac4cdc06fa86242";
    bytes internal constant GAMMA2 =
        hex"227d168c1b55a9c2f3e1dfd87c902acc51731a6c77640c189aa07197d5da8c65"
        hex"11589f390ae436203747e87501105eed2a1c11ec8b4df31e39c10e6676913981"
        hex"23a110ee4cc40d819d8254b76c32648e9cdb2b41cb6a92c09c7bc198eab676f2"
        hex"2c5ec06d2a76f12cbe99f471c61af1239445aca0fd4beb0879f0ed27771312c6";
    bytes internal constant DELTA2 =
        hex"1d5e6ffda995ad014dce67329cd0c1c0c7842d2baf66deb5a9c527dcb0685d93"
        hex"178f8b399e571922922b8407dad7147a06d2118cac43ec31c48b91fa6568a645"
        hex"284fd209d3f937f02f7dfa3a32f6a47de650e01ad9eac52f6dcd3fcef3db0965"
        hex"21dfab156dd1dc56b96d69eb022f1005bdf249976020cf82bc5f70de7151062b";

    // 1, 2, 3 and 5 times the generator of G2.
    bytes internal constant G2_1 =
        hex"198e9393920d483a7260bfb731fb5d25f1aa493335a9e71297e485b7aef312c2"
        hex"1800deef121f1e76426a00665e5c4479674322d4f75edadd46debd5cd992f6ed"
        hex"090689d0585ff075ec9e99ad690c3395bc4b313370b38ef355acdadcd122975b"
        hex"12c85ea5db8c6deb4aab71808dcb408fe3d1e7690c43d37b4ce6cc0166fa7daa";
    bytes internal constant G2_2 =
        hex"203e205db4f19b37b60121b83a7333706db86431c6d835849957ed8c3928ad79"
        hex"27dc7234fd11d3e8c36c59277c3e6f149d5cd3cfa9a62aee49f8130962b4b3b9"
        hex"195e8aa5b7827463722b8c153931579d3505566b4edf48d498e185f0509de152"
        hex"04bb53b8977e5f92a0bc372742c4830944a59b4fe6b1c0466e2a6dad122b5d2e";
    bytes internal constant G2_3 =
        hex"1014772f57bb9742735191cd5dcfe4ebbc04156b6878a0a7c9824f32ffb66e85"
        hex"06064e784db10e9051e52826e192715e8d7e478cb09a5e0012defa0694fbc7f5"
        hex"021e2335f3354bb7922ffcc2f38d3323dd9453ac49b55441452aeaca147711b2"
        hex"058e1d5681b5b9e0074b0f9c8d2c68a069b920d74521e79765036d57666c5597";
    bytes internal constant G2_5 =
        hex"0a09ccf561b55fd99d1c1208dee1162457b57ac5af3759d50671e510e428b2a1"
        hex"2e539c423b302d13f4e5773c603948eaf5db5df8ae8a9a9113708390a06410d8"
        hex"19b763513924a736e4eebd0d78c91c1bc1d657fee4214057d21414011cfcc763"
        hex"2f8d9f9ab83727c77a2fec063cb7b6e5eb23044ccf535ad49d46d394fb6f6bf6";

    /// A discrete logarithm of the key, reproducible: keccak(label ‖ index) mod r.
    function log(string memory label, uint256 index) internal pure returns (uint256) {
        return uint256(keccak256(abi.encodePacked(label, index))) % R;
    }

    function log(string memory label) internal pure returns (uint256) {
        return log(label, 0);
    }

    /// scalar * (1, 2)
    function g1(uint256 scalar) internal view returns (bytes memory point) {
        bool ok;
        (ok, point) = address(7).staticcall(abi.encode(1, 2, scalar));
        require(ok, "ecMul");
    }

    /// ic[0..n]
    function ic(uint256 n) internal view returns (bytes memory points) {
        for (uint256 i = 0; i <= n; ++i) points = bytes.concat(points, g1(log("ic", i)));
    }

    /// The key with this head and n public signals.
    function build(bytes memory head, uint256 n) internal view returns (bytes memory) {
        return build(head, n, BETA2, GAMMA2, DELTA2);
    }

    function build(
        bytes memory head,
        uint256 n,
        bytes memory beta2,
        bytes memory gamma2,
        bytes memory delta2
    ) internal view returns (bytes memory) {
        return bytes.concat(head, bytes2(uint16(n)), g1(log("alpha")), beta2, gamma2, delta2, ic(n));
    }

    /// vk_x = ic[0] + sum_j signals[j] ic[j + 1], as a discrete logarithm.
    function vkX(uint256[] memory signals) internal pure returns (uint256 sum) {
        sum = log("ic", 0);
        for (uint256 j = 0; j < signals.length; ++j) {
            sum = addmod(sum, mulmod(signals[j], log("ic", j + 1), R), R);
        }
    }

    /// A valid seal for any signals: A = a G1, B = b G2 for b in {1, 2, 3, 5}, C = (a b - alpha beta - vk_x gamma) / delta.
    function forge(uint256[] memory signals, uint256 a, uint256 b) internal view returns (bytes memory) {
        uint256 alphaBeta = mulmod(log("alpha"), log("beta"), R);
        uint256 publicPart = mulmod(vkX(signals), log("gamma"), R);
        uint256 c = addmod(mulmod(a, b, R), 2 * R - alphaBeta - publicPart, R);
        c = mulmod(c, inverse(log("delta")), R);
        return
            bytes.concat(
                g1(a),
                b == 1
                    ? G2_1
                    : b == 2
                        ? G2_2
                        : b == 3
                            ? G2_3
                            : G2_5,
                g1(c)
            );
    }

    /// On the twist, with x = 1: its order is a multiple of the twist's cofactor.
    function twistPointOutsideSubgroup() internal pure returns (bytes memory) {
        return
            abi.encode(
                0,
                1,
                5912654199736721486680175016176231956195085055698687135131307249486702594212,
                18278151005453108793778860132295291098363647455926340152056652516292830556603
            );
    }

    /// By Fermat's little theorem.
    function inverse(uint256 a) internal view returns (uint256) {
        (bool ok, bytes memory result) = address(5).staticcall(abi.encode(32, 32, 32, a, R - 2, R));
        require(ok, "modexp");
        return abi.decode(result, (uint256));
    }
}
