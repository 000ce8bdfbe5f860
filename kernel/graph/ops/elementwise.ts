/** @file Elementwise functions. Operands broadcast; plain numbers take the dtype of the other operand. */
import { DtypeError } from "../../errors";
import { isFloat, type Dtype } from "../dtype";
import type { BinaryOp, ComparisonOp, LogicalOp, UnaryOp } from "../op";
import { node, Tensor } from "../tensor";
import { here } from "../trace";

/** A tensor, or a number that becomes a scalar of the dtype at hand. */
export type TensorLike = Tensor | number | boolean;

/** A scalar known while tracing. */
export const scalar = (value: number | boolean, dtype: Dtype = typeof value === "boolean" ? "bool" : "float32"): Tensor => node("Const", [], { value: Number(value), dtype });

/** `value` as a tensor, with the dtype of `like` when it is a number. */
export const asTensor = (value: TensorLike, like?: Tensor): Tensor => (value instanceof Tensor ? value : scalar(value, typeof value === "boolean" && like?.dtype === undefined ? "bool" : (like?.dtype ?? undefined)));

function pair(a: TensorLike, b: TensorLike): [Tensor, Tensor] {
  if (a instanceof Tensor) return [a, asTensor(b, a)];
  return b instanceof Tensor ? [asTensor(a, b), b] : [asTensor(a), asTensor(b)];
}

const unary =
  (op: UnaryOp) =>
  (x: TensorLike): Tensor =>
    node(op, [asTensor(x)], {});
const binary =
  (op: BinaryOp | ComparisonOp | LogicalOp) =>
  (a: TensorLike, b: TensorLike): Tensor =>
    node(op, pair(a, b), {});

export const neg = unary("Neg");
export const abs = unary("Abs");
/** -1, 0 or 1. */
export const sign = unary("Sign");
export const exp = unary("Exp");
/** Natural logarithm. */
export const log = unary("Log");
export const sqrt = unary("Sqrt");
export const reciprocal = unary("Reciprocal");
export const sin = unary("Sin");
export const cos = unary("Cos");
export const tanh = unary("Tanh");
export const sigmoid = unary("Sigmoid");
export const erf = unary("Erf");
export const floor = unary("Floor");
export const ceil = unary("Ceil");
/** Nearest integer, halves to even. */
export const round = unary("Round");
export const add = binary("Add");
export const sub = binary("Sub");
export const mul = binary("Mul");
/** a / b; integers are truncated toward zero. */
export const div = binary("Div");
/** a ^ b. */
export const pow = binary("Pow");
export const maximum = binary("Max");
export const minimum = binary("Min");
/** Remainder with the sign of the divisor. */
export const mod = binary("Mod");
export const bitAnd = binary("BitAnd");
export const bitOr = binary("BitOr");
export const bitXor = binary("BitXor");
/** Logical shifts: the operand's bits are read as unsigned. */
export const shiftLeft = binary("ShiftLeft");
export const shiftRight = binary("ShiftRight");
export const and = binary("And");
export const or = binary("Or");
export const xor = binary("Xor");
export const equal = binary("Equal");
export const less = binary("Less");
export const lessEqual = binary("LessEqual");
export const greater = (a: TensorLike, b: TensorLike): Tensor => less(b, a);
export const greaterEqual = (a: TensorLike, b: TensorLike): Tensor => lessEqual(b, a);
export const not = (x: Tensor): Tensor => node("Not", [x], {});
export const notEqual = (a: TensorLike, b: TensorLike): Tensor => not(equal(a, b));
export const isNaN = (x: Tensor): Tensor => node("IsNaN", [x], {});

/** `then` where `condition` holds, else `otherwise`. */
export function where(condition: Tensor, then: TensorLike, otherwise: TensorLike): Tensor {
  return node("Where", [condition, ...pair(then, otherwise)], {});
}

/** Elements limited to [low, high]. */
export const clip = (x: Tensor, low: number, high: number): Tensor => minimum(maximum(x, low), high);
export const square = (x: Tensor): Tensor => mul(x, x);
export const relu = (x: Tensor): Tensor => maximum(x, 0);

/** Elements converted to `dtype`; the same tensor when it has it. Float to integer truncates toward zero. */
export const cast = (x: Tensor, dtype: Dtype): Tensor => (x.dtype === dtype ? x : node("Cast", [x], { to: dtype }));

/** The same values, through which no gradient flows. */
export const stopGradient = (x: Tensor): Tensor => node("StopGradient", [x], {});

/** @throws {DtypeError} unless `x` is floating. */
export function requireFloat(x: Tensor, op: string): void {
  if (!isFloat(x.dtype)) throw new DtypeError(`${op}: needs a floating dtype, got ${x.toString()}`, { where: here(), help: 'cast it first, as in x.cast("float32")' });
}
