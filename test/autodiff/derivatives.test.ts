/** @file Gradients of composed functions, and the gradients of those gradients. */
import { describe, expect, test } from "vitest";
import { grad, valueAndGrad, valueAndGradWithAux, vjp } from "../../kernel/autodiff/grad";
import { ArgumentError, ShapeError } from "../../kernel/errors";
import { silu, softmax, logSoftmax, softplus } from "../../kernel/graph/composites/activations";
import { scaledDotProductAttention } from "../../kernel/graph/composites/attention";
import { softmaxCrossEntropy } from "../../kernel/graph/composites/crossEntropy";
import { layerNorm, rmsNorm } from "../../kernel/graph/composites/normalization";
import { abs, add, cos, div, exp, less, log, maximum, minimum, mod, mul, pow, relu, sigmoid, sin, sqrt, square, stopGradient, sub, tanh, where } from "../../kernel/graph/ops/elementwise";
import { gather, gridSample, scatterAdd, segmentSum, takeAlong } from "../../kernel/graph/ops/indexing";
import { conv, convTranspose, einsum, matmul } from "../../kernel/graph/ops/linalg";
import { concat, flip, pad, repeat, reshape, roll, slice, stack, transpose } from "../../kernel/graph/ops/movement";
import { cumSum, logSumExp, max, mean, min, norm, normalize, prod, sort, sum, topK, variance } from "../../kernel/graph/ops/reduction";
import { fromHost, tensor, type Tensor } from "../../kernel/graph/tensor";
import "../../kernel/graph/methods";
import "../../kernel/runtime/realize";
import { hostOf, nd, sample, type Nd } from "../contract/arrays";
import { expectGradients, expectSecondGradients, type Fn } from "../contract/checks";

const x = (...shape: readonly number[]): Nd => sample(shape, { seed: shape.length + 2 });
const y = (...shape: readonly number[]): Nd => sample(shape, { seed: 40 + shape.length });
const positive = (...shape: readonly number[]): Nd => sample(shape, { seed: 6, low: 0.4, high: 2 });
const rows = tensor([2, 0, 2, 2], "int32");

const smooth: readonly (readonly [name: string, fn: Fn, inputs: readonly Nd[]])[] = [
  ["polynomials", (a, b) => add(mul(pow(a, 3), b), square(b)), [x(2, 3), y(3)]],
  ["quotients and roots", (a, b) => div(sqrt(a), add(square(b), 1)), [positive(3), y(2, 3)]],
  ["powers of both operands", (a, b) => pow(a, b), [positive(4), y(4)]],
  ["exponentials and logarithms", (a) => log(add(exp(a), sin(a).mul(cos(a)).add(2))), [x(5)]],
  ["tanh, sigmoid and softplus", (a) => mul(tanh(a), add(sigmoid(a), softplus(a))), [x(5)]],
  ["a two-layer network", (a, w, v) => matmul(tanh(matmul(a, w)), v), [x(3, 4), y(4, 5), x(5, 2)]],
  ["products of batches with transposes", (a, b) => matmul(a, b, { transA: true, transB: true, alpha: 0.5 }), [x(2, 3, 4), y(5, 3)]],
  ["einsum", (a, b) => einsum("bqd,bkd->qbk", a, b), [x(2, 3, 4), y(2, 5, 4)]],
  ["softmax", (a) => softmax(a), [x(2, 4)]],
  ["logSoftmax", (a) => logSoftmax(a), [x(2, 4)]],
  ["silu", silu, [x(5)]],
  ["layerNorm", (a, w, b) => layerNorm(a, { weight: w, bias: b, epsilon: 0.1 }), [x(2, 4), y(4), x(4)]],
  ["rmsNorm", (a, w) => rmsNorm(a, { weight: w }), [x(2, 4), y(4)]],
  ["attention", (q, k, v) => scaledDotProductAttention({ q, k, v }, { causal: true }), [x(1, 3, 2), y(1, 3, 2), x(1, 3, 2)]],
  ["cross-entropy", (a) => softmaxCrossEntropy(a, tensor([1, 0, 3], "int64")), [x(3, 4)]],
  ["logSumExp, variance and norm", (a) => stack([logSumExp(a, 0), variance(a, 0), norm(a, 0)]), [x(3, 4)]],
  ["normalized rows", (a) => normalize(a), [x(2, 3)]],
  ["products of elements, some of them 0", (a) => prod(a, 1), [nd([3, 3], [1, 2, 0, 0, 3, 0, 1.5, -2, 0.5])]],
  ["running sums of slices", (a) => cumSum(slice(square(a), { axis: 0, start: 1, step: 2 }), 1, { exclusive: true, reverse: true }), [x(5, 3)]],
  ["moved elements", (a) => concat([flip(a, 0), roll(square(a), 1, 1), transpose(pad(a, [[0, 0], [1, 1]], 3).slice({ axis: 1, start: 1, end: 3 }))], 1), [x(2, 2)]],
  ["repeated elements", (a) => mul(repeat(a, 3, 0), square(repeat(a, 3, 0))), [x(2, 2)]],
  ["rows gathered more than once", (a) => square(gather(a, rows)), [x(3, 2)]],
  ["columns gathered more than once", (a) => exp(gather(a, rows, 1)), [x(2, 3, 2)]],
  ["elements taken along an axis", (a) => square(takeAlong(a, tensor([[0, 0, 1], [2, 2, 2]], "int64"), 1)), [x(2, 3)]],
  ["elements added by index", (a, b) => square(scatterAdd(a, tensor([1, 1, 0, 1], "int64"), { updates: square(b), axis: 0 })), [x(2), y(4)]],
  ["sums of segments", (a) => square(segmentSum(a, tensor([1, 0, 1], "int32"), 3)), [x(3, 2)]],
  ["the largest elements", (a) => square(topK(a, 2).values), [x(2, 5)]],
  ["sorted elements", (a) => mul(sort(a, 0).values, tensor([1, 2, 3, 4]).cast("float64")), [x(4)]],
];

describe("functions composed of smooth operations", () => {
  test.each(smooth)("%s have the gradients of central differences", async (_, fn, inputs) => {
    await expectGradients(fn, { inputs });
  });
  test.each(smooth)("%s have the second gradients of central differences", async (_, fn, inputs) => {
    await expectSecondGradients(fn, { inputs, tolerance: 2e-5 });
  });
});

const kinked: typeof smooth = [
  ["where", (a, b) => where(less(a, b), square(a), mul(a, b)), [x(2, 3), y(3)]],
  ["relu, abs and clipping", (a) => add(relu(a), mul(abs(a), a.clip(-1, 1))), [x(7)]],
  ["maximum and minimum", (a, b) => sub(maximum(a, b), minimum(square(a), b)), [x(2, 3), y(3)]],
  ["remainders", (a, b) => mod(a, b), [x(5), positive(5)]],
  ["largest and smallest elements", (a) => sub(max(square(a), 1), min(a, 1)), [x(3, 4)]],
  ["sampled images", (a, g) => gridSample(a, g), [x(1, 2, 3, 3), sample([1, 2, 2, 2], { seed: 9, low: -0.9, high: 0.9 })]],
];

test.each(kinked)("%s have the gradients of central differences away from their kinks", async (_, fn, inputs) => {
  await expectGradients(fn, { inputs });
});

const f32 = (input: Nd): Nd => ({ ...input, dtype: "float32" });
const convolutions: readonly (readonly [name: string, fn: Fn, inputs: readonly Nd[]])[] = [
  ["a 1-D convolution", (a, w) => conv(a, w, { stride: 2, dilation: 2, padding: "same" }), [x(1, 2, 7), y(2, 2, 3)]],
  ["a grouped 2-D convolution", (a, w) => conv(a, w, { stride: [2, 1], padding: [1, 0], groups: 2 }), [x(1, 2, 4, 3), y(2, 1, 2, 2)]],
  ["a 3-D convolution", (a, w) => conv(a, w, { padding: 1 }), [x(1, 1, 2, 3, 2), y(1, 1, 2, 2, 2)]],
  ["a transposed 2-D convolution", (a, w) => convTranspose(a, w, { stride: 2, padding: 1, outputPadding: 1 }), [x(1, 2, 3, 2), y(2, 1, 3, 3)]],
];

test.each(convolutions)("%s has the second gradients of central differences", async (_, fn, inputs) => {
  // The kernels are float32's: large steps, of which products of two operands have no error.
  await expectSecondGradients(fn, { inputs: inputs.map(f32), step: 0.5, tolerance: 1e-3 });
});

describe("gradients where functions are not smooth", () => {
  const at = async (fn: (a: Tensor) => Tensor, values: readonly number[]): Promise<number[]> => [...(await grad((a: Tensor) => fn(a).sum())(tensor(values)).numbers())];

  test("equals share the gradient of a maximum", async () => {
    expect(await at((a) => max(a), [1, 3, 3, 2])).toEqual([0, 0.5, 0.5, 0]);
    expect(await at((a) => min(a), [1, 1, 1, 1])).toEqual([0.25, 0.25, 0.25, 0.25]);
    expect(await at((a) => maximum(a, tensor([2, 2])), [2, 3])).toEqual([0.5, 1]);
  });
  test("abs and relu have the gradient 0 at 0", async () => {
    expect(await at(abs, [-2, 0, 2])).toEqual([-1, 0, 1]);
    expect(await at(relu, [-2, 0, 2])).toEqual([0, 0, 1]);
  });
  test("where passes nothing from the side that was not chosen, not even NaN", async () => {
    const safe = (a: Tensor): Tensor => where(less(tensor([0, 0, 0]), a), log(where(less(tensor([0, 0, 0]), a), a, tensor(1))), tensor(0));
    expect(await at(safe, [-1, 0, 2])).toEqual([0, 0, 0.5]);
  });
  test("x⁰ has the gradient 0 at 0, and 0ʸ that of its limit", async () => {
    expect(await at((a) => pow(a, 0), [0, 2])).toEqual([0, 0]);
    expect(await at((a) => pow(a, 1), [0, 2])).toEqual([1, 1]);
    expect(await at((a) => pow(a, tensor([0, 2, 3])), [0, 0, 0])).toEqual([0, 0, 0]);
    expect(await at((a) => pow(tensor([0, 0]), a), [1, 2])).toEqual([0, 0]);
  });
  test("equal elements among the largest: the first ones get the gradient", async () => {
    expect(await at((a) => topK(a, 2).values, [1, 4, 4, 4])).toEqual([0, 1, 1, 0]);
  });
  test("nothing flows through stopGradient, rounding, comparisons and indices", async () => {
    expect(await at((a) => mul(a, stopGradient(a)), [2, 3])).toEqual([2, 3]);
    expect(await at((a) => add(a.round(), mul(a.floor(), a.sign())), [2.3, 3.1])).toEqual([0, 0]);
    expect(await at((a) => a.argMax(0).cast("float32").add(a.less(2).cast("float32")), [2, 3])).toEqual([0, 0]);
  });
});

describe("grad", () => {
  test("gives a tensor that a tree holds twice a gradient at each place; together they are that of the tensor", async () => {
    const w = tensor([2, 3]);
    const tied = grad((m: { readonly a: Tensor; readonly b: Tensor }) => m.a.mul(m.b).mul(m.b).sum())({ a: w, b: w });
    const [a, b] = await Promise.all([tied.a.numbers(), tied.b.numbers()]);
    const whole = await grad((t: Tensor) => t.mul(t).mul(t).sum())(w).numbers();
    expect([...a]).toEqual([4, 9]);
    expect([...a].map((v, i) => v + b[i])).toEqual([...whole]);
  });
  test("gives zeros where the loss does not depend on a tensor, and leaves integers as they are", async () => {
    const steps = tensor([1, 2], "int32");
    const gradients = grad((m: { readonly used: Tensor; readonly unused: Tensor; readonly steps: Tensor }) => m.used.sum())({ used: tensor([1, 2]), unused: tensor([[3, 4]]), steps });
    expect([...(await gradients.used.numbers())]).toEqual([1, 1]);
    expect(gradients.unused.shape).toEqual([1, 2]);
    expect([...(await gradients.unused.numbers())]).toEqual([0, 0]);
    expect(gradients.steps).toBe(steps);
  });
  test("keeps classes, lists and other values of the first argument", () => {
    class Layer {
      constructor(
        readonly weight: Tensor,
        readonly rate = 0.5,
      ) {}
      call(input: Tensor): Tensor {
        return input.mul(this.weight).mul(this.rate);
      }
    }
    const gradients = grad((m: { readonly layers: readonly Layer[] }) => m.layers.reduce((h, layer) => layer.call(h), tensor([1, 2])).sum())({ layers: [new Layer(tensor([1, 1])), new Layer(tensor([2, 2]), 3)] });
    expect(gradients.layers).toHaveLength(2);
    expect(gradients.layers[1]).toBeInstanceOf(Layer);
    expect(gradients.layers[1].rate).toBe(3);
  });
  test("passes further arguments through and does not differentiate them", async () => {
    const [loss, gradients] = valueAndGrad((w: Tensor, batch: { readonly scale: number; readonly input: Tensor }) => w.mul(batch.input).mul(batch.scale).sum())(tensor([1, 2]), { scale: 2, input: tensor([3, 4]) });
    expect(await loss.item()).toBe(22);
    expect([...(await gradients.numbers())]).toEqual([6, 8]);
  });
  test("returns what else the function returned", async () => {
    const [loss, aux, gradients] = valueAndGradWithAux((w: Tensor) => [w.square().sum(), { twice: w.mul(2), label: "aux" }] as const)(tensor([1, 3]));
    expect(await loss.item()).toBe(10);
    expect(aux.label).toBe("aux");
    expect([...(await aux.twice.numbers())]).toEqual([2, 6]);
    expect([...(await gradients.numbers())]).toEqual([2, 6]);
  });
  test("refuses a loss that is not one floating number, and arguments without floating tensors", () => {
    expect(() => grad((w: Tensor) => w.mul(2))(tensor([1, 2]))).toThrow(ShapeError);
    expect(() => grad((w: Tensor) => w.sum())(tensor([1, 2], "int32"))).toThrow(/needs|loss is/);
    expect(() => grad((w: { readonly n: number }) => tensor(w.n))({ n: 3 })).toThrow(ArgumentError);
  });
  test("differentiates any outputs given their gradients", async () => {
    const a = tensor([1, 2]);
    const [g] = vjp([a.square(), a.mul(3)], { seeds: [tensor([1, 1]), tensor([10, 100])], wrt: [a] });
    expect([...(await g.numbers())]).toEqual([32, 304]);
  });
  test("means of empty sets aside, gradients of empty tensors are empty", async () => {
    const empty = fromHost(hostOf(nd([0, 3], [], "float32")));
    expect((await grad((a: Tensor) => matmul(a, tensor([[1], [2], [3]])).sum())(empty).host()).shape).toEqual([0, 3]);
    expect((await grad((a: Tensor) => prod(reshape(a, [3, 0])).sum())(empty).host()).shape).toEqual([0, 3]);
    expect(await mean(tensor([1, 2])).item()).toBe(1.5);
    expect(await sum(empty).item()).toBe(0);
  });
});

test("adding by index is the same in every run, however many indices are equal", async () => {
  const indices = tensor(Array.from({ length: 4000 }, (_, i) => (i * 7919) % 13), "int64");
  const updates = fromHost(hostOf(sample([4000], { seed: 3, dtype: "float32" })));
  const runs: string[] = [];
  for (let i = 0; i < 30; i++) {
    const total = scatterAdd(tensor(new Array(13).fill(0)), indices, { updates: updates.mul(1), axis: 0 });
    const table = fromHost(hostOf(sample([13, 2], { seed: 4, dtype: "float32" })));
    const g = grad((t: Tensor) => gather(t, indices).mul(reshape(updates, [4000, 1])).sum())(table);
    runs.push([...(await total.numbers()), ...(await g.numbers())].join());
  }
  expect(new Set(runs).size).toBe(1);
});
