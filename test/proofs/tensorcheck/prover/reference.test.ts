// SPDX-License-Identifier: GPL-3.0-or-later
import { expect } from "chai";
import { proveReference, type Hooks, type Message } from "../../../../verifier/proofs/tensorcheck/prover/reference.ts";
import type { Column } from "../../../../verifier/proofs/tensorcheck/program.ts";
import { errorOf } from "../../../helpers/errors.ts";
import { numberTiny, SPECS, tiny } from "../tiny-program.ts";
import { testPowers } from "../powers.ts";

const INPUT = [7, 2, 3];
const N = 5;

describe("tensorcheck: reference prover", () => {
  let powers: Uint8Array;
  const model = tiny(INPUT);
  const numbered = numberTiny(model, N);
  const prove = (hooks?: Hooks, { context = 7n, output = model.output, witness = model.program.witness([]) } = {}) =>
    proveReference(
      numbered,
      witness,
      {
        keyHash: `0x${"11".repeat(32)}`,
        context,
        specs: SPECS,
        input: Uint8Array.from(INPUT),
        output: Uint8Array.from(output),
      },
      powers,
      hooks,
    );

  before(async () => {
    powers = await testPowers(N);
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
