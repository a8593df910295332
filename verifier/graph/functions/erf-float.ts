// SPDX-License-Identifier: GPL-3.0-or-later
// The error function in doubles, which Math lacks.

/** erf(x) to a few units in the last place: exp(-x^2) times a series of positive terms (Abramowitz and Stegun 7.1.6). */
export function erfFloat(x: number): number {
  const a = Math.abs(x);
  if (!(a < 6)) return Number.isNaN(x) ? x : Math.sign(x); // 1 - erf(6) is below 2^-54
  let term = a;
  let sum = a;
  for (let n = 1; term > sum * 2 ** -54; n++) sum += term *= (2 * a * a) / (2 * n + 1);
  return ((2 * x) / Math.sqrt(Math.PI)) * Math.exp(-a * a) * (a === 0 ? 1 : sum / a);
}
