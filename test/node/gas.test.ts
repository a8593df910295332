// SPDX-License-Identifier: GPL-3.0-or-later
import { readFileSync } from "node:fs";
import { expect } from "chai";
import type { Request } from "../../verifier/chain/types.ts";
import { TRANSACTION_GAS } from "../../verifier/chain/transactions.ts";
import { settlementGas, tooDear } from "../../verifier/node/gas.ts";
import type { VerificationCost } from "../../verifier/proofs/types.ts";
import { sampleRequest } from "../helpers/jobs.ts";

/** Whole transactions, as bench/gas-market.ts measured them: a 64-byte input, a 20-byte output unless another is named. */
const measured = JSON.parse(
  readFileSync(new URL("../../bench/snapshots/gas-market.json", import.meta.url), "utf8"),
) as Record<string, number>;
const request = { ...sampleRequest, input: `0x${"01".repeat(64)}` } as const;
const groth16 = { gas: measured["verify"] as number, sealLength: 256 };

const gasOf = (...args: Parameters<typeof settlementGas>): number => {
  const gas = settlementGas(...args);
  expect(gas).to.not.equal(null);
  return gas as number;
};

describe("what a settlement can take", () => {
  it("is more than every settlement that was measured, though not by much", () => {
    const bound = gasOf(request, 20, groth16);
    const settlements = Object.entries(measured).filter(([name]) => /^fulfil(,|$)/.test(name));
    expect(settlements.length).to.be.at.least(4);
    for (const [name, gas] of settlements) expect(bound, name).to.be.within(gas, 2 * gas);
    for (const length of [31, 64, 96]) {
      const beyond = gasOf(request, length, groth16) - groth16.gas;
      expect(beyond, `${length} bytes`).to.be.at.least(measured[`fulfil beyond verify, ${length} bytes`] as number);
    }
  });

  it("grows with verification, output, input, seal and callback, by no less than each takes", () => {
    const base = gasOf(request, 32, groth16);
    const more = (change: Partial<typeof sampleRequest>, length = 32, cost = groth16): number =>
      gasOf({ ...request, ...change }, length, cost) - base;
    expect(more({}, 32, { ...groth16, gas: groth16.gas + 630_000 }), "a 64th stays with the caller").to.equal(640_000);
    expect(more({}, 64)).to.be.at.least(23_000);
    expect(more({ input: `${request.input}${"01".repeat(1_000)}` })).to.be.at.least(16_000);
    expect(more({}, 32, { ...groth16, sealLength: 1_256 })).to.be.at.least(24_000);
    // CallbackLib.required
    const callbackGas = 1_000_000;
    expect(more({ callbackGas: BigInt(callbackGas) })).to.be.at.least(callbackGas + callbackGas / 63 + 1 + 6_000);
  });

  it("fits a transaction up to the very gas that one has, and what the market gives a verification", () => {
    const fits = (...args: [Request, number, VerificationCost]): boolean => settlementGas(...args) !== null;
    const room = (asked: Request): number =>
      Math.floor(((TRANSACTION_GAS - gasOf(asked, 8_192, { gas: 0, sealLength: 256 })) * 63) / 64);
    expect(room(request), "beside the longest output (docs/spec/settlement.md)").to.be.at.least(7_000_000);
    const calling = { ...request, callbackGas: 4_000_000n };
    expect(fits(calling, 8_192, { gas: room(calling), sealLength: 256 })).to.equal(true);
    expect(fits(calling, 8_192, { gas: room(calling) + 2, sealLength: 256 })).to.equal(false);
    expect(fits(request, 1, { gas: 7_000_000, sealLength: 256 })).to.equal(true);
    expect(fits(request, 1, { gas: 7_000_001, sealLength: 256 })).to.equal(false);
    expect(tooDear(7_000_000)).to.equal(null);
    expect(tooDear(7_000_001)).to.contain("no node will claim");
  });
});
