/** @file One small graph for each operation, and for each composite that has a kernel, on operands that are computed themselves. */
import type { Op, OpAttrs, ReductionOp } from "../../kernel/graph/op";
import { gelu, logSoftmax, silu, softmax } from "../../kernel/graph/composites/activations";
import { layerNorm } from "../../kernel/graph/composites/normalization";
import { fuse } from "../../kernel/graph/passes/fuse";
import { oneHot } from "../../kernel/graph/composites/oneHot";
import * as e from "../../kernel/graph/ops/elementwise";
import { conv, convTranspose, matmul } from "../../kernel/graph/ops/linalg";
import { concat, iota, reshape, transpose } from "../../kernel/graph/ops/movement";
import { loop } from "../../kernel/graph/loop";
import { node, placeholder, type Tensor } from "../../kernel/graph/tensor";
import type { Dtype } from "../../kernel/graph/dtype";
import type { ExecutedGraph } from "../../kernel/cost/executedGraph";

/** Operands of [8, 24, 32], 24 KiB in float32; integers are in [0, 8) when the inputs are zeros. */
const SHAPE = [8, 24, 32];

interface Operands {
  readonly x: Tensor;
  readonly y: Tensor;
  /** int64, [8, 24, 32]. */
  readonly indices: Tensor;
}
type Case = (operands: Operands) => Tensor;

const unary = (op: (x: Tensor) => Tensor): Case => ({ x }) => op(x);
const binary = (op: (x: Tensor, y: Tensor) => Tensor): Case => ({ x, y }) => op(x, y);
const integers = (op: (x: Tensor, y: Tensor) => Tensor, dtype: Dtype = "int32"): Case => ({ x, y }) => op(e.cast(x, dtype), e.cast(y, dtype));
const flags = (op: (x: Tensor, y: Tensor) => Tensor): Case => ({ x, y }) => op(e.less(x, y), e.lessEqual(y, x));
const reduce =
  (op: ReductionOp, axes: readonly number[]): Case =>
  ({ x }) =>
    node(op, [x], { axes, keep: true });
const images = (x: Tensor): Tensor => reshape(x, [4, 6, 16, 16]);

export const OP_CASES: { readonly [P in Op]: Case } = {
  Input: ({ x }) => x,
  Data: ({ x }) => x,
  Const: ({ x }) => e.mul(x, 2),
  Iota: ({ x }) => e.mul(x, e.cast(iota(32, "int32"), "float32")),
  Identity: ({ x }) => node("Identity", [x], {}),
  StopGradient: unary(e.stopGradient),
  Barrier: ({ x }) => node("Barrier", [x], { id: 1 }),
  Cast: ({ x }) => e.cast(e.cast(x, "int64"), "float32"),
  Neg: unary(e.neg),
  Abs: unary(e.abs),
  Sign: unary(e.sign),
  Exp: unary(e.exp),
  Log: unary(e.log),
  Sqrt: unary(e.sqrt),
  Reciprocal: unary(e.reciprocal),
  Sin: unary(e.sin),
  Cos: unary(e.cos),
  Tanh: unary(e.tanh),
  Sigmoid: unary(e.sigmoid),
  Erf: unary(e.erf),
  Floor: unary(e.floor),
  Ceil: unary(e.ceil),
  Round: unary(e.round),
  Not: ({ x, y }) => e.not(e.less(x, y)),
  IsNaN: unary(e.isNaN),
  Add: binary(e.add),
  Sub: binary(e.sub),
  Mul: ({ x }) => e.mul(x, reshape(node("ReduceMax", [x], { axes: [0, 1], keep: true }), [32])),
  Div: binary(e.div),
  Pow: binary(e.pow),
  Max: binary(e.maximum),
  Min: binary(e.minimum),
  Mod: integers((x, y) => e.mod(x, e.add(y, 3))),
  And: flags(e.and),
  Or: flags(e.or),
  Xor: flags(e.xor),
  BitAnd: integers(e.bitAnd),
  BitOr: integers(e.bitOr),
  BitXor: integers(e.bitXor),
  ShiftLeft: integers(e.shiftLeft, "uint8"),
  ShiftRight: integers(e.shiftRight, "uint8"),
  Equal: binary(e.equal),
  Less: binary(e.less),
  LessEqual: binary(e.lessEqual),
  Where: ({ x, y }) => e.where(e.less(x, y), x, y),
  ReduceSum: reduce("ReduceSum", [1]),
  ReduceMax: reduce("ReduceMax", [2]),
  ReduceMin: reduce("ReduceMin", [0, 2]),
  ReduceProd: reduce("ReduceProd", [0]),
  ArgMax: ({ x }) => node("ArgMax", [x], { axis: 1 }),
  CumSum: ({ x }) => node("CumSum", [x], { axis: 1, exclusive: false, reverse: true }),
  MatMul: ({ x, y }) => matmul(x, y, { transB: true, alpha: 0.5 }),
  Conv: ({ x }) => conv(images(x), weights([12, 3, 3, 3]), { padding: 1, groups: 2 }),
  ConvTranspose: ({ x }) => convTranspose(images(x), weights([6, 4, 4, 4]), { padding: 1, stride: 2 }),
  Reshape: ({ x }) => reshape(x, [192, 32]),
  Transpose: ({ x }) => transpose(x, [2, 0, 1]),
  Broadcast: ({ x }) => node("Broadcast", [x], { shape: [3, ...SHAPE] }),
  Slice: ({ x }) => node("Slice", [x], { starts: [0, 4, 0], ends: [8, 24, 32], steps: [1, 2, 1] }),
  Pad: ({ x }) => node("Pad", [x], { before: [0, 1, 0], after: [0, 0, 2], value: 0 }),
  Concat: ({ x, y }) => concat([x, y], 1),
  Gather: ({ x, indices }) => node("Gather", [x, reshape(indices, [768 * 8])], { axis: 0 }),
  TakeAlong: ({ x, indices }) => node("TakeAlong", [x, indices], { axis: 2 }),
  ScatterAdd: ({ x, y, indices }) => node("ScatterAdd", [x, indices, y], { axis: 0 }),
  TopKValues: ({ x }) => topK(x),
  TopKIndices: ({ x }) => topK(x),
  Loop: ({ x, y }) => loop(3, x, (state) => e.mul(e.tanh(state), y)),
  Composite: ({ x }) => softmax(x),
  Fused: ({ x }) => fuse([e.exp(e.neg(x))])[0],
};

function topK(x: Tensor): Tensor {
  const attrs = { k: 5, axis: 2, largest: true };
  return e.add(node("TopKValues", [x], attrs), e.cast(node("TopKIndices", [x], attrs), "float32"));
}
/** Reads mean and deviation of a normalization whose result nothing wants. */
function normGradient(x: Tensor): Tensor {
  const [weight, bias] = [weights([32]), weights([32])];
  const norm = layerNorm(x, { weight, bias });
  // SAFETY: a normalization is a composite.
  const { definition, options } = (norm as Tensor<"Composite">).attrs;
  const [gradient] = definition.vjp?.({ inputs: norm.inputs, output: norm, g: x, options }) ?? [];
  if (gradient === null || gradient === undefined) throw new Error("normalization has a gradient");
  return gradient;
}

const weights = (shape: readonly number[]): Tensor => placeholder("w", { shape, dtype: "float32" });

const LEADING: Omit<OpAttrs["MatMul"], "transA" | "transB"> = { leadA: true, leadB: true, alpha: 1 };
const columnSums = (x: Tensor): Tensor => reshape(node("ReduceSum", [x], { axes: [1], keep: true }), [8, 1, 32, 1]);
const corner = (x: Tensor): Tensor => node("Slice", [x], { starts: [0, 0, 0], ends: [1, 16, 16], steps: [1, 1, 1] });

/** Further forms of operations, and composites with kernels. */
export const MORE_CASES: Readonly<Record<string, Case>> = {
  "Softmax, inner axis": ({ x }) => softmax(x, 1),
  LogSoftmax: ({ x }) => logSoftmax(x),
  "Loop within a loop": ({ x, y }) => loop(3, x, (a) => e.add(loop(2, a, (b) => e.mul(e.exp(b), y)), softmax(a))),
  "Loop of several tensors, one as it was": ({ x, y }) => {
    const { a, b, c } = loop(4, { a: x, b: y, c: y }, (state, round) => ({ a: e.mul(state.a, state.b), b: e.exp(e.mul(state.a, e.cast(round, "float32"))), c: state.c }));
    return e.add(e.add(a, b), c);
  },
  "Loop of one round": ({ x, y }) => loop(1, x, (a) => e.mul(e.tanh(a), y)),
  "LogSoftmax, inner axis": ({ x }) => logSoftmax(x, 0),
  Gelu: unary(gelu),
  Silu: unary(silu),
  LayerNorm: ({ x }) => layerNorm(x, { weight: weights([32]), bias: weights([32]) }),
  "LayerNorm, statistics alone": ({ x }) => normGradient(x),
  "TopK, values alone": ({ x }) => node("TopKValues", [x], { k: 3, axis: 1, largest: false }),
  "TopK, indices alone": ({ x }) => node("TopKIndices", [x], { k: 3, axis: 2, largest: true }),
  OneHot: ({ indices }) => oneHot([indices], { depth: 10, dtype: "float32" }),
  "OneHot of int32": ({ indices }) => oneHot([e.cast(indices, "int32")], { depth: 10, dtype: "float32" }),
  "MatMul of matrices": ({ x, y }) => matmul(reshape(x, [192, 32]), reshape(y, [192, 32]), { transA: true }),
  "MatMul of a batch and a matrix": ({ x }) => matmul(x, weights([32, 20])),
  "MatMul, plain batch": ({ x, y }) => matmul(x, reshape(y, [8, 32, 24])),
  "MatMul, batch on one side": ({ x, y }) => matmul(reshape(x, [4, 2, 24, 32]), reshape(y, [2, 32, 96])),
  "MatMul, first axis before the rows": ({ x, y }) => node("MatMul", [x, y], { ...LEADING, transA: false, transB: true }),
  "MatMul, first axis before the rows, transposed": ({ x, y }) => node("MatMul", [x, y], { ...LEADING, transA: true, transB: false }),
  "Conv, pointwise": ({ x }) => conv(images(x), weights([6, 6, 1, 1])),
  "Conv, stride 2": ({ x }) => conv(images(x), weights([6, 6, 3, 3]), { stride: 2, padding: 1 }),
  "Conv, more filters than pixels": ({ x }) => conv(reshape(x, [4, 96, 4, 4]), weights([64, 96, 3, 3]), { padding: 1 }),
  "Broadcast of a scalar": ({ x }) => node("Broadcast", [node("ReduceSum", [x], { axes: [0, 1, 2], keep: false })], { shape: [4, 48] }),
  "Broadcast of inner axes": ({ x }) => node("Broadcast", [columnSums(x)], { shape: [2, 8, 3, 32, 5] }),
  "Broadcast of a column": ({ x }) => node("Broadcast", [node("ReduceSum", [x], { axes: [2], keep: true })], { shape: SHAPE }),
  "Conv, one small image": ({ x }) => conv(reshape(corner(x), [1, 1, 16, 16]), weights([2, 1, 3, 3]), { padding: 1 }),
  "Conv, small images": ({ x }) => conv(reshape(x, [24, 1, 16, 16]), weights([2, 1, 3, 3]), { padding: 1 }),
  "Conv, one axis": ({ x }) => conv(reshape(x, [8, 24, 32]), weights([16, 24, 5]), { padding: 2, dilation: 1 }),
  "Conv, three axes": ({ x }) => conv(reshape(x, [4, 6, 4, 8, 8]), weights([4, 6, 3, 3, 3]), { padding: 1 }),
  "Conv, depthwise": ({ x }) => conv(images(x), weights([6, 1, 3, 3]), { padding: 1, groups: 6 }),
  "ConvTranspose, groups": ({ x }) => convTranspose(images(x), weights([6, 2, 2, 2]), { stride: 2, groups: 3 }),
  "ConvTranspose, stride 1": ({ x }) => convTranspose(images(x), weights([6, 5, 3, 3]), { padding: 1 }),
  "Mod of floats": ({ x, y }) => e.mod(x, e.add(y, 3)),
  "ReduceSum, outer and inner axes": ({ x }) => node("ReduceSum", [images(x)], { axes: [0, 2, 3], keep: false }),
  "ReduceMax, alternate axes": ({ x }) => node("ReduceMax", [images(x)], { axes: [1, 3], keep: false }),
  "ReduceSum to a scalar": ({ x }) => node("ReduceSum", [x], { axes: [0, 1, 2], keep: false }),
  "Cast of equal size": ({ x }) => e.cast(e.cast(x, "int32"), "float32"),
  "Where of flags": ({ x, y }) => e.where(e.less(x, y), e.equal(x, y), e.lessEqual(x, y)),
  "Gather of rows": ({ x, indices }) => node("Gather", [reshape(x, [192, 32]), reshape(indices, [768, 8])], { axis: 0 }),
  "ScatterAdd, operand read later": ({ x, y, indices }) => e.add(node("ScatterAdd", [x, indices, y], { axis: 0 }), x),
};

/** The graph of a case: its operands are computed from inputs, and its result is read by one more node. */
export function caseGraph(make: Case): ExecutedGraph {
  const [a, b] = ["a", "b"].map((name) => placeholder(name, { shape: SHAPE, dtype: "float32" }));
  const result = make({ x: e.neg(a), y: e.neg(b), indices: e.cast(e.neg(b), "int64") });
  const output = result.dtype === "bool" ? e.not(result) : e.cast(result, result.dtype === "float32" ? "int32" : "float32");
  const inputs = [a, b, ...inputsOf(output).filter((tensor) => tensor !== a && tensor !== b)];
  return { inputs: inputs.filter((tensor) => inputsOf(output).includes(tensor)), outputs: [output] };
}

function inputsOf(output: Tensor): Tensor[] {
  const seen = new Set<Tensor>();
  const visit = (tensor: Tensor): void => {
    if (seen.has(tensor)) return;
    seen.add(tensor);
    tensor.inputs.forEach(visit);
  };
  visit(output);
  return [...seen].filter(({ op }) => op === "Input");
}
