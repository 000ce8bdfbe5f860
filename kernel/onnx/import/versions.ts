/** @file Which versions of the standard operators are known. */

/** The newest operator set whose changes are known. */
export const NEWEST_VERSION = 23;

/** Operators that meant something else before version 7 (mostly other rules of broadcasting). */
const SINCE_7: ReadonlySet<string> = new Set([
  "Add",
  "And",
  "AveragePool",
  "BatchNormalization",
  "Div",
  "Dropout",
  "Equal",
  "GRU",
  "Gemm",
  "Greater",
  "LSTM",
  "Less",
  "Mul",
  "Or",
  "PRelu",
  "Pow",
  "RNN",
  "Sub",
  "Upsample",
  "Xor",
]);

/** Operators that mean the same since version 1; all others are known from version 6 on. */
const SINCE_1: ReadonlySet<string> = new Set([
  ...[
    "ArgMax",
    "ArgMin",
    "Constant",
    "Conv",
    "ConvTranspose",
    "DepthToSpace",
    "Flatten",
    "Gather",
    "GlobalAveragePool",
    "GlobalMaxPool",
    "Hardmax",
    "Identity",
    "LRN",
    "LogSoftmax",
    "MatMul",
    "MaxPool",
    "Not",
  ],
  ...[
    "ReduceL1",
    "ReduceL2",
    "ReduceLogSum",
    "ReduceLogSumExp",
    "ReduceMax",
    "ReduceMean",
    "ReduceMin",
    "ReduceProd",
    "ReduceSum",
    "ReduceSumSquare",
  ],
  ...["Shape", "Size", "Slice", "Softmax", "Softplus", "Softsign", "SpaceToDepth", "Squeeze", "TopK", "Transpose", "Unsqueeze"],
]);

/** Whether an operator of that version of the operator set is the one that the rules know. */
export function isKnownVersion(opType: string, version: number): boolean {
  if (version >= 7) return version <= NEWEST_VERSION;
  return version === 6 ? !SINCE_7.has(opType) : SINCE_1.has(opType);
}
