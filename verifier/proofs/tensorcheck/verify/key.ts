// SPDX-License-Identifier: GPL-3.0-or-later
// Keys (docs/spec/tensorcheck.md, section 5), read with every check that registerKey makes, in its order
// (docs/spec/onchain-verification.md, Tensorcheck).
import { VerigradError } from "../../../errors.ts";
import { sameBytes } from "../../../graph/canonical-json.ts";
import { sizeOf, type TensorSpec } from "../../../tensor/spec.ts";
import { checkerCurve } from "../../curve.ts";
import { G1_BYTES, g1Fault, G2_BYTES, g2Fault, readG1, readG2, type G1Point, type G2Point } from "../../points.ts";
import { CONSTANT_ONE, readBlock, type Block } from "./key-blocks.ts";
import { readEntity, type Entity } from "./key-entities.ts";
import { readAxes, readStructured, type Axis, type Structured } from "./key-values.ts";
import { readHead } from "./head.ts";
import { check, REASON, Reader, type Bounds } from "./reader.ts";

/** Σ of equation `equation` is the output tensor at `axes`. */
export interface OutputPort {
  readonly equation: number;
  readonly axes: readonly Axis[];
}

/** The padded input tensor `port`, evaluated at `axes`. */
export interface Public {
  readonly port: number;
  readonly axes: readonly Axis[];
}

/** A key in which every number points to something. */
export interface Key extends Bounds {
  readonly inputs: readonly TensorSpec[];
  readonly outputs: readonly TensorSpec[];
  /** [τ]_2 */
  readonly tau2: G2Point;
  /** commitments of the pre chunks */
  readonly pre: readonly G1Point[];
  /** number of wit and of help chunks */
  readonly wit: number;
  readonly help: number;
  readonly outputPorts: readonly OutputPort[];
  readonly publics: readonly Public[];
  readonly structured: readonly Structured[];
  readonly entities: readonly Entity[];
  /** number of claims of all entities */
  readonly claims: number;
  readonly blocks: readonly Block[];
}

const MAX_WORK = 2 ** 22;

/** The 128 bytes of the [τ]_2 that a key names. Errors: TENSORCHECK_KEY_INVALID where its head or they cannot be read. */
export function readSetup(bytes: Uint8Array): Uint8Array {
  const reader = new Reader(bytes);
  readHead(reader);
  return reader.take(G2_BYTES);
}

/**
 * Reads a key. `setup`: the 128 bytes of the only [τ]_2 to accept; without, any that is a point of the group will do.
 * Errors: TENSORCHECK_KEY_INVALID, data.fault MalformedKey with data.reason as registerKey has it, or ForgeableKey.
 */
export async function parseTensorcheckKey(bytes: Uint8Array, setup?: Uint8Array): Promise<Key> {
  const reader = new Reader(bytes);
  const { inputs, outputs } = readHead(reader);

  reader.piece(G2_BYTES + 10);
  const setupBytes = reader.take(G2_BYTES);
  const tau2 = readG2(setupBytes);
  if (setup !== undefined) check(sameBytes(setupBytes, setup), REASON.SETUP, "made for another set-up");
  else check((await g2Fault(tau2)) === null, REASON.G2_POINT, "[τ]_2 is no point of the group");
  const [n, K, R, D] = [reader.uint(1), reader.uint(1), reader.uint(1), reader.uint(1)];
  check(n >= 1 && n <= 18 && K <= 30 && R <= 30 && D >= 2 && D <= 6, REASON.LIMIT, "n, K, R or D out of bounds");
  const [preCount, wit, help] = [reader.uint(2), reader.uint(2), reader.uint(2)];
  const bounds: Bounds = { n, K, R, D, chunks: preCount + wit + help };

  reader.piece(G1_BYTES * preCount);
  const pre = Array.from({ length: preCount }, () => {
    const point = readG1(reader.take(G1_BYTES));
    check([null, "infinity"].includes(g1Fault(point)), REASON.G1_POINT, "a commitment is no point");
    return point;
  });

  let work = 0;
  const spend = (amount: number): void => {
    work += amount;
    check(work <= MAX_WORK, REASON.WORK, "more work than a verifier does");
  };
  const outputPorts = outputs.map((spec): OutputPort => {
    const equation = reader.uint(2);
    check(equation >= 1, REASON.BLOCK, "equation 0");
    return { equation, axes: readAxes(reader, { ...bounds, K: 0 }, sizeOf(spec.shape)) };
  });
  const publics = reader.list(2, (): Public => {
    const port = reader.uint(1);
    const spec = inputs[port];
    check(spec !== undefined, REASON.PORT, `no input port ${port}`);
    const axes = readAxes(reader, bounds, sizeOf(spec.shape));
    spend(sizeOf(spec.shape));
    return { port, axes };
  });
  const structured = reader.list(2, () => readStructured(reader, bounds, spend));
  const entities = reader.list(2, () => readEntity(reader, bounds, spend));
  const claims = entities.reduce((sum, entity) => sum + entity.claims.length, 0);
  const values = claims + publics.length + structured.length;
  check(values <= CONSTANT_ONE, REASON.VALUE, "more than 65,535 values");
  const blocks = reader.list(2, () => readBlock(reader, bounds, values));
  const equations = [
    ...outputPorts.map(({ equation }) => equation),
    ...blocks.flatMap(({ terms, lookups }) => [...terms, ...lookups].map(({ equation }) => equation)),
  ];
  const lastEquation = equations.reduce((most, equation) => Math.max(most, equation), 0);
  check(lastEquation <= equations.length, REASON.BLOCK, "more equations than terms, look-ups and outputs");
  check(reader.at === bytes.length, REASON.LENGTH, "trailing bytes");

  await refuseKnownTau(tau2);
  return {
    ...bounds,
    inputs,
    outputs,
    tau2,
    pre,
    wit,
    help,
    outputPorts,
    publics,
    structured,
    entities,
    claims,
    blocks,
  };
}

/** SAFETY: with τ = ±1 anybody opens a commitment to anything. Equal x means equal up to sign. */
async function refuseKnownTau({ x }: G2Point): Promise<void> {
  const { G2 } = await checkerCurve();
  const [[c0, c1]] = G2.toObject(G2.g);
  if (x.c0 !== c0 || x.c1 !== c1) return;
  throw new VerigradError("TENSORCHECK_KEY_INVALID", "key: nobody has contributed to the set-up", {
    data: { fault: "ForgeableKey" },
  });
}
