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

/** A layer compares i and i + distance wherever i & bit = value. */
interface Layer {
  readonly bit: number;
  readonly value: number;
  readonly distance: number;
}

/** The least e with 2^e >= n, for n from 1 to 2^31; exact, as Math.log2 need not be. */
export const ceilLog2 = (n: number): number => 32 - Math.clz32(n - 1);

/** Layers of comparators that touch distinct positions; k = 1 takes n - 1 of them in all. */
export function selectionNetwork(n: number, k: number): readonly (readonly Comparator[])[] {
  const needed = new Uint8Array(n).fill(1, 0, k);
  const kept = mergeExchange(n)
    .toReversed()
    .map(({ bit, value, distance }) => {
      const layer: Comparator[] = [];
      for (let i = 0; i < n - distance; i++) {
        const j = i + distance;
        const [high, low] = [needed[i] === 1, needed[j] === 1];
        if ((i & bit) === value && (high || low)) layer.push({ i, j, high, low });
      }
      for (const { i, j } of layer) needed[i] = needed[j] = 1;
      return layer;
    });
  return kept.toReversed().filter((layer) => layer.length > 0);
}

/** The layers that sort n values. */
function mergeExchange(n: number): Layer[] {
  const layers: Layer[] = [];
  const top = 2 ** Math.max(0, ceilLog2(n) - 1);
  for (let bit = n > 1 ? top : 0; bit >= 1; bit = Math.floor(bit / 2)) {
    layers.push({ bit, value: 0, distance: bit });
    for (let q = top; q > bit; q /= 2) layers.push({ bit, value: bit, distance: q - bit });
  }
  return layers;
}
