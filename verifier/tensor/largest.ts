// SPDX-License-Identifier: GPL-3.0-or-later

/** Index of the largest value, the first of equals. */
export function indexOfLargest(values: ArrayLike<number>): number {
  let best = 0;
  for (let i = 1; i < values.length; i++) if ((values[i] as number) > (values[best] as number)) best = i;
  return best;
}
