/** @file Local rewrites that make a graph smaller and keep its values: one rule function for each operation that has any. */
import type { Op, OpAttrs } from "../op";
import { rewriteGraph, withPlace } from "../rewrite";
import { broadcastShapes, sameShape, sizeOf, type Shape } from "../shape";
import { node, type Tensor } from "../tensor";
import { hostArrayFrom, isFloat, toNumbers, type Dtype } from "../dtype";

/** The value of a scalar constant, also when it is broadcast or reshaped; undefined for anything else. */
export function constantOf(x: Tensor): number | undefined {
  if (x.storage !== undefined) return undefined;
  if (x.op === "Const") return attrsOf(x, "Const").value;
  return x.op === "Broadcast" || (x.op === "Reshape" && x.size === 1) ? constantOf(x.inputs[0]) : undefined;
}

/** Attributes of a node whose op is known. */
export function attrsOf<P extends Op>(x: Tensor, op: P): OpAttrs[P] {
  if (x.op !== op) throw new Error(`expected ${op}, got ${x.op}`);
  // SAFETY: attributes belong to the op, which was just compared.
  return x.attrs as OpAttrs[P];
}

/** Whether `x` is still to be computed by `op`. */
export const isOp = (x: Tensor, op: Op): boolean => x.op === op && x.storage === undefined;

const constant = (value: number, like: Tensor): Tensor => {
  const scalar = node("Const", [], { value, dtype: like.dtype });
  return like.rank === 0 ? scalar : node("Broadcast", [scalar], { shape: like.shape });
};

/** `value` as `dtype` holds it. */
const rounded = (value: number, dtype: Dtype): number => toNumbers({ dtype, data: hostArrayFrom(dtype, [value]) })[0];

type Rule = (x: Tensor) => Tensor;
const only =
  (rule: (x: Tensor, a: Tensor, b: Tensor) => Tensor | undefined): Rule =>
  (x) => {
    const [a, b] = unstretched(x);
    const made = rule(x, a, b);
    if (made !== undefined && sameShape(made.shape, x.shape)) return made;
    return a === x.inputs[0] && b === x.inputs[1] ? x : node(x.op, [a, b], x.attrs);
  };

/** Operands without their Broadcasts, one after the other, where what is left still gives the result its shape. */
function unstretched(x: Tensor): Tensor[] {
  const inputs = [...x.inputs];
  inputs.forEach((operand, i) => {
    if (!isOp(operand, "Broadcast")) return;
    const [narrow] = operand.inputs;
    const shape = inputs.reduce<Shape>((s, t, k) => (k === i ? s : broadcastShapes(s, t.shape, x.op)), narrow.shape);
    if (sameShape(shape, x.shape)) inputs[i] = narrow;
  });
  return inputs;
}

const FOLD: Partial<Record<Op, (a: number, b: number) => number>> = { Add: (a, b) => a + b, Sub: (a, b) => a - b, Mul: (a, b) => a * b, Div: (a, b) => a / b, Max: Math.max, Min: Math.min, Pow: Math.pow };
const folded = (x: Tensor, a: Tensor, b: Tensor): Tensor | undefined => {
  const [left, right] = [constantOf(a), constantOf(b)];
  const fold = FOLD[x.op];
  return fold === undefined || left === undefined || right === undefined || !isFloat(x.dtype) ? undefined : constant(fold(left, right), x);
};

/** Whether a factor made of two is a normal number of `dtype`: else the two must stay apart. */
export function isOrdinary(factor: number, dtype: Dtype): boolean {
  const [low, high] = dtype === "float16" ? [2 ** -14, 65504] : dtype === "float64" ? [2 ** -1022, Number.MAX_VALUE] : [2 ** -126, 2 ** 127];
  return Math.abs(factor) >= low && Math.abs(factor) <= high;
}

/** (y · c) · d → y · (c d); the product with a scalar stands last. */
function mergedScale(x: Tensor, a: Tensor, b: Tensor): Tensor | undefined {
  const [value, other] = constantOf(b) !== undefined ? [constantOf(b), a] : [constantOf(a), b];
  if (value === undefined || !isFloat(x.dtype) || !isOp(other, "Mul")) return undefined;
  const inner = other.inputs.map(constantOf);
  const at = inner.findIndex((c) => c !== undefined);
  const factor = inner[at];
  if (factor === undefined || !isOrdinary(factor * value, x.dtype)) return undefined;
  return node("Mul", [other.inputs[1 - at], node("Const", [], { value: factor * value, dtype: x.dtype })], {});
}

/** The one axis along which a zero Pad adds anything, with its widths. */
function padAxis(x: Tensor): { readonly axis: number; readonly before: number; readonly after: number } | undefined {
  if (!isOp(x, "Pad")) return undefined;
  const { before, after, value } = attrsOf(x, "Pad");
  const axes = before.flatMap((width, axis) => (width !== 0 || after[axis] !== 0 ? [axis] : []));
  return value === 0 && axes.length === 1 ? { axis: axes[0], before: before[axes[0]], after: after[axes[0]] } : undefined;
}

/** Two neighbouring parts, each padded with zeros to the whole and added (gradients of slices), are joined instead. */
function joined(a: Tensor, b: Tensor): Tensor | undefined {
  const [p, q] = [padAxis(a), padAxis(b)];
  if (p === undefined || q === undefined || p.axis !== q.axis || !sameShape(a.shape, b.shape)) return undefined;
  if (q.before < p.before) return joined(b, a);
  const { axis } = p;
  const [left, right] = [a.inputs[0], b.inputs[0]];
  if (p.before + left.shape[axis] !== q.before) return undefined;
  const parts = [left, right].flatMap((part) => (isOp(part, "Concat") && attrsOf(part, "Concat").axis === axis ? part.inputs : [part]));
  const whole = node("Concat", parts, { axis });
  if (p.before === 0 && q.after === 0) return whole;
  const at = (width: number): number[] => a.shape.map((_, i) => (i === axis ? width : 0));
  return node("Pad", [whole], { before: at(p.before), after: at(q.after), value: 0 });
}

const rules: Partial<Record<Op, Rule>> = {
  Identity: (x) => x.inputs[0],
  StopGradient: (x) => x.inputs[0],
  Cast: (x) => {
    const [input] = x.inputs;
    if (input.dtype === x.dtype) return input;
    return isOp(input, "Const") && isFloat(x.dtype) ? node("Const", [], { value: rounded(attrsOf(input, "Const").value, input.dtype), dtype: x.dtype }) : x;
  },
  Neg: (x) => {
    const value = constantOf(x.inputs[0]);
    if (value !== undefined && isFloat(x.dtype)) return constant(-value, x);
    return isOp(x.inputs[0], "Neg") ? x.inputs[0].inputs[0] : x;
  },
  Reshape: (x) => {
    const source = isOp(x.inputs[0], "Reshape") ? x.inputs[0].inputs[0] : x.inputs[0];
    if (sameShape(source.shape, x.shape)) return source;
    return source === x.inputs[0] ? x : node("Reshape", [source], { shape: x.shape });
  },
  Transpose: (x) => {
    let { perm } = attrsOf(x, "Transpose");
    let [source] = x.inputs;
    if (isOp(source, "Transpose")) {
      const inner = attrsOf(source, "Transpose").perm;
      perm = perm.map((axis) => inner[axis]);
      source = source.inputs[0];
    }
    if (perm.every((axis, i) => axis === i)) return source;
    const moving = perm.filter((axis) => source.shape[axis] !== 1);
    if (moving.every((axis, i) => i === 0 || axis > moving[i - 1])) return node("Reshape", [source], { shape: x.shape });
    return source === x.inputs[0] ? x : node("Transpose", [source], { perm });
  },
  Broadcast: (x) => {
    const source = isOp(x.inputs[0], "Broadcast") ? x.inputs[0].inputs[0] : x.inputs[0];
    if (sameShape(source.shape, x.shape)) return source;
    return source === x.inputs[0] ? x : node("Broadcast", [source], { shape: x.shape });
  },
  Add: only((x, a, b) => {
    if (constantOf(b) === 0) return a;
    if (constantOf(a) === 0) return b;
    if (isOp(b, "Neg")) return node("Sub", [a, b.inputs[0]], {});
    return folded(x, a, b) ?? joined(a, b);
  }),
  Sub: only((x, a, b) => {
    if (constantOf(b) === 0) return a;
    if (constantOf(a) === 0 && sameShape(b.shape, x.shape)) return node("Neg", [b], {});
    return folded(x, a, b);
  }),
  Mul: only((x, a, b) => {
    if (constantOf(b) === 1) return a;
    if (constantOf(a) === 1) return b;
    return folded(x, a, b) ?? mergedScale(x, a, b);
  }),
  Div: only((x, a, b) => {
    const divisor = constantOf(b);
    if (divisor === 1) return a;
    const both = folded(x, a, b);
    if (both !== undefined) return both;
    // Powers of two: the product is the same number, and faster.
    return divisor !== undefined && isFloat(x.dtype) && divisor !== 0 && Number.isInteger(Math.log2(Math.abs(divisor))) ? node("Mul", [a, node("Const", [], { value: 1 / divisor, dtype: x.dtype })], {}) : undefined;
  }),
  Pow: only((x, a, b) => {
    const exponent = constantOf(b);
    if (exponent === 1) return a;
    if (exponent === 2) return node("Mul", [a, a], {});
    if (exponent === 0.5 && isFloat(x.dtype)) return node("Sqrt", [a], {});
    return folded(x, a, b);
  }),
  Max: only(folded),
  Min: only(folded),
  Equal: only(() => undefined),
  Less: only(() => undefined),
  LessEqual: only(() => undefined),
  Where: (x) => {
    const inputs = unstretched(x);
    return inputs.every((input, k) => input === x.inputs[k]) ? x : node("Where", inputs, {});
  },
  ReduceSum: (x) => {
    const { axes, keep } = attrsOf(x, "ReduceSum");
    const [input] = x.inputs;
    if (axes.every((axis) => input.shape[axis] === 1)) return node("Reshape", [input], { shape: x.shape });
    const value = constantOf(input);
    if (value !== undefined && isFloat(x.dtype)) return constant(value * sizeOf(axes.map((axis) => input.shape[axis])), x);
    const thin = axes.filter((axis) => input.shape[axis] !== 1);
    if (thin.length === axes.length || keep) return x;
    return node("Reshape", [node("ReduceSum", [input], { axes: thin, keep: true })], { shape: x.shape });
  },
  Slice: (x) => (sameShape(x.shape, x.inputs[0].shape) ? x.inputs[0] : x),
  Concat: (x) => (x.inputs.length === 1 ? x.inputs[0] : x),
};

/** `outputs` with the rules applied to every node, operands first. What a rule makes stays in the layer of the original. */
export function simplify(outputs: readonly Tensor[]): Tensor[] {
  return rewriteGraph(outputs, (x) => {
    const rule = x.storage === undefined ? rules[x.op] : undefined;
    return rule === undefined ? x : withPlace(x, () => rule(x));
  });
}
