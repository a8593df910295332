// SPDX-License-Identifier: GPL-3.0-or-later
// Comparisons that bring the k greatest of n values to the front: Batcher's merge exchange (Knuth, The Art of Computer
// Programming, volume 3, algorithm 5.2.2M, which takes any n), without the comparisons that the first k do not need.

/** Compares positions i < j: afterwards i holds the greater (where `high`), j the smaller (where `low`). */
export interface Comparator {
  readonly i: number;
  readonly j: number;
  readonly high: boolean;
  readonly low: boolean;
}

/** Layers of comparators that touch distinct positions; k = 1 takes n - 1 of them in all. */
export function selectionNetwork(n: number, k: number): readonly (readonly Comparator[])[] {
  const needed = new Set(Array.from({ length: k }, (_, i) => i));
  const kept = mergeExchange(n)
    .toReversed()
    .map((pairs) => {
      const layer = pairs.flatMap(([i, j]): Comparator[] => {
        const [high, low] = [needed.has(i), needed.has(j)];
        return high || low ? [{ i, j, high, low }] : [];
      });
      for (const { i, j } of layer) needed.add(i).add(j);
      return layer;
    });
  return kept.toReversed().filter((layer) => layer.length > 0);
}

/** Sorts n values; layers of pairs. */
function mergeExchange(n: number): [number, number][][] {
  const layers: [number, number][][] = [];
  const top = 2 ** Math.max(0, Math.ceil(Math.log2(n)) - 1);
  for (let p = n > 1 ? top : 0; p >= 1; p = Math.floor(p / 2)) {
    for (let q = top, r = 0, d = p; ; d = q - p, q /= 2, r = p) {
      const layer: [number, number][] = [];
      for (let i = 0; i < n - d; i++) if ((i & p) === r) layer.push([i, i + d]);
      layers.push(layer);
      if (q === p) break;
    }
  }
  return layers;
}
