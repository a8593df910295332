// SPDX-License-Identifier: GPL-3.0-or-later
// The points of evaluation, addressed by coordinates and runs (docs/spec/tensorcheck.md, section 1).
import { CONSTANTS, RHO, type Coordinates, type Run } from "./key-values.ts";

/** What has been drawn; index t is the coordinate t, counted from the least significant. */
export interface Drawn {
  /** where sumcheck A ends */
  readonly r: readonly bigint[];
  /** the point of equations */
  readonly rho: readonly bigint[];
}

/** The coordinates' values, in their order. */
export function valuesAt({ r, rho }: Drawn, coordinates: Coordinates | readonly number[]): bigint[] {
  return Array.from(coordinates, (byte) => {
    if (byte >= CONSTANTS) return BigInt(byte - CONSTANTS);
    return (byte < RHO ? r[byte] : rho[byte - RHO]) as bigint;
  });
}

/** The values of a run's coordinates, the most significant first. */
export function runAt(drawn: Drawn, { low, bits }: Run): bigint[] {
  return valuesAt(
    drawn,
    Array.from({ length: bits }, (_, i) => low + bits - 1 - i),
  );
}
