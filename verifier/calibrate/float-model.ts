// SPDX-License-Identifier: GPL-3.0-or-later
// The float model as its owner runs it: the only importer of onnxruntime.
import { InferenceSession, Tensor } from "onnxruntime-node";
import protobuf from "protobufjs/minimal.js";
import { VerigradError } from "../errors.ts";
import type { Sample } from "../graph/samples.ts";
import { sizeOf } from "../tensor/spec.ts";
import type { ElementType, FloatGraph, OnnxInput, OnnxNode } from "../onnx/types.ts";

export interface FloatModel {
  /** Values of the named tensors on one sample, in the order of the names. Errors: INPUT_SHAPE,
   * INPUT_NUMBER, FLOAT_MODEL_FAILED. */
  run(sample: Sample): Promise<Float64Array[]>;
  /** Frees the runtime's memory. */
  release(): Promise<void>;
}

/** Field numbers of ModelProto.graph, GraphProto.output and ValueInfoProto.name (onnx.proto). */
const GRAPH = 7;
/** ModelProto.opsetImport, and OperatorSetIdProto.version as a varint. */
const OPSET_IMPORT = 8;
const VERSION = 2 << 3;
const OUTPUT = 12;
const NAME = 1;
const tag = (field: number): number => (field << 3) | 2;

/** The model with further outputs: protobuf merges an appended message, so the file is never re-written. */
function withOutputs(onnx: Uint8Array, names: readonly string[]): Uint8Array {
  const writer = protobuf.Writer.create().uint32(tag(GRAPH)).fork();
  for (const name of names) writer.uint32(tag(OUTPUT)).fork().uint32(tag(NAME)).string(name).ldelim();
  return joined(onnx, writer.ldelim().finish());
}

function joined(onnx: Uint8Array, appended: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(onnx.length + appended.length);
  bytes.set(onnx);
  bytes.set(appended, onnx.length);
  return bytes;
}

const REPAIRED = 11;

/**
 * A session of the model. Exporters write operator set 10 with nodes that only 11 allows, such as Equal of floats: what
 * onnxruntime refuses is tried as 11. Nothing changes its meaning from 7 to 11 without becoming invalid: what differs
 * (Clip, Pad, Resize, Scatter) has attributes there that are inputs here, or another name.
 */
async function sessionOf(onnx: Uint8Array, opset: number): Promise<InferenceSession> {
  const options = { intraOpNumThreads: 1, interOpNumThreads: 1, logSeverityLevel: 3 } as const;
  try {
    return await InferenceSession.create(onnx, options);
  } catch (cause) {
    const version = protobuf.Writer.create().uint32(tag(OPSET_IMPORT)).fork().uint32(VERSION).uint32(REPAIRED);
    const repaired = opset < REPAIRED ? joined(onnx, version.ldelim().finish()) : undefined;
    const session = repaired && (await InferenceSession.create(repaired, options).catch(() => undefined));
    if (session === undefined) throw failed(cause);
    return session;
  }
}

function failed(cause: unknown): VerigradError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new VerigradError("FLOAT_MODEL_FAILED", `onnxruntime: ${why}`, { cause });
}

const writerOf = ({ nodes }: FloatGraph, name: string): OnnxNode | undefined =>
  name === "" ? undefined : nodes.find(({ outputs }) => outputs.includes(name));

/** The value that a runtime can return as a tensor for this one: ZipMap's maps are its input under other names. */
function readableName(model: FloatGraph, name: string): string {
  const writer = writerOf(model, name);
  return writer?.operator === "ZipMap" ? (writer.inputs[0] ?? name) : name;
}

/** The texts that a label may be, in the order of the classifier that writes it: the compiled label is their index. */
function labelTexts(model: FloatGraph, name: string): readonly string[] {
  const writer = writerOf(model, name);
  if (writer === undefined) return [];
  const texts = writer.attributes.get("classlabels_strings");
  return texts?.kind === "strings" ? texts.value : labelTexts(model, writer.inputs[0] ?? "");
}

/** Loads a model so that `names`, inner values included, can be read. Errors: FLOAT_MODEL_FAILED. */
export async function loadFloatModel(
  onnx: Uint8Array,
  model: FloatGraph,
  wanted: readonly string[],
): Promise<FloatModel> {
  const names = wanted.map((name) => readableName(model, name));
  const texts = names.map((name) => labelTexts(model, name));
  const inputs = new Set(model.inputs.map((input) => input.name));
  const missing = names.filter((name) => !model.outputs.includes(name) && !inputs.has(name));
  const session = await sessionOf(withOutputs(onnx, missing), model.opsets.get("") ?? REPAIRED);
  const fetches = names.filter((name) => !inputs.has(name));
  return {
    async run(sample) {
      const feeds = Object.fromEntries(model.inputs.map((input, i) => [input.name, feed(input, sample[i] ?? [])]));
      // A model whose output is its input has nothing to run.
      const results: Readonly<Record<string, Tensor>> =
        fetches.length === 0
          ? {}
          : await session.run(feeds, fetches).catch((cause: unknown) => {
              throw failed(cause);
            });
      return names.map((name, i) => toDoubles((results[name] ?? feeds[name]) as Tensor, texts[i] ?? []));
    },
    release: () => session.release(),
  };
}

type Maker = (values: ArrayLike<number>, shape: readonly number[]) => Tensor;

const big = (values: ArrayLike<number>): bigint[] => Array.from(values, (v) => BigInt(Math.trunc(v)));

/** How each element type is fed; 16-bit floats are not produced by the exporters that we read. */
const FEEDS: Partial<Record<ElementType, Maker>> = {
  float32: (values, shape) => new Tensor("float32", Float32Array.from(values), shape),
  float64: (values, shape) => new Tensor("float64", Float64Array.from(values), shape),
  int8: (values, shape) => new Tensor("int8", Int8Array.from(values), shape),
  uint8: (values, shape) => new Tensor("uint8", Uint8Array.from(values), shape),
  int16: (values, shape) => new Tensor("int16", Int16Array.from(values), shape),
  uint16: (values, shape) => new Tensor("uint16", Uint16Array.from(values), shape),
  int32: (values, shape) => new Tensor("int32", Int32Array.from(values), shape),
  uint32: (values, shape) => new Tensor("uint32", Uint32Array.from(values), shape),
  int64: (values, shape) => new Tensor("int64", BigInt64Array.from(big(values)), shape),
  uint64: (values, shape) => new Tensor("uint64", BigUint64Array.from(big(values)), shape),
  bool: (values, shape) =>
    new Tensor(
      "bool",
      Uint8Array.from(values, (v) => (v === 0 ? 0 : 1)),
      shape,
    ),
};

function feed({ name, type, shape }: OnnxInput, values: ArrayLike<number>): Tensor {
  const make = FEEDS[type];
  if (make === undefined) throw new VerigradError("FLOAT_MODEL_FAILED", `input "${name}": type ${type} cannot be fed`);
  if (values.length !== sizeOf(shape)) {
    throw new VerigradError(
      "INPUT_SHAPE",
      `input "${name}": ${values.length} values, shape [${shape}] has ${sizeOf(shape)}`,
    );
  }
  if (!Array.prototype.every.call(values, Number.isFinite)) {
    throw new VerigradError("INPUT_NUMBER", `input "${name}" has a value that is not a finite number`);
  }
  return make(values, shape);
}

/** Errors: INPUT_SHAPE, INPUT_NUMBER, FLOAT_MODEL_FAILED for a sample that the model cannot be fed. */
export function assertSample({ inputs }: FloatGraph, sample: Sample): void {
  inputs.forEach((input, i) => feed(input, sample[i] ?? []));
}

function toDoubles(tensor: Tensor, texts: readonly string[]): Float64Array {
  if (tensor.type === "string") return Float64Array.from(tensor.data as string[], (text) => texts.indexOf(text));
  return Float64Array.from(tensor.data as ArrayLike<number>, Number);
}
