/** @file The fluent form of the functions in ops/: `x.mul(y).sum(-1)` is `sum(mul(x, y), -1)`. */
import type { Dtype } from "./dtype";
import { gelu, logSoftmax, silu, softmax, softplus } from "./composites/activations";
import * as elementwise from "./ops/elementwise";
import type { TensorLike } from "./ops/elementwise";
import { gather, takeAlong } from "./ops/indexing";
import { matmul, type MatMulOptions } from "./ops/linalg";
import * as movement from "./ops/movement";
import type { SliceOptions } from "./ops/movement";
import * as reduction from "./ops/reduction";
import type { Axes, CumSumOptions, ReduceOptions } from "./ops/reduction";
import type { Shape } from "./shape";
import { Tensor } from "./tensor";

const fluent = {
  ...pick(elementwise, ["neg", "abs", "sign", "exp", "log", "sqrt", "reciprocal", "sin", "cos", "tanh", "sigmoid", "erf", "floor", "ceil", "round", "square", "relu", "not", "isNaN", "stopGradient"]),
  ...pick(elementwise, ["add", "sub", "mul", "div", "pow", "maximum", "minimum", "mod", "equal", "notEqual", "less", "lessEqual", "greater", "greaterEqual", "and", "or", "xor"]),
  ...pick(elementwise, ["cast", "clip"]),
  ...pick(movement, ["reshape", "flatten", "transpose", "swapAxes", "broadcastTo", "expandDims", "squeeze", "slice", "at", "split", "flip", "repeat"]),
  ...pick(reduction, ["sum", "mean", "max", "min", "prod", "variance", "norm", "argMax", "argMin", "cumSum", "normalize", "logSumExp"]),
  gather,
  takeAlong,
  matmul,
  softmax,
  logSoftmax,
  softplus,
  gelu,
  silu,
};

type Unary = "neg" | "abs" | "sign" | "exp" | "log" | "sqrt" | "reciprocal" | "sin" | "cos" | "tanh" | "sigmoid" | "erf" | "floor" | "ceil" | "round" | "square" | "relu" | "softplus" | "not" | "isNaN" | "stopGradient" | "flatten" | "gelu" | "silu";
type Binary = "add" | "sub" | "mul" | "div" | "pow" | "maximum" | "minimum" | "mod" | "equal" | "notEqual" | "less" | "lessEqual" | "greater" | "greaterEqual" | "and" | "or" | "xor";
type Reduce = "sum" | "mean" | "max" | "min" | "prod" | "norm";

type UnaryMethods = { readonly [K in Unary]: () => Tensor };
type BinaryMethods = { readonly [K in Binary]: (other: TensorLike) => Tensor };
type ReduceMethods = { readonly [K in Reduce]: (axes?: Axes, options?: ReduceOptions) => Tensor };

declare module "./tensor" {
  interface Tensor extends UnaryMethods, BinaryMethods, ReduceMethods {
    cast(dtype: Dtype): Tensor;
    clip(low: number, high: number): Tensor;
    reshape(shape: Shape): Tensor;
    transpose(perm?: readonly number[]): Tensor;
    swapAxes(a?: number, b?: number): Tensor;
    broadcastTo(shape: Shape): Tensor;
    expandDims(axis: number): Tensor;
    squeeze(axis: number): Tensor;
    slice(options: SliceOptions): Tensor;
    at(index: number, axis?: number): Tensor;
    split(count: number | readonly number[], axis?: number): Tensor[];
    flip(axis: number): Tensor;
    repeat(times: number, axis: number): Tensor;
    variance(axes?: Axes, options?: ReduceOptions & { readonly correction?: number }): Tensor;
    argMax(axis?: number): Tensor;
    argMin(axis?: number): Tensor;
    cumSum(axis: number, options?: CumSumOptions): Tensor;
    normalize(axis?: number, epsilon?: number): Tensor;
    logSumExp(axis: number, options?: ReduceOptions): Tensor;
    gather(indices: Tensor, axis?: number): Tensor;
    takeAlong(indices: Tensor, axis?: number): Tensor;
    matmul(other: Tensor, options?: MatMulOptions): Tensor;
    softmax(axis?: number): Tensor;
    logSoftmax(axis?: number): Tensor;
  }
}

for (const [name, fn] of Object.entries(fluent)) {
  Object.defineProperty(Tensor.prototype, name, {
    value(this: Tensor, ...rest: readonly unknown[]): unknown {
      return Reflect.apply(fn, undefined, [this, ...rest]);
    },
  });
}

function pick<T extends object, K extends keyof T>(source: T, names: readonly K[]): Pick<T, K> {
  // SAFETY: each key is a key of the source.
  return Object.fromEntries(names.map((name) => [name, source[name]])) as Pick<T, K>;
}
