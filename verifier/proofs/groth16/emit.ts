// SPDX-License-Identifier: GPL-3.0-or-later
// Integer graph -> circom (docs/spec/groth16.md, sections 3 and 4). The text depends on graph and templates alone.
import { VerigradError } from "../../errors.ts";
import type { GraphTensor, IntegerGraph, TensorId } from "../../graph/types.ts";
import { packingLayout } from "../../tensor/packing.ts";
import { sizeOf } from "../../tensor/spec.ts";
import { commitmentTag } from "../commitment.ts";
import type { InputMode } from "../types.ts";
import { emitNode } from "./emit-node.ts";
import { checkedBounds, planCircuit, wordsOf } from "./refusals.ts";
import { circuitTemplates } from "./templates.ts";

export { circuitRefusals } from "./refusals.ts";

/**
 * The text of circuit/main.circom. Public signals: context, inputWords or commitment, outputWords (formats.md,
 * section 4). Errors: GROTH16_UNSUPPORTED with all refusals.
 */
export function emitCircuit(graph: IntegerGraph, inputMode: InputMode = "PUBLIC"): string {
  const { refusals, ranges } = planCircuit(graph, inputMode);
  if (refusals.length > 0) {
    const lines = refusals.map((r) => `${r.node} (${r.operator}): ${r.reason}`);
    throw new VerigradError("GROTH16_UNSUPPORTED", `groth16 cannot prove this graph: ${lines.join("; ")}`, {
      data: { refusals },
    });
  }
  const bounds = checkedBounds(inputMode);
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
    const emitted = emitNode(node, name, { tensors: graph.tensors, shape, size, constants, wire, signalOf, ranges });
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
