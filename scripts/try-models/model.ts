// SPDX-License-Identifier: GPL-3.0-or-later
// One model of try-models, in a process of its own: prints one line of JSON.
//   node scripts/try-models/model.ts <folder with network.onnx and input.json> [<cache of powers of tau>: proves, too]
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { indexOfLargest } from "../../verifier/tensor/largest.ts";
import { calibrate } from "../../verifier/calibrate/calibrate.ts";
import { inputOfRange, randomSamples, type InputRange } from "../../verifier/calibrate/random-samples.ts";
import { loadReference } from "../../verifier/calibrate/reference.ts";
import { VerigradError } from "../../verifier/errors.ts";
import { analyse } from "../../verifier/graph/analyse.ts";
import { compileModel } from "../../verifier/graph/compile.ts";
import { execute } from "../../verifier/graph/execute.ts";
import { quantizeSample, readSamples, type Sample } from "../../verifier/graph/samples.ts";
import type { IntegerGraph } from "../../verifier/graph/types.ts";
import { parseModel } from "../../verifier/onnx/parse.ts";
import { isFloatType, type OnnxInput } from "../../verifier/onnx/types.ts";
import { groth16 } from "../../verifier/proofs/groth16/index.ts";
import { dequantizeValues, encodeTensors } from "../../verifier/tensor/codec.ts";
import type { Measured, Named, Shortfall } from "./types.ts";

const RANDOM_SAMPLES = 64;
const INPUT_BITS = 16;

/** The power of two next to `v`, away from zero or towards it. */
const powerOfTwo = (v: number, away: boolean): number => {
  if (v === 0) return 0;
  const power = Math.log2(Math.abs(v));
  return Math.sign(v) * 2 ** (away ? Math.ceil(power) : Math.floor(power));
};

/**
 * What the model's owner would declare of an input: integers from the least to the greatest of the file, real numbers
 * between powers of two around them. Of the file's values nothing else reaches calibration.
 */
function declaredRange({ type }: OnnxInput, lists: readonly ArrayLike<number>[]): InputRange {
  let lo = Infinity;
  let hi = -Infinity;
  for (const list of lists)
    for (let i = 0; i < list.length; i++) {
      lo = Math.min(lo, list[i] as number);
      hi = Math.max(hi, list[i] as number);
    }
  if (type === "bool") return { lo: 0, hi: 1 };
  if (!isFloatType(type)) return { lo, hi: Math.max(hi, lo + 1) };
  const wide = { lo: powerOfTwo(lo, lo < 0), hi: powerOfTwo(hi, hi > 0) };
  return wide.lo < wide.hi ? wide : { lo: Math.min(lo, 0), hi: Math.max(wide.hi, wide.lo + 1) };
}

/** The sample file. Exporters drop inputs that nothing reads, and the file may still have them: the first entries count. */
function inputFile(path: string, inputs: number): Uint8Array {
  const bytes = readFileSync(path);
  const content = JSON.parse(bytes.toString("utf8")) as { input_data?: unknown[] };
  const entries = content.input_data ?? [];
  if (inputs < 2 || entries.length <= inputs) return bytes;
  return Buffer.from(JSON.stringify({ input_data: entries.slice(0, inputs) }));
}

/** Largest errors of the integer graph on samples, against onnxruntime (or what stands in for it: `reference`). */
async function compare(onnx: Uint8Array, graph: IntegerGraph, samples: readonly Sample[]) {
  const model = parseModel(onnx);
  const float = await loadReference(onnx, model, analyse(model, { heads: "keep" }));
  const errors = graph.outputs.map(() => 0);
  const peaks = graph.outputs.map(() => 0);
  const classes = graph.outputs.findIndex(({ spec }) => spec.shape.some((dim) => dim > 1));
  let sameClass = classes < 0 ? null : true;
  for (const sample of samples) {
    const expected = await float.run(sample);
    const actual = execute(graph, quantizeSample(graph.inputs, sample)).map((values, o) =>
      dequantizeValues((graph.outputs[o] as IntegerGraph["outputs"][number]).spec, values),
    );
    actual.forEach((values, o) => {
      for (let i = 0; i < values.length; i++) {
        const real = expected[o]?.[i] as number;
        errors[o] = Math.max(errors[o] as number, Math.abs((values[i] as number) - real));
        peaks[o] = Math.max(peaks[o] as number, Math.abs(real));
      }
    });
    if (classes >= 0 && indexOfLargest(actual[classes] ?? []) !== indexOfLargest(expected[classes] ?? []))
      sameClass = false;
  }
  await float.release();
  const relative = errors.map((error, o) => (error === 0 ? 0 : error / (peaks[o] as number)));
  return { maxError: Math.max(0, ...errors), relError: Math.max(0, ...relative), sameClass, reference: float.kind };
}

async function measure(folder: string, cache: string | undefined): Promise<Measured> {
  const onnx = readFileSync(join(folder, "network.onnx"));
  const { inputs } = parseModel(onnx);
  const { samples } = readSamples(inputFile(join(folder, "input.json"), inputs.length), inputs);
  const ranges = inputs.map((input, i) =>
    declaredRange(
      input,
      samples.map((sample) => sample[i] ?? []),
    ),
  );
  let since = performance.now();
  const lap = (): number => {
    const before = since;
    return Math.round((since = performance.now()) - before);
  };
  const { calibration } = await calibrate(onnx, randomSamples(inputs, ranges, RANDOM_SAMPLES), {
    target: cache === undefined ? "groth16" : "tensorcheck",
    inputs: inputs.map((input, i) => inputOfRange(input, ranges[i] as InputRange, INPUT_BITS)),
    heads: "keep",
  });
  const calibrateMs = lap();
  const { graph } = compileModel(onnx, calibration);
  const compileMs = lap();
  const errors = await compare(onnx, graph, samples);
  const executeMs = lap();
  const refusals = groth16.unsupported(graph);
  let proof: Measured["proof"];
  if (cache !== undefined) {
    const input = encodeTensors(
      graph.inputs.map(({ spec }) => spec),
      quantizeSample(graph.inputs, samples[0] as Sample),
    );
    const { proveModel } = await import("./prove.ts");
    proof = await proveModel(onnx, calibration, input, cache).catch((error: unknown) => ({
      proven: false,
      ...shortfallOf(error),
    }));
  }
  return {
    compiled: true,
    ...errors,
    reason: null,
    nodes: graph.nodes.length,
    groth16: refusals.length === 0,
    calibrateMs,
    compileMs,
    executeMs,
    peakMiB: Math.round(process.resourceUsage().maxRSS / 1024),
    ...(proof === undefined ? {} : { proof }),
  };
}

/** Of a refusal each node, without the list of what would be supported; of anything else one line of its message. */
function shortfallOf(error: unknown): Shortfall {
  const oneLine = (text: string): string => text.replace(/\s+/g, " ").slice(0, 400);
  if (!(error instanceof VerigradError))
    return { reason: oneLine(error instanceof Error ? error.message : String(error)) };
  const { code, data, message } = error;
  const refusals = (data.refusals ?? (code === "ONNX_UNSUPPORTED" ? data.nodes : undefined)) as Named[] | undefined;
  if (refusals === undefined) return { reason: oneLine(message), code };
  const reason = refusals.map(({ node, operator, reason: why }) => `${operator} "${node}": ${why}`).join("; ");
  return {
    ...{ reason: oneLine(reason), code },
    refusals: refusals.map(({ node, operator, reason: why }) => ({ node, operator, reason: oneLine(why) })),
  };
}

try {
  console.log(JSON.stringify(await measure(process.argv[2] as string, process.argv[3])));
} catch (error) {
  console.log(JSON.stringify({ compiled: false, ...shortfallOf(error) }));
}
// An engine or a simulated chain may hold the process open.
process.exit();
