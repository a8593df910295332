// SPDX-License-Identifier: GPL-3.0-or-later
// The gate over Slither's report: what it counts, what it names, and what it does not take for an explanation.
import { expect } from "chai";
import { explain } from "../../scripts/assurance/explain.ts";
import { slitherFindings, type SlitherReport } from "../../scripts/assurance/slither.ts";

const contract = { type: "contract", name: "Bank" };
const pay = { type: "function", name: "pay", type_specific_fields: { parent: contract } };
const statement = { type: "node", name: "to.call{value: 1}()", type_specific_fields: { parent: pay } };

const report = (impact: string, elements = [pay, statement]): SlitherReport => ({
  success: true,
  error: null,
  results: { detectors: [{ check: "reentrancy-eth", impact, description: "told at length", elements }] },
});

describe("Slither's findings", () => {
  it("are named by check, function and statement", () => {
    expect(slitherFindings(report("High")).map(({ key }) => key)).to.deep.equal([
      "reentrancy-eth: Bank.pay: to.call{value: 1}()",
    ]);
    expect(slitherFindings(report("Medium", [pay])).map(({ key }) => key)).to.deep.equal(["reentrancy-eth: Bank.pay"]);
  });

  it("count from medium impact on", () => {
    expect(slitherFindings(report("Low"))).to.deep.equal([]);
  });

  it("are none only if Slither ran", () => {
    expect(() => slitherFindings({ success: false, error: "no compiler", results: {} })).to.throw("no compiler");
  });
});

describe("explanations", () => {
  const reason = "a reason that says something";

  it("explain what they name, or fit", () => {
    const { explained, unexplained, unused } = explain(["a: x", "b: y"], { "a: x": reason, "b: *": reason });
    expect([Object.keys(explained), unexplained, unused]).to.deep.equal([["a: x", "b: y"], [], []]);
  });

  it("leave other findings unexplained, and are reported when they fit none", () => {
    const { unexplained, unused } = explain(["a: x"], { "a: y": reason });
    expect([unexplained, unused]).to.deep.equal([["a: x"], ["a: y"]]);
  });

  it("take everything but * literally", () => {
    expect(explain(["a+b", "aab"], { "a+b": reason }).unexplained).to.deep.equal(["aab"]);
    expect(explain(["f(1)", "f(2)"], { "f(1*": reason }).unexplained).to.deep.equal(["f(2)"]);
  });
});
