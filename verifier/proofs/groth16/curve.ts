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
    return await work(await buildBn128());
  } finally {
    users--;
    if (users === 0) idle = setTimeout(() => void endWorkers(), IDLE_MS);
  }
}

async function endWorkers(): Promise<void> {
  if (users === 0) await (await buildBn128()).terminate();
}
