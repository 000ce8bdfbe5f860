/** @file How each operation is written in ONNX. A rule gets its operands' value names and returns its result's. */
import { LifetimeError } from "../errors";
import { isFloat, type Dtype } from "../graph/dtype";
import { BINARY, COMPARISON, LOGICAL, UNARY, type ConvolutionAttrs, type Op, type OpAttrs, type ReductionOp, type TopKAttrs } from "../graph/op";
import { writtenConvolution } from "../graph/composites/convolutionSettings";
import type { Shape } from "../graph/shape";
import type { Tensor } from "../graph/tensor";
import { describeSite } from "../graph/trace";
import type { EmitContext, InnerDtype } from "./emitContext";
import { emitComposite } from "./fused";
import { fusedProgram } from "./fusedProgram";
import { emitLoop } from "./loop";
import { ISOFLOP_DOMAIN, MICROSOFT_DOMAIN } from "./model";
import { convolvesWhole } from "./ownOperators";

export interface EmitCall<P extends Op> {
  readonly context: EmitContext;
  readonly tensor: Tensor;
  readonly attrs: OpAttrs[P];
  /** Value names of the operands. */
  readonly inputs: readonly string[];
}
export type EmitRule<P extends Op> = (call: EmitCall<P>) => string;

/** Dtypes in which onnxruntime's CPU kernels compute; others are computed wider and rounded back. */
const WIDER: Partial<Record<Dtype, Dtype>> = { bfloat16: "float32", int8: "int32", uint8: "int32", bool: "uint8" };

/** Runs `emit` on operands cast to a wider dtype when the kernel lacks theirs. `from` is the first operand's dtype index. */
function widened<P extends Op>({ context, tensor, inputs }: EmitCall<P>, { lacking, emit }: { readonly lacking: Partial<Record<Dtype, Dtype>>; readonly emit: (inputs: readonly string[]) => string }): string {
  const wide = tensor.inputs.map((input) => lacking[input.dtype]);
  const out = emit(inputs.map((name, i) => (wide[i] === undefined ? name : context.cast(name, wide[i]))));
  return wide.some((dtype) => dtype !== undefined) && lacking[tensor.dtype] !== undefined ? context.cast(out, tensor.dtype) : out;
}

const plain =
  <P extends Op>(opType: string, lacking: Partial<Record<Dtype, Dtype>> = WIDER): EmitRule<P> =>
  (call) =>
    widened(call, { lacking, emit: (inputs) => call.context.node(opType, inputs) });

/** Kernels that exist in float32 only. */
const FLOAT32_ONLY: Partial<Record<Dtype, Dtype>> = { ...WIDER, float64: "float32" };

const reduce =
  <P extends ReductionOp>(op: P): EmitRule<P> =>
  (call) => {
    const { axes, keep }: OpAttrs[ReductionOp] = call.attrs;
    const [{ dtype, shape }] = call.tensor.inputs;
    if (op === "ReduceProd" && dtype === "float64") return call.context.reshape(productByHalves(call.context, call.inputs[0], { shape, dtype, axes }), call.tensor.shape);
    return widened(call, { lacking: WIDER, emit: ([x]) => call.context.node(op, [x, call.context.ints(axes)], { attributes: { keepdims: keep ? 1 : 0 } }) });
  };

/** onnxruntime shifts unsigned numbers only. */
const UNSIGNED: Partial<Record<Dtype, InnerDtype>> = { int32: "uint32", int64: "uint64" };

const shift = (direction: "LEFT" | "RIGHT"): EmitRule<"ShiftLeft" | "ShiftRight"> => ({ context, tensor, inputs }) => {
  const unsigned = UNSIGNED[tensor.dtype];
  const shifted = context.node("BitShift", unsigned === undefined ? inputs : inputs.map((x) => context.cast(x, unsigned)), { attributes: { direction } });
  return unsigned === undefined ? shifted : context.cast(shifted, tensor.dtype);
};

/** Products in float64, for which onnxruntime has no kernel: along each axis, the halves are multiplied until one element is left. */
function productByHalves(context: EmitContext, x: string, { shape, dtype, axes }: { readonly shape: Shape; readonly dtype: Dtype; readonly axes: readonly number[] }): string {
  let out = x;
  for (const axis of axes) {
    const part = (value: string, start: number, end: number): string => context.node("Slice", [value, ...[[start], [end], [axis]].map((bound) => context.ints(bound))]);
    let odd: string | undefined;
    let length = shape[axis];
    if (length === 0) {
      const done = shape.map((size, i) => (axes.includes(i) && i <= axis ? 1 : size));
      out = context.full(dtype, done, 1);
    }
    while (length > 1) {
      const half = Math.floor(length / 2);
      if (length % 2 === 1) odd = odd === undefined ? part(out, length - 1, length) : context.node("Mul", [odd, part(out, length - 1, length)]);
      out = context.node("Mul", [part(out, 0, half), part(out, half, 2 * half)]);
      length = half;
    }
    if (odd !== undefined) out = context.node("Mul", [out, odd]);
  }
  return out;
}

const matmul: EmitRule<"MatMul"> = ({ context, tensor, attrs, inputs }) => {
  const [a, b] = tensor.inputs;
  const { transA, transB, leadA, leadB, alpha } = attrs;
  const flags = { transA: transA ? 1 : 0, transB: transB ? 1 : 0, alpha: { float: alpha } };
  // Kernels leave the result of an empty sum unset.
  if (a.size === 0 || b.size === 0) return context.full(tensor.dtype, tensor.shape, 0);
  if (a.dtype === "int8" || a.dtype === "uint8") return integerMatmul({ context, tensor, attrs, inputs });
  if (a.dtype === "bfloat16") return context.cast(matmulFloat(context.cast(inputs[0], "float32"), context.cast(inputs[1], "float32")), "bfloat16");
  return matmulFloat(inputs[0], inputs[1]);

  function matmulFloat(x: string, y: string): string {
    const float = a.dtype === "float32" || a.dtype === "bfloat16";
    // onnxruntime transposes the first operand element by element: 1.5 times as slow.
    if (context.ownProducts && transA && !transB && a.rank === 2 && b.rank === 2 && float) return context.own("TransposedProduct", [x, y], { domain: ISOFLOP_DOMAIN, attributes: { alpha: { float: alpha } }, results: [tensor] })[0];
    if (a.rank === 2 && b.rank === 2 && (float || a.dtype === "float64")) return context.node("Gemm", [x, y], { attributes: flags });
    // One matrix against a batch: one product over all rows.
    if (b.rank === 2 && !transA && !leadA && float) {
      const rows = context.reshape(x, [-1, a.shape[a.rank - 1]]); // not empty here
      return context.reshape(context.node("Gemm", [rows, y], { attributes: flags }), tensor.shape);
    }
    if (float && !context.portable && (transA || transB || leadA || leadB || alpha !== 1)) return context.node("FusedMatMul", [x, y], { domain: MICROSOFT_DOMAIN, attributes: { ...flags, transBatchA: leadA ? 1 : 0, transBatchB: leadB ? 1 : 0 } });
    const product = context.node("MatMul", [ordered(context, x, { rank: a.rank, transposed: transA, lead: leadA }), ordered(context, y, { rank: b.rank, transposed: transB, lead: leadB })]);
    return alpha === 1 ? product : context.node("Mul", [product, context.scalar(tensor.dtype, alpha)]);
  }
};

/** An operand brought into the order [..., rows, columns] that MatMul reads. */
function ordered(context: EmitContext, value: string, { rank, transposed, lead }: { readonly rank: number; readonly transposed: boolean; readonly lead: boolean }): string {
  const axes = Array.from({ length: rank }, (_, axis) => axis);
  const moved = lead ? [...axes.slice(1, -1), 0, rank - 1] : axes;
  const perm = transposed ? [...moved.slice(0, -2), moved[rank - 1], moved[rank - 2]] : moved;
  return perm.every((axis, i) => axis === i) ? value : context.node("Transpose", [value], { attributes: { perm } });
}

/** int8 products accumulate in int32 (MatMulInteger, 3.6 times float32's speed on the CPU). */
function integerMatmul({ context, tensor, attrs, inputs }: EmitCall<"MatMul">): string {
  const [a, b] = tensor.inputs;
  if (attrs.leadA || attrs.leadB || attrs.alpha !== 1) throw new Error("integer products carry no layout or factor");
  return context.node("MatMulInteger", [ordered(context, inputs[0], { rank: a.rank, transposed: attrs.transA, lead: false }), ordered(context, inputs[1], { rank: b.rank, transposed: attrs.transB, lead: false })]);
}

const convolution =
  (opType: "Conv" | "ConvTranspose"): EmitRule<"Conv" | "ConvTranspose"> =>
  (call) => {
    const { strides, pads, dilations, groups }: ConvolutionAttrs = call.attrs;
    const kernel = call.tensor.inputs[1].shape.slice(2);
    if (opType === "Conv" && call.context.ownProducts && convolvesWhole(call.tensor, { groups, kernel }))
      return call.context.own("Convolution", call.inputs, { domain: ISOFLOP_DOMAIN, attributes: { ...writtenConvolution({ strides, pads, dilations, groups, kernel }), reversed: 0 }, results: [call.tensor] })[0];
    const outputPads: Readonly<Record<string, readonly number[]>> = "outputPads" in call.attrs ? { output_padding: call.attrs.outputPads } : {};
    return widened(call, {
      lacking: FLOAT32_ONLY,
      emit: (inputs) => call.context.node(opType, inputs, { attributes: { strides, pads, dilations, group: groups, kernel_shape: kernel, ...outputPads } }),
    });
  };

const TOP_K_LACKS: Partial<Record<Dtype, Dtype>> = { bfloat16: "float32" };

const topK =
  (output: 0 | 1): EmitRule<"TopKValues" | "TopKIndices"> =>
  (call) => {
    const { k, axis, largest }: TopKAttrs = call.attrs;
    return widened(call, { lacking: TOP_K_LACKS, emit: ([x]) => call.context.output(output, "TopK", [x, call.context.ints([k])], { required: 2, attributes: { axis, largest: largest ? 1 : 0, sorted: 1 } }) });
  };

/** Index lists up to this length are written out; longer ones are made by Range. */
const MAX_IOTA = 65536;

const table = <P extends Op>(ops: readonly P[], rule: (op: P) => EmitRule<P>): { readonly [K in P]: EmitRule<K> } =>
  // SAFETY: every op of the list gets a rule, which is what the type says.
  Object.fromEntries(ops.map((op) => [op, rule(op)])) as unknown as { readonly [K in P]: EmitRule<K> };

/** A placeholder that nobody gives belongs to another graph: most likely to a round of a loop, of which a tap or a variable kept a value. */
const leaf: EmitRule<"Input" | "Data"> = ({ tensor }) => {
  throw new LifetimeError("a value inside of a loop, or of another traced function, is used outside of it", { where: tensor.site && describeSite(tensor.site), help: "return it from the body of the loop, as part of the state" });
};

export const emitRules: { readonly [P in Op]: EmitRule<P> } = {
  ...table(UNARY, (op) => plain(op, op === "Erf" ? FLOAT32_ONLY : WIDER)),
  ...table(BINARY, (op) => plain(op)),
  ...table(LOGICAL, (op) => plain(op, {})),
  ...table(COMPARISON, (op) => plain(op === "LessEqual" ? "LessOrEqual" : op, op === "Equal" ? { ...WIDER, bool: undefined } : WIDER)),
  Input: leaf,
  Data: leaf,
  Const: ({ context, attrs }) => context.scalar(attrs.dtype, attrs.value),
  Iota: ({ context, attrs: { length, dtype } }) =>
    length <= MAX_IOTA || isFloat(dtype) ? context.constant(dtype, [length], Array.from({ length }, (_, i) => i)) : context.node("Range", [0, length, 1].map((value) => context.scalar(dtype, value))),
  Identity: ({ inputs: [x] }) => x,
  StopGradient: ({ inputs: [x] }) => x,
  Barrier: ({ inputs: [x] }) => x,
  Cast: ({ context, attrs: { to }, inputs: [x] }) => context.cast(x, to),
  Not: plain("Not", {}),
  IsNaN: plain("IsNaN", { ...WIDER, float16: "float32" }),
  Mod: (call) => {
    const { context, tensor } = call;
    // ONNX's float remainder has the sign of the dividend; ours that of the divisor.
    const float = ([x, y]: readonly string[]): string => context.node("Sub", [x, context.node("Mul", [y, context.node("Floor", [context.node("Div", [x, y])])])]);
    return widened(call, { lacking: WIDER, emit: isFloat(tensor.dtype) ? float : (inputs) => context.node("Mod", inputs) });
  },
  BitAnd: plain("BitwiseAnd", {}),
  BitOr: plain("BitwiseOr", {}),
  BitXor: plain("BitwiseXor", {}),
  ShiftLeft: shift("LEFT"),
  ShiftRight: shift("RIGHT"),
  Where: (call) => widened(call, { lacking: { ...WIDER, uint8: undefined, float16: "float32", bool: undefined }, emit: ([c, x, y]) => (call.tensor.dtype === "bool" ? boolWhere(call.context, [c, x, y]) : call.context.node("Where", [c, x, y])) }),
  ReduceSum: reduce("ReduceSum"),
  ReduceMax: reduce("ReduceMax"),
  ReduceMin: reduce("ReduceMin"),
  ReduceProd: reduce("ReduceProd"),
  ArgMax: (call) => widened(call, { lacking: { ...WIDER, int64: "float64" }, emit: ([x]) => call.context.node("ArgMax", [x], { attributes: { axis: call.attrs.axis, keepdims: 0 } }) }),
  CumSum: (call) => widened(call, { lacking: WIDER, emit: ([x]) => call.context.node("CumSum", [x, call.context.scalar("int64", call.attrs.axis)], { attributes: { exclusive: call.attrs.exclusive ? 1 : 0, reverse: call.attrs.reverse ? 1 : 0 } }) }),
  MatMul: matmul,
  Conv: convolution("Conv"),
  ConvTranspose: convolution("ConvTranspose"),
  Reshape: ({ context, attrs: { shape }, inputs: [x] }) => context.reshape(x, shape),
  Transpose: ({ context, attrs: { perm }, inputs: [x] }) => context.node("Transpose", [x], { attributes: { perm } }),
  Broadcast: ({ context, tensor, attrs: { shape }, inputs: [x] }) => {
    const [source] = tensor.inputs;
    if (source.dtype !== "bfloat16") return context.node("Expand", [x, context.ints(shape)]);
    return context.cast(context.node("Expand", [context.cast(x, "float32"), context.ints(shape)]), "bfloat16");
  },
  Slice: ({ context, tensor, attrs: { starts, ends, steps }, inputs: [x] }) => {
    const axes = starts.flatMap((start, axis) => (start !== 0 || steps[axis] !== 1 || ends[axis] !== tensor.inputs[0].shape[axis] ? [axis] : []));
    const pick = (values: readonly number[]): string => context.ints(axes.map((axis) => values[axis]));
    return context.node("Slice", [x, pick(starts), pick(ends), context.ints(axes), pick(steps)]);
  },
  Pad: (call) => widened(call, { lacking: { ...WIDER, bool: undefined, float16: "float32" }, emit: ([x]) => call.context.node("Pad", [x, call.context.ints([...call.attrs.before, ...call.attrs.after]), call.context.scalar(padDtype(call.tensor.dtype), call.attrs.value)]) }),
  Concat: ({ context, attrs: { axis }, inputs }) => context.node("Concat", inputs, { attributes: { axis } }),
  Gather: ({ context, attrs: { axis }, inputs }) => context.node("Gather", inputs, { attributes: { axis } }),
  TakeAlong: ({ context, attrs: { axis }, inputs }) => context.node("GatherElements", inputs, { attributes: { axis } }),
  ScatterAdd: (call) => {
    const { context, attrs: { axis }, inputs: [base, indices, updates] } = call;
    return widened({ ...call, inputs: [base, indices, updates] }, { lacking: { ...WIDER, float16: "float32" }, emit: (inputs) => context.node("ScatterElements", inputs, { attributes: { axis, reduction: "add" } }) });
  },
  TopKValues: topK(0),
  TopKIndices: topK(1),
  Fused: ({ context, attrs: { kernel, output }, inputs }) => context.own("Fused", inputs, { domain: ISOFLOP_DOMAIN, attributes: { program: fusedProgram(kernel), streamed: 0 }, results: kernel.bodies })[output],
  Loop: ({ context, attrs: { loop, output }, inputs }) => emitLoop(context, loop, inputs)[output],
  Composite: ({ context, tensor, attrs, inputs }) => emitComposite({ context, tensor, body: attrs, inputs }),
};

const padDtype = (dtype: Dtype): Dtype => (dtype === "bfloat16" || dtype === "float16" ? "float32" : dtype === "int8" || dtype === "uint8" ? "int32" : dtype);

/** Choice between flags: (c ∧ x) ∨ (¬c ∧ y). */
const boolWhere = (context: EmitContext, [c, x, y]: readonly string[]): string => context.node("Or", [context.node("And", [c, x]), context.node("And", [context.node("Not", [c]), y])]);
