// SPDX-License-Identifier: GPL-3.0-or-later
import { expect } from "chai";
import fc from "fast-check";
import { COLUMN_CLASSES, placeColumns } from "../../../verifier/proofs/tensorcheck/place.ts";
import type { Column } from "../../../verifier/proofs/tensorcheck/program.ts";
import { codeOf } from "../../helpers/errors.ts";

const column = (name: string, bits: number, of: Column["class"] = "wit"): Column => ({ class: of, name, bits });

describe("tensorcheck/place", () => {
  it("places the largest first, equals in order, each class in chunks of its own", () => {
    const columns = [
      column("h", 1, "help"),
      column("small", 0),
      column("first", 2),
      column("big", 4),
      column("second", 2),
      column("W", 3, "pre"),
    ];
    const { chunks, places } = placeColumns({ columns }, 3);
    expect(chunks).to.deep.equal({ pre: 1, wit: 4, help: 1 });
    const found = Object.fromEntries([...places].map(([{ name }, { chunk, block }]) => [name, [chunk, block]]));
    expect(found).to.deep.equal({ W: [0, 0], big: [1, 0], first: [3, 0], second: [3, 1], small: [4, 0], h: [5, 0] });
  });

  it("gives every cell to one column at most, and aligned blocks to all", () => {
    const anyColumn = fc.record({ of: fc.constantFrom(...COLUMN_CLASSES), bits: fc.integer({ min: 0, max: 8 }) });
    fc.assert(
      fc.property(fc.array(anyColumn, { maxLength: 30 }), fc.integer({ min: 1, max: 6 }), (list, n) => {
        const columns = list.map(({ of, bits }, i) => column(String(i), bits, of));
        const { chunks, places } = placeColumns({ columns }, n);
        const taken = new Set<number>();
        const first = { pre: 0, wit: chunks.pre, help: chunks.pre + chunks.wit };
        for (const each of columns) {
          const { chunk, block } = places.get(each) as { chunk: number; block: number };
          expect(block).to.be.lessThan(2 ** Math.max(0, n - each.bits));
          for (let i = 0; i < 2 ** each.bits; i++) {
            const cell = chunk * 2 ** n + block * 2 ** each.bits + i;
            expect(taken.has(cell)).to.equal(false);
            taken.add(cell);
            const within = Math.floor(cell / 2 ** n) - first[each.class];
            expect(within).to.be.within(0, chunks[each.class] - 1);
          }
        }
        const cells = (of: string): number =>
          columns.filter((each) => each.class === of).reduce((sum, { bits }) => sum + 2 ** bits, 0);
        for (const of of COLUMN_CLASSES) expect(chunks[of]).to.equal(Math.ceil(cells(of) / 2 ** n));
      }),
      { numRuns: 50 },
    );
  });

  it("refuses more chunks than a key can number", async () => {
    expect(await codeOf(() => placeColumns({ columns: [column("x", 17)] }, 1))).to.equal("TENSORCHECK_TOO_LARGE");
    expect(() => placeColumns({ columns: [] }, 19)).to.throw(RangeError);
  });
});
