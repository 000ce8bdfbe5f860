/** @file What one operation costs, and the few shapes that rules have. */
import type { Op, OpAttrs } from "../graph/op";
import { sizeOf } from "../graph/shape";
import type { Tensor } from "../graph/tensor";

/** The work of one node. */
export interface Cost {
  /** Arithmetic operations, whatever the dtype. */
  readonly flops: number;
  /** Bytes read from operands and written to the result. */
  readonly bytesMoved: number;
}

export interface CostCall<P extends Op> {
  readonly tensor: Tensor;
  readonly inputs: readonly Tensor[];
  readonly attrs: OpAttrs[P];
}
export type CostRule<P extends Op> = (call: CostCall<P>) => Cost;

/** All that a rule needs when attributes do not matter. */
export type Operands = Pick<CostCall<Op>, "tensor" | "inputs">;
/** A rule for several operations. */
export type PlainRule = (call: Operands) => Cost;

export const FREE: Cost = { flops: 0, bytesMoved: 0 };

const bytesOf = (tensors: readonly Tensor[]): number => tensors.reduce((sum, tensor) => sum + tensor.bytes, 0);

/** Reads all operands (once, also one that stands twice), writes the result. */
export const moved = ({ tensor, inputs }: Operands): number => bytesOf([...new Set(inputs)]) + tensor.bytes;

/** `perElement` operations for each element of the result. */
export const elementwise =
  (perElement: number): PlainRule =>
  (call) => ({ flops: perElement * call.tensor.size, bytesMoved: moved(call) });

/** n − 1 operations to reduce n elements to one. */
export const reducing: PlainRule = (call) => ({ flops: Math.max(0, call.inputs[0].size - call.tensor.size), bytesMoved: moved(call) });

/** Nothing computed, everything copied. */
export const copying: PlainRule = (call) => ({ flops: 0, bytesMoved: moved(call) });

/** Part of the first operand is copied, found by the others. */
export const picking: PlainRule = ({ tensor, inputs: [, ...indices] }) => ({ flops: 0, bytesMoved: 2 * tensor.bytes + bytesOf(indices) });

/** The same memory under another name. */
export const aliasing: PlainRule = () => FREE;

/** Multiplications and additions of a convolution in which `positions` elements each meet a whole kernel w [_, C, ...]. */
export const convolution = ({ tensor, inputs: [x, w] }: Operands, positions: "of the result" | "of the image"): Cost => ({
  flops: 2 * (positions === "of the result" ? tensor.size : x.size) * sizeOf(w.shape.slice(1)),
  bytesMoved: moved({ tensor, inputs: [x, w] }),
});

