// SPDX-License-Identifier: GPL-3.0-or-later
// Multiply-accumulates a second of the executor, one node at a time on one core; and what range analysis costs.
//   ./dev node bench/executor.ts [--json]
import { newGraphBuilder, type GraphBuilder } from "../verifier/graph/builder.ts";
import { makeConstant } from "../verifier/graph/constants.ts";
import { execute } from "../verifier/graph/execute.ts";
import { derive } from "../verifier/graph/ranges.ts";
import type { Constant, GraphNode, IntegerGraph, TensorId } from "../verifier/graph/types.ts";
import { sizeOf } from "../verifier/tensor/spec.ts";

let state = 1;
/** A pseudo-random integer in [-127, 127] (xorshift32). */
function draw(): number {
  state ^= state << 13;
  state ^= state >>> 17;
  state ^= state << 5;
  return ((state >>> 0) % 255) - 127;
}

const constant = (shape: readonly number[]): Constant =>
  makeConstant(shape, Float64Array.from({ length: sizeOf(shape) }, draw));

/** A graph of one costly node; everything after it only makes its output public. */
function graphOf(
  shapes: readonly (readonly number[])[],
  add: (builder: GraphBuilder, inputs: TensorId[]) => TensorId,
): IntegerGraph {
  const builder = newGraphBuilder();
  const inputs = shapes.map((shape, i) =>
    builder.addInput(`x${i}`, { shape, type: "i8", exponent: 0, lo: -127, hi: 127 }),
  );
  const tensor = add(builder, inputs);
  return builder.finish([{ name: "z", tensor, type: "i32" }]);
}

function fullyConnected(rows: number, outs: number, ins: number): Case {
  const graph = graphOf([[rows, ins]], (builder, [input = 0]) =>
    builder.addNode(
      {
        kind: "linear",
        op: "fullyConnected",
        from: ["fc"],
        input,
        weights: constant([outs, ins]),
        bias: constant([outs]),
      },
      { name: "z", exponent: 0 },
    ),
  );
  return { name: `fullyConnected ${rows} x ${ins} -> ${outs}`, macs: rows * outs * ins, graph };
}

function convolution(shape: readonly number[], outs: number, kernel: readonly number[], group = 1, stride = 1): Case {
  const pad = kernel.map((k) => (k - 1) / 2);
  const ins = (shape[1] as number) / group;
  const graph = graphOf([shape], (builder, [input = 0]) =>
    builder.addNode(
      {
        kind: "linear",
        op: "convolution",
        from: ["conv"],
        input,
        weights: constant([outs, ins, ...kernel]),
        bias: constant([outs]),
        strides: kernel.map(() => stride),
        dilations: kernel.map(() => 1),
        pads: [...pad, ...pad],
        group,
      },
      { name: "z", exponent: 0 },
    ),
  );
  const macs = sizeOf((graph.tensors[1] as { shape: readonly number[] }).shape) * ins * sizeOf(kernel);
  return {
    name: `convolution [${shape}], ${outs} of ${kernel.join(" x ")}, group ${group}, stride ${stride}`,
    macs,
    graph,
  };
}

function matMul(batch: number, rows: number, inner: number, columns: number): Case {
  const shapes = [
    [batch, rows, inner],
    [batch, inner, columns],
  ];
  const graph = graphOf(shapes, (builder, [a = 0, b = 0]) =>
    builder.addNode({ kind: "bilinear", op: "matMul", from: ["matmul"], a, b }, { name: "z", exponent: 0 }),
  );
  return { name: `matMul ${batch} of ${rows} x ${inner} x ${columns}`, macs: batch * rows * inner * columns, graph };
}

interface Case {
  readonly name: string;
  readonly macs: number;
  readonly graph: IntegerGraph;
}

/** Seconds of one call: the median of several, after a first that is not counted. */
function secondsOf(call: () => unknown): number {
  call();
  const times: number[] = [];
  for (let total = 0; times.length < 3 || (total < 0.5 && times.length < 200);) {
    const start = performance.now();
    call();
    times.push((performance.now() - start) / 1000);
    total += times.at(-1) as number;
  }
  return times.sort((a, b) => a - b)[times.length >> 1] as number;
}

const cases = [
  fullyConnected(1, 128, 784),
  fullyConnected(1, 2048, 2048),
  fullyConnected(64, 768, 768),
  convolution([1, 1, 28, 28], 6, [5, 5]),
  convolution([1, 6, 14, 14], 16, [5, 5]),
  convolution([1, 64, 8, 8], 64, [3, 3]),
  convolution([1, 64, 56, 56], 64, [3, 3]),
  convolution([1, 32, 56, 56], 32, [3, 3], 32),
  convolution([1, 64, 28, 28], 128, [1, 1], 1, 2),
  convolution([1, 64, 256], 64, [7]),
  convolution([1, 8, 12, 12, 12], 16, [3, 3, 3]),
  matMul(12, 64, 64, 64),
  matMul(1, 256, 256, 256),
  matMul(4, 64, 64, 1),
];

const results = cases.map(({ name, macs, graph }) => {
  const inputs = graph.inputs.map(({ spec }) => Float64Array.from({ length: sizeOf(spec.shape) }, draw));
  const node = graph.nodes[0] as GraphNode;
  const seconds = secondsOf(() => execute(graph, inputs));
  const deriveSeconds = secondsOf(() =>
    derive(node, graph.tensors, (graph.tensors[node.output] as { shape: readonly number[] }).shape),
  );
  return {
    name,
    macs,
    millionMacsPerSecond: Math.round(macs / seconds / 1e6),
    deriveMs: Number((deriveSeconds * 1000).toFixed(2)),
  };
});

if (process.argv.includes("--json")) console.log(JSON.stringify({ node: process.version, results }));
else console.table(results);
