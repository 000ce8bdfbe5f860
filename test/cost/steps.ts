/** @file Training steps whose cost is checked: GPT and convolution nets with AdamW, as lowered graphs. */
import { valueAndGrad } from "../../kernel/autodiff/grad";
import { softmaxCrossEntropy } from "../../kernel/graph/composites/crossEntropy";
import { silu } from "../../kernel/graph/composites/activations";
import { add, div, mul, relu, sqrt, sub } from "../../kernel/graph/ops/elementwise";
import { conv, convTranspose } from "../../kernel/graph/ops/linalg";
import { concat, reshape } from "../../kernel/graph/ops/movement";
import { mean } from "../../kernel/graph/ops/reduction";
import { fromHost, type Tensor } from "../../kernel/graph/tensor";
import { hostArray, type Dtype } from "../../kernel/graph/dtype";
import { map, zip, type Tree } from "../../kernel/graph/tree";
import { sizeOf } from "../../kernel/graph/shape";
import { gpt, type Gpt, type GptOptions } from "../../kernel/nn/gpt";
import { key } from "../../kernel/random/key";
import { compile } from "../../kernel/runtime/compile";
import { type Lowered } from "../../kernel/runtime/session";

const zeros = (shape: readonly number[], dtype: Dtype = "float32"): Tensor =>
  fromHost({ dtype, shape, data: hostArray(dtype, sizeOf(shape)) });

interface Moments<M> {
  readonly m: M;
  readonly v: M;
}

/** AdamW with fixed rates. */
function adamw<M extends Tree>(model: M, grads: M, state: Moments<M>): { readonly model: M; readonly state: Moments<M> } {
  const m = zip(state.m, grads, (old, g) => add(mul(old, 0.9), mul(g, 0.1)));
  const v = zip(state.v, grads, (old, g) => add(mul(old, 0.99), mul(mul(g, g), 0.01)));
  const change = zip(m, v, (first, second) => div(first, add(sqrt(second), 1e-8)));
  return { model: zip(model, change, (w, d) => sub(mul(w, 0.999), mul(d, 1e-3))), state: { m, v } };
}

interface Batch {
  readonly x: Tensor;
  readonly y: Tensor;
}

/** One step of training a model: loss, new model, new state, in that order, as a lowered graph. */
export function trainingStep<M extends Tree>(given: M, examples: Batch, loss: (model: M, batch: Batch) => Tensor): Lowered {
  const step = compile((model: M, state: Moments<M>, batch: Batch) => {
    const [value, grads] = valueAndGrad((inner: M) => loss(inner, batch))(model);
    return { loss: value, ...adamw(model, grads, state) };
  });
  const blank = (): M => map(given, (leaf) => zeros(leaf.shape));
  return step.lowered(given, { m: blank(), v: blank() }, examples);
}

export function gptStep({ batch, ...options }: Omit<GptOptions, "key"> & { readonly batch: number }): Lowered {
  const tokens = (): Tensor => zeros([batch, options.context], "int32");
  const loss = (model: Gpt, { x, y }: Batch): Tensor => mean(softmaxCrossEntropy(model.call(x), y));
  return trainingStep(gpt({ ...options, key: key(1) }), { x: tokens(), y: tokens() }, loss);
}

/** A two-level U-Net: convolutions with stride, up-sampling by transposed convolution, a skip by concatenation. */
export function unetStep({ width, size, batch }: { readonly width: number; readonly size: number; readonly batch: number }): Lowered {
  const model = {
    inside: { weight: zeros([width, 3, 3, 3]), bias: zeros([width]) },
    down: { weight: zeros([2 * width, width, 3, 3]), bias: zeros([2 * width]) },
    middle: { weight: zeros([2 * width, 2 * width, 3, 3]), bias: zeros([2 * width]) },
    up: { weight: zeros([2 * width, width, 4, 4]), bias: zeros([width]) },
    out: { weight: zeros([3, 2 * width, 1, 1]), bias: zeros([3]) },
  };
  const biased = (x: Tensor, bias: Tensor): Tensor => add(x, reshape(bias, [bias.size, 1, 1]));
  const images = (): Tensor => zeros([batch, 3, size, size]);
  return trainingStep(model, { x: images(), y: images() }, (m, { x, y }) => {
    const first = relu(biased(conv(x, m.inside.weight, { padding: 1 }), m.inside.bias));
    const low = silu(biased(conv(first, m.down.weight, { padding: 1, stride: 2 }), m.down.bias));
    const deep = silu(biased(conv(low, m.middle.weight, { padding: 1 }), m.middle.bias));
    const high = relu(biased(convTranspose(deep, m.up.weight, { padding: 1, stride: 2 }), m.up.bias));
    const error = sub(biased(conv(concat([first, high], 1), m.out.weight), m.out.bias), y);
    return mean(mul(error, error));
  });
}

/** A GPT with everything that `gpt` can do differently. */
export const modernGptStep = (): Lowered =>
  gptStep({ vocab: 64, depth: 2, width: 32, heads: 4, kvHeads: 2, context: 16, batch: 2, norm: "rms", position: "rotary", qkNorm: true, tie: true });
