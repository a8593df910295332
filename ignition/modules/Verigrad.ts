// SPDX-License-Identifier: GPL-3.0-or-later
// The contracts of one deployment. Immutable but for the router's owner (adds and removes proof systems) and guardian
// (stops new jobs of one).
import { buildModule, type ArgumentType, type IgnitionModuleBuilder } from "@nomicfoundation/ignition-core";
import { PERPETUAL_POWERS_OF_TAU } from "../../verifier/proofs/published-ptau.ts";

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
 * The chain has to be Osaka or later (CLZ): on an older one TensorcheckProofSystem reverts with UnsupportedChain, and the
 * deployment stops there.
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
