/**
 * @file The cost of each operation, for the lowered graph, which is what is executed.
 *
 * FLOPs count multiplications, additions, comparisons, selections and transcendental functions as 1 each, in every dtype,
 * masked and padded elements included. Products count 2 for each multiply-add, and nothing for the scale that their
 * kernel applies for free. Reductions of n elements count n − 1. Data movement, conversion of dtypes and random access count 0
 * (nanochat's estimate_flops and Chinchilla's appendix F leave look-ups out as well).
 */
import { isFloat } from "../graph/dtype";
import { BINARY, COMPARISON, LOGICAL, REDUCTION, UNARY, type Op } from "../graph/op";
import { topological } from "../graph/rewrite";
import type { Tensor } from "../graph/tensor";
import { aliasing, convolution, copying, elementwise, FREE, moved, picking, reducing, type Cost, type CostRule, type PlainRule } from "./costRule";
import { distinctWork } from "./distinctWork";
import { roundCosts } from "./nodeCosts";

const table = <P extends Op>(ops: readonly P[], rule: PlainRule): Readonly<Record<P, PlainRule>> =>
  // SAFETY: every op of the list gets the rule.
  Object.fromEntries(ops.map((op) => [op, rule])) as Record<P, PlainRule>;

const matmul: CostRule<"MatMul"> = ({ tensor, inputs, attrs: { transA, leadA, alpha } }) => {
  const [a, b] = inputs;
  const inner = transA ? (leadA ? a.shape[0] : a.shape[a.rank - 2]) : a.shape[a.rank - 1];
  // Gemm and FusedMatMul scale for free; batched products of other dtypes are scaled by a Mul of their own.
  const fused = a.dtype === "float32" || a.dtype === "bfloat16" || (a.dtype === "float64" && a.rank === 2 && b.rank === 2);
  return { flops: 2 * tensor.size * inner + (alpha !== 1 && !fused ? tensor.size : 0), bytesMoved: moved({ tensor, inputs }) };
};

/** One comparison for each element: what finding the best costs at least. */
const topK: CostRule<"TopKValues" | "TopKIndices"> = (call) => ({ flops: call.inputs[0].size, bytesMoved: moved(call) });

export const costRules: { readonly [P in Op]: CostRule<P> } = {
  ...table(UNARY, elementwise(1)),
  ...table(BINARY, elementwise(1)),
  ...table(LOGICAL, elementwise(1)),
  ...table(COMPARISON, elementwise(1)),
  ...table(REDUCTION, reducing),
  Input: () => FREE,
  Data: () => FREE,
  Const: () => FREE,
  Iota: () => FREE,
  Identity: aliasing,
  StopGradient: aliasing,
  Barrier: aliasing,
  Reshape: aliasing,
  Cast: copying,
  Not: elementwise(1),
  IsNaN: elementwise(1),
  // The sign of the divisor needs x − y ⌊x / y⌋; integers have an instruction.
  Mod: (call) => elementwise(isFloat(call.tensor.dtype) ? 4 : 1)(call),
  // Choice between flags is (c ∧ x) ∨ (¬c ∧ y).
  Where: (call) => elementwise(call.tensor.dtype === "bool" ? 4 : 1)(call),
  ArgMax: reducing,
  CumSum: elementwise(1),
  MatMul: matmul,
  Conv: (call) => convolution(call, "of the result"),
  ConvTranspose: (call) => convolution(call, "of the image"),
  Transpose: copying,
  Broadcast: copying,
  Slice: picking,
  Pad: copying,
  Concat: copying,
  Gather: picking,
  TakeAlong: picking,
  ScatterAdd: ({ tensor, inputs }) => ({ flops: inputs[2].size, bytesMoved: moved({ tensor, inputs }) }),
  TopKValues: topK,
  TopKIndices: topK,
  // A kernel that stands for several operations is charged with what it stands for.
  Fused: (call) => ({ flops: topological(call.attrs.kernel.bodies).reduce((sum, part) => sum + flopsOf(part), 0), bytesMoved: moved(call) }),
  Loop: ({ attrs: { loop } }) => roundCosts(loop, costOfNode).reduce<Cost>((sum, { flops, bytesMoved }) => ({ flops: sum.flops + flops, bytesMoved: sum.bytesMoved + bytesMoved }), FREE),
  Composite: (call) => ({ flops: distinctWork(call.attrs, flopsOf), bytesMoved: moved(call) }),
};

/** The cost of `tensor` alone, its operands being given. Nothing for data and inputs. */
export function costOfNode(tensor: Tensor): Cost {
  if (tensor.storage !== undefined) return FREE;
  // SAFETY: the rule and the attributes both belong to `tensor.op`.
  const rule = costRules[tensor.op] as CostRule<Op>;
  return rule({ tensor, inputs: tensor.inputs, attrs: tensor.attrs });
}

const flopsOf = (tensor: Tensor): number => costOfNode(tensor).flops;
