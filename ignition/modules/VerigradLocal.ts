// SPDX-License-Identifier: GPL-3.0-or-later
// The same for local networks, with a token that anyone may mint.
import { buildModule } from "@nomicfoundation/ignition-core";
import { deployVerigrad } from "./Verigrad.ts";

export default buildModule("VerigradLocal", (m) => {
  const token = m.contract("TestToken");
  return { token, ...deployVerigrad(m, [token]) };
});
