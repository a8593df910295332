// SPDX-License-Identifier: GPL-3.0-or-later
// Every ONNX operator that compiles, by "domain:Operator" ("" is ai.onnx). A new operator is a new entry.
import { Relu } from "./activation.ts";
import { BitwiseAnd, BitwiseNot, BitwiseOr, BitwiseXor } from "./bitwise.ts";
import { Attention } from "./attention.ts";
import { Max, Mean, Min, Sum, Where } from "./choose.ts";
import { Equal, Greater, GreaterOrEqual, Less, LessOrEqual } from "./compare.ts";
import { Conv } from "./conv.ts";
import { ConvTranspose } from "./conv-transpose.ts";
import { Einsum } from "./einsum.ts";
import { Add, Mul, Neg, Sub } from "./elementwise.ts";
import { Gather, GatherElements } from "./gather.ts";
import { Concat } from "./index-concat.ts";
import { Expand, Pad, Slice, Split, Squeeze, Tile, Transpose, Unsqueeze } from "./index-maps.ts";
import { Compress, DepthToSpace, EyeLike, GatherND, NonZero, Size, SpaceToDepth, Trilu } from "./index-picks.ts";
import { Gemm } from "./linear.ts";
import { And, Not, Or, Xor } from "./logic.ts";
import { MatMul } from "./mat-mul.ts";
import { ArrayFeatureExtractor, LabelEncoder, OneHotEncoder } from "./ml-categories.ts";
import { Binarizer, FeatureVectorizer, Imputer, Normalizer, ZipMap } from "./ml-features.ts";
import { LinearClassifier, LinearRegressor } from "./ml-linear.ts";
import { SVMClassifier, SVMRegressor } from "./ml-svm.ts";
import { BatchNormalization } from "./norm.ts";
import { OneHot } from "./one-hot.ts";
import { Abs, Clip, HardSigmoid, HardSwish, LeakyRelu, PRelu, Shrink, Sign, ThresholdedRelu } from "./piecewise.ts";
import {
  GroupNormalization,
  InstanceNormalization,
  LayerNormalization,
  LogSoftmax,
  LpNormalization,
  MeanVarianceNormalization,
  RMSNormalization,
  Softmax,
} from "./normalize.ts";
import { AveragePool, GlobalAveragePool, GlobalLpPool, GlobalMaxPool, LpPool, MaxPool } from "./pool.ts";
import { DequantizeLinear, QuantizeLinear } from "./quantize-linear.ts";
import { Div, Pow } from "./quotient.ts";
import { ArgMax, ArgMin, Hardmax, TopK } from "./rank.ts";
import {
  CumSum,
  ReduceL1,
  ReduceL2,
  ReduceLogSum,
  ReduceLogSumExp,
  ReduceMax,
  ReduceMean,
  ReduceMin,
  ReduceProd,
  ReduceSum,
  ReduceSumSquare,
} from "./reduce.ts";
import { GRU, LSTM, RNN } from "./recurrent.ts";
import { BitShift, Ceil, Floor, Mod, Round } from "./rounding.ts";
import { Resize, Upsample } from "./resize.ts";
import { ScatterElements, ScatterND } from "./scatter.ts";
import { Scaler } from "./scaler.ts";
import { ConstantOfShape, Range, Shape } from "./shapes.ts";
import { Cast, CastLike, Constant, Dropout, Flatten, Identity, Reshape } from "./structural.ts";
import { TreeEnsemble, TreeEnsembleClassifier, TreeEnsembleRegressor } from "./trees.ts";
import * as unary from "./unary.ts";
import type { Choice, Composite, Operator } from "./types.ts";

const AI_ONNX: Readonly<Record<string, Operator | Composite | Choice>> = {
  ...unary,
  Abs,
  Add,
  And,
  ArgMax,
  ArgMin,
  Attention,
  AveragePool,
  BatchNormalization,
  BitShift,
  BitwiseAnd,
  BitwiseNot,
  BitwiseOr,
  BitwiseXor,
  Cast,
  CastLike,
  Ceil,
  Clip,
  Compress,
  Concat,
  Constant,
  ConstantOfShape,
  Conv,
  ConvTranspose,
  CumSum,
  DepthToSpace,
  DequantizeLinear,
  Div,
  Dropout,
  Einsum,
  Equal,
  Expand,
  EyeLike,
  Flatten,
  Floor,
  GRU,
  Gather,
  GatherElements,
  GatherND,
  Gemm,
  GlobalAveragePool,
  GlobalLpPool,
  GlobalMaxPool,
  Greater,
  GreaterOrEqual,
  GroupNormalization,
  HardSigmoid,
  HardSwish,
  Hardmax,
  Identity,
  InstanceNormalization,
  LSTM,
  LayerNormalization,
  LeakyRelu,
  Less,
  LessOrEqual,
  LogSoftmax,
  LpNormalization,
  LpPool,
  MatMul,
  Max,
  MaxPool,
  Mean,
  MeanVarianceNormalization,
  Min,
  Mod,
  Mul,
  Neg,
  NonZero,
  Not,
  OneHot,
  Or,
  PRelu,
  Pad,
  Pow,
  QuantizeLinear,
  RMSNormalization,
  RNN,
  Range,
  ReduceL1,
  ReduceL2,
  ReduceLogSum,
  ReduceLogSumExp,
  ReduceMax,
  ReduceMean,
  ReduceMin,
  ReduceProd,
  ReduceSum,
  ReduceSumSquare,
  Relu,
  Reshape,
  Resize,
  Round,
  ScatterElements,
  ScatterND,
  Shape,
  Shrink,
  Sign,
  Size,
  Slice,
  Softmax,
  SpaceToDepth,
  Split,
  Squeeze,
  Sub,
  Sum,
  ThresholdedRelu,
  Tile,
  TopK,
  Transpose,
  Trilu,
  Unsqueeze,
  Upsample,
  Where,
  Xor,
};

/** Operators of ai.onnx.ml: what scikit-learn, XGBoost and LightGBM export. */
const AI_ONNX_ML: Readonly<Record<string, Operator | Composite | Choice>> = {
  ArrayFeatureExtractor,
  Binarizer,
  FeatureVectorizer,
  Imputer,
  LabelEncoder,
  LinearClassifier,
  LinearRegressor,
  Normalizer,
  OneHotEncoder,
  SVMClassifier,
  SVMRegressor,
  Scaler,
  TreeEnsemble,
  TreeEnsembleClassifier,
  TreeEnsembleRegressor,
  ZipMap,
};

/** The operator's entry, or undefined if it is not supported. */
export function operatorOf(domain: string, name: string): Operator | Composite | Choice | undefined {
  const operators = domain === "" ? AI_ONNX : domain === "ai.onnx.ml" ? AI_ONNX_ML : {};
  return Object.hasOwn(operators, name) ? operators[name] : undefined;
}

/** Names of all supported operators, sorted, those of ai.onnx.ml after the others. */
export const SUPPORTED_OPERATORS: readonly string[] = [
  ...Object.keys(AI_ONNX).sort(),
  ...Object.keys(AI_ONNX_ML)
    .map((name) => `ai.onnx.ml.${name}`)
    .sort(),
];
