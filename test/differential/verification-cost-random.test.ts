// SPDX-License-Identifier: GPL-3.0-or-later
// What a tensorcheck verification costs at the most, for programs of a few of everything: what no list of things thought of.
import { expect } from "chai";
import { newRandom, randomProgram } from "../helpers/random-programs.ts";
import { BASE, newCosts } from "../helpers/verification-cost.ts";

const PROGRAMS = 80;

describe("differential: what a tensorcheck verification of anything costs at the most", function () {
  this.timeout(600_000);

  it("is no less than the chain takes, beside what the least of programs costs", async () => {
    const costs = await newCosts();
    const least = await costs.ofProgram(BASE);
    for (let seed = 1; seed <= PROGRAMS; seed++) {
      const { measured, bound } = await costs.ofProgram(randomProgram(newRandom(seed)));
      const [said, taken] = [bound - least.bound, measured - least.measured];
      expect(said, `seed ${seed}`).to.be.within(taken, 1.8 * taken);
    }
  });
});
