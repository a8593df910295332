// SPDX-License-Identifier: GPL-3.0-or-later
// The solver's gate fails when it should: a false theorem, a broken function, no solver, nothing to prove.
import { expect } from "chai";
import { readFileSync } from "node:fs";
import { prove } from "../../scripts/assurance/smt.ts";

const MATH = "contracts/market/SettlementMath.sol";
const THEOREMS = "test/assurance/SettlementMathProofs.sol";
const math = readFileSync(MATH, "utf8");

/** One theorem about the slash; the others take longer and add nothing here. */
const theorem = (assertion: string): string => `// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;
import {SettlementMath} from "../../contracts/market/SettlementMath.sol";
contract Theorem {
    function slash(uint96 amount) external pure {
        (uint256 burnt, uint256 awarded) = SettlementMath.slash(amount, 5_000);
        ${assertion}
    }
}
`;
const TRUE_ONE = "assert(burnt + awarded == amount);";

describe("solver over the money maths", () => {
  it("proves what holds", () => {
    const { proved, failures } = prove({ [MATH]: math, [THEOREMS]: theorem(TRUE_ONE) }, THEOREMS);
    expect(failures).to.deep.equal([]);
    expect(proved.map(({ kind }) => kind)).to.include.members(["assertion", "underflow", "division"]);
  });

  it("refuses a theorem that is false for one argument", () => {
    const { failures } = prove({ [MATH]: math, [THEOREMS]: theorem("assert(burnt > awarded);") }, THEOREMS);
    expect(failures.join()).to.contain("Assertion violation happens here");
  });

  it("notices a slash that awards a unit too much", () => {
    const broken = math.replace("burnt = amount - awarded;", "burnt = amount - awarded; awarded += 1;");
    expect(broken).not.to.equal(math);
    const { failures } = prove({ [MATH]: broken, [THEOREMS]: theorem(TRUE_ONE) }, THEOREMS);
    expect(failures.join()).to.contain("Assertion violation happens here");
  });

  it("notices a division by zero that no assertion is about", () => {
    const broken = math.replace(
      "burnt = amount - awarded;",
      "burnt = amount - awarded; awarded = awarded / (amount / amount);",
    );
    expect(broken).not.to.equal(math);
    const { failures } = prove({ [MATH]: broken, [THEOREMS]: theorem(TRUE_ONE) }, THEOREMS);
    expect(failures.join()).to.contain("Division by zero happens here");
  });

  it("fails without a solver", () => {
    const { proved, failures } = prove({ [MATH]: math, [THEOREMS]: theorem(TRUE_ONE) }, THEOREMS, []);
    expect(proved.filter(({ kind }) => kind === "assertion")).to.deep.equal([]);
    expect(failures).not.to.deep.equal([]);
  });

  it("fails where nothing is asserted", () => {
    const { failures } = prove({ [MATH]: math, [THEOREMS]: theorem("") }, THEOREMS);
    expect(failures.join()).to.contain("no assertion");
  });
});
