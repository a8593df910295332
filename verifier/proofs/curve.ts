// SPDX-License-Identifier: GPL-3.0-or-later
// eslint-disable-next-line @typescript-eslint/triple-slash-reference -- ambient declarations cannot be imported
/// <reference path="./untyped.d.ts" />
// BN254 (snarkjs calls it bn128) from ffjavascript, in two forms: on this thread for checks, on workers for heavy work.
import { buildBn128, type Curve } from "ffjavascript";

/** How long idle workers stay: a second proof finds them, a process that is done exits soon. */
const IDLE_MS = 300;

let checker: Promise<Curve> | undefined;

/** The curve without worker threads, made once: keeps no process alive. For verification and key handling. */
export function checkerCurve(): Promise<Curve> {
  return (checker ??= buildBn128(true));
}

/** Where ffjavascript keeps the curve with workers for the next caller; its terminate() empties it. */
const shared = globalThis as { curve_bn128?: Curve | null };
let workers: Promise<Curve> | undefined;
let users = 0;
let idle: NodeJS.Timeout | undefined;

/**
 * Runs `work` with the curve that snarkjs itself uses, whose worker threads live on while work goes on in this process
 * and end soon after: left alone, they would keep the process alive for ever.
 */
export async function withWorkers<T>(work: (curve: Curve) => Promise<T>): Promise<T> {
  users++;
  clearTimeout(idle);
  try {
    const curve = await (workers ??= buildBn128());
    // circomlibjs brings an ffjavascript of its own, which forgets the curve when it is loaded.
    shared.curve_bn128 ??= curve;
    return await work(curve);
  } finally {
    users--;
    if (users === 0) idle = setTimeout(() => void endWorkers(), IDLE_MS);
  }
}

async function endWorkers(): Promise<void> {
  const curve = await workers;
  if (users > 0) return;
  workers = undefined;
  // Two, if circomlibjs was loaded while somebody proved, and snarkjs has made the curve once more.
  const ending = new Set([curve, shared.curve_bn128]);
  await Promise.all([...ending].map(async (each) => each?.terminate()));
}
