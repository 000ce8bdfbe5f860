/** @file Elementwise operators: arithmetic, comparison, logic, functions of one operand, casts. */
import { isFloat, type Dtype } from "../../graph/dtype";
import { composite } from "../../graph/composite";
import {
  abs,
  add,
  and,
  bitAnd,
  bitOr,
  bitXor,
  cast,
  ceil,
  cos,
  div,
  equal,
  erf,
  exp,
  floor,
  greater,
  greaterEqual,
  isNaN,
  less,
  lessEqual,
  log,
  maximum,
  minimum,
  mod,
  mul,
  neg,
  not,
  or,
  pow,
  reciprocal,
  round,
  scalar,
  shiftLeft,
  shiftRight,
  sign,
  sin,
  sqrt,
  square,
  sub,
  tanh,
  where,
  xor,
} from "../../graph/ops/elementwise";
import type { Tensor } from "../../graph/tensor";
import type { NodeCall, OperatorRule, OperatorTable } from "./nodeCall";

const unary =
  (fn: (x: Tensor) => Tensor): OperatorRule =>
  (call) =>
    fn(call.x());
const binary =
  (fn: (a: Tensor, b: Tensor) => Tensor): OperatorRule =>
  (call) =>
    fn(call.x(0), call.x(1));
const variadic =
  (fn: (a: Tensor, b: Tensor) => Tensor): OperatorRule =>
  (call) =>
    call.all().reduce(fn);

/** Coefficients of the odd polynomial for atan on |x| ≤ tan(π/8): Cephes atanf, S. Moshier 1989; error below 2e-8. */
const ATAN = [8.05374449538e-2, -1.38776856032e-1, 1.99777106478e-1, -3.33329491539e-1] as const;

/** Inverse tangent. Exact to float32. */
const atanOf = composite<Record<never, never>>({
  name: "Atan",
  decompose([x]) {
    const magnitude = abs(x);
    const large = greater(magnitude, Math.tan((3 * Math.PI) / 8));
    const middle = greater(magnitude, Math.tan(Math.PI / 8));
    // atan(x) = π/2 − atan(1/x) = π/4 + atan((x − 1) / (x + 1))
    const reduced = where(
      large,
      neg(reciprocal(maximum(magnitude, 1))),
      where(middle, sub(1, div(scalar(2, x.dtype), add(magnitude, 1))), magnitude),
    );
    const offset = where(large, scalar(Math.PI / 2, x.dtype), where(middle, scalar(Math.PI / 4, x.dtype), scalar(0, x.dtype)));
    const z = square(reduced);
    const [head, ...rest] = ATAN;
    const series = rest.reduce<Tensor>((sum, c) => add(mul(sum, z), c), add(mul(z, 0), head));
    return mul(sign(x), add(offset, add(mul(mul(series, z), reduced), reduced)));
  },
  vjp: ({ inputs: [x], g }) => [div(g, add(square(x), 1))],
});
const atan = (x: Tensor): Tensor => atanOf([x], {});
const asin = (x: Tensor): Tensor => atan(div(x, sqrt(mul(sub(1, x), add(x, 1)))));

/** log(x + √(x² + 1)), of |x| so that nothing cancels. */
function asinh(x: Tensor): Tensor {
  const magnitude = abs(x);
  return mul(sign(x), log(add(magnitude, sqrt(add(square(x), 1)))));
}

/** x ^ y in x's dtype, computed in that of y where only y is floating. */
function power(call: NodeCall): Tensor {
  const [x, y] = [call.x(0), call.x(1)];
  if (x.dtype === y.dtype) return pow(x, y);
  if (isFloat(x.dtype)) return pow(x, cast(y, x.dtype));
  return cast(pow(cast(x, y.dtype), y), x.dtype);
}

/** Remainder with the sign of the dividend, as in C. */
function remainder(x: Tensor, y: Tensor): Tensor {
  if (!isFloat(x.dtype)) return sub(x, mul(y, div(x, y)));
  return mul(sign(x), mod(abs(x), abs(y)));
}

const INTEGER_RANGE: Partial<Record<Dtype, readonly [number, number]>> = { int8: [-128, 127], uint8: [0, 255] };

/** Elements rounded toward zero where they become integers; beyond the range of 8-bit integers they wrap as in C. */
const castTo = (x: Tensor, dtype: Dtype): Tensor =>
  INTEGER_RANGE[dtype] !== undefined && isFloat(x.dtype) ? cast(cast(x, "int32"), dtype) : cast(x, dtype);

function clip(call: NodeCall): Tensor {
  const x = call.x();
  if (call.opset < 11) return minimum(maximum(x, call.float("min", -3.4028234663852886e38)), call.float("max", 3.4028234663852886e38));
  const low = call.has(1) ? maximum(x, call.x(1)) : x;
  return call.has(2) ? minimum(low, call.x(2)) : low;
}

function isInfinite(call: NodeCall): Tensor {
  const x = call.x();
  const [up, down] = [equal(x, Infinity), equal(neg(x), Infinity)];
  if (!call.flag("detect_positive", true)) return call.flag("detect_negative", true) ? down : and(up, not(up));
  return call.flag("detect_negative", true) ? or(up, down) : up;
}

const mean: OperatorRule = (call) => mul(call.all().reduce(add), 1 / call.inputs.length);

export const math: OperatorTable = {
  Abs: unary((x) => abs(x)),
  Acos: unary((x) => sub(Math.PI / 2, asin(x))),
  Acosh: unary((x) => log(add(x, sqrt(mul(sub(x, 1), add(x, 1)))))),
  Add: binary(add),
  And: binary(and),
  Asin: unary(asin),
  Asinh: unary(asinh),
  Atan: unary(atan),
  Atanh: unary((x) => mul(log(div(add(x, 1), sub(1, x))), 0.5)),
  BitShift: (call) => (call.string("direction", "") === "LEFT" ? shiftLeft : shiftRight)(call.x(0), call.x(1)),
  BitwiseAnd: binary(bitAnd),
  BitwiseNot: unary((x) => bitXor(x, x.dtype === "uint8" ? 255 : -1)),
  BitwiseOr: binary(bitOr),
  BitwiseXor: binary(bitXor),
  Cast: (call) => castTo(call.x(), call.dtype("to", "float32")),
  CastLike: (call) => castTo(call.x(), call.x(1).dtype),
  Ceil: unary((x) => ceil(x)),
  Clip: clip,
  Cos: unary((x) => cos(x)),
  Cosh: unary((x) => mul(add(exp(x), exp(neg(x))), 0.5)),
  Div: binary(div),
  Equal: binary(equal),
  Erf: unary((x) => erf(x)),
  Exp: unary((x) => exp(x)),
  Floor: unary((x) => floor(x)),
  Greater: binary(greater),
  GreaterOrEqual: binary(greaterEqual),
  IsInf: isInfinite,
  IsNaN: unary(isNaN),
  Less: binary(less),
  LessOrEqual: binary(lessEqual),
  Log: unary((x) => log(x)),
  Max: variadic(maximum),
  Mean: mean,
  Min: variadic(minimum),
  Mod: (call) => (call.flag("fmod") ? remainder : mod)(call.x(0), call.x(1)),
  Mul: binary(mul),
  Neg: unary((x) => neg(x)),
  Not: unary(not),
  Or: binary(or),
  Pow: power,
  Reciprocal: unary((x) => reciprocal(x)),
  Round: unary((x) => round(x)),
  Sign: unary((x) => sign(x)),
  Sin: unary((x) => sin(x)),
  Sinh: unary((x) => mul(sub(exp(x), exp(neg(x))), 0.5)),
  Sqrt: unary((x) => sqrt(x)),
  Sub: binary(sub),
  Sum: variadic(add),
  Tan: unary((x) => div(sin(x), cos(x))),
  Tanh: unary((x) => tanh(x)),
  Where: (call) => where(call.x(0), call.x(1), call.x(2)),
  Xor: binary(xor),
};
