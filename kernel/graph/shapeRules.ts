/** @file The shape and dtype of each operation's result, and the checks on its operands. */
import { DtypeError, ShapeError } from "../errors";
import { isFloat, type Dtype } from "./dtype";
import type { BinaryOp, ComparisonOp, ConvolutionAttrs, LogicalOp, Op, OpAttrs, ReductionOp, TopKAttrs, UnaryOp } from "./op";
import { broadcastShapes, reducedShape, sameShape, showShape, sizeOf, type Shape } from "./shape";
import type { Tensor } from "./tensor";
import { here } from "./trace";

export interface TypeOf {
  readonly shape: Shape;
  readonly dtype: Dtype;
}
type ShapeRule<P extends Op> = (inputs: readonly Tensor[], attrs: OpAttrs[P]) => TypeOf;

const shapeError = (what: string, help: string): ShapeError => new ShapeError(what, { where: here(), help });
const dtypeError = (what: string, help: string): DtypeError => new DtypeError(what, { where: here(), help });

const show = (t: Tensor): string => `${t.dtype} ${showShape(t.shape)}`;
const same = ([x]: readonly Tensor[]): TypeOf => ({ shape: x.shape, dtype: x.dtype });

/** Both operands' common dtype. */
function commonDtype(op: string, a: Tensor, b: Tensor): Dtype {
  if (a.dtype !== b.dtype) throw dtypeError(`${op}: dtypes differ: ${show(a)} and ${show(b)}`, "cast one operand, as in x.cast(y.dtype)");
  return a.dtype;
}

const FLOAT_ONLY: readonly Op[] = ["Exp", "Log", "Sqrt", "Reciprocal", "Sin", "Cos", "Tanh", "Sigmoid", "Erf", "Floor", "Ceil", "Round"];
const unary =
  <P extends UnaryOp>(op: P): ShapeRule<P> =>
  ([x]) => {
    if (x.dtype === "bool" || (FLOAT_ONLY.includes(op) && !isFloat(x.dtype))) throw dtypeError(`${op}: not defined for ${show(x)}`, 'cast it first, as in x.cast("float32")');
    return { shape: x.shape, dtype: x.dtype };
  };

/** @throws {DtypeError} when `value` would be another number in `dtype`. */
function checkValue(op: string, value: number, dtype: Dtype): void {
  if (isFloat(dtype)) return;
  const [low, high] = INTEGER_RANGES[dtype] ?? [-Infinity, Infinity];
  if (!Number.isInteger(value) || value < low || value > high) throw dtypeError(`${op}: ${value} is no ${dtype}`, 'cast the tensor first, as in x.cast("float32"), or use a number that its dtype holds');
}
const INTEGER_RANGES: Partial<Record<Dtype, readonly [low: number, high: number]>> = { bool: [0, 1], int8: [-128, 127], uint8: [0, 255], int32: [-(2 ** 31), 2 ** 31 - 1], int64: [-(2 ** 63), 2 ** 63] };

function requireFloat(op: string, x: Tensor): void {
  if (!isFloat(x.dtype)) throw dtypeError(`${op}: not defined for ${show(x)}`, 'cast it first, as in x.cast("float32")');
}
function refuseBool(op: string, x: Tensor): void {
  if (x.dtype === "bool") throw dtypeError(`${op}: not defined for ${show(x)}`, 'cast it first, as in x.cast("int32")');
}

const INTEGER_ONLY: readonly Op[] = ["BitAnd", "BitOr", "BitXor", "ShiftLeft", "ShiftRight"];
const binary =
  <P extends BinaryOp>(op: P): ShapeRule<P> =>
  ([a, b]) => {
    const dtype = commonDtype(op, a, b);
    if (dtype === "bool" || (INTEGER_ONLY.includes(op) && isFloat(dtype)) || (dtype === "int8" && op.startsWith("Shift"))) throw dtypeError(`${op}: not defined for ${dtype}`, "cast the operands first");
    return { shape: broadcast(op, a, b), dtype };
  };
const broadcast = (op: string, ...operands: readonly Tensor[]): Shape => operands.map((t) => t.shape).reduce((a, b) => broadcastOrThrow(op, a, b));

function broadcastOrThrow(op: string, a: Shape, b: Shape): Shape {
  try {
    return broadcastShapes(a, b, op);
  } catch (error) {
    if (error instanceof ShapeError) throw shapeError(error.what, error.help);
    throw error;
  }
}
const logical =
  <P extends LogicalOp>(op: P): ShapeRule<P> =>
  ([a, b]) => {
    if (a.dtype !== "bool" || b.dtype !== "bool") throw dtypeError(`${op}: needs bool, got ${show(a)} and ${show(b)}`, "compare first, as in x.less(y)");
    return { shape: broadcast(op, a, b), dtype: "bool" };
  };
const comparison =
  <P extends ComparisonOp>(op: P): ShapeRule<P> =>
  ([a, b]) => {
    commonDtype(op, a, b);
    return { shape: broadcast(op, a, b), dtype: "bool" };
  };
const reduction =
  <P extends ReductionOp>(op: P): ShapeRule<P> =>
  ([x], { axes, keep }) => {
    refuseBool(op, x);
    if (op !== "ReduceSum" && op !== "ReduceProd" && axes.some((axis) => x.shape[axis] === 0)) throw shapeError(`${op}: an axis of ${showShape(x.shape)} is empty`, "an empty set has no extreme");
    return { shape: reducedShape(x.shape, axes, keep), dtype: x.dtype };
  };

/** [batch..., rows, columns] of a MatMul operand, with its transposes undone. */
export function matmulOperand(shape: Shape, { transposed, lead }: { readonly transposed: boolean; readonly lead: boolean }): { readonly batch: Shape; readonly rows: number; readonly columns: number } {
  const rank = shape.length;
  const batch = lead ? shape.slice(1, -1) : shape.slice(0, -2);
  const outer = lead ? shape[0] : shape[rank - 2];
  return transposed ? { batch, rows: shape[rank - 1], columns: outer } : { batch, rows: outer, columns: shape[rank - 1] };
}

const matmul: ShapeRule<"MatMul"> = ([a, b], { transA, transB, leadA, leadB, alpha }) => {
  const dtype = commonDtype("MatMul", a, b);
  if (alpha !== 1 && !isFloat(dtype)) throw dtypeError(`MatMul: the factor ${alpha} on a product of ${dtype}`, "multiply the result instead");
  if (dtype === "bool") throw dtypeError("MatMul: not defined for bool", "cast the operands first");
  if (a.shape.length < 2 || b.shape.length < 2) throw shapeError(`MatMul: operands need two axes or more: ${showShape(a.shape)} · ${showShape(b.shape)}`, "reshape vectors to [1, n] or [n, 1]");
  const left = matmulOperand(a.shape, { transposed: transA, lead: leadA });
  const right = matmulOperand(b.shape, { transposed: transB, lead: leadB });
  if (left.columns !== right.rows)
    throw shapeError(
      `MatMul: inner sizes differ: ${showShape(a.shape)}${transA ? "ᵀ" : ""} · ${showShape(b.shape)}${transB ? "ᵀ" : ""} (${left.columns} ≠ ${right.rows})`,
      "the last axis of the left operand must equal the last but one of the right",
    );
  return { shape: [...broadcastShapes(left.batch, right.batch, "MatMul"), left.rows, right.columns], dtype: dtype === "int8" || dtype === "uint8" ? "int32" : dtype };
};

function spatial(op: string, x: Tensor, w: Tensor, { groups, strides, dilations, pads }: ConvolutionAttrs): number {
  requireFloat(op, x);
  commonDtype(op, x, w);
  const rank = x.shape.length - 2;
  if (rank < 1 || w.shape.length !== x.shape.length) throw shapeError(`${op}: image ${showShape(x.shape)} and kernel ${showShape(w.shape)} differ in rank`, "use [N, C, ...] images and [O, C / groups, ...] kernels");
  if (strides.length !== rank || dilations.length !== rank || pads.length !== 2 * rank) throw shapeError(`${op}: strides, dilations and pads must cover ${rank} spatial axes`, "give one stride and dilation, and two pads, for each spatial axis");
  if (x.shape[1] % groups !== 0) throw shapeError(`${op}: ${x.shape[1]} channels do not part into ${groups} groups`, "groups must divide the channels");
  return rank;
}
const conv: ShapeRule<"Conv"> = ([x, w], attrs) => {
  const rank = spatial("Conv", x, w, attrs);
  if (w.shape[1] * attrs.groups !== x.shape[1] || w.shape[0] % attrs.groups !== 0)
    throw shapeError(`Conv: image ${showShape(x.shape)} has ${x.shape[1]} channels, kernel ${showShape(w.shape)} with ${attrs.groups} groups expects ${w.shape[1] * attrs.groups}`, "kernels are [O, C / groups, ...]");
  const size = Array.from({ length: rank }, (_, i) => {
    const span = (w.shape[2 + i] - 1) * attrs.dilations[i] + 1;
    const out = Math.floor((x.shape[2 + i] + attrs.pads[i] + attrs.pads[rank + i] - span) / attrs.strides[i]) + 1;
    if (out < 1) throw shapeError(`Conv: kernel ${showShape(w.shape)} is larger than image ${showShape(x.shape)}`, "pad the image or use a smaller kernel");
    return out;
  });
  return { shape: [x.shape[0], w.shape[0], ...size], dtype: x.dtype };
};
const convTranspose: ShapeRule<"ConvTranspose"> = ([x, w], attrs) => {
  const rank = spatial("ConvTranspose", x, w, attrs);
  if (w.shape[0] !== x.shape[1]) throw shapeError(`ConvTranspose: image ${showShape(x.shape)} and kernel ${showShape(w.shape)} differ in channels`, "kernels are [C, O / groups, ...]");
  const size = Array.from({ length: rank }, (_, i) => (x.shape[2 + i] - 1) * attrs.strides[i] + (w.shape[2 + i] - 1) * attrs.dilations[i] + 1 - attrs.pads[i] - attrs.pads[rank + i] + attrs.outputPads[i]);
  return { shape: [x.shape[0], w.shape[1] * attrs.groups, ...size], dtype: x.dtype };
};

const concat: ShapeRule<"Concat"> = (parts, { axis }) => {
  const [first] = parts;
  let length = 0;
  for (const part of parts) {
    commonDtype("Concat", first, part);
    if (part.shape.length !== first.shape.length || part.shape.some((size, i) => i !== axis && size !== first.shape[i])) throw shapeError(`Concat: ${showShape(first.shape)} and ${showShape(part.shape)} differ outside of axis ${axis}`, "all other axes must be equal");
    length += part.shape[axis];
  }
  return { shape: first.shape.map((size, i) => (i === axis ? length : size)), dtype: first.dtype };
};

function checkIndices(op: string, indices: Tensor): void {
  if (indices.dtype !== "int32" && indices.dtype !== "int64") throw dtypeError(`${op}: indices are ${show(indices)}`, 'cast them, as in indices.cast("int32")');
}
const topKShape = ([x]: readonly Tensor[], { k, axis }: TopKAttrs): Shape => {
  refuseBool("TopK", x);
  if (k > x.shape[axis]) throw shapeError(`TopK: k = ${k} of ${x.shape[axis]} elements along axis ${axis}`, "k must not exceed the axis");
  return x.shape.map((size, i) => (i === axis ? k : size));
};

export const shapeRules: { readonly [P in Op]: ShapeRule<P> } = {
  Input: () => {
    throw shapeError("Input has no rule", "make placeholders with placeholder()");
  },
  Data: () => {
    throw shapeError("Data has no rule", "make data tensors with fromHost()");
  },
  Const: (_, { value, dtype }) => {
    checkValue("Const", value, dtype);
    return { shape: [], dtype };
  },
  Iota: (_, { length, dtype }) => ({ shape: [length], dtype }),
  Identity: same,
  StopGradient: same,
  Barrier: same,
  Cast: ([x], { to }) => ({ shape: x.shape, dtype: to }),
  Neg: unary("Neg"),
  Abs: unary("Abs"),
  Sign: unary("Sign"),
  Exp: unary("Exp"),
  Log: unary("Log"),
  Sqrt: unary("Sqrt"),
  Reciprocal: unary("Reciprocal"),
  Sin: unary("Sin"),
  Cos: unary("Cos"),
  Tanh: unary("Tanh"),
  Sigmoid: unary("Sigmoid"),
  Erf: unary("Erf"),
  Floor: unary("Floor"),
  Ceil: unary("Ceil"),
  Round: unary("Round"),
  Not: ([x]) => {
    if (x.dtype !== "bool") throw dtypeError(`Not: needs bool, got ${show(x)}`, "compare first");
    return { shape: x.shape, dtype: "bool" };
  },
  IsNaN: ([x]) => {
    requireFloat("IsNaN", x);
    return { shape: x.shape, dtype: "bool" };
  },
  Add: binary("Add"),
  Sub: binary("Sub"),
  Mul: binary("Mul"),
  Div: binary("Div"),
  Pow: binary("Pow"),
  Max: binary("Max"),
  Min: binary("Min"),
  Mod: binary("Mod"),
  BitAnd: binary("BitAnd"),
  BitOr: binary("BitOr"),
  BitXor: binary("BitXor"),
  ShiftLeft: binary("ShiftLeft"),
  ShiftRight: binary("ShiftRight"),
  And: logical("And"),
  Or: logical("Or"),
  Xor: logical("Xor"),
  Equal: comparison("Equal"),
  Less: comparison("Less"),
  LessEqual: comparison("LessEqual"),
  Where: ([condition, a, b]) => {
    if (condition.dtype !== "bool") throw dtypeError(`Where: the condition is ${show(condition)}`, "compare first, as in x.less(y)");
    return { shape: broadcast("Where", condition, a, b), dtype: commonDtype("Where", a, b) };
  },
  ReduceSum: reduction("ReduceSum"),
  ReduceMax: reduction("ReduceMax"),
  ReduceMin: reduction("ReduceMin"),
  ReduceProd: reduction("ReduceProd"),
  ArgMax: ([x], { axis }) => ({ shape: reducedShape(x.shape, [axis], false), dtype: "int64" }),
  CumSum: ([x]) => {
    refuseBool("CumSum", x);
    return { shape: x.shape, dtype: x.dtype };
  },
  MatMul: matmul,
  Conv: conv,
  ConvTranspose: convTranspose,
  Reshape: ([x], { shape }) => {
    if (sizeOf(shape) !== x.size) throw shapeError(`Reshape: ${showShape(x.shape)} has ${x.size} elements, ${showShape(shape)} has ${sizeOf(shape)}`, "the products of the sizes must be equal");
    return { shape, dtype: x.dtype };
  },
  Transpose: ([x], { perm }) => ({ shape: perm.map((axis) => x.shape[axis]), dtype: x.dtype }),
  Broadcast: ([x], { shape }) => {
    if (!sameShape(broadcastOrThrow("Broadcast", x.shape, shape), shape)) throw shapeError(`Broadcast: ${showShape(x.shape)} does not stretch to ${showShape(shape)}`, "only axes of size 1 stretch");
    return { shape, dtype: x.dtype };
  },
  Slice: ([x], { starts, ends, steps }) => ({
    shape: x.shape.map((_, i) => Math.max(0, Math.ceil((ends[i] - starts[i]) / steps[i]))),
    dtype: x.dtype,
  }),
  Pad: ([x], { before, after, value }) => {
    checkValue("Pad", value, x.dtype);
    return { shape: x.shape.map((size, i) => before[i] + size + after[i]), dtype: x.dtype };
  },
  Concat: concat,
  Gather: ([x, indices], { axis }) => {
    checkIndices("Gather", indices);
    return { shape: [...x.shape.slice(0, axis), ...indices.shape, ...x.shape.slice(axis + 1)], dtype: x.dtype };
  },
  TakeAlong: ([x, indices], { axis }) => {
    checkIndices("TakeAlong", indices);
    if (indices.rank !== x.rank || indices.shape.some((size, i) => i !== axis && size !== x.shape[i])) throw shapeError(`TakeAlong: indices ${showShape(indices.shape)} do not fit ${showShape(x.shape)} along axis ${axis}`, "all other axes must be equal");
    return { shape: indices.shape, dtype: x.dtype };
  },
  ScatterAdd: ([base, indices, updates], { axis }) => {
    checkIndices("ScatterAdd", indices);
    refuseBool("ScatterAdd", base);
    commonDtype("ScatterAdd", base, updates);
    if (!sameShape(indices.shape, updates.shape) || indices.shape.some((size, i) => i !== axis && size !== base.shape[i])) throw shapeError(`ScatterAdd: indices ${showShape(indices.shape)}, updates ${showShape(updates.shape)} and base ${showShape(base.shape)} do not fit along axis ${axis}`, "indices and updates must be equal in shape, and equal to the base outside of the axis");
    return { shape: base.shape, dtype: base.dtype };
  },
  TopKValues: (inputs, attrs) => ({ shape: topKShape(inputs, attrs), dtype: inputs[0].dtype }),
  TopKIndices: (inputs, attrs) => ({ shape: topKShape(inputs, attrs), dtype: "int64" }),
  Composite: (_, { bodies, output }) => ({ shape: bodies[output].shape, dtype: bodies[output].dtype }),
  Loop: (_, { loop, output }) => ({ shape: loop.bodies[output].shape, dtype: loop.bodies[output].dtype }),
  Fused: (_, { kernel, output }) => ({ shape: kernel.bodies[output].shape, dtype: kernel.bodies[output].dtype }),
};
