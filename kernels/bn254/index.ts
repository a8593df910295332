// SPDX-License-Identifier: GPL-3.0-or-later
// The module's exports; verifier/proofs/tensorcheck/engine/kernel.ts types them.
export { prepareField } from "./field";
export { setThread } from "./memory";
export {
  frAllCanonical,
  frDivide,
  frDotRows,
  frEqTable,
  frEvaluate,
  frOuter,
  frVecAdd,
  frVecAddScalar,
  frVecAxpy,
  frVecFill,
  frVecFold,
  frVecFoldPairs,
  frVecFromIntegers,
  frVecFromMontgomery,
  frVecInvert,
  frVecMul,
  frVecScale,
  frVecSub,
  frVecToMontgomery,
} from "./vectors";
export { frMatrix } from "./integers";
export { frRound } from "./sumcheck";
export { fqVecFromMontgomery, fqVecToMontgomery, reverseBytes, sumCombine } from "./curve";
export { msmIntegerBits, msmIntegers, msmScalars, msmWindow, msmWorkBytes } from "./msm";
export { multiplesRow, multiplesSum } from "./multiples";
