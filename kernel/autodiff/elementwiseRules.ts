/** @file Gradients of elementwise operations. */
import { isFloat } from "../graph/dtype";
import type { BinaryOp, ComparisonOp, LogicalOp, UnaryOp } from "../graph/op";
import { cast, cos, div, equal, exp, less, log, mul, neg, pow, scalar, sign, sin, square, sub, where } from "../graph/ops/elementwise";
import { zerosLike } from "../graph/ops/movement";
import { constantOf } from "../graph/passes/simplify";
import type { Tensor } from "../graph/tensor";
import { none, unbroadcast, type VjpRule, type VjpRules } from "./rule";

/** Gradient of a two-operand op from its two partial derivatives times g, each made only when wanted. */
const partials =
  (a: (call: { x: Tensor; y: Tensor; output: Tensor; g: Tensor }) => Tensor, b: typeof a): VjpRule<BinaryOp> =>
  ({ inputs: [x, y], output, g, wanted }) => [wanted[0] ? unbroadcast(a({ x, y, output, g }), x.shape) : null, wanted[1] ? unbroadcast(b({ x, y, output, g }), y.shape) : null];

/** For max and min: g goes to the operand that was chosen; equals share it. */
const chosen = (mine: Tensor, other: Tensor, { output, g }: { readonly output: Tensor; readonly g: Tensor }): Tensor =>
  where(equal(mine, output), mul(g, where(equal(mine, other), scalar(0.5, g.dtype), scalar(1, g.dtype))), zerosLike(g));
const extreme = partials(
  ({ x, y, output, g }) => chosen(x, y, { output, g }),
  ({ x, y, output, g }) => chosen(y, x, { output, g }),
);

/** max(x, c) and min(x, c) with a constant (ReLU, clipping): g where x itself was chosen, 0 where equal. */
const extremeOf =
  <P extends "Max" | "Min">(op: P): VjpRule<P> =>
  (call) => {
    const { inputs: [x, y], g, wanted } = call;
    const constant = (t: Tensor): boolean => t.op === "Const" || (t.storage !== undefined && t.size === 1);
    const pass = (mine: Tensor, other: Tensor): Tensor => unbroadcast(mul(g, cast(op === "Max" ? less(other, mine) : less(mine, other), g.dtype)), mine.shape);
    if (constant(y) && !wanted[1]) return [pass(x, y), null];
    if (constant(x) && !wanted[0]) return [null, pass(y, x)];
    return extreme(call);
  };

export const elementwiseRules: VjpRules<UnaryOp | BinaryOp | LogicalOp | ComparisonOp | "Identity" | "StopGradient" | "Barrier" | "Cast" | "Not" | "IsNaN" | "Where"> = {
  Identity: ({ g }) => [g],
  StopGradient: none,
  Barrier: ({ g }) => [g],
  Cast: ({ inputs: [x], attrs: { to }, g }) => [isFloat(x.dtype) && isFloat(to) ? cast(g, x.dtype) : null],
  Neg: ({ g }) => [neg(g)],
  Abs: ({ inputs: [x], g }) => [mul(g, sign(x))],
  Sign: none,
  Exp: ({ output, g }) => [mul(g, output)],
  Log: ({ inputs: [x], g }) => [div(g, x)],
  Sqrt: ({ output, g }) => [div(mul(g, 0.5), output)],
  Reciprocal: ({ output, g }) => [neg(mul(g, square(output)))],
  Sin: ({ inputs: [x], g }) => [mul(g, cos(x))],
  Cos: ({ inputs: [x], g }) => [neg(mul(g, sin(x)))],
  Tanh: ({ output, g }) => [mul(g, sub(1, square(output)))],
  Sigmoid: ({ output, g }) => [mul(g, mul(output, sub(1, output)))],
  Erf: ({ inputs: [x], g }) => [mul(g, mul(exp(neg(square(x))), 2 / Math.sqrt(Math.PI)))],
  Floor: none,
  Ceil: none,
  Round: none,
  Not: none,
  IsNaN: none,
  Add: partials(
    ({ g }) => g,
    ({ g }) => g,
  ),
  Sub: partials(
    ({ g }) => g,
    ({ g }) => neg(g),
  ),
  Mul: partials(
    ({ y, g }) => mul(g, y),
    ({ x, g }) => mul(g, x),
  ),
  Div: partials(
    ({ y, g }) => div(g, y),
    ({ y, output, g }) => neg(div(mul(g, output), y)),
  ),
  // d xʸ = y xʸ⁻¹ dx + xʸ ln x dy, with ln 0 read as 0, and 0 · 0⁻¹ as 0
  Pow: partials(
    ({ x, y, g }) => {
      const exponent = constantOf(y);
      if (exponent === 0) return zerosLike(g);
      if (exponent !== undefined) return mul(g, mul(pow(x, exponent - 1), exponent));
      return mul(g, where(equal(y, 0), scalar(0, x.dtype), mul(y, pow(x, sub(y, 1)))));
    },
    ({ x, output, g }) => mul(g, where(less(scalar(0, x.dtype), x), mul(output, log(where(less(scalar(0, x.dtype), x), x, scalar(1, x.dtype)))), zerosLike(output))),
  ),
  Max: extremeOf("Max"),
  Min: extremeOf("Min"),
  // x mod y = x − y ⌊x / y⌋
  Mod: partials(
    ({ g }) => g,
    ({ x, y, output, g }) => neg(mul(g, div(sub(x, output), y))),
  ),
  BitAnd: none,
  BitOr: none,
  BitXor: none,
  ShiftLeft: none,
  ShiftRight: none,
  And: none,
  Or: none,
  Xor: none,
  Equal: none,
  Less: none,
  LessEqual: none,
  Where: ({ inputs: [condition, x, y], g, wanted }) => [null, wanted[1] ? unbroadcast(where(condition, g, zerosLike(g)), x.shape) : null, wanted[2] ? unbroadcast(where(condition, zerosLike(g), g), y.shape) : null],
};
