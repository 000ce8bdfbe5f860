/** @file Values that are known without running anything: shapes and what is computed from them, evaluated on the host. */
import { expand, isComposite } from "../../graph/composite";
import { bfloat16Bits, bfloat16Value, float16Bits, float16Value, isFloat, toNumbers, type Dtype } from "../../graph/dtype";
import type { Op, OpAttrs } from "../../graph/op";
import { sizeOf, stridesOf, type Shape } from "../../graph/shape";
import type { Tensor } from "../../graph/tensor";

/** A known tensor: its elements as numbers. */
export interface Known {
  readonly shape: Shape;
  readonly data: Float64Array;
}

/** Larger tensors are data, not shapes. */
const MAX_ELEMENTS = 1 << 16;

/** null marks a tensor that is not known. */
const memory = new WeakMap<Tensor, Known | null>();

/** The elements of `tensor` when they follow from constants and shapes alone, else undefined. */
export function knownValue(tensor: Tensor): Known | undefined {
  // An explicit stack, because graphs are deeper than the call stack.
  const stack = [tensor];
  while (stack.length > 0) {
    const top = stack[stack.length - 1];
    const missing = memory.has(top) || top.storage !== undefined ? undefined : top.inputs.find((input) => !memory.has(input));
    if (missing !== undefined && top.size <= MAX_ELEMENTS && (top.op in rules || top.op === "Composite")) stack.push(missing);
    else {
      if (!memory.has(top)) memory.set(top, evaluate(top) ?? null);
      stack.pop();
    }
  }
  return memory.get(tensor) ?? undefined;
}

function evaluate(tensor: Tensor): Known | undefined {
  const { shape, dtype } = tensor;
  if (tensor.size > MAX_ELEMENTS) return undefined;
  if (tensor.storage !== undefined)
    return tensor.storage.data === undefined ? undefined : { shape, data: toNumbers({ dtype, data: tensor.storage.data }) };
  const inputs: Known[] = [];
  for (const input of tensor.inputs) {
    const value = memory.get(input);
    if (value === null || value === undefined) return undefined;
    inputs.push(value);
  }
  if (isComposite(tensor)) return knownValue(expand(tensor));
  // SAFETY: the rule and the attributes both belong to `tensor.op`.
  const rule = rules[tensor.op] as Rule<Op> | undefined;
  if (rule === undefined) return undefined;
  return { shape, data: rule({ inputs, attrs: tensor.attrs, shape, dtype }).map(rounding(dtype)) };
}

interface Call<P extends Op> {
  readonly inputs: readonly Known[];
  readonly attrs: OpAttrs[P];
  readonly shape: Shape;
  readonly dtype: Dtype;
}
type Rule<P extends Op> = (call: Call<P>) => Float64Array;

function rounding(dtype: Dtype): (value: number) => number {
  if (dtype === "float32") return Math.fround;
  if (dtype === "float16") return (value) => float16Value(float16Bits(value));
  if (dtype === "bfloat16") return (value) => bfloat16Value(bfloat16Bits(value));
  if (dtype === "bool") return (value) => (value === 0 ? 0 : 1);
  return isFloat(dtype) ? (value) => value : Math.trunc;
}

/** `data` read along `strides` (one for each axis of `shape`) from `offset` on. */
function strided(
  data: Float64Array,
  { shape, strides, offset = 0 }: { readonly shape: Shape; readonly strides: readonly number[]; readonly offset?: number },
): Float64Array {
  const out = new Float64Array(sizeOf(shape));
  const index = shape.map(() => 0);
  let at = offset;
  for (let i = 0; i < out.length; i++) {
    out[i] = data[at];
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      at += strides[axis];
      if (++index[axis] < shape[axis]) break;
      at -= strides[axis] * shape[axis];
      index[axis] = 0;
    }
  }
  return out;
}

function stretched({ shape, data }: Known, to: Shape): Float64Array {
  const own = stridesOf(shape);
  const lead = to.length - shape.length;
  return strided(data, { shape: to, strides: to.map((_, axis) => (axis < lead || shape[axis - lead] === 1 ? 0 : own[axis - lead])) });
}

const elementwise =
  (fn: (a: number, b: number, c: number) => number): Rule<Op> =>
  ({ inputs, shape }) => {
    const [a, b, c] = inputs.map((input) => stretched(input, shape));
    return a.map((value, i) => fn(value, b === undefined ? 0 : b[i], c === undefined ? 0 : c[i]));
  };

const flag = (value: boolean): number => (value ? 1 : 0);

/** `x` as [outer, length, inner] around an axis. */
function around(shape: Shape, axis: number): { readonly outer: number; readonly length: number; readonly inner: number } {
  return { outer: sizeOf(shape.slice(0, axis)), length: shape[axis], inner: sizeOf(shape.slice(axis + 1)) };
}

const reduce =
  (start: number, fn: (sum: number, value: number) => number): Rule<"ReduceSum" | "ReduceMax" | "ReduceMin" | "ReduceProd"> =>
  ({ inputs: [x], attrs: { axes } }) => {
    const kept = x.shape.map((size, axis) => (axes.includes(axis) ? 1 : size));
    const strides = stridesOf(kept).map((stride, axis) => (axes.includes(axis) ? 0 : stride));
    const out = new Float64Array(sizeOf(kept)).fill(start);
    const positions = strided(
      Float64Array.from(out, (_, i) => i),
      { shape: x.shape, strides },
    );
    x.data.forEach((value, i) => (out[positions[i]] = fn(out[positions[i]], value)));
    return out;
  };

const copy: Rule<Op> = ({ inputs: [x] }) => x.data.slice();

const rules: { readonly [P in Op]?: Rule<P> } = {
  Const: ({ attrs: { value } }) => Float64Array.of(value),
  Iota: ({ attrs: { length } }) => Float64Array.from({ length }, (_, i) => i),
  Identity: copy,
  StopGradient: copy,
  Cast: copy,
  Reshape: copy,
  Neg: elementwise((a) => -a),
  Abs: elementwise(Math.abs),
  Sign: elementwise(Math.sign),
  Exp: elementwise(Math.exp),
  Log: elementwise(Math.log),
  Sqrt: elementwise(Math.sqrt),
  Reciprocal: elementwise((a) => 1 / a),
  Floor: elementwise(Math.floor),
  Ceil: elementwise(Math.ceil),
  Round: elementwise(halfToEven),
  Not: elementwise((a) => flag(a === 0)),
  Add: elementwise((a, b) => a + b),
  Sub: elementwise((a, b) => a - b),
  Mul: elementwise((a, b) => a * b),
  Div: elementwise((a, b) => a / b),
  Pow: elementwise(Math.pow),
  // Not Math.max itself: it would take the absent third operand for a 0.
  Max: elementwise((a, b) => Math.max(a, b)),
  Min: elementwise((a, b) => Math.min(a, b)),
  Mod: elementwise((a, b) => a - b * Math.floor(a / b)),
  And: elementwise((a, b) => flag(a !== 0 && b !== 0)),
  Or: elementwise((a, b) => flag(a !== 0 || b !== 0)),
  Xor: elementwise((a, b) => flag((a !== 0) !== (b !== 0))),
  Equal: elementwise((a, b) => flag(a === b)),
  Less: elementwise((a, b) => flag(a < b)),
  LessEqual: elementwise((a, b) => flag(a <= b)),
  Where: elementwise((a, b, c) => (a !== 0 ? b : c)),
  ReduceSum: reduce(0, (a, b) => a + b),
  ReduceMax: reduce(-Infinity, Math.max),
  ReduceMin: reduce(Infinity, Math.min),
  ReduceProd: reduce(1, (a, b) => a * b),
  CumSum: ({ inputs: [x], attrs: { axis, exclusive, reverse } }) => {
    const { outer, length, inner } = around(x.shape, axis);
    const out = new Float64Array(x.data.length);
    for (let o = 0; o < outer; o++)
      for (let k = 0; k < inner; k++) {
        let sum = 0;
        for (let step = 0; step < length; step++) {
          const at = (o * length + (reverse ? length - 1 - step : step)) * inner + k;
          out[at] = exclusive ? sum : sum + x.data[at];
          sum += x.data[at];
        }
      }
    return out;
  },
  Transpose: ({ inputs: [x], attrs: { perm }, shape }) => strided(x.data, { shape, strides: perm.map((axis) => stridesOf(x.shape)[axis]) }),
  Broadcast: ({ inputs: [x], shape }) => stretched(x, shape),
  Slice: ({ inputs: [x], attrs: { starts, steps }, shape }) => {
    const own = stridesOf(x.shape);
    return strided(x.data, {
      shape,
      strides: own.map((stride, axis) => stride * steps[axis]),
      offset: own.reduce((sum, stride, axis) => sum + stride * starts[axis], 0),
    });
  },
  Concat: ({ inputs, attrs: { axis }, shape }) => {
    const { outer, length, inner } = around(shape, axis);
    const out = new Float64Array(sizeOf(shape));
    let start = 0;
    for (const part of inputs) {
      const rows = part.shape[axis] * inner;
      for (let o = 0; o < outer; o++) out.set(part.data.subarray(o * rows, (o + 1) * rows), o * length * inner + start);
      start += rows;
    }
    return out;
  },
  Gather: ({ inputs: [x, indices], attrs: { axis }, shape }) => {
    const { outer, length, inner } = around(x.shape, axis);
    const out = new Float64Array(sizeOf(shape));
    for (let o = 0; o < outer; o++)
      indices.data.forEach((index, i) =>
        out.set(x.data.subarray((o * length + index) * inner, (o * length + index + 1) * inner), (o * indices.data.length + i) * inner),
      );
    return out;
  },
};

/** Nearest integer, halves to even. */
export function halfToEven(value: number): number {
  const floor = Math.floor(value);
  if (value - floor !== 0.5) return Math.round(value);
  return floor % 2 === 0 ? floor : floor + 1;
}
