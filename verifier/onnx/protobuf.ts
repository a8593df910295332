// SPDX-License-Identifier: GPL-3.0-or-later
// Decodes ONNX's protobuf messages by the table in schema.ts, with the wire-format reader of protobufjs.
import protobuf from "protobufjs/minimal.js";
import { VerigradError } from "../errors.ts";
import { SCHEMA, type Message, type MessageName, type NumberName, type ScalarName } from "./schema.ts";

type Reader = protobuf.Reader;
type Field = readonly [name: string, type: string, repeated?: "repeated"];

/** Nested subgraphs deeper than this are no model that we could compile. */
const MAX_DEPTH = 32;
/** Messages and byte strings of a file, and names: two bytes can claim one that takes a hundred in memory. */
const MAX_PARTS = 2 ** 19;
const MAX_NAMES = 2 ** 21;
/** Numbers of a file in lists that are written one by one (attributes), and in packed lists (tensors). */
const MAX_LONE_NUMBERS = 2 ** 22;
const MAX_PACKED_NUMBERS = 2 ** 26;
/** Bytes of all names. */
const MAX_TEXT = 2 ** 25;

const VARINT = 0;
const FIXED64 = 1;
const LENGTH_DELIMITED = 2;
const FIXED32 = 5;

const WIRE_TYPE: Readonly<Record<ScalarName, number>> = {
  int32: VARINT,
  int64: VARINT,
  uint64: VARINT,
  float: FIXED32,
  double: FIXED64,
  string: LENGTH_DELIMITED,
  bytes: LENGTH_DELIMITED,
};

/** Integers beyond 2^53 become the nearest double: ONNX uses them as "to the end" only. */
const NUMBER: Readonly<Record<NumberName, (reader: Reader) => number>> = {
  int32: (reader) => reader.int32(),
  int64: (reader) => readVarint64(reader, true),
  uint64: (reader) => readVarint64(reader, false),
  float: (reader) => reader.float(),
  double: (reader) => reader.double(),
};

function readVarint64(reader: Reader, signed: boolean): number {
  const { buf } = reader;
  let low = 0;
  let high = 0;
  for (let shift = 0; shift < 70; shift += 7) {
    const byte = buf[reader.pos++];
    if (byte === undefined) throw malformed("truncated");
    if (shift < 35) low |= (byte & 127) << shift;
    if (shift === 28) high = (byte & 127) >> 4;
    else if (shift > 28) high |= (byte & 127) << (shift - 32);
    if (byte < 128) return (signed ? high : high >>> 0) * 2 ** 32 + (low >>> 0);
  }
  throw malformed("a number of more than ten bytes");
}

const isScalar = (type: string): type is ScalarName => Object.hasOwn(WIRE_TYPE, type);
const isNumber = (type: string): type is NumberName => Object.hasOwn(NUMBER, type);

/** What is left of the file's limits. */
interface Budget {
  parts: number;
  names: number;
  lone: number;
  packed: number;
  text: number;
}

const SPENT: Readonly<Record<keyof Budget, string>> = {
  parts: "messages",
  names: "names",
  lone: "numbers",
  packed: "numbers",
  text: "bytes of names",
};

function spend(budget: Budget, what: keyof Budget, count = 1): void {
  if ((budget[what] -= count) < 0) throw malformed(`too many ${SPENT[what]}`);
}

/** Decodes one message. Errors: ONNX_MALFORMED for whatever is not a well-formed message of that type. */
export function decodeMessage<M extends MessageName>(type: M, bytes: Uint8Array): Message<M> {
  try {
    const budget = {
      parts: MAX_PARTS,
      names: MAX_NAMES,
      lone: MAX_LONE_NUMBERS,
      packed: MAX_PACKED_NUMBERS,
      text: MAX_TEXT,
    };
    return decode(type, protobuf.Reader.create(bytes), bytes.length, 0, budget) as Message<M>;
  } catch (cause) {
    if (cause instanceof VerigradError) throw cause;
    throw malformed(cause instanceof Error ? cause.message : "unreadable", cause);
  }
}

const malformed = (why: string, cause?: unknown): VerigradError =>
  new VerigradError("ONNX_MALFORMED", `not a well-formed ONNX file: ${why}`, { cause, data: { why } });

/** Shared by all repeated fields that a file leaves empty. */
const NOTHING: readonly never[] = Object.freeze([]);

/** Messages before anything is read, by type. */
const EMPTY = Object.fromEntries(
  Object.entries(SCHEMA).map(([type, fields]) => [
    type,
    Object.fromEntries(
      Object.values(fields as Record<number, Field>).map(([name, , repeated]) => [
        name,
        repeated === undefined ? undefined : NOTHING,
      ]),
    ),
  ]),
) as Readonly<Record<MessageName, Record<string, unknown>>>;

function decode(type: MessageName, reader: Reader, end: number, depth: number, budget: Budget) {
  if (depth > MAX_DEPTH) throw malformed("messages are nested too deeply");
  spend(budget, "parts");
  const fields: Readonly<Record<number, Field>> = SCHEMA[type];
  const message = { ...EMPTY[type] };
  while (reader.pos < end) {
    const tag = reader.uint32();
    const field = fields[tag >>> 3];
    if (field === undefined) reader.skipType(tag & 7, depth, tag >>> 3);
    else readField(field, tag & 7, reader, end, depth, budget, message);
  }
  if (reader.pos !== end) throw malformed(`${type} does not end where its length says`);
  return message;
}

function readField(
  [name, type, repeated]: Field,
  wireType: number,
  reader: Reader,
  end: number,
  depth: number,
  budget: Budget,
  message: Record<string, unknown>,
): void {
  const before = message[name];
  if (isNumber(type) && repeated !== undefined && wireType === LENGTH_DELIMITED) {
    // Protobuf would let a list come in pieces; no writer of ONNX does that.
    if (before !== NOTHING) throw malformed(`field ${name} comes in several pieces`);
    message[name] = readPacked(name, type, reader, takeLength(reader, end), budget);
    return;
  }
  if (wireType !== (isScalar(type) ? WIRE_TYPE[type] : LENGTH_DELIMITED))
    throw malformed(`field ${name} has the wrong wire type`);
  if (isNumber(type)) {
    if (repeated !== undefined) spend(budget, "lone");
  } else if (isScalar(type)) spend(budget, type === "string" ? "names" : "parts");
  const value = isNumber(type)
    ? NUMBER[type](reader)
    : type === "string"
      ? readString(reader, end, budget)
      : type === "bytes"
        ? reader.bytes()
        : decode(type as MessageName, reader, takeLength(reader, end), depth + 1, budget);
  if (repeated !== undefined) {
    if (before === NOTHING) message[name] = [value];
    else if (Array.isArray(before)) before.push(value);
    else throw malformed(`field ${name} comes in several pieces`);
  }
  // Protobuf lets the last one win or merges; readers differ, so a model that relies on it is refused.
  else if (before !== undefined) throw malformed(`field ${name} occurs twice`);
  else message[name] = value;
}

function readString(reader: Reader, end: number, budget: Budget): string {
  const start = reader.pos;
  const stop = takeLength(reader, end);
  spend(budget, "text", stop - reader.pos);
  reader.pos = start;
  return reader.string();
}

/** Numbers one after the other up to `stop`, outside of the heap: a tensor may have millions. */
function readPacked(name: string, type: NumberName, reader: Reader, stop: number, budget: Budget): Float64Array {
  const start = reader.pos;
  let count = (stop - start) / (type === "double" ? 8 : 4);
  if (WIRE_TYPE[type] === VARINT) {
    count = 0;
    for (let at = start; at < stop; at++) if ((reader.buf[at] as number) < 128) count++;
  }
  spend(budget, "packed", count);
  const values = new Float64Array(Math.ceil(count));
  const read = NUMBER[type];
  for (let i = 0; reader.pos < stop && i < values.length; i++) values[i] = read(reader);
  if (reader.pos !== stop) throw malformed(`packed field ${name} does not end where its length says`);
  return values;
}

/** Reads a length and returns where it ends, which must lie inside the enclosing message. */
function takeLength(reader: Reader, end: number): number {
  const stop = reader.uint32() + reader.pos;
  if (stop > end) throw malformed("truncated");
  return stop;
}
