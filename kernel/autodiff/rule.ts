/** @file What a gradient rule is, and what rules share. */
import type { Op, OpAttrs } from "../graph/op";
import { sum } from "../graph/ops/reduction";
import { reshape } from "../graph/ops/movement";
import { sameShape, stretchedAxes, type Shape } from "../graph/shape";
import type { Tensor } from "../graph/tensor";

export interface VjpCall<P extends Op> {
  readonly inputs: readonly Tensor[];
  readonly attrs: OpAttrs[P];
  /** The result of the op. */
  readonly output: Tensor;
  /** Gradient of the loss with respect to the result; same shape and dtype. */
  readonly g: Tensor;
  /** Whether the i-th operand's gradient is wanted: rules may skip work for the others. */
  readonly wanted: readonly boolean[];
}

/** Gradient of the loss for each operand; null where none flows. */
export type VjpRule<P extends Op> = (call: VjpCall<P>) => readonly (Tensor | null)[];
export type VjpRules<P extends Op> = { readonly [K in P]: VjpRule<K> };

/** The gradient of a broadcast: summed over the axes that were stretched. */
export function unbroadcast(g: Tensor, shape: Shape): Tensor {
  if (sameShape(g.shape, shape)) return g;
  return reshape(sum(g, stretchedAxes(shape, g.shape)), shape);
}

/** No gradient: results are integers, flags, or constant almost everywhere. */
export const none: VjpRule<Op> = ({ inputs }) => inputs.map(() => null);
