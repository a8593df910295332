// SPDX-License-Identifier: GPL-3.0-or-later
// What an application imports: encode an input, ask, wait, decode; and, for model owners, register.
export { VerigradError, type Consequence } from "../errors.ts";
export { ERC7007_VERIFIER_ABI } from "../chain/abi/erc7007Verifier.ts";
export { ERC7992_REGISTRY_ABI } from "../chain/abi/erc7992Registry.ts";
export { ERC7992_VERIFIER_ABI } from "../chain/abi/erc7992Verifier.ts";
export { ERC8004_VALIDATOR_ABI } from "../chain/abi/erc8004Validator.ts";
export { GROTH16_PROOF_SYSTEM_ABI } from "../chain/abi/groth16ProofSystem.ts";
export { INFERENCE_CONSUMER_ABI } from "../chain/abi/inferenceConsumer.ts";
export { INFERENCE_MARKET_ABI } from "../chain/abi/inferenceMarket.ts";
export { MODEL_REGISTRY_ABI } from "../chain/abi/modelRegistry.ts";
export { MOVABLE_CONSUMER_ABI } from "../chain/abi/movableConsumer.ts";
export { OPERATOR_REGISTRY_ABI } from "../chain/abi/operatorRegistry.ts";
export { PROOF_SYSTEM_ABI } from "../chain/abi/proofSystem.ts";
export { PROOF_SYSTEM_ROUTER_ABI } from "../chain/abi/proofSystemRouter.ts";
export { TENSORCHECK_PROOF_SYSTEM_ABI } from "../chain/abi/tensorcheckProofSystem.ts";
export { openChain, type ChainReader, type Eip1193, type RegisteredModel } from "../chain/client.ts";
export { parseDeployment, type Deployment } from "../chain/deployment.ts";
export { contextOf, jobIdOf, modelIdOf, priceAt } from "../chain/hashes.ts";
export { calls, openSender, privateKeyFromKeystore, type Sender, type WaitOptions } from "../chain/transactions.ts";
export { permitTypedData, requestTypedData, type Permit, type TypedData } from "../chain/signatures.ts";
export type { Address, Hex, JobRecord, MarketParameters, ModelSpec, Request, Stake } from "../chain/types.ts";
export { openOpenings, type Openings } from "../hub/openings.ts";
export {
  assertOpens,
  commitInputs,
  commitmentBytes,
  makeOpening,
  newSalt,
  parseOpening,
  serializeOpening,
  type Opening,
} from "../proofs/commitment.ts";
export { parseManifest, type Manifest } from "../hub/manifest.ts";
export { modelSpecOf, registerPackage, type RegisterOptions, type Registration } from "./models.ts";
export {
  awaitResult,
  bringRequest,
  buildRequest,
  requestBatch,
  requestInference,
  signPermit,
  signRequest,
  type RequestOptions,
} from "./requests.ts";
export { bondStake, coverBalance } from "./stake.ts";
export {
  argmax,
  commitInput,
  commitInputFile,
  decodeOutput,
  encodeInput,
  encodeInputFile,
  type ModelInterface,
  type OutputTensor,
} from "./tensors.ts";
