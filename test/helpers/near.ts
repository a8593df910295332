// SPDX-License-Identifier: GPL-3.0-or-later
import { expect } from "chai";

/** Whether a real number is near another. Hardhat's matchers replace chai's closeTo by one that takes integers only. */
export function expectNear(actual: number | undefined, expected: number, slack: number, what = "value"): void {
  expect(actual, what).to.be.within(expected - slack, expected + slack);
}
