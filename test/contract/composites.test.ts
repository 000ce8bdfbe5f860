/** @file Composites: the fused kernel computes what the decomposition does, and a composite's own gradient is that of its decomposition. */
import { describe, expect, test } from "vitest";
import { vjp } from "../../kernel/autodiff/grad";
import { isComposite } from "../../kernel/graph/composite";
import { gelu, geluTanh, logSoftmax, silu, softmax } from "../../kernel/graph/composites/activations";
import { scaledDotProductAttention } from "../../kernel/graph/composites/attention";
import { softCrossEntropy, softmaxCrossEntropy } from "../../kernel/graph/composites/crossEntropy";
import { gatherChannels } from "../../kernel/graph/composites/gatherChannels";
import { layerNorm, rmsNorm } from "../../kernel/graph/composites/normalization";
import { oneHotOf } from "../../kernel/graph/ops/indexing";
import { isFloat, type Dtype } from "../../kernel/graph/dtype";
import { topological } from "../../kernel/graph/rewrite";
import { lower } from "../../kernel/graph/passes/lower";
import { fusedByOnnxruntime } from "../../kernel/onnx/fused";
import { tensor, type Tensor } from "../../kernel/graph/tensor";
import { nd, sample, type Nd } from "./arrays";
import { expectClose, expectGradients, type Fn } from "./checks";
import { evaluate, expandAll, parametersFor } from "./run";

interface CompositeCase {
  readonly name: string;
  readonly fn: Fn;
  readonly inputs: readonly Nd[];
  /** Gradients rest on Erf, whose kernel has float32's precision. */
  readonly coarse?: boolean;
  /** Whether onnxruntime has a kernel for it. */
  readonly fused: boolean;
}

const x = (...shape: readonly number[]): Nd => sample(shape, { seed: shape.length + 3, low: -3, high: 3 });
const y = (...shape: readonly number[]): Nd => sample(shape, { seed: 50 + shape.length });
const classes = (shape: readonly number[], count: number, dtype: Dtype = "int64"): Nd => sample(shape, { seed: 8, low: 0, high: count - 1, dtype });
const attend =
  (causal: boolean, scale?: number): Fn =>
  (q, k, v) =>
    scaledDotProductAttention({ q, k, v }, { causal, ...(scale === undefined ? {} : { scale }) });

const list: readonly CompositeCase[] = [
  ...[[3], [2, 5], [2, 1, 4]].flatMap((shape): CompositeCase[] => [
    { name: "softmax", fn: (a) => softmax(a), inputs: [x(...shape)], fused: true },
    { name: "logSoftmax", fn: (a) => logSoftmax(a), inputs: [x(...shape)], fused: true },
    { name: "gelu", fn: gelu, inputs: [x(...shape)], coarse: true, fused: true },
    { name: "geluTanh", fn: geluTanh, inputs: [x(...shape)], fused: false },
    { name: "silu", fn: silu, inputs: [x(...shape)], fused: true },
  ]),
  { name: "softmax of an inner axis", fn: (a) => softmax(a, 1), inputs: [x(2, 3, 4)], fused: true },
  { name: "logSoftmax of the first axis", fn: (a) => logSoftmax(a, 0), inputs: [x(3, 4)], fused: true },
  { name: "softmax of large numbers", fn: (a) => softmax(a), inputs: [nd([2, 3], [1000, 1001, -1000, 80, 90, 100])], fused: true },
  { name: "softmax of one element", fn: (a) => softmax(a), inputs: [x(4, 1)], fused: true },
  { name: "layerNorm", fn: (a, w, b) => layerNorm(a, { weight: w, bias: b }), inputs: [x(3, 5), y(5), y(5)], fused: true },
  { name: "layerNorm of three axes", fn: (a, w, b) => layerNorm(a, { weight: w, bias: b, epsilon: 0.1 }), inputs: [x(2, 3, 4), y(4), y(4)], fused: true },
  { name: "layerNorm of a vector", fn: (a, w, b) => layerNorm(a, { weight: w, bias: b }), inputs: [x(6), y(6), y(6)], fused: true },
  { name: "rmsNorm", fn: (a, w) => rmsNorm(a, { weight: w }), inputs: [x(3, 5), y(5)], fused: false },
  { name: "rmsNorm of three axes", fn: (a, w) => rmsNorm(a, { weight: w, epsilon: 0.1 }), inputs: [x(2, 3, 4), y(4)], fused: false },
  { name: "softmaxCrossEntropy", fn: softmaxCrossEntropy, inputs: [x(4, 5), classes([4], 5)], fused: true },
  { name: "softmaxCrossEntropy of sequences", fn: softmaxCrossEntropy, inputs: [x(2, 3, 5), classes([2, 3], 5, "int32")], fused: true },
  { name: "softmaxCrossEntropy of one class", fn: softmaxCrossEntropy, inputs: [x(3, 1), classes([3], 1)], fused: true },
  { name: "softCrossEntropy", fn: (a, b) => softCrossEntropy(a, softmax(b)), inputs: [x(4, 5), y(4, 5)], fused: true },
  { name: "softCrossEntropy with masses other than 1", fn: softCrossEntropy, inputs: [x(2, 3, 4), y(2, 3, 4)], fused: true },
  { name: "gatherChannels", fn: (a) => gatherChannels(a, tensor([1, 3], "int32")), inputs: [x(3, 5)], fused: false },
  { name: "gatherChannels of sequences", fn: (a) => gatherChannels(a, tensor([0, 2, 3], "int32")), inputs: [x(2, 3, 4)], fused: false },
  { name: "attention", fn: attend(false), inputs: [x(2, 3, 4), y(2, 5, 4), x(2, 5, 6)], fused: true },
  { name: "causal attention", fn: attend(true), inputs: [x(2, 2, 4, 3), y(2, 2, 4, 3), x(2, 2, 4, 3)], fused: true },
  { name: "causal attention of the last queries", fn: attend(true, 0.3), inputs: [x(2, 2, 3), y(2, 5, 3), x(2, 5, 3)], fused: true },
  { name: "attention without a batch", fn: attend(true), inputs: [x(3, 4), y(3, 4), x(3, 4)], fused: true },
  { name: "oneHot", fn: (i) => oneHotOf(i, 4), inputs: [classes([2, 3], 4)], fused: true },
];

const inFloat32 = (inputs: readonly Nd[]): Nd[] => inputs.map((input) => (isFloat(input.dtype) ? { ...input, dtype: "float32" } : input));

describe.each(list)("$name $inputs.0.shape", ({ name, fn, inputs, coarse = false, fused }) => {
  test("has a fused kernel that computes what its decomposition does", async () => {
    const parameters = parametersFor(inFloat32(inputs));
    const out = fn(...parameters);
    const lowered = lower([out], { fused: fusedByOnnxruntime });
    expect(topological(lowered).some((node) => node.storage === undefined && isComposite(node))).toBe(fused);
    const [want] = await evaluate([out], { parameters, inputs: inFloat32(inputs), path: "as written" });
    const [got] = await evaluate([out], { parameters, inputs: inFloat32(inputs), path: "lowered" });
    expectClose(got, want, 1e-5);
  });

  const floats = inputs.flatMap((input, i) => (isFloat(input.dtype) ? [i] : []));
  test.runIf(floats.length > 0)("has the gradients of its decomposition, and of central differences", async () => {
    const parameters = parametersFor(inputs);
    const wrt = floats.map((i) => parameters[i]);
    const out = fn(...parameters);
    const seed = sample(out.shape, { seed: 12, low: -1, high: 1 });
    const [g] = parametersFor([seed]);
    const gradients = (output: Tensor): Tensor[] => vjp([output], { seeds: [g], wrt });
    const outputs = [...gradients(out), ...gradients(expandAll([out])[0])];
    const results = await evaluate(outputs, { parameters: [...parameters, g], inputs: [...inputs, seed], path: "lowered" });
    floats.forEach((_, i) => expectClose(results[i], results[floats.length + i], coarse ? 1e-6 : 1e-9));
    if (name !== "softmax of large numbers") await expectGradients(fn, { inputs, ...(coarse ? { step: 1e-2, tolerance: 1e-3 } : { tolerance: 1e-6 }) });
  });
});
