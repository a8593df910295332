// SPDX-License-Identifier: GPL-3.0-or-later
// Settled jobs of one model as ERC-8004 validation responses (docs/spec/facades.md). Parameters: `modelId`; `validationRegistry`,
// the ERC's; `takesOptimistic`, whether outputs count that nobody challenged (false).
import { buildModule } from "@nomicfoundation/ignition-core";
import Verigrad from "./Verigrad.ts";

export default buildModule("Erc8004", (m) => {
  const { market } = m.useModule(Verigrad);
  const [modelId, validationRegistry] = [m.getParameter("modelId"), m.getParameter("validationRegistry")];
  return {
    validator: m.contract("Erc8004Validator", [
      market,
      modelId,
      validationRegistry,
      m.getParameter("takesOptimistic", false),
    ]),
  };
});
