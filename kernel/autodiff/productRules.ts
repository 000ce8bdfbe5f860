/** @file Gradients of matrix products and convolutions. */
import { convImageGradient } from "../graph/composites/convImageGradient";
import { convKernelGradient } from "../graph/composites/convKernelGradient";
import { pad, reshape, slice } from "../graph/ops/movement";
import { sizeOf } from "../graph/shape";
import { node, type Tensor } from "../graph/tensor";
import { unbroadcast, type VjpRule, type VjpRules } from "./rule";

interface Product {
  readonly transA?: boolean;
  readonly transB?: boolean;
}

/**
 * y = alpha · op(a) op(b): da = alpha · g op(b)ᵀ and db = alpha · op(a)ᵀ g, each transposed back where the operand was.
 * A matrix that multiplied a batch gets its gradient as one product over all rows of the batch.
 */
const matmul: VjpRule<"MatMul"> = ({ inputs: [a, b], attrs: { transA, transB, alpha, leadA, leadB }, g, wanted }) => {
  if (leadA || leadB) throw new Error("gradients are taken before operand layouts are folded");
  const product = (x: Tensor, y: Tensor, { transA: ta = false, transB: tb = false }: Product): Tensor => node("MatMul", [x, y], { transA: ta, transB: tb, leadA: false, leadB: false, alpha });
  if (b.rank === 2 && a.rank > 2 && !transA) {
    const rows = (x: Tensor): Tensor => reshape(x, [sizeOf(x.shape.slice(0, -1)), x.shape[x.rank - 1]]);
    const flatA = rows(a);
    const flatG = rows(g);
    return [
      wanted[0] ? reshape(product(flatG, b, { transB: !transB }), a.shape) : null,
      wanted[1] ? (transB ? product(flatG, flatA, { transA: true }) : product(flatA, flatG, { transA: true })) : null,
    ];
  }
  const da = (): Tensor => (transA ? product(b, g, { transA: transB, transB: true }) : product(g, b, { transB: !transB }));
  const db = (): Tensor => (transB ? product(g, a, { transA: true, transB: transA }) : product(a, g, { transA: !transA }));
  return [wanted[0] ? unbroadcast(da(), a.shape) : null, wanted[1] ? unbroadcast(db(), b.shape) : null];
};

const conv: VjpRule<"Conv"> = ({ inputs: [x, w], attrs, g, wanted }) => {
  const { strides, pads, dilations, groups } = attrs;
  const kernel = w.shape.slice(2);
  const rank = kernel.length;
  const imageGradient = (): Tensor => {
    const span = kernel.map((k, i) => (k - 1) * dilations[i]);
    const unit = strides.every((stride) => stride === 1) && span.every((s, i) => s >= pads[i] && s >= pads[rank + i]);
    if (unit) return convImageGradient(g, w, { strides, dilations, groups, pads: [...span.map((s, i) => s - pads[i]), ...span.map((s, i) => s - pads[rank + i])] });
    const outputPads = kernel.map((_, i) => x.shape[2 + i] - ((g.shape[2 + i] - 1) * strides[i] + span[i] + 1 - pads[i] - pads[rank + i]));
    // outputPads below the stride are what ConvTranspose takes; a larger rest means pixels that no window reached.
    const within = outputPads.map((p, i) => Math.min(p, strides[i] - 1));
    const core = node("ConvTranspose", [g, w], { strides, dilations, groups, pads, outputPads: within });
    return pad(core, [[0, 0], [0, 0], ...outputPads.map((p, i) => [0, p - within[i]] as const)]);
  };
  return [wanted[0] ? imageGradient() : null, wanted[1] ? convKernelGradient(x, g, { ...attrs, kernel }) : null];
};

const convTranspose: VjpRule<"ConvTranspose"> = ({ inputs: [x, w], attrs: { strides, pads, dilations, groups }, g, wanted }) => {
  const attrs = { strides, pads, dilations, groups };
  const kernel = w.shape.slice(2);
  const trimmed = (image: Tensor): Tensor => kernel.reduce((t, _, i) => slice(t, { axis: 2 + i, end: x.shape[2 + i] }), image);
  return [wanted[0] ? trimmed(node("Conv", [g, w], attrs)) : null, wanted[1] ? convKernelGradient(g, x, { ...attrs, kernel }) : null];
};

export const productRules: VjpRules<"MatMul" | "Conv" | "ConvTranspose"> = { MatMul: matmul, Conv: conv, ConvTranspose: convTranspose };
