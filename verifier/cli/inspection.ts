// SPDX-License-Identifier: GPL-3.0-or-later
// What `inspect` reports, and its lines for people: a table of at most 100 columns.
import type { Estimate, InspectedNode, Inspection, INSPECTION_FORMAT, Kind } from "../graph/inspect.ts";
import type { ElementType } from "../onnx/types.ts";

/** The range of one input that the report is about. */
export interface ReportedInput {
  readonly name: string;
  readonly type: ElementType;
  readonly shape: readonly number[];
  readonly range: readonly [lo: number, hi: number];
  /** Whether nobody declared the range. */
  readonly assumed: boolean;
}

/** What `inspect --json` prints (docs/cli.md). */
export interface InspectionReport extends Inspection {
  readonly format: typeof INSPECTION_FORMAT;
  /** keccak256 of the file */
  readonly model: string;
  readonly opsets: readonly { readonly domain: string; readonly version: number }[];
  readonly inputs: readonly ReportedInput[];
  readonly outputs: readonly string[];
  /** Where ranges and costs come from: a file's name, what a quick calibration is; null where there are none. */
  readonly calibration: string | null;
  readonly proofSystems: readonly Pick<Estimate, "name" | "unit" | "refusals">[];
}

const COLUMNS = 100;
/** Most nodes that a table shows. */
const MAX_ROWS = 1000;
const WIDTHS = [14, 13, 11, 11, 7, 6, 12] as const;
const HEADS = ["node", "operator", "shape", "kind", "params", "MACs", "range"] as const;
const SHORT: Readonly<Record<Kind, string>> = {
  linear: "lin",
  bilinear: "bil",
  "look-up": "look",
  compare: "cmp",
  index: "idx",
};

const cut = (text: string, width: number): string =>
  text.length <= width ? text.padEnd(width) : `${text.slice(0, width - 1)}…`;
const right = (text: string, width: number): string => cut(text.padStart(width), width);

/** A count in at most five characters. */
export function count(value: number): string {
  for (const [unit, name] of [
    [1e12, "T"],
    [1e9, "G"],
    [1e6, "M"],
    [1e3, "k"],
  ] as const)
    if (value >= unit)
      return `${value >= 100 * unit ? Math.round(value / unit) : (value / unit).toPrecision(2)}${name}`;
  return String(value);
}

/** A real number in about six characters. */
function real(value: number): string {
  if (value === 0) return "0";
  const size = Math.abs(value);
  return size >= 1e-3 && size < 1e5 ? String(Number(value.toPrecision(3))) : value.toExponential(0).replace("e+", "e");
}

/** Width of a proof system's column. */
const costWidth = (name: string): number => Math.max(7, name.length);

function kindOf({ status, kinds }: InspectedNode): string {
  if (status === "unsupported") return "UNSUPPORTED";
  if (status !== "compiled") return status;
  return kinds.length === 1 ? (kinds[0] as string) : kinds.map((kind) => SHORT[kind]).join("+") || "-";
}

function rowOf(node: InspectedNode, systems: readonly string[]): string {
  const [output] = node.outputs;
  const blank = (value: number): string => (value === 0 ? "" : count(value));
  const cells = [
    node.name,
    node.operator,
    output?.shape === null || output === undefined ? "" : output.shape.join("x") || "scalar",
    kindOf(node),
    blank(node.parameters),
    blank(node.macs),
    output?.range === null || output === undefined ? "" : output.range.map(real).join(".."),
  ];
  const costs = systems.map((name) => {
    const cost = node.cost[name] ?? null;
    return node.status !== "compiled" ? "" : cost === null ? (node.kinds.length > 0 ? "no" : "0") : count(cost);
  });
  return lineOf(cells, costs, systems.map(costWidth));
}

const lineOf = (cells: readonly string[], costs: readonly string[], widths: readonly number[]): string =>
  [
    ...cells.map((cell, i) => (i === 4 || i === 5 ? right : cut)(cell, WIDTHS[i] as number)),
    ...costs.map((cost, i) => right(cost, widths[i] as number)),
  ]
    .join(" ")
    .trimEnd();

/** Breaks a line at spaces so that it fits; later lines are indented. */
function wrapped(text: string): string[] {
  const lines = [""];
  for (const word of text.split(" ")) {
    const line = lines.at(-1) ?? "";
    if (line.trim() !== "" && line.length + word.length + 1 > COLUMNS) lines.push(`    ${word}`);
    else lines[lines.length - 1] = line === "" ? word : `${line} ${word}`;
  }
  return lines;
}

/** The report for people. */
export function inspectionLines(report: InspectionReport): string[] {
  const { nodes, totals, unsupported, notices, inputs, calibration, proofSystems } = report;
  const systems = proofSystems.map(({ name }) => name);
  const lines = inputs.map(({ name, type, shape, range, assumed }) => {
    const ends = range.map((end) => String(Number(end.toPrecision(6)))).join(" to ");
    return `input ${name}: ${type} [${shape}], ${ends}${assumed ? " (assumed: say --input-range)" : ""}`;
  });
  lines.push(
    calibration === null
      ? "ranges and costs: none, the model is too large or too broken; give --calibration"
      : `ranges and costs: by ${calibration}`,
    "",
    lineOf(HEADS, systems, systems.map(costWidth)),
    ...nodes.slice(0, MAX_ROWS).map((node) => rowOf(node, systems)),
  );
  if (nodes.length > MAX_ROWS) lines.push(`... and ${nodes.length - MAX_ROWS} more (--json has all)`);
  const parts = [
    `${nodes.length} nodes`,
    `${count(totals.parameters)} parameters`,
    `${count(totals.macs)} MACs`,
    `${count(totals.requantizations)} requantized values`,
    `${count(totals.tableEntries)} table entries`,
  ];
  lines.push("", `total: ${parts.join(", ")}`);
  for (const { name, unit, refusals } of proofSystems) {
    const cost = totals.cost[name] ?? null;
    if (cost !== null) lines.push(`${name}: about ${cost} ${unit}, inputs and outputs included`);
    else if (unsupported.length === 0)
      lines.push(`${name}: cannot prove this model; nodes without a cost have no circuit`);
    for (const { node, operator, reason } of refusals) lines.push(`  ${operator} "${node}": ${reason}`);
  }
  for (const notice of notices) lines.push(`notice: ${notice}`);
  if (unsupported.length > 0) {
    lines.push("", `${unsupported.length === 1 ? "1 node" : `${unsupported.length} nodes`} cannot be compiled:`);
    for (const { node, operator, reason } of unsupported) lines.push(`  ${operator} "${node}": ${reason}`);
  }
  return lines.flatMap((line) => (line.length > COLUMNS ? wrapped(line) : [line]));
}
