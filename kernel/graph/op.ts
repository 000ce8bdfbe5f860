/** @file The primitive operations and their parameters. Everything else is composed of these. */
import type { Dtype } from "./dtype";
import type { Shape } from "./shape";
import type { CompositeBody } from "./composite";
import type { LoopBody } from "./loop";
import type { Tensor } from "./tensor";

type None = Record<never, never>;
interface Reduction {
  /** Sorted, counted from the front. */
  readonly axes: readonly number[];
  /** Whether reduced axes stay, with size 1. */
  readonly keep: boolean;
}
export interface ConvolutionAttrs {
  readonly strides: readonly number[];
  /** Zeros added before every spatial axis, then after every spatial axis. */
  readonly pads: readonly number[];
  readonly dilations: readonly number[];
  readonly groups: number;
}
/** What a fused kernel computes. All its results have equal operands. */
export interface FusedKernel {
  readonly id: number;
  /** The shape over which it runs: results have it, or it with one element in each row. */
  readonly space: Shape;
  /** Placeholders that stand for the operands in `bodies`. */
  readonly params: readonly Tensor[];
  /** The results in primitives, in float32. */
  readonly bodies: readonly Tensor[];
}
export interface TopKAttrs {
  readonly k: number;
  readonly axis: number;
  readonly largest: boolean;
}

/** Parameters of each primitive. */
export interface OpAttrs {
  // Leaves
  Input: { readonly name: string }; // placeholder of a traced function
  Data: None; // holds its elements in `storage`
  Const: { readonly value: number; readonly dtype: Dtype }; // scalar known while tracing
  Iota: { readonly length: number; readonly dtype: Dtype }; // 0, 1, …, length - 1
  // Unary, elementwise
  Identity: None;
  StopGradient: None;
  Barrier: { readonly id: number }; // identity that is never shared or removed: what follows is computed anew
  Cast: { readonly to: Dtype }; // float → int truncates; anything → bool is x ≠ 0
  Neg: None;
  Abs: None;
  Sign: None;
  Exp: None;
  Log: None;
  Sqrt: None;
  Reciprocal: None;
  Sin: None;
  Cos: None;
  Tanh: None;
  Sigmoid: None;
  Erf: None;
  Floor: None;
  Ceil: None;
  Round: None; // half to even
  Not: None;
  IsNaN: None;
  // Binary, elementwise, broadcasting
  Add: None;
  Sub: None;
  Mul: None;
  Div: None; // integers: truncated toward zero
  Pow: None;
  Max: None;
  Min: None;
  Mod: None; // sign of the divisor, as in Python; integers only for exactness
  And: None;
  Or: None;
  Xor: None;
  BitAnd: None;
  BitOr: None;
  BitXor: None;
  ShiftLeft: None; // logical, uint8 | int32 | int64 read as unsigned
  ShiftRight: None;
  Equal: None;
  Less: None;
  LessEqual: None;
  Where: None; // (condition, then, otherwise)
  // Reductions and scans
  ReduceSum: Reduction;
  ReduceMax: Reduction;
  ReduceMin: Reduction;
  ReduceProd: Reduction;
  ArgMax: { readonly axis: number }; // first of equals, int64
  CumSum: { readonly axis: number; readonly exclusive: boolean; readonly reverse: boolean };
  // Linear algebra
  MatMul: {
    readonly transA: boolean; // [..., K, M] instead of [..., M, K]
    readonly transB: boolean;
    /** The first axis stands before the rows: [M, ..., K] instead of [..., M, K]. */
    readonly leadA: boolean;
    readonly leadB: boolean;
    readonly alpha: number; // factor on the product
  };
  Conv: ConvolutionAttrs; // x [N, C, ...], w [O, C / groups, ...]
  ConvTranspose: ConvolutionAttrs & { readonly outputPads: readonly number[] }; // w [C, O / groups, ...]
  // Movement
  Reshape: { readonly shape: Shape };
  Transpose: { readonly perm: readonly number[] };
  Broadcast: { readonly shape: Shape };
  Slice: { readonly starts: readonly number[]; readonly ends: readonly number[]; readonly steps: readonly number[] };
  Pad: { readonly before: readonly number[]; readonly after: readonly number[]; readonly value: number };
  Concat: { readonly axis: number };
  // Indexing; indices are int32 or int64 and in range (negative ones are not accepted)
  Gather: { readonly axis: number }; // (x, indices): rows of x
  TakeAlong: { readonly axis: number }; // (x, indices of x's rank)
  ScatterAdd: { readonly axis: number }; // (base, indices, updates): adds where indices repeat
  TopKValues: TopKAttrs;
  TopKIndices: TopKAttrs; // int64
  // A function kept whole, so that a fused kernel may replace it
  Composite: CompositeBody;
  // One tensor of the state after all rounds of a loop
  Loop: { readonly loop: LoopBody; readonly output: number };
  // One result of several pointwise functions and row reductions computed together: only in lowered graphs
  Fused: { readonly kernel: FusedKernel; readonly output: number };
}

export type Op = keyof OpAttrs;

/** Elementwise operations of one operand that keep its dtype. */
export const UNARY = ["Neg", "Abs", "Sign", "Exp", "Log", "Sqrt", "Reciprocal", "Sin", "Cos", "Tanh", "Sigmoid", "Erf", "Floor", "Ceil", "Round"] as const;
/** Elementwise operations of two operands of one dtype that keep it. */
export const BINARY = ["Add", "Sub", "Mul", "Div", "Pow", "Max", "Min", "Mod", "BitAnd", "BitOr", "BitXor", "ShiftLeft", "ShiftRight"] as const;
export const LOGICAL = ["And", "Or", "Xor"] as const;
export const COMPARISON = ["Equal", "Less", "LessEqual"] as const;
export const REDUCTION = ["ReduceSum", "ReduceMax", "ReduceMin", "ReduceProd"] as const;
export type UnaryOp = (typeof UNARY)[number];
export type BinaryOp = (typeof BINARY)[number];
export type LogicalOp = (typeof LOGICAL)[number];
export type ComparisonOp = (typeof COMPARISON)[number];
export type ReductionOp = (typeof REDUCTION)[number];
