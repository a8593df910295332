// SPDX-License-Identifier: GPL-3.0-or-later
// A layered drawing of a directed acyclic graph: longest-path layers, barycenter order, long edges through waypoints
// (Sugiyama, Tagawa and Toda: Methods for Visual Understanding of Hierarchical System Structures, 1981).

/** A box to place, in the order of its dependencies; `reads` are indices of earlier boxes. */
export interface Box {
  readonly width: number;
  readonly reads: readonly number[];
}

/** Where things are: centers, in pixels. */
export interface Layout {
  readonly width: number;
  readonly height: number;
  readonly boxes: readonly { readonly x: number; readonly y: number }[];
  /** From the box that is read to the one that reads. */
  readonly edges: readonly { readonly from: number; readonly to: number; readonly points: readonly Point[] }[];
}

export interface Point {
  readonly x: number;
  readonly y: number;
}

const LAYER_HEIGHT = 64;
const GAP = 16;
const MARGIN = 20;
const SWEEPS = 8;
/** Most waypoints; with more, long edges are straight. */
const MAX_WAYPOINTS = 20_000;

/** A box or a waypoint. */
interface Place {
  readonly width: number;
  readonly layer: number;
  readonly above: number[];
  readonly below: number[];
  x: number;
}

/** Lays boxes out. Pure and deterministic. */
export function layOut(boxes: readonly Box[]): Layout {
  if (boxes.length === 0) return { width: 2 * MARGIN, height: 2 * MARGIN, boxes: [], edges: [] };
  const layerOf: number[] = [];
  boxes.forEach(({ reads }, i) => {
    layerOf[i] = reads.reduce((most, from) => Math.max(most, (layerOf[from] as number) + 1), 0);
  });
  // What reads nothing stands just above what reads it.
  const first = boxes.map(() => Infinity);
  boxes.forEach(({ reads }, to) => {
    for (const from of reads) first[from] = Math.min(first[from] as number, layerOf[to] as number);
  });
  boxes.forEach(({ reads }, i) => {
    if (reads.length === 0 && (first[i] as number) < Infinity) layerOf[i] = (first[i] as number) - 1;
  });
  const places = boxes.map(({ width }, i): Place => ({
    width,
    layer: layerOf[i] as number,
    above: [],
    below: [],
    x: 0,
  }));
  const link = (from: number, to: number): void => {
    (places[from] as Place).below.push(to);
    (places[to] as Place).above.push(from);
  };
  const links = boxes.flatMap(({ reads }, to) => [...new Set(reads)].map((from) => ({ from, to })));
  const span = ({ from, to }: { from: number; to: number }): number =>
    (layerOf[to] as number) - (layerOf[from] as number);
  const bent = links.reduce((sum, edge) => sum + span(edge) - 1, 0) <= MAX_WAYPOINTS;
  const paths = links.map(({ from, to }) => {
    const path = [from];
    for (let layer = (layerOf[from] as number) + 1; bent && layer < (layerOf[to] as number); layer++)
      path.push(places.push({ width: 4, layer, above: [], below: [], x: 0 }) - 1);
    path.push(to);
    if (bent) for (let i = 1; i < path.length; i++) link(path[i - 1] as number, path[i] as number);
    return { from, to, path };
  });

  const layers: number[][] = [];
  places.forEach(({ layer }, i) => (layers[layer] ??= []).push(i));
  for (const layer of layers) spread(layer, places);
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    const down = sweep % 2 === 0;
    for (const layer of down ? layers : layers.toReversed()) arrange(layer, places, down ? "above" : "below");
  }
  const left = places.reduce((least, { x, width }) => Math.min(least, x - width / 2), Infinity);
  const right = places.reduce((most, { x, width }) => Math.max(most, x + width / 2), -Infinity);
  const point = (i: number): Point => {
    const { x, layer } = places[i] as Place;
    return { x: Math.round(x - left + MARGIN), y: layer * LAYER_HEIGHT + LAYER_HEIGHT / 2 + MARGIN };
  };
  return {
    width: Math.ceil(right - left) + 2 * MARGIN,
    height: layers.length * LAYER_HEIGHT + 2 * MARGIN,
    boxes: boxes.map((_, i) => point(i)),
    edges: paths.map(({ from, to, path }) => ({ from, to, points: path.map(point) })),
  };
}

/** One beside the other around 0. */
function spread(layer: readonly number[], places: readonly Place[]): void {
  let at = 0;
  for (const i of layer) {
    const place = places[i] as Place;
    place.x = at + place.width / 2;
    at += place.width + GAP;
  }
  for (const i of layer) (places[i] as Place).x -= (at - GAP) / 2;
}

/** Orders a layer by the mean place of its neighbours on one side, and puts all as near to theirs as gaps allow. */
function arrange(layer: number[], places: readonly Place[], side: "above" | "below"): void {
  const wanted = new Map(
    layer.map((i) => {
      const place = places[i] as Place;
      const near = place[side];
      const sum = near.reduce((total, n) => total + (places[n] as Place).x, 0);
      return [i, near.length === 0 ? place.x : sum / near.length];
    }),
  );
  const at = (i: number): number => wanted.get(i) as number;
  layer.sort((a, b) => at(a) - at(b) || a - b);
  // The least squares of all displacements under the gaps: isotonic regression by pooling adjacent violators.
  const blocks: { sum: number; items: number[] }[] = [];
  const offsets = new Map<number, number>();
  let offset = 0;
  layer.forEach((i, k) => {
    const { width } = places[i] as Place;
    if (k > 0) offset += (places[layer[k - 1] as number] as Place).width / 2 + GAP + width / 2;
    offsets.set(i, offset);
    let block = { sum: at(i) - offset, items: [i] };
    for (let last = blocks.at(-1); last !== undefined && mean(last) > mean(block); last = blocks.at(-1)) {
      blocks.pop();
      block = { sum: last.sum + block.sum, items: last.items.concat(block.items) };
    }
    blocks.push(block);
  });
  for (const block of blocks)
    for (const i of block.items) (places[i] as Place).x = mean(block) + (offsets.get(i) as number);
}

const mean = ({ sum, items }: { readonly sum: number; readonly items: readonly number[] }): number =>
  sum / items.length;
