// SPDX-License-Identifier: GPL-3.0-or-later
import { keccak_256 } from "@noble/hashes/sha3.js";
import { bytesToHex } from "@noble/hashes/utils.js";
import { expect } from "chai";
import {
  MESSAGES,
  proveReference,
  type Hooks,
  type Message,
} from "../../../../verifier/proofs/tensorcheck/prover/reference.ts";
import type { Column } from "../../../../verifier/proofs/tensorcheck/program.ts";
import { verify } from "../../../../verifier/proofs/tensorcheck/verify/verify.ts";
import type { Verdict } from "../../../../verifier/proofs/types.ts";
import { errorOf } from "../../../helpers/errors.ts";
import { numberTiny, SPECS, tiny } from "../tiny-program.ts";
import { testKey, testPowers } from "../powers.ts";

const INPUT = [7, 2, 3];
const N = 5;

describe("tensorcheck: reference prover", () => {
  let powers: Uint8Array;
  let key: Uint8Array;
  const model = tiny(INPUT);
  const numbered = numberTiny(model, N);
  const prove = (hooks?: Hooks, { context = 7n, output = model.output, witness = model.program.witness([]) } = {}) =>
    proveReference(
      numbered,
      witness,
      {
        keyHash: `0x${bytesToHex(keccak_256(key))}`,
        context,
        specs: SPECS,
        input: Uint8Array.from(INPUT),
        output: Uint8Array.from(output),
      },
      powers,
      hooks,
    );
  const verdict = async (seal: Uint8Array, output = model.output): Promise<Verdict["ok"]> =>
    (await verify(key, { context: 7n, input: Uint8Array.from(INPUT), output: Uint8Array.from(output) }, seal)).ok;

  before(async () => {
    powers = await testPowers(7);
    key = await testKey(numbered, SPECS, powers);
  });

  it("convinces the verifier, whatever the size of chunks", async () => {
    expect(await verdict(await prove())).to.equal(true);
    for (const n of [2, 4, 7]) {
      const other = numberTiny(model, n);
      const bytes = await testKey(other, SPECS, powers);
      const claim = { context: 0n, input: Uint8Array.from(INPUT), output: Uint8Array.from(model.output) };
      const keyHash = `0x${bytesToHex(keccak_256(bytes))}` as const;
      const witness = model.program.witness([]);
      const seal = await proveReference(other, witness, { keyHash, specs: SPECS, ...claim }, powers);
      expect((await verify(bytes, claim, seal)).ok, `n = ${n}`).to.equal(true);
    }
  });

  it("sends the messages of the spec, in order and of their lengths", async () => {
    const sent: [Message, number][] = [];
    const seal = await prove({
      send: (message, bytes) => {
        sent.push([message, bytes.length]);
        return bytes;
      },
    });
    const { placement, K, D, claims, entities } = numbered;
    expect(sent).to.deep.equal([
      ["wit", 64 * placement.chunks.wit],
      ["help", 64 * placement.chunks.help],
      ...Array.from({ length: K }, () => ["blockRound", 32 * D]),
      ["claims", 32 * claims.length],
      ...Array.from({ length: N }, () => ["productRound", 64]),
      ["entities", 32 * entities.length],
      ["folds", 64 * (N - 1)],
      ["negated", 32 * N],
      ["Q", 64],
      ["W", 64],
    ]);
    expect(seal).to.have.length(sent.reduce((sum, [, length]) => sum + length, 0));
    expect(await prove()).to.deep.equal(seal);
  });

  it("binds a seal to the context", async () => {
    expect(await prove(undefined, { context: 8n })).not.to.deep.equal(await prove());
  });

  it("refuses what is not true", async () => {
    const wrong = await errorOf(() => prove(undefined, { output: [26, 0, 1] }));
    expect(wrong).to.include({ code: "PROVE_FAILED", consequence: "ESCALATE" });
    for (const name of ["z", "y", "count"] as const) {
      const witness = new Map(model.program.witness([]));
      const cells = Int32Array.from(witness.get(model.columns[name]) as Int32Array);
      cells[1] = (cells[1] as number) + 1;
      witness.set(model.columns[name], cells);
      expect(await errorOf(() => prove(undefined, { witness })), name).to.include({ code: "PROVE_FAILED" });
    }
  });

  it("convinces nobody of a witness that breaks an equation", async () => {
    const wrong: Record<string, Hooks> = {};
    for (const [name, column] of Object.entries(model.columns)) {
      if (column.class === "pre") continue;
      wrong[name] = { column: (of, cells) => (of === column ? cells.with(1, (cells[1] as bigint) + 1n) : cells) };
    }
    // A pad that is not 0 breaks nothing but z = W x + b, in which z stands without select.
    wrong["pad of z"] = { column: (of, cells) => (of === model.columns.z ? cells.with(3, 1n) : cells) };
    for (const [name, hooks] of Object.entries(wrong)) {
      expect(await verdict(await prove(hooks)), name).to.equal(false);
    }
    expect(await verdict(await prove({}, { output: [26, 0, 1] }), [26, 0, 1])).to.equal(false);
    const pad: Hooks = { column: (of, cells) => (of === model.columns.y ? cells.with(3, 9n) : cells) };
    expect(await verdict(await prove(pad)), "pad of y, which nothing reads").to.equal(true);
  });

  it("convinces nobody once a message is another", async () => {
    for (const name of MESSAGES) {
      const send: Hooks["send"] = (message, bytes) => {
        if (message !== name) return bytes;
        // Another scalar, or infinity where there was a point.
        const other = bytes.slice();
        if (["wit", "help", "folds", "Q", "W"].includes(name)) other.fill(0, 0, 64);
        else other[31] = (other[31] as number) ^ 1;
        return other;
      };
      expect(await verdict(await prove({ send })), name).to.equal(false);
    }
  });

  it("lets a test lie about columns and messages, and choose after challenges", async () => {
    const honest = await prove();
    const column = (of: Column, cells: readonly bigint[]): readonly bigint[] =>
      of === model.columns.help ? cells.map((cell) => cell + 1n) : cells;
    const other = await prove({ column });
    const wit = 64 * numbered.placement.chunks.wit;
    const help = wit + 64 * numbered.placement.chunks.help;
    expect(other.subarray(0, wit)).to.deep.equal(honest.subarray(0, wit));
    expect(other.subarray(wit, help)).not.to.deep.equal(honest.subarray(wit, help));

    // Helps that are not absorbed can be chosen by who knows alpha.
    const alphas: bigint[] = [];
    const late: Hooks = {
      absorb: (message, bytes) => (message === "help" ? new Uint8Array() : bytes),
      challenge: (name, value) => void (name === "alpha" && alphas.push(value)),
    };
    await prove(late);
    await prove({ ...late, column });
    expect(alphas[1]).to.equal(alphas[0]);
  });
});
