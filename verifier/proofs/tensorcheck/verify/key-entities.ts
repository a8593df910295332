// SPDX-License-Identifier: GPL-3.0-or-later
// Entities of a key, the polynomials that sumcheck C opens, with the claims on each (docs/spec/tensorcheck.md, section 5).
import { readCoordinates, type Coordinates } from "./key-values.ts";
import { check, REASON, type Bounds, type Reader } from "./reader.ts";

/** An evaluation of a column that lies at block `block` of 2^bits cells of its entity. */
export interface ColumnClaim {
  readonly bits: number;
  readonly block: number;
  /** left out: r_{bits−1}, …, r_0 */
  readonly coordinates?: Coordinates;
}

/** A chunk, or with upper coordinates the fold of the chunks from `chunk` on. */
export interface Entity {
  readonly chunk: number;
  readonly upper: Coordinates;
  readonly claims: readonly ColumnClaim[];
}

const LEFT_OUT = 0x80;

/** An entity; `spend` is told the work beyond the bytes read. */
export function readEntity(reader: Reader, bounds: Bounds, spend: (work: number) => void): Entity {
  reader.piece(3);
  const kind = reader.uint(1);
  const chunk = reader.uint(2);
  check(kind <= 1 && chunk < bounds.chunks, REASON.ENTITY, "an entity of no chunk");
  const upper = kind === 0 ? new Uint8Array() : readUpper(reader, bounds, chunk);
  if (kind === 1) spend(2 ** upper.length);
  return { chunk, upper, claims: reader.list(2, () => readClaim(reader, bounds)) };
}

function readUpper(reader: Reader, bounds: Bounds, chunk: number): Coordinates {
  const count = reader.uint(1);
  check(
    count >= 1 && count <= 16 && chunk + 2 ** count <= bounds.chunks,
    REASON.ENTITY,
    "a fold of chunks that are not there",
  );
  return readCoordinates(reader, bounds, count);
}

function readClaim(reader: Reader, bounds: Bounds): ColumnClaim {
  reader.piece(5);
  const head = reader.uint(1);
  const block = reader.uint(4);
  const leftOut = head >= LEFT_OUT;
  const bits = leftOut ? head - LEFT_OUT : head;
  const known = bits <= bounds.n && (!leftOut || bits <= bounds.K) && block < 2 ** (bounds.n - bits);
  check(known, REASON.CLAIM, "a claim beyond its chunk");
  return leftOut ? { bits, block } : { bits, block, coordinates: readCoordinates(reader, bounds, bits) };
}
