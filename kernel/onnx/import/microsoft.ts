/** @file Operators of onnxruntime's own domain (com.microsoft): those that our exports use, and common fused ones. */
import { gelu, geluTanh } from "../../graph/composites/activations";
import { add, mul, sigmoid } from "../../graph/ops/elementwise";
import { layerNorm, rmsNorm } from "../../graph/composites/normalization";
import { matmul } from "../../graph/ops/linalg";
import { zeros } from "../../graph/ops/movement";
import { node, type Tensor } from "../../graph/tensor";
import type { NodeCall, OperatorTable } from "./nodeCall";
import { rmsNormalization } from "./normalization";

/** A product with transposes and a factor; `transBatch` moves the first axis before the rows. */
function fusedMatMul(call: NodeCall): Tensor {
  const [a, b] = [call.x(0), call.x(1)];
  const [leadA, leadB] = [call.flag("transBatchA"), call.flag("transBatchB")];
  const flags = { transA: call.flag("transA"), transB: call.flag("transB"), alpha: call.float("alpha", 1) };
  if (!leadA && !leadB) return matmul(a, b, flags);
  return node("MatMul", [a, b], { ...flags, leadA, leadB });
}

/** Normalization of x + skip (+ bias); the sum itself is the fourth output. */
const skipNormalization =
  (simplified: boolean) =>
  (call: NodeCall): readonly (Tensor | undefined)[] => {
    const biasAt = simplified ? 3 : 4;
    const joined = add(call.x(0), call.x(1));
    const total = call.has(biasAt) ? add(joined, call.x(biasAt)) : joined;
    const weight = call.x(2);
    if (simplified) return [rmsNorm(total, { weight, epsilon: call.float("epsilon", 1e-5) }), undefined, undefined, total];
    const bias = call.has(3) ? call.x(3) : zeros(weight.shape, weight.dtype);
    return [layerNorm(total, { weight, bias, epsilon: call.float("epsilon", 1e-12) }), undefined, undefined, total];
  };

const biased = (call: NodeCall): Tensor => (call.has(1) ? add(call.x(0), call.x(1)) : call.x(0));

export const microsoft: OperatorTable = {
  BiasGelu: (call) => gelu(biased(call)),
  FastGelu: (call) => geluTanh(biased(call)),
  FusedMatMul: fusedMatMul,
  Gelu: (call) => gelu(call.x()),
  QuickGelu: (call) => mul(call.x(), sigmoid(mul(call.x(), call.float("alpha", 1.702)))),
  SimplifiedLayerNormalization: rmsNormalization,
  SkipLayerNormalization: skipNormalization(false),
  SkipSimplifiedLayerNormalization: skipNormalization(true),
};
