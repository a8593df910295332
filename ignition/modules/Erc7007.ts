// SPDX-License-Identifier: GPL-3.0-or-later
// Whether content came out of one model, in the shape of ERC-7007 (docs/spec/facades.md). Parameters: `modelId`;
// `takesOptimistic`, whether outputs count that nobody challenged (false).
import { buildModule } from "@nomicfoundation/ignition-core";
import Verigrad from "./Verigrad.ts";

export default buildModule("Erc7007", (m) => {
  const { market } = m.useModule(Verigrad);
  return {
    verifier: m.contract("Erc7007Verifier", [
      market,
      m.getParameter("modelId"),
      m.getParameter("takesOptimistic", false),
    ]),
  };
});
