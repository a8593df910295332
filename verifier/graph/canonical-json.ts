// SPDX-License-Identifier: GPL-3.0-or-later
// Canonical JSON (docs/spec/formats.md, section 10): keys sorted by code unit, no white space, integers only.
import { VerigradError } from "../errors.ts";

/** What canonical JSON can hold. Integers beyond 2^53 - 1 become decimal strings. */
export type Canonical =
  null | boolean | number | bigint | string | readonly Canonical[] | { readonly [key: string]: Canonical };

/** Canonical text of a value. Errors: CANONICAL_JSON for a number that is not a safe integer. */
export function canonicalText(value: Canonical): string {
  if (typeof value === "bigint") {
    const exact = value >= -BigInt(Number.MAX_SAFE_INTEGER) && value <= BigInt(Number.MAX_SAFE_INTEGER);
    return exact ? value.toString() : `"${value}"`;
  }
  if (typeof value === "number") {
    if (!Number.isSafeInteger(value)) {
      throw new VerigradError("CANONICAL_JSON", `${value} is not a safe integer`, { data: { value } });
    }
    return String(value + 0);
  }
  if (value === null || typeof value === "boolean" || typeof value === "string") return JSON.stringify(value);
  if (isList(value)) return `[${value.map(canonicalText).join(",")}]`;
  const keys = Object.keys(value).sort();
  return `{${keys.map((key) => `${JSON.stringify(key)}:${canonicalText(value[key] as Canonical)}`).join(",")}}`;
}

const isList = (value: object): value is readonly Canonical[] => Array.isArray(value);

/** Canonical bytes (UTF-8) of a value. Errors: CANONICAL_JSON. */
export function canonicalJson(value: Canonical): Uint8Array {
  return new TextEncoder().encode(canonicalText(value));
}

/** The bytes' JSON value, strictly UTF-8. Throws TypeError or SyntaxError: callers add their own code. */
export function parseJson(bytes: Uint8Array): unknown {
  return JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes));
}

/** Byte equality. */
export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
