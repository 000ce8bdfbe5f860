/** @file Constant folding: masks and tables that depend on nothing are computed once, on the host, while compiling. */
import { hostArrayFrom, isFloat, type Dtype } from "../dtype";
import type { Op } from "../op";
import { rewriteGraph } from "../rewrite";
import { sizeOf, stridesOf, type Shape } from "../shape";
import { fromHost, type Tensor } from "../tensor";
import { attrsOf } from "./simplify";

/** Largest constant made, in elements: a causal mask of 1024 tokens. */
const MAX_ELEMENTS = 1 << 20;

interface Value {
  readonly shape: Shape;
  readonly data: ArrayLike<number>;
}
type Elementwise = (a: number, b: number, c: number) => number;

const flag = (value: boolean): number => (value ? 1 : 0);
const ELEMENTWISE: Partial<Record<Op, Elementwise>> = {
  Neg: (a) => -a,
  Abs: Math.abs,
  Exp: Math.exp,
  Log: Math.log,
  Sqrt: Math.sqrt,
  Reciprocal: (a) => 1 / a,
  Sin: Math.sin,
  Cos: Math.cos,
  Floor: Math.floor,
  Add: (a, b) => a + b,
  Sub: (a, b) => a - b,
  Mul: (a, b) => a * b,
  Pow: (a, b) => Math.pow(a, b),
  Max: (a, b) => Math.max(a, b),
  Min: (a, b) => Math.min(a, b),
  Equal: (a, b) => flag(a === b),
  Less: (a, b) => flag(a < b),
  LessEqual: (a, b) => flag(a <= b),
  And: (a, b) => flag(a !== 0 && b !== 0),
  Or: (a, b) => flag(a !== 0 || b !== 0),
  Not: (a) => flag(a === 0),
  Where: (a, b, c) => (a !== 0 ? b : c),
};

/** Rounds as the dtype does. Integers that leave int32 are not folded (they may wrap). */
function rounder(dtype: Dtype): ((value: number) => number) | undefined {
  if (dtype === "float32") return Math.fround;
  if (dtype === "float64") return (value) => value;
  if (dtype === "bool") return (value) => flag(value !== 0);
  return dtype === "int32" || dtype === "int64" ? Math.trunc : undefined;
}

const fitsInt32 = (data: ArrayLike<number>): boolean => Array.prototype.every.call(data, (value: number) => Math.abs(value) < 2 ** 31);

function elementwise(x: Tensor, inputs: readonly Value[]): Value | undefined {
  const fn = ELEMENTWISE[x.op];
  const round = rounder(x.dtype);
  if (fn === undefined || round === undefined) return undefined;
  const strides = inputs.map((input) => {
    const own = stridesOf(input.shape);
    return x.shape.map((_, axis) => {
      const at = axis - x.rank + input.shape.length;
      return at < 0 || input.shape[at] === 1 ? 0 : own[at];
    });
  });
  const out = new Float64Array(sizeOf(x.shape));
  const index = x.shape.map(() => 0);
  const offsets = inputs.map(() => 0);
  for (let i = 0; i < out.length; i++) {
    out[i] = round(fn(read(inputs, offsets, 0), read(inputs, offsets, 1), read(inputs, offsets, 2)));
    for (let axis = x.rank - 1; axis >= 0; axis--) {
      index[axis]++;
      for (let k = 0; k < inputs.length; k++) offsets[k] += strides[k][axis];
      if (index[axis] < x.shape[axis]) break;
      for (let k = 0; k < inputs.length; k++) offsets[k] -= strides[k][axis] * x.shape[axis];
      index[axis] = 0;
    }
  }
  return { shape: x.shape, data: out };
}
const read = (inputs: readonly Value[], offsets: readonly number[], k: number): number => (k < inputs.length ? inputs[k].data[offsets[k]] : 0);

function evaluate(x: Tensor, inputs: readonly Value[]): Value | undefined {
  if (x.op === "Const") return { shape: [], data: [attrsOf(x, "Const").value] };
  if (x.op === "Iota") return { shape: x.shape, data: Float64Array.from({ length: x.size }, (_, i) => i) };
  if (x.op === "Reshape") return { shape: x.shape, data: inputs[0].data };
  if (x.op === "Cast") {
    const round = rounder(x.dtype);
    return round === undefined ? undefined : { shape: x.shape, data: Float64Array.from(inputs[0].data, round) };
  }
  const value = elementwise(x, inputs);
  return value !== undefined && !isFloat(x.dtype) && !fitsInt32(value.data) ? undefined : value;
}

/** `outputs` with every constant part of the graph replaced by its value. Scalars stay as they are. */
export function foldConstants(outputs: readonly Tensor[]): Tensor[] {
  const values = new Map<Tensor, Value>();
  const valueOf = (x: Tensor): Value | undefined => {
    const known = values.get(x);
    if (known !== undefined || x.storage !== undefined || x.size > MAX_ELEMENTS) return known;
    const inputs = x.inputs.map((input) => values.get(input));
    const complete = inputs.filter((input) => input !== undefined);
    const value = complete.length === inputs.length ? evaluate(x, complete) : undefined;
    if (value !== undefined) values.set(x, value);
    return value;
  };
  return rewriteGraph(outputs, (x) => {
    const value = valueOf(x);
    if (value === undefined || x.op === "Const" || x.op === "Iota" || x.op === "Reshape") return x;
    const folded = fromHost({ dtype: x.dtype, shape: x.shape, data: hostArrayFrom(x.dtype, value.data) });
    values.set(folded, value);
    return folded;
  });
}
