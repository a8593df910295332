// SPDX-License-Identifier: GPL-3.0-or-later
// The contracts of one deployment. Immutable but for the router's owner (adds and removes proof systems) and guardian
// (stops new jobs of one).
import { buildModule, type ArgumentType, type IgnitionModuleBuilder } from "@nomicfoundation/ignition-core";

/**
 * [τ]_2 of the Perpetual Powers of Tau (powersOfTau28_hez_final_*.ptau), x.c1, x.c0, y.c1, y.c0: the verifiers that snarkjs
 * makes for PLONK from these files hold the same point.
 */
export const PERPETUAL_POWERS_OF_TAU = [
  "17231025384763736816414546592865244497437017442647097510447326538965263639101",
  "21831381940315734285607113342023901060522397560371972897001948545212302161822",
  "11507326595632554467052522095592665270651932854513688777769618397986436103170",
  "2388026358213174446665280700919698872609886601280537296205114254867301080648",
];

/** What a market is deployed with unless a parameter says otherwise (contracts/types/MarketParameters.sol). */
export const MARKET_PARAMETERS = {
  cancelDelay: 300,
  minRescue: 1_800,
  minChallengeWindow: 3_600,
  maxJobSeconds: 604_800,
  unbondingDelay: 1_209_600,
  burnBps: 5_000,
  maxInputBytes: 16_384,
  maxCallbackGas: 2_000_000,
};

/**
 * Parameters: `owner` and `guardian` of the router (the deployer unless given); those of the market
 * (contracts/types/MarketParameters.sol), durations in seconds;
 * `tau2`, the set-up of tensorcheck: [τ]_2 of the Perpetual Powers of Tau unless given, and then known to whoever knows τ.
 * The deployer adds the proof systems and then offers the router to `owner`, who takes it with `acceptOwnership`.
 * @param tokens the ERC-20s of fees and collateral, for ever
 */
export function deployVerigrad(m: IgnitionModuleBuilder, tokens: ArgumentType) {
  const deployer = m.getAccount(0);
  const router = m.contract("ProofSystemRouter", [deployer, m.getParameter("guardian", deployer)]);
  const groth16 = m.contract("Groth16ProofSystem");
  const added = m.call(router, "add", [groth16]);
  const tensorcheck = m.contract("TensorcheckProofSystem", [m.getParameter("tau2", PERPETUAL_POWERS_OF_TAU)]);
  const addedToo = m.call(router, "add", [tensorcheck], { id: "addTensorcheck" });
  m.call(router, "transferOwnership", [m.getParameter("owner", deployer)], { after: [added, addedToo] });
  const registry = m.contract("ModelRegistry", [router]);
  const market = m.contract("InferenceMarket", [
    registry,
    router,
    tokens,
    Object.fromEntries(Object.entries(MARKET_PARAMETERS).map(([name, value]) => [name, m.getParameter(name, value)])),
  ]);
  const operators = m.contract("OperatorRegistry", [market, registry]);
  return { router, groth16, tensorcheck, registry, market, operators };
}

/** For real networks. Parameter `tokens`: addresses, at least one. */
export default buildModule("Verigrad", (m) => deployVerigrad(m, m.getParameter<string[]>("tokens")));
