// SPDX-License-Identifier: GPL-3.0-or-later
// What a tensorcheck verification costs at the most, thing by thing: keys that consist of one thing many times, so that no bound
// that is too low hides behind another that is too high.
import { expect } from "chai";
import { newGraphBuilder } from "../../verifier/graph/builder.ts";
import { makeConstant } from "../../verifier/graph/constants.ts";
import { compileGraph } from "../../verifier/proofs/tensorcheck/compile.ts";
import { encodeKey } from "../../verifier/proofs/tensorcheck/encode.ts";
import { parseTensorcheckKey } from "../../verifier/proofs/tensorcheck/verify/key.ts";
import { ITEMS, lookupsOf, termsOf } from "../helpers/cost-items.ts";
import { errorOf } from "../helpers/errors.ts";
import { BASE, many, newCosts, spec, type Cost, type Costs, type Program } from "../helpers/verification-cost.ts";

describe("differential: what each part of a tensorcheck verification costs at the most", function () {
  this.timeout(600_000);
  let costs: Costs;

  before(async () => {
    costs = await newCosts();
  });

  it("is no less than the chain takes, for each thing that a key can hold", async () => {
    const known = new Map<Program, Cost>();
    const costOf = async (program: Program): Promise<Cost> => {
      const found = known.get(program) ?? (await costs.ofProgram(program));
      known.set(program, found);
      return found;
    };
    for (const [what, [of, program]] of Object.entries(ITEMS)) {
      const [less, more] = [await costOf(of), await costOf(program)];
      expect(more.bound - less.bound, what).to.be.at.least(more.measured - less.measured);
      expect(more.bound, what).to.be.within(more.measured, 2 * more.measured);
    }
  });

  it("is no less than the chain takes for a graph that gathers far and wide", async () => {
    let state = 7;
    const random = (n: number): number => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return Math.floor((state / 2 ** 32) * n);
    };
    const [size, positions] = [16_384, 4_096];
    const builder = newGraphBuilder();
    const x = builder.addInput("x", spec([1, size]));
    const gathers = many(3, (i) => {
      const indices = makeConstant(
        [1, positions],
        many(positions, () => random(size)),
      );
      const node = { kind: "index", op: "gather", from: ["g"], inputs: [x], indices, fill: 0n } as const;
      return builder.addNode(node, { name: `g${i}`, exponent: 0 });
    });
    const sum = builder.addNode(
      { kind: "linear", op: "weightedSum", from: ["s"], inputs: gathers, multipliers: [1n, 2n, 3n], constant: null },
      { name: "sum", exponent: 0 },
    );
    const weights = makeConstant(
      [1, positions],
      many(positions, () => random(255) - 127),
    );
    const y = builder.addNode(
      { kind: "linear", op: "fullyConnected", from: ["fc"], input: sum, weights, bias: null },
      { name: "y", exponent: 0 },
    );
    const { numbered, specs } = compileGraph(builder.finish([{ name: "y", tensor: y, type: "i32" }]));
    const commitments = new Uint8Array(64 * numbered.placement.chunks.pre);
    const { measured, bound } = await costs.of(
      encodeKey({ specs, numbered, commitments, tau2: costs.tau2 }),
      specs.inputs,
      specs.outputs,
    );
    expect(measured, "more than a market gives").to.be.greaterThan(7_000_000);
    expect(bound).to.be.within(measured, 1.5 * measured);
  });

  it("is no less than the chain takes for convolutions of many taps at two positions, and inputs that nothing reads", async () => {
    for (const unread of [0, 60_000]) {
      const taps = 2048;
      const builder = newGraphBuilder();
      const x = builder.addInput("x", { ...spec([1, 1, taps + 1], "u8", 239) });
      if (unread > 0) builder.addInput("unread", spec([1, unread], "u8", 239));
      const convolutions = many(5, (i) => {
        const weights = makeConstant(
          [1, 1, taps],
          many(taps, () => 1),
        );
        const at = { strides: [1], dilations: [i + 1], pads: [0, i * (taps - 1)], group: 1, bias: null };
        const node = { kind: "linear", op: "convolution", from: [`c${i}`], input: x, weights, ...at } as const;
        return builder.addNode(node, { name: `c${i}`, exponent: 0 });
      });
      const multipliers = convolutions.map(() => 1n);
      const sum = builder.addNode(
        { kind: "linear", op: "weightedSum", from: ["s"], inputs: convolutions, multipliers, constant: null },
        { name: "sum", exponent: 0 },
      );
      const { numbered, specs } = compileGraph(builder.finish([{ name: "y", tensor: sum, type: "i32" }]));
      const commitments = new Uint8Array(64 * numbered.placement.chunks.pre);
      const key = encodeKey({ specs, numbered, commitments, tau2: costs.tau2 });
      const { measured, bound } = await costs.of(key, specs.inputs, specs.outputs);
      expect(measured, "more than a market gives").to.be.greaterThan(7_000_000);
      expect(bound, `${unread} unread`).to.be.within(measured, 1.5 * measured);
    }
  });

  it("cannot be driven up by the number of an equation: there are no more than terms, look-ups and outputs", async () => {
    const withLast = (last: number): Uint8Array =>
      costs.keyOf({
        ...BASE,
        blocks: [...termsOf(3, 1, () => 1), ...termsOf(1, 1, () => last), ...lookupsOf(1, 1, 0)],
      });
    // An output, four terms and a look-up.
    await parseTensorcheckKey(withLast(6), costs.tau2);
    await costs.system.getFunction("registerKey").staticCall(withLast(6));
    for (const last of [7, 65_535]) {
      const error = await errorOf(parseTensorcheckKey(withLast(last), costs.tau2));
      expect(error?.data).to.include({ fault: "MalformedKey", reason: 23 });
      await expect(costs.system.getFunction("registerKey").staticCall(withLast(last)))
        .to.be.revertedWithCustomError(costs.system, "MalformedKey")
        .withArgs(23);
    }
    const outputs = [{ equation: 7, axes: [] }];
    expect((await errorOf(parseTensorcheckKey(costs.keyOf({ ...BASE, outputs }), costs.tau2)))?.data).to.include({
      reason: 23,
    });
    await expect(costs.system.getFunction("registerKey").staticCall(costs.keyOf({ ...BASE, outputs })))
      .to.be.revertedWithCustomError(costs.system, "MalformedKey")
      .withArgs(23);
  });
});
