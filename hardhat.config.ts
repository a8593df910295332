// SPDX-License-Identifier: GPL-3.0-or-later
import { globSync } from "node:fs";
import { createRequire } from "node:module";
import { configVariable, defineConfig } from "hardhat/config";
import toolbox from "@nomicfoundation/hardhat-toolbox-mocha-ethers";

const require = createRequire(import.meta.url);

/** The compiler comes from the npm package `solc`: nothing is downloaded at compile time. */
const compiler = {
  version: "0.8.37",
  path: require.resolve("solc/soljson.js"),
  settings: { viaIR: true, optimizer: { enabled: true, runs: 200 }, evmVersion: "osaka" },
} as const;

/**
 * The tests in these folders deploy contracts from their artifacts and import no implementation, so that how they are
 * compiled changes nothing of what they test: without optimizer and IR they take a quarter of the time. What is too deep
 * for the stack there is a function with too many local variables.
 */
const quick = { ...compiler, settings: { ...compiler.settings, viaIR: false, optimizer: { enabled: false } } };
const overrides = Object.fromEntries(
  globSync("test/solidity/{{market,invariants,facades}/*,consumers/{Tensor,Output}*}.sol", {
    cwd: import.meta.dirname,
  }).map((file) => [file, quick]),
);

export default defineConfig({
  plugins: [toolbox],
  solidity: {
    profiles: {
      default: { compilers: [compiler], overrides },
      production: { compilers: [compiler], overrides },
    },
  },
  networks: {
    default: { type: "edr-simulated", chainType: "l1", hardfork: "osaka" },
    // Asked for, from Hardhat's keystore or the environment, when it is used (docs/deployment.md).
    live: {
      type: "http",
      chainType: "generic",
      url: configVariable("VERIGRAD_RPC"),
      accounts: [configVariable("VERIGRAD_DEPLOYER")],
    },
  },
  paths: {
    sources: { solidity: ["contracts", "examples/dapps"] },
    tests: { mocha: "test", solidity: "test/solidity" },
  },
  // Bindings come from scripts/generate-abis.ts: typed `as const`, erasable, checked in.
  typechain: { dontOverrideCompile: true },
  test: {
    mocha: { timeout: 120_000 },
    solidity: {
      profiles: {
        // A handler that reverts is wrong itself, and would hide what the market did in that step.
        default: { fuzz: { runs: 1_000 }, invariant: { runs: 64, depth: 32, failOnRevert: true } },
        deep: { fuzz: { runs: 10_000 }, invariant: { runs: 256, depth: 64, failOnRevert: true } },
      },
    },
  },
});
