// SPDX-License-Identifier: GPL-3.0-or-later
// The graph of a model as SVG: no script, no reference to anything outside, every name of the file escaped.
import type { FloatGraph } from "../onnx/types.ts";
import type { InspectedNode, Inspection, Kind } from "./inspect.ts";
import { layOut, type Point } from "./layout.ts";

/** Most nodes that are drawn. */
const MAX_DRAWN = 4000;
const LETTER = 6.8;
const BOX_HEIGHT = 38;
const LEGEND_HEIGHT = 28;
const LEGEND_STEP = 88;

const COLOURS: Readonly<Record<Kind | "none" | "port" | "unsupported" | "unknown", string>> = {
  linear: "#cfe8ff",
  bilinear: "#d9d2ff",
  "look-up": "#ffe3b3",
  compare: "#ffd0dc",
  index: "#e4e7eb",
  none: "#f4f5f7",
  port: "#d5f2d9",
  unsupported: "#ff9a8d",
  unknown: "#ffffff",
};

const LEGEND = Object.entries(COLOURS).filter(([name]) => name !== "none");

interface Drawn {
  readonly title: string;
  readonly lines: readonly [string, string];
  readonly colour: keyof typeof COLOURS;
  readonly reads: readonly number[];
}

/** Text as XML content or attribute value; what XML cannot hold becomes U+FFFD. */
export function escapeXml(text: string): string {
  return text
    .replace(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, "\ufffd")
    .replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
}

const short = (text: string, most: number): string => (text.length <= most ? text : `${text.slice(0, most - 1)}…`);

/** What is drawn of a model: inputs, nodes that are not constant and not unused, outputs. */
function drawnOf(model: FloatGraph, { nodes, outputs }: Pick<Inspection, "nodes"> & { outputs: readonly string[] }) {
  const drawn: Drawn[] = [];
  const writer = new Map<string, number>();
  const port = (name: string, shape: readonly number[] | null, reads: readonly number[]): number =>
    drawn.push({ title: name, lines: [short(name, 28), shape === null ? "" : `[${shape}]`], colour: "port", reads }) -
    1;
  const readsOf = (names: readonly string[]): number[] => names.flatMap((name) => writer.get(name) ?? []);
  for (const { name, shape } of model.inputs) writer.set(name, port(name, shape, []));
  const live = nodes.filter(({ status }) => status !== "constant" && status !== "unused" && status !== "dropped");
  for (const node of live.slice(0, MAX_DRAWN)) {
    const at = drawn.push(boxOf(node, readsOf(node.inputs))) - 1;
    for (const { name } of node.outputs) writer.set(name, at);
  }
  for (const name of outputs) {
    const reads = readsOf([name]);
    if (reads.length > 0) port(name, null, reads);
  }
  return { drawn, left: Math.max(0, live.length - MAX_DRAWN) };
}

function boxOf(node: InspectedNode, reads: readonly number[]): Drawn {
  const { name, operator, status, kinds, outputs, macs } = node;
  const shape = outputs[0]?.shape;
  const work = macs === 0 ? "" : ` ${macs} MACs`;
  const bad = status === "unsupported" || status === "unknown";
  return {
    title: `${name}${bad ? ` (${status})` : ""}`,
    lines: [short(operator, 28), short(`${shape === null || shape === undefined ? "" : `[${shape}]`}${work}`, 34)],
    colour: bad ? status : (kinds[0] ?? "none"),
    reads,
  };
}

/** An edge from the lower side of its first point's box to the upper side of its last one's. */
function pathOf(points: readonly Point[]): string {
  const ends = points.map(({ x, y }, i) => ({
    x,
    y: i === 0 ? y + BOX_HEIGHT / 2 : i === points.length - 1 ? y - BOX_HEIGHT / 2 : y,
  }));
  const [first, ...rest] = ends as [Point, ...Point[]];
  let before = first;
  const curves = rest.map((point) => {
    const middle = (before.y + point.y) / 2;
    const curve = `C${before.x} ${middle} ${point.x} ${middle} ${point.x} ${point.y}`;
    before = point;
    return curve;
  });
  return `M${first.x} ${first.y}${curves.join("")}`;
}

/** Draws a model. Pure and deterministic. */
export function drawModel(
  model: FloatGraph,
  inspection: Pick<Inspection, "nodes"> & { outputs: readonly string[] },
): string {
  const { drawn, left } = drawnOf(model, inspection);
  const widths = drawn.map(({ lines }) => Math.max(56, Math.max(...lines.map((line) => line.length)) * LETTER + 16));
  const layout = layOut(drawn.map(({ reads }, i) => ({ reads, width: widths[i] as number })));
  const width = Math.max(layout.width, 16 + LEGEND_STEP * LEGEND.length);
  const height = layout.height + LEGEND_HEIGHT;
  const edges = layout.edges.map(({ points }) => `<path d="${pathOf(points)}"/>`);
  const boxes = drawn.map(({ title, lines, colour }, i) => {
    const { x, y } = layout.boxes[i] as Point;
    const w = widths[i] as number;
    const radius = colour === "port" ? BOX_HEIGHT / 2 : 5;
    return [
      `<g transform="translate(${x} ${y})"><title>${escapeXml(title)}</title>`,
      `<rect x="${-w / 2}" y="${-BOX_HEIGHT / 2}" width="${w}" height="${BOX_HEIGHT}" rx="${radius}" fill="${COLOURS[colour]}"/>`,
      `<text y="-3" font-weight="bold">${escapeXml(lines[0])}</text><text y="12">${escapeXml(lines[1])}</text></g>`,
    ].join("");
  });
  const legend = LEGEND.map(
    ([name, colour], i) =>
      `<g transform="translate(${16 + i * LEGEND_STEP} 8)"><rect width="12" height="12" fill="${colour}"/><text x="16" y="10" text-anchor="start">${name}</text></g>`,
  );
  const more = left === 0 ? [] : [`<text x="${width / 2}" y="${height - 6}">${left} more nodes are not drawn</text>`];
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">`,
    `<rect width="100%" height="100%" fill="#ffffff"/>`,
    `<g font-family="Helvetica, Arial, sans-serif" font-size="11" text-anchor="middle" fill="#1c2733" stroke-width="1">`,
    ...legend,
    `<g transform="translate(0 ${LEGEND_HEIGHT})">`,
    `<g fill="none" stroke="#8a97a6">`,
    ...edges,
    `</g>`,
    ...boxes.map((box) => box.replace("<rect ", '<rect stroke="#5b6876" ')),
    `</g>`,
    ...more,
    `</g></svg>`,
    "",
  ].join("\n");
}
