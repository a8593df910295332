// SPDX-License-Identifier: GPL-3.0-or-later
// Which models this node can prove, and why not the others. A model is looked at once: its package fetched from the hub,
// every hash compared with what is registered, circuit and key made again.
import type { ChainReader } from "../chain/client.ts";
import type { Hex } from "../chain/types.ts";
import { toBytes } from "../chain/hashes.ts";
import { VerigradError } from "../errors.ts";
import { execute } from "../graph/execute.ts";
import { cidFromBytes } from "../hub/cid.ts";
import { openPackage, openSetup, specHashesOf, type Package, type PackageSetup } from "../hub/package.ts";
import type { Hub } from "../hub/store.ts";
import { INSECURE_SETUP_HASH } from "../proofs/transcript.ts";
import type { ProofSystem, VerificationCost } from "../proofs/types.ts";
import { decodeTensors, encodeTensors } from "../tensor/codec.ts";
import type { NodeConfig } from "./config.ts";

/** A model that this node can prove. */
export interface ServedModel {
  readonly package: Package;
  readonly setup: PackageSetup;
  readonly verification: VerificationCost;
  /** whether a proof of it was made and checked in this process */
  proven: boolean;
  /** seconds that a proof took lately; before the first, the configured guess */
  provingSeconds: number;
}

/** Why a model is not served, and whether that can change while the node runs. */
export interface Refused {
  readonly reason: string;
  readonly final: boolean;
}

export function isRefused(found: object | Refused): found is Refused {
  return "reason" in found;
}

/** Making a key again may take minutes: what takes longer than this goes on beside the jobs that are under way. */
const PATIENCE_MS = 1000;

export interface Models {
  /** The model, or the reason why it is not served here. Rejects only with RETRY errors. */
  find(modelId: Hex): Promise<ServedModel | Refused>;
  /** What the model gives for an input, or the reason why it gives nothing. */
  execute(model: ServedModel, input: Uint8Array): Uint8Array | string;
  /** Notes that a proof holds, and how long it took. */
  measured(model: ServedModel, seconds: number): void;
  /** Take no new work for this model in this process: its proofs fail. What is claimed already is still proven. */
  poison(modelId: Hex, reason: string): void;
  /** Why no new work is taken for a model that can be opened, or null. */
  poisoned(modelId: Hex): string | null;
}

export function openModels(
  config: NodeConfig,
  deps: { readonly chain: ChainReader; readonly hub: Hub; readonly proofSystem: ProofSystem },
): Models {
  const known = new Map<Hex, ServedModel | Refused>();
  const poisons = new Map<Hex, string>();
  const looking = new Map<Hex, Promise<ServedModel | Refused>>();

  const look = async (modelId: Hex): Promise<ServedModel | string> => {
    if (config.models !== "any" && !config.models.some((id) => id.toLowerCase() === modelId.toLowerCase())) {
      return "the model is not one that this node serves";
    }
    const { spec } = await deps.chain.model(modelId);
    if (spec.proofSystem !== deps.proofSystem.selector) return "its proof system is not one that this node has";
    if (!config.acceptInsecure && spec.setupHash === INSECURE_SETUP_HASH)
      return "its key comes from an INSECURE set-up";
    const directory = await deps.hub.get(cidFromBytes(toBytes(spec.cid)));
    const opened = await openPackage(directory);
    const setup = await openSetup(directory);
    const { inputSpecHash, outputSpecHash } = specHashesOf(opened);
    const same =
      opened.manifest.graphHash === spec.graphHash &&
      opened.manifest.weightsHash === spec.weightsHash &&
      opened.manifest.proofSystem.selector === spec.proofSystem &&
      inputSpecHash === spec.inputSpecHash &&
      outputSpecHash === spec.outputSpecHash &&
      setup.keyHash === spec.keyHash &&
      setup.setupHash === spec.setupHash;
    if (!same) return "its package is not what is registered";
    const refusals = deps.proofSystem.unsupported(opened.graph, opened.manifest.inputMode);
    if (refusals.length > 0) return `its graph cannot be proven: ${refusals[0]?.reason}`;
    // SAFETY: hashes say that this is the owner's package, not that it is honest. A circuit that is not the graph's, or a
    // key that nobody can prove with, would cost each claimer the collateral (T19).
    const fault = await deps.proofSystem.checkSetup(directory, opened.graph, config.ptau);
    if (fault !== null) return `its key could not be rebuilt: ${fault}`;
    const verification = await deps.proofSystem.verificationCost(setup.key);
    return { package: opened, setup, verification, proven: false, provingSeconds: config.proving.expectedSeconds };
  };

  const judge = async (modelId: Hex): Promise<ServedModel | Refused> => {
    let result: ServedModel | Refused;
    try {
      const looked = await look(modelId);
      result = typeof looked === "string" ? { reason: looked, final: true } : looked;
    } catch (error) {
      if (!(error instanceof VerigradError)) throw error;
      if (error.code === "PACKAGE_NOT_FOUND") return { reason: "its package is not in the hub", final: false };
      if (error.consequence === "RETRY") throw error;
      result = { reason: `${error.code}: ${error.message}`, final: true };
    }
    known.set(modelId, result);
    return result;
  };

  return {
    find: async (modelId) => {
      const found = known.get(modelId);
      if (found !== undefined) return found;
      const running = looking.get(modelId) ?? judge(modelId).finally(() => looking.delete(modelId));
      looking.set(modelId, running);
      running.catch(() => undefined); // whoever asks next is told
      return orLater(running);
    },
    execute: ({ package: { graph, inputSpecs, outputSpecs } }, input) => {
      try {
        return encodeTensors(outputSpecs, execute(graph, decodeTensors(inputSpecs, input)));
      } catch (error) {
        if (error instanceof VerigradError) return `${error.code}: ${error.message}`;
        throw error;
      }
    },
    measured: (model, seconds) => {
      // The slower of the last and the new, so that one lucky proof does not promise too much.
      model.provingSeconds = model.proven ? Math.max(seconds, (model.provingSeconds + seconds) / 2) : seconds;
      model.proven = true;
    },
    poison: (modelId, reason) => void poisons.set(modelId, reason),
    poisoned: (modelId) => poisons.get(modelId) ?? null,
  };
}

/** What comes soon, else that it is to come. */
async function orLater(running: Promise<ServedModel | Refused>): Promise<ServedModel | Refused> {
  let timer: NodeJS.Timeout | undefined;
  const later = new Promise<Refused>((resolve) => {
    timer = setTimeout(() => resolve({ reason: "its key is being rebuilt", final: false }), PATIENCE_MS);
  });
  return Promise.race([running, later]).finally(() => clearTimeout(timer));
}
