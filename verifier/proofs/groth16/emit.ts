// SPDX-License-Identifier: GPL-3.0-or-later
// Integer graph -> circom (docs/spec/groth16.md, sections 3 and 4). The text depends on graph and templates alone.
import { VerigradError } from "../../errors.ts";
import { roundShift } from "../../graph/ranges.ts";
import type { Constant, GraphNode, GraphPort, GraphTensor, IntegerGraph, TensorId } from "../../graph/types.ts";
import { packedLength, packingLayout } from "../../tensor/packing.ts";
import { sizeOf } from "../../tensor/spec.ts";
import { commitmentTag } from "../commitment.ts";
import type { InputMode, Refusal } from "../types.ts";
import {
  analyseRanges,
  CIRCUIT_OPS,
  convolutionAxes,
  declaredBounds,
  matMulSizes,
  unpackedBounds,
  unsupportedOp,
  type InputBounds,
  type Intervals,
} from "./ranges.ts";
import { circuitTemplates } from "./templates.ts";

/** Public signals are counted in two bytes of the key. */
const MAX_PUBLIC_SIGNALS = 65535;
/** No integer of a circuit reaches this in magnitude: far from r / 2, so that field arithmetic is integer arithmetic. */
const FIELD_LIMIT = 1n << 240n;
/** Largest decomposition with a unique solution modulo r. */
const MAX_DECOMPOSITION_BITS = 253;

const bitLength = (v: bigint): number => (v <= 0n ? 0 : v.toString(2).length);

/** What a circuit itself guarantees of its inputs: committed ones are checked to the declared end, nobody else can. */
const checkedBounds = (inputMode: InputMode): InputBounds => (inputMode === "PUBLIC" ? unpackedBounds : declaredBounds);

/** Every reason why no sound circuit can be emitted for the graph; empty when one can. */
export function circuitRefusals(graph: IntegerGraph, inputMode: InputMode = "PUBLIC"): Refusal[] {
  const refusals: Refusal[] = [];
  const refuse = (node: string, operator: string, reason: string): void => {
    refusals.push({ node, operator, reason });
  };
  for (const node of graph.nodes) {
    if (!CIRCUIT_OPS.has(node.op)) refuse(node.from.join(" + "), node.op, "this operation has no circuit");
  }
  if (refusals.length > 0) return refusals; // nothing below is known behind such a node
  const checked = analyseRanges(graph, checkedBounds(inputMode));
  const declared = analyseRanges(graph, declaredBounds);
  for (const node of graph.nodes) {
    const name = node.from.join(" + ");
    const { lo, hi } = checked[node.output] as Intervals;
    if (lo.some((v) => v <= -FIELD_LIMIT) || hi.some((v) => v >= FIELD_LIMIT)) {
      refuse(name, node.op, "its values may exceed 2^240 in magnitude and wrap around the field");
    }
    if (node.op !== "requantize") continue;
    const z = checked[node.input] as Intervals;
    if (!Number.isInteger(node.shift) || node.shift < 0) refuse(name, node.op, "shift must be a natural number");
    else if (node.lo > node.hi) refuse(name, node.op, `clamp interval [${node.lo}, ${node.hi}] is empty`);
    else if (z.lo.some((v, i) => decompositionBits(v, z.hi[i] as bigint, node) > MAX_DECOMPOSITION_BITS)) {
      refuse(name, node.op, `its decomposition needs more than ${MAX_DECOMPOSITION_BITS} bits`);
    }
  }
  for (const port of graph.outputs) {
    // SAFETY: packing is injective only for values inside the declared range; nothing else in the circuit checks it.
    const { lo, hi } = declared[port.tensor] as Intervals;
    if (lo.some((v) => v < BigInt(port.spec.lo)) || hi.some((v) => v > BigInt(port.spec.hi))) {
      refuse(port.name, "output", `range [${port.spec.lo}, ${port.spec.hi}] is not proven for every declared input`);
    }
  }
  if (graph.inputs.length === 0) refuse("graph", "signature", "the model has no input: there is nothing to prove");
  const signals = 1 + (inputMode === "PUBLIC" ? wordsOf(graph.inputs) : 1) + wordsOf(graph.outputs);
  if (signals > MAX_PUBLIC_SIGNALS) refuse("graph", "signature", `${signals} public signals; at most 65535`);
  return refusals;
}

const wordsOf = (ports: readonly GraphPort[]): number => packedLength(ports.map((port) => port.spec));

/** An upper bound of the bits that requantization of z in [zlo, zhi] decomposes: q - lo or q - hi, with a sign. */
function decompositionBits(zlo: bigint, zhi: bigint, node: { shift: number; lo: bigint; hi: bigint }): number {
  const ends = [zlo, zhi].flatMap((z) => [node.lo, node.hi].map((end) => roundShift(z, node.shift) - end));
  return node.shift + 1 + Math.max(...ends.map((v) => bitLength(v < 0n ? -v : v)));
}

const list = (values: Iterable<number | bigint>): string => `[${[...values].join(", ")}]`;

const valuesOf = (constant: Constant | null, size: number): (number | bigint)[] =>
  constant === null ? new Array<number>(size).fill(0) : [...constant.values];

/** The constant as a matrix of so many rows. */
function matrix({ values }: Constant, rows: number): string {
  const columns = values.length / rows;
  const lines = Array.from({ length: rows }, (_, o) =>
    list(values.slice(o * columns, (o + 1) * columns) as Iterable<number | bigint>),
  );
  return `[\n        ${lines.join(",\n        ")}\n    ]`;
}

/**
 * The text of circuit/main.circom. Public signals: context, inputWords or commitment, outputWords (formats.md,
 * section 4). Errors: GROTH16_UNSUPPORTED with all refusals.
 */
export function emitCircuit(graph: IntegerGraph, inputMode: InputMode = "PUBLIC"): string {
  const refusals = circuitRefusals(graph, inputMode);
  if (refusals.length > 0) {
    const lines = refusals.map((r) => `${r.node} (${r.operator}): ${r.reason}`);
    throw new VerigradError("GROTH16_UNSUPPORTED", `groth16 cannot prove this graph: ${lines.join("; ")}`, {
      data: { refusals },
    });
  }
  const bounds = checkedBounds(inputMode);
  const ranges = analyseRanges(graph, bounds);
  const functions: string[] = [];
  const body: string[] = [];
  const signalOf: string[] = []; // by tensor id: the circom array that holds its values
  const shape = (id: TensorId): readonly number[] => (graph.tensors[id] as GraphTensor).shape;
  const size = (id: TensorId): number => sizeOf(shape(id));
  const constants = (name: string, value: string): string => {
    functions.push(`function ${name}() {\n    return ${value};\n}`);
    return `${name}()`;
  };
  const wire = (count: number, target: string, source: string): string =>
    `for (var i = 0; i < ${count}; i++) ${target} <== ${source};`;

  let word = 0;
  graph.inputs.forEach((port, k) => {
    const { bits, perWord, words } = packingLayout(port.spec);
    const [lo, hi] = bounds(port.spec);
    body.push(
      `// input ${k}: [${port.spec.shape.join(", ")}]`,
      `component input${k} = UnpackTensor(${bits}, ${perWord}, ${sizeOf(port.spec.shape)}, ${lo}, ${hi});`,
      wire(words, `input${k}.words[i]`, `inputWords[${word} + i]`),
    );
    signalOf[port.tensor] = `input${k}.values`;
    word += words;
  });

  graph.nodes.forEach((node, n) => {
    const name = `node${n}`;
    const emitted = emitNode(node, name, { shape, size, constants, wire, signalOf, ranges });
    if (emitted.lines.length > 0) body.push(`// ${name}: ${node.op}`, ...emitted.lines);
    signalOf[node.output] = emitted.output;
  });

  word = 0;
  graph.outputs.forEach((port, k) => {
    const { bits, perWord, words } = packingLayout(port.spec);
    const count = sizeOf(port.spec.shape);
    body.push(
      `// output ${k}: [${port.spec.shape.join(", ")}]`,
      `component output${k} = PackTensor(${bits}, ${perWord}, ${count}, ${port.spec.lo});`,
      wire(count, `output${k}.values[i]`, `${signalOf[port.tensor]}[i]`),
      `for (var i = 0; i < ${words}; i++) outputWords[${word} + i] === output${k}.words[i];`,
    );
    word += words;
  });

  const specs = graph.inputs.map((port) => port.spec);
  const inputWords = `    signal input inputWords[${wordsOf(graph.inputs)}];`;
  return [
    "// SPDX-License-Identifier: GPL-3.0-or-later",
    "// Emitted by Verigrad (docs/spec/groth16.md). Templates first, then this model's constants, then its circuit.",
    "pragma circom 2.2.0;\n",
    circuitTemplates({ ops: graph.nodes.map(({ op }) => op), inputMode }),
    "// ---- model",
    ...functions,
    "",
    "template Main() {",
    "    // PUBLIC",
    "    signal input context;",
    ...(inputMode === "PUBLIC" ? [inputWords] : ["    signal input commitment;"]),
    `    signal input outputWords[${wordsOf(graph.outputs)}];`,
    ...(inputMode === "PUBLIC" ? [] : ["    // PRIVATE", "    signal input salt;", inputWords]),
    "",
    "    BindContext()(context);",
    ...(inputMode === "PUBLIC"
      ? []
      : [
          `    signal opened <== Commitment(${wordsOf(graph.inputs)}, ${commitmentTag(specs)})(salt, inputWords);`,
          "    commitment === opened;",
        ]),
    ...body.map((line) => `    ${line}`),
    "}",
    "",
    `component main {public [context, ${inputMode === "PUBLIC" ? "inputWords" : "commitment"}, outputWords]} = Main();`,
    "",
  ].join("\n");
}

interface Emission {
  readonly shape: (id: TensorId) => readonly number[];
  readonly size: (id: TensorId) => number;
  readonly constants: (name: string, value: string) => string;
  readonly wire: (count: number, target: string, source: string) => string;
  readonly signalOf: readonly string[];
  readonly ranges: readonly Intervals[];
}

function emitNode(node: GraphNode, name: string, e: Emission): { lines: string[]; output: string } {
  switch (node.op) {
    case "fullyConnected": {
      const [outputs, inputs] = node.weights.shape as [number, number];
      const rows = e.size(node.input) / inputs;
      const weights = e.constants(`${name}Weights`, matrix(node.weights, outputs));
      const bias = e.constants(`${name}Bias`, list(valuesOf(node.bias, outputs)));
      const lines = [
        `component ${name} = FullyConnected(${rows}, ${outputs}, ${inputs}, ${weights}, ${bias});`,
        e.wire(rows * inputs, `${name}.x[i]`, `${e.signalOf[node.input]}[i]`),
      ];
      return { lines, output: `${name}.z` };
    }
    case "convolution": {
      const input = e.shape(node.input);
      const axes = convolutionAxes(node, input);
      const [outs, ins] = node.weights.shape as [number, number];
      const weights = e.constants(`${name}Weights`, matrix(node.weights, outs));
      const bias = e.constants(`${name}Bias`, list(valuesOf(node.bias, outs)));
      // The template has three axes; missing ones, in front, have one position and one tap.
      const three = (values: readonly number[], missing: number): string =>
        list([missing, missing, ...values].slice(-3));
      const window = [
        three(input.slice(2), 1),
        ...(["output", "kernel", "stride", "dilation"] as const).map((key) =>
          three(
            axes.map((axis) => axis[key]),
            1,
          ),
        ),
        three(
          axes.map((axis) => axis.begin),
          0,
        ),
      ];
      const sizes = [input[0], node.group, outs, ins, ...window].join(", ");
      const lines = [
        `component ${name} = Convolution(${sizes}, ${weights}, ${bias});`,
        e.wire(e.size(node.input), `${name}.x[i]`, `${e.signalOf[node.input]}[i]`),
      ];
      return { lines, output: `${name}.z` };
    }
    case "multiply": {
      const count = e.size(node.output);
      const operand = (port: "a" | "b"): string =>
        e.wire(count, `${name}.${port}[i]`, `${e.signalOf[node[port]]}[${e.size(node[port]) === 1 ? "0" : "i"}]`);
      return {
        lines: [`component ${name} = Multiply(${count});`, operand("a"), operand("b")],
        output: `${name}.z`,
      };
    }
    case "matMul": {
      const { batch, rows, inner, columns } = matMulSizes(e.shape(node.a), e.shape(node.b));
      const lines = [
        `component ${name} = MatMul(${batch}, ${rows}, ${inner}, ${columns});`,
        e.wire(batch * rows * inner, `${name}.a[i]`, `${e.signalOf[node.a]}[i]`),
        e.wire(batch * inner * columns, `${name}.b[i]`, `${e.signalOf[node.b]}[i]`),
      ];
      return { lines, output: `${name}.z` };
    }
    case "weightedSum": {
      const count = e.size(node.output);
      // circom has no empty arrays: a constant is a sum of one operand that is 0.
      const multipliers = e.constants(`${name}Multipliers`, list(node.inputs.length === 0 ? [0] : node.multipliers));
      const constant = e.constants(`${name}Constants`, list(valuesOf(node.constant, count)));
      const lines = [
        `component ${name} = WeightedSum(${count}, ${Math.max(1, node.inputs.length)}, ${multipliers}, ${constant});`,
        ...(node.inputs.length === 0 ? [e.wire(count, `${name}.x[0][i]`, "0")] : []),
        ...node.inputs.map((id, k) =>
          e.wire(count, `${name}.x[${k}][i]`, `${e.signalOf[id]}[${e.size(id) === 1 ? "0" : "i"}]`),
        ),
      ];
      return { lines, output: `${name}.z` };
    }
    case "requantize": {
      const count = e.size(node.output);
      const { lo, hi } = e.ranges[node.input] as Intervals;
      const zlo = e.constants(`${name}Least`, list(lo));
      const zhi = e.constants(`${name}Most`, list(hi));
      const lines = [
        `component ${name} = RequantizeTensor(${count}, ${node.shift}, ${node.lo}, ${node.hi}, ${zlo}, ${zhi});`,
        e.wire(count, `${name}.z[i]`, `${e.signalOf[node.input]}[i]`),
      ];
      return { lines, output: `${name}.y` };
    }
    case "step":
    case "isZero": {
      const count = e.size(node.output);
      const { lo, hi } = e.ranges[node.input] as Intervals;
      const least = e.constants(`${name}Least`, list(lo));
      const most = e.constants(`${name}Most`, list(hi));
      const template = node.op === "step" ? "StepTensor" : "IsZeroTensor";
      const lines = [
        `component ${name} = ${template}(${count}, ${least}, ${most});`,
        e.wire(count, `${name}.x[i]`, `${e.signalOf[node.input]}[i]`),
      ];
      return { lines, output: `${name}.y` };
    }
    case "maximum":
    case "minimum": {
      const count = e.size(node.output);
      const [a, b] = [e.ranges[node.a] as Intervals, e.ranges[node.b] as Intervals];
      const [placeA, placeB] = [e.size(node.a) === 1 ? "0" : "i", e.size(node.b) === 1 ? "0" : "i"];
      const difference = (from: readonly bigint[], less: readonly bigint[]): bigint[] =>
        Array.from({ length: count }, (_, i) => (from[i] ?? (from[0] as bigint)) - (less[i] ?? (less[0] as bigint)));
      const least = e.constants(`${name}Least`, list(difference(a.lo, b.hi)));
      const most = e.constants(`${name}Most`, list(difference(a.hi, b.lo)));
      const greatest = node.op === "maximum" ? 1 : 0;
      const lines = [
        `component ${name} = ExtremumTensor(${greatest}, ${count}, ${least}, ${most});`,
        e.wire(count, `${name}.a[i]`, `${e.signalOf[node.a]}[${placeA}]`),
        e.wire(count, `${name}.b[i]`, `${e.signalOf[node.b]}[${placeB}]`),
      ];
      return { lines, output: `${name}.y` };
    }
    case "gather": {
      const sizes = node.inputs.map(e.size);
      const starts = sizes.map((_, k) => sizes.slice(0, k).reduce((a, b) => a + b, 0));
      const total = sizes.reduce((a, b) => a + b, 0);
      const indices = e.constants(`${name}Indices`, list(node.indices.values as Iterable<number | bigint>));
      const lines = [
        `component ${name} = Gather(${e.size(node.output)}, ${total}, ${indices}, ${node.fill});`,
        ...node.inputs.map((id, k) =>
          e.wire(sizes[k] as number, `${name}.x[${starts[k]} + i]`, `${e.signalOf[id]}[i]`),
        ),
      ];
      return { lines, output: `${name}.y` };
    }
    case "reshape":
      return { lines: [], output: e.signalOf[node.input] as string };
    default:
      throw unsupportedOp(node);
  }
}
