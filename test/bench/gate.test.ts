// SPDX-License-Identifier: GPL-3.0-or-later
// The gate over gas snapshots fails when a number moves, comes, goes, or passes its limit.
import { expect } from "chai";
import { drift, excess } from "../../bench/gate.ts";

describe("gas gate", () => {
  it("lets numbers move by 2 % and no further, up or down", () => {
    expect(drift({ claim: 10_000 }, { claim: 10_200 })).to.deep.equal([]);
    expect(drift({ claim: 10_000 }, { claim: 9_800 })).to.deep.equal([]);
    expect(drift({ claim: 10_000 }, { claim: 10_201 })).to.have.length(1);
    expect(drift({ claim: 10_000 }, { claim: 9_799 })).to.have.length(1);
  });

  it("notices numbers that come or go, and numbers that are none", () => {
    expect(drift({}, { claim: 1 })).to.deep.equal(["claim: not in the snapshot, 1 now"]);
    expect(drift({ claim: 1 }, {})).to.deep.equal(["claim: 1 in the snapshot, not measured now"]);
    expect(drift({ claim: 1 }, { claim: Number.NaN })).to.have.length(1);
  });

  it("holds limits, whatever the snapshot says", () => {
    expect(excess({ claim: 80_000 }, { claim: 80_000, request: 1 })).to.deep.equal([]);
    expect(excess({ claim: 80_000 }, { claim: 80_001 })).to.deep.equal(["claim: 80001 is above its limit of 80000"]);
    expect(excess({ claim: 80_000 }, {})).to.deep.equal(["claim: not measured is above its limit of 80000"]);
  });
});
