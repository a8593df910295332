// SPDX-License-Identifier: GPL-3.0-or-later
// Provers who do everything right but one thing, and know all that they can know when they do it.
import { expect } from "chai";
import type { Cells, Column } from "../../../../verifier/proofs/tensorcheck/program.ts";
import { numberProgram } from "../../../../verifier/proofs/tensorcheck/number.ts";
import { placeColumns } from "../../../../verifier/proofs/tensorcheck/place.ts";
import { MESSAGES, type Challenge, type Hooks } from "../../../../verifier/proofs/tensorcheck/prover/reference.ts";
import { inverse, mod } from "../../../../verifier/proofs/tensorcheck/verify/field.ts";
import { parseTensorcheckKey, type Key } from "../../../../verifier/proofs/tensorcheck/verify/key.ts";
import type { Drawn } from "../../../../verifier/proofs/tensorcheck/verify/point.ts";
import { evaluateBlocks, evaluateEntities } from "../../../../verifier/proofs/tensorcheck/verify/sumcheck.ts";
import { evaluateStructured, evaluateTensor } from "../../../../verifier/proofs/tensorcheck/verify/values.ts";
import { verify } from "../../../../verifier/proofs/tensorcheck/verify/verify.ts";
import { concat, readUint, uint256Bytes } from "../../../../verifier/proofs/points.ts";
import type { Claim } from "../../../../verifier/proofs/types.ts";
import { fullGraph } from "../../../graph/full-graph.ts";
import { randomInputs } from "../../../graph/arbitraries.ts";
import { integers } from "../../../helpers/circuit-models.ts";
import { honestGraph, honestTiny, type Changes, type Honest } from "../honest.ts";
import { tiny as tinyModel } from "../tiny-program.ts";

const INPUT = [7, 2, 3];
const scalars = (bytes: Uint8Array): bigint[] =>
  Array.from({ length: bytes.length / 32 }, (_, i) => readUint(bytes, 32 * i));
const bytesOf = (values: readonly bigint[]): Uint8Array => concat(values.map(uint256Bytes));

describe("tensorcheck/verify: liars", () => {
  let honest: Honest;
  let key: Key;

  before(async () => {
    honest = await honestTiny(4, INPUT);
    key = await parseTensorcheckKey(honest.key);
  });

  /** The message of the refusal; "ok" for none. */
  async function outcome(hooks: Hooks, changes: Changes = {}): Promise<string> {
    const seal = await honest.prove(hooks, changes);
    const claim: Claim = { ...honest.claim, ...changes.claim };
    const verdict = await verify(honest.key, claim, seal);
    if (verdict.ok) return "ok";
    expect(verdict.code).to.equal("InvalidProof");
    return verdict.message;
  }

  it("no message may be chosen after a challenge that it comes before", async () => {
    expect(await outcome({})).to.equal("ok");
    // After W nothing is drawn.
    for (const name of MESSAGES.filter((each) => each !== "W")) {
      const absorb: Hooks["absorb"] = (message, bytes) => (message === name ? new Uint8Array() : bytes);
      expect(await outcome({ absorb }), name).not.to.equal("ok");
    }
  });

  it("no cell of any column that something reads may be another", async () => {
    const pads = new Map([["y", 3]]);
    let lies = 0;
    for (const column of honest.program.columns.filter((each) => each.class !== "pre")) {
      for (const at of [0, 1, 2 ** column.bits - 1]) {
        if (pads.get(column.name) === at) continue;
        const lie = (of: Column, cells: readonly bigint[]): readonly bigint[] =>
          of === column ? cells.with(at, mod((cells[at] as bigint) - 1n)) : cells;
        expect(await outcome({ column: lie }), `${column.name}[${at}]`).to.equal("sumcheck A does not hold");
        lies++;
      }
    }
    expect(lies).to.equal(14);
  });

  it("a pad is anything: what it holds changes no output", async () => {
    const lie = (of: Column, cells: readonly bigint[]): readonly bigint[] =>
      of.name === "y" ? cells.with(3, 123456789n) : cells;
    expect(await outcome({ column: lie })).to.equal("ok");
    const output = Uint8Array.from(honest.claim.output, (value) => value + 1);
    expect(await outcome({ column: lie }, { claim: { output } })).to.equal("sumcheck A does not hold");
  });

  it("weights are the key's, even if all else is right for others", async () => {
    const model = tinyModel(INPUT);
    const { weights, z, y, count } = model.columns;
    const others = Int8Array.from(weights.cells as Int8Array, (weight, i) => (i === 0 ? weight - 1 : weight));
    // Identity is the object, and the program's terms name this one.
    Object.assign(weights, { cells: others });
    const right = model.program.witness([]);
    const sums = Int32Array.from(right.get(z) as Int32Array, (sum, i) => (i === 0 ? sum - (INPUT[0] as number) : sum));
    const values = sums.map((sum) => Math.max(0, sum));
    const counts = new Int32Array(64);
    for (const sum of sums.subarray(0, 3)) counts[sum + 32] = (counts[sum + 32] as number) + 1;
    const witness = new Map<Column, Cells>([
      [z, sums],
      [y, values],
      [count, counts],
    ]);
    const numbered = numberProgram(model.program, placeColumns(model.program, 4));
    const output = Uint8Array.from(values.subarray(0, 3));
    expect(output).not.to.deep.equal(honest.claim.output);
    const lie = { numbered, witness, claim: { output } };
    // Without hooks the prover checks every equation: with these weights, all hold.
    await honest.prove(undefined, lie);
    expect(await outcome({}, lie)).to.equal("the opening does not hold");
  });

  it("claims that agree with sumcheck A, but not with the columns", async () => {
    const seen = new Map<Challenge, bigint[]>();
    const challenge: Hooks["challenge"] = (name, value) => void seen.set(name, [...(seen.get(name) ?? []), value]);
    const lie: Hooks["send"] = (message, bytes) => {
      if (message !== "claims") return bytes;
      const [alpha, beta, gamma] = (["alpha", "beta", "gamma"] as const).map((name) => (seen.get(name) as bigint[])[0]);
      const drawn: Drawn = {
        r: (seen.get("r") as bigint[]).toReversed(),
        rho: (seen.get("rho") as bigint[]).toReversed(),
      };
      const computed = [
        ...key.publics.map(({ axes }) => evaluateTensor(drawn, axes, INPUT)),
        ...key.structured.map((value) => evaluateStructured(drawn, value)),
      ];
      const sumOf = (claims: readonly bigint[]): bigint =>
        evaluateBlocks(key, {
          ...{ drawn, values: [...claims, ...computed] },
          ...{ alpha: alpha as bigint, beta: beta as bigint, gamma: gamma as bigint },
        });
      const values = scalars(bytes);
      // Claim 0 another, and another claim, in which the sum is linear, what makes up for it.
      values[0] = mod((values[0] as bigint) + 1n);
      const missing = sumOf(scalars(bytes)) - sumOf(values);
      const at = values.findIndex((v, i) => i > 0 && sumOf(values.with(i, mod(v + 1n))) !== sumOf(values));
      const slope = sumOf(values.with(at, mod((values[at] as bigint) + 1n))) - sumOf(values);
      values[at] = mod((values[at] as bigint) + missing * (inverse(slope) as bigint));
      expect(sumOf(values)).to.equal(sumOf(scalars(bytes)));
      return bytesOf(values);
    };
    expect(await outcome({ send: lie, challenge })).to.equal("sumcheck C does not hold");
  });

  it("evaluations that agree with sumcheck C, but not with the chunks", async () => {
    const seen = new Map<Challenge, bigint[]>();
    const challenge: Hooks["challenge"] = (name, value) => void seen.set(name, [...(seen.get(name) ?? []), value]);
    const lie: Hooks["send"] = (message, bytes) => {
      if (message !== "entities") return bytes;
      const reversed = (name: Challenge): bigint[] => (seen.get(name) as bigint[]).toReversed();
      const drawn: Drawn = { r: reversed("r"), rho: reversed("rho") };
      const weightOf = (e: number): bigint => {
        const unit = key.entities.map((_, i) => (i === e ? 1n : 0n));
        return evaluateEntities(key, drawn, reversed("s"), (seen.get("delta") as bigint[])[0] as bigint, unit);
      };
      const values = scalars(bytes);
      // E_0 P_0 + E_1 P_1 = E_0 (P_0 + E_1) + E_1 (P_1 − E_0)
      values[0] = mod((values[0] as bigint) + weightOf(1));
      values[1] = mod((values[1] as bigint) - weightOf(0));
      return bytesOf(values);
    };
    expect(await outcome({ send: lie, challenge })).to.equal("the opening does not hold");
  });

  it("no tensor of a graph with every op may be another", async () => {
    const graph = fullGraph();
    const all = await honestGraph(graph, randomInputs(graph, integers(3)), { n: 8, tableBits: 5 });
    expect(await verify(all.key, all.claim, all.seal)).to.deep.equal({ ok: true });
    const columns = [...all.witness.keys()].filter(({ name }) => !name.includes("inverse"));
    // One of eight here; every one, for every op, in lower-attacks.test.ts.
    for (const [number, lied] of columns.entries()) {
      if (number % 8 !== 0) continue;
      const column = (of: Column, cells: readonly bigint[]): readonly bigint[] =>
        of === lied ? cells.with(0, mod((cells[0] as bigint) + 1n)) : cells;
      const verdict = await verify(all.key, all.claim, await all.prove({ column }));
      expect(verdict, lied.name).to.include({ ok: false, code: "InvalidProof" });
    }
  });

  it("an output that is not the model's, with every round of sumcheck A to match", async () => {
    const output = Uint8Array.from(honest.claim.output, (value, i) => (i === 2 ? value + 1 : value));
    expect(await outcome({}, { claim: { output } })).to.equal("sumcheck A does not hold");
  });
});
