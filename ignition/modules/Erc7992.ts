// SPDX-License-Identifier: GPL-3.0-or-later
// The models of a deployment, and inferences without a market, in the shape of ERC-7992 (docs/spec/facades.md). Deployed into
// the same deployment as Verigrad, so that registry and router are that one's.
import { buildModule } from "@nomicfoundation/ignition-core";
import Verigrad from "./Verigrad.ts";

export default buildModule("Erc7992", (m) => {
  const { registry, router } = m.useModule(Verigrad);
  const models = m.contract("Erc7992Registry", [registry]);
  return { models, verifier: m.contract("Erc7992Verifier", [models, router]) };
});
