// SPDX-License-Identifier: GPL-3.0-or-later
// The key blob (docs/spec/tensorcheck.md, section 5): what the chain stores and the verifiers read.
import { keccak_256 } from "@noble/hashes/sha3.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";
import { encodeSpecList, type TensorSpec } from "../../tensor/spec.ts";
import { INPUT_MODES, type Hex } from "../types.ts";
import { axesBytes, coefficientBytes, publicBytes, structuredBytes, uint } from "./bytes.ts";
import { ownCoordinates } from "./number.ts";
import type { Entity, NumberedBlock, NumberedClaim, NumberedProgram } from "./numbered.ts";
import { COLUMN_CLASSES } from "./place.ts";

const NAME = keccak_256(utf8ToBytes("verigrad.tensorcheck.v1"));
/** First four bytes of keccak("verigrad.tensorcheck.v1"). */
export const SELECTOR: Hex = `0x${bytesToHex(NAME.subarray(0, 4))}`;

/** The coordinates are r_{bits−1..0} and left out. */
const OWN_COORDINATES = 0x80;
const TAU2_BYTES = 128;
const G1_BYTES = 64;

/** What a program takes and gives. */
export interface KeySpecs {
  readonly inputs: readonly TensorSpec[];
  readonly outputs: readonly TensorSpec[];
}

export interface KeyParts {
  readonly specs: KeySpecs;
  readonly numbered: NumberedProgram;
  /** of the pre chunks, 64 bytes each */
  readonly commitments: Uint8Array;
  /** [τ]_2 as the pairing precompile reads it, 128 bytes */
  readonly tau2: Uint8Array;
}

/** Canonical bytes of a key. Errors: RangeError for points of another length; TENSOR_SPEC_INVALID. */
export function encodeKey({ specs, numbered, commitments, tau2 }: KeyParts): Uint8Array {
  if (tau2.length !== TAU2_BYTES) throw new RangeError(`[tau]_2 has ${TAU2_BYTES} bytes, not ${tau2.length}`);
  const expected = G1_BYTES * numbered.placement.chunks.pre;
  if (commitments.length !== expected) {
    throw new RangeError(`commitments have ${expected} bytes, not ${commitments.length}`);
  }
  return Uint8Array.from([...head(specs), ...tau2, ...sizes(numbered), ...commitments, ...body(numbered)]);
}

/** A key's bytes without [τ]_2 and commitments: what follows from the graph alone. Errors: TENSOR_SPEC_INVALID. */
export function encodeProgram(specs: KeySpecs, numbered: NumberedProgram): Uint8Array {
  return Uint8Array.from([...head(specs), ...sizes(numbered), ...body(numbered)]);
}

function head(specs: KeySpecs): number[] {
  const lists = [specs.inputs, specs.outputs].map(encodeSpecList);
  return [
    ...NAME.subarray(0, 4),
    INPUT_MODES.indexOf("PUBLIC"),
    ...lists.flatMap((list) => [...uint(list.length, 2), ...list]),
  ];
}

function sizes({ placement, K, R, D }: NumberedProgram): number[] {
  return [placement.n, K, R, D, ...COLUMN_CLASSES.flatMap((name) => uint(placement.chunks[name], 2))];
}

function body({ outputs, publics, structured, entities, blocks }: NumberedProgram): number[] {
  return [
    ...outputs.flatMap(({ equation, axes }) => [...uint(equation, 2), ...axesBytes(axes)]),
    ...list(publics, 2, publicBytes),
    ...list(structured, 2, structuredBytes),
    ...list(entities, 2, entityBytes),
    ...list(blocks, 2, blockBytes),
  ];
}

/** Count and elements. */
function list<T>(elements: readonly T[], countBytes: number, bytes: (element: T) => number[]): number[] {
  return [...uint(elements.length, countBytes), ...elements.flatMap(bytes)];
}

function entityBytes({ chunk, upper, claims }: Entity): number[] {
  const folded = upper.length > 0;
  return [
    folded ? 1 : 0,
    ...uint(chunk, 2),
    ...(folded ? [upper.length, ...upper] : []),
    ...list(claims, 2, claimBytes),
  ];
}

function claimBytes({ bits, block, coordinates }: NumberedClaim): number[] {
  const own = ownCoordinates({ bits });
  const left = coordinates.every((coordinate, i) => coordinate === own[i]);
  return [left ? OWN_COORDINATES + bits : bits, ...uint(block, 4), ...(left ? [] : coordinates)];
}

function blockBytes({ variables, eq, terms, lookups }: NumberedBlock): number[] {
  return [
    variables,
    eq ? 1 : 0,
    ...list(terms, 2, ({ equation, coefficient, factors }) => [
      ...uint(equation, 2),
      ...coefficientBytes(coefficient),
      ...list(factors, 1, (value) => uint(value, 2)),
    ]),
    ...list(lookups, 2, ({ equation, help, fractions }) => [
      ...uint(equation, 2),
      ...uint(help, 2),
      ...list(fractions, 1, ({ numerator, negative, linear }) => [
        ...uint(numerator, 2),
        negative ? 1 : 0,
        ...list(linear, 1, ({ power, coefficient, value, mask }) => [
          ...uint(power, 1),
          ...coefficientBytes(coefficient),
          ...uint(value, 2),
          ...uint(mask, 2),
        ]),
      ]),
    ]),
  ];
}
