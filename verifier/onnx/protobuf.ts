// SPDX-License-Identifier: GPL-3.0-or-later
// Decodes ONNX's protobuf messages by the table in schema.ts, with the wire-format reader of protobufjs.
import protobuf from "protobufjs/minimal.js";
import { VerigradError } from "../errors.ts";
import { SCHEMA, type Message, type MessageName, type ScalarName } from "./schema.ts";

type Reader = protobuf.Reader;
type Field = readonly [name: string, type: string, repeated?: "repeated"];

/** Nested subgraphs deeper than this are no model that we could compile. */
const MAX_DEPTH = 32;

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
const READ: Readonly<Record<ScalarName, (reader: Reader) => unknown>> = {
  int32: (reader) => reader.int32(),
  int64: (reader) => Number(reader.int64()),
  uint64: (reader) => Number(reader.uint64()),
  float: (reader) => reader.float(),
  double: (reader) => reader.double(),
  string: (reader) => reader.string(),
  bytes: (reader) => reader.bytes(),
};

const isScalar = (type: string): type is ScalarName => Object.hasOwn(WIRE_TYPE, type);

/** Decodes one message. Errors: ONNX_MALFORMED for whatever is not a well-formed message of that type. */
export function decodeMessage<M extends MessageName>(type: M, bytes: Uint8Array): Message<M> {
  try {
    return decode(type, protobuf.Reader.create(bytes), bytes.length, 0) as Message<M>;
  } catch (cause) {
    if (cause instanceof VerigradError) throw cause;
    throw malformed(cause instanceof Error ? cause.message : "unreadable", cause);
  }
}

const malformed = (why: string, cause?: unknown): VerigradError =>
  new VerigradError("ONNX_MALFORMED", `not a well-formed ONNX file: ${why}`, { cause, data: { why } });

function decode(type: MessageName, reader: Reader, end: number, depth: number): Record<string, unknown> {
  if (depth > MAX_DEPTH) throw malformed("messages are nested too deeply");
  const fields: Readonly<Record<number, Field>> = SCHEMA[type];
  const message: Record<string, unknown> = {};
  for (const [name, , repeated] of Object.values(fields)) message[name] = repeated === undefined ? undefined : [];
  while (reader.pos < end) {
    const tag = reader.uint32();
    const field = fields[tag >>> 3];
    if (field === undefined) reader.skipType(tag & 7, depth, tag >>> 3);
    else readField(field, tag & 7, reader, end, depth, message);
  }
  if (reader.pos !== end) throw malformed(`${type} does not end where its length says`);
  return message;
}

function readField(
  field: Field,
  wireType: number,
  reader: Reader,
  end: number,
  depth: number,
  message: Record<string, unknown>,
): void {
  const [name, type, repeated] = field;
  const values = repeated === undefined ? undefined : (message[name] as unknown[]);
  if (isScalar(type) && values !== undefined && wireType === LENGTH_DELIMITED && WIRE_TYPE[type] !== LENGTH_DELIMITED) {
    const stop = takeLength(reader, end); // packed
    while (reader.pos < stop) values.push(READ[type](reader));
    if (reader.pos !== stop) throw malformed(`packed field ${name} does not end where its length says`);
    return;
  }
  if (wireType !== (isScalar(type) ? WIRE_TYPE[type] : LENGTH_DELIMITED))
    throw malformed(`field ${name} has the wrong wire type`);
  const value = isScalar(type)
    ? READ[type](reader)
    : decode(type as MessageName, reader, takeLength(reader, end), depth + 1);
  if (values !== undefined) values.push(value);
  // Protobuf lets the last one win or merges; readers differ, so a model that relies on it is refused.
  else if (message[name] !== undefined) throw malformed(`field ${name} occurs twice`);
  else message[name] = value;
}

/** Reads a length and returns where it ends, which must lie inside the enclosing message. */
function takeLength(reader: Reader, end: number): number {
  const stop = reader.uint32() + reader.pos;
  if (stop > end) throw malformed("truncated");
  return stop;
}
