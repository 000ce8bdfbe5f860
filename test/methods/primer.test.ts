/** @file Primer: squared ReLU and multi-dconv-head attention, by the numbers of the paper and of the official code. */
import { expect, it } from "vitest";
import { compile, grad, methods, nn, NoEffectError, random, tensor, tree, type Tensor } from "../../kernel/index";

const { primer } = methods;
const key = random.key(3);
const model = (mlp: nn.MlpKind = "relu") => nn.gpt({ vocab: 11, depth: 2, width: 8, heads: 2, context: 8, mlp, key });
const numbers = async (x: Tensor): Promise<number[]> => [...(await x.numbers())];
const close = (found: readonly number[], wanted: readonly number[], digits = 4): void => {
  expect(found.length).toBe(wanted.length);
  found.forEach((value, i) => expect(value).toBeCloseTo(wanted[i], digits));
};

it("squares what ReLU lets through", async () => {
  const x = tensor([-2, 0, 0.5, 3]);
  expect(await numbers(nn.activate("squaredRelu", x))).toEqual([0, 0, 0.25, 9]);
  expect(await numbers(grad((v: Tensor) => nn.activate("squaredRelu", v).sum())(x))).toEqual([0, 0, 1, 6]);
});

it("convolves backwards in time with 0.5 for the newest position and 0.5 / 3 for two before", async () => {
  close(await numbers(primer.causalDepthwise(tensor([[1], [2], [3], [4]]), primer.initialTaps(3, 1))), [0.5, 7 / 6, 2, 17 / 6]);
});

it("mixes no channels, and has the gradients of finite differences", async () => {
  const x = random.normal(random.fold(key, "x"), [5, 2, 3]);
  const taps = random.normal(random.fold(key, "taps"), [3, 3]);
  const weights = random.normal(random.fold(key, "weights"), [5, 2, 3]);
  const loss = (a: Tensor, b: Tensor): Tensor => primer.causalDepthwise(a, b).mul(weights).sum();
  const [dx, dtaps] = [await numbers(grad((a: Tensor) => loss(a, taps))(x)), await numbers(grad((b: Tensor) => loss(x, b))(taps))];
  const slope = async (of: Tensor, i: number, at: (moved: Tensor) => Tensor): Promise<number> => {
    const values = await numbers(of);
    const moved = (by: number): Tensor => tensor(values.map((value, k) => (k === i ? value + by : value))).reshape(of.shape);
    return ((await at(moved(0.5)).item()) - (await at(moved(-0.5)).item())) / 1; // bilinear: the difference is exact
  };
  for (const i of [0, 7, 29]) close([dx[i]], [await slope(x, i, (moved) => loss(moved, taps))], 3);
  for (const i of [0, 4, 8]) close([dtaps[i]], [await slope(taps, i, (moved) => loss(x, moved))], 3);
  // Channel 0 of the output does not read channel 1.
  const channel = await numbers(grad((a: Tensor) => primer.causalDepthwise(a, taps).slice({ axis: 2, end: 1 }).sum())(x));
  expect(channel.filter((_, i) => i % 3 !== 0).every((value) => value === 0)).toBe(true);
});

it("keeps the whole model causal to the last bit; the non-causal control does not", async () => {
  const run = compile((m: nn.Gpt, x: Tensor) => m.call(x));
  const early = async (m: nn.Gpt): Promise<readonly [number[], number[]]> => {
    const part = async (last: number): Promise<number[]> => numbers((await run(m, tensor([[1, 2, 3, 4, 5, last]], "int32"))).slice({ axis: 1, end: 5 }));
    return [await part(6), await part(7)];
  };
  const [before, after] = await early(primer.primerEz(model()));
  expect(after).toEqual(before);
  const [seen, other] = await early(primer.multiDConvHead(model(), { nonCausal: true }));
  expect(other).not.toEqual(seen);
});

it("adds 3 · 3 · d parameters to a layer by convolution, and none by squared ReLU", () => {
  const plain = tree.countParameters(model());
  expect(tree.countParameters(primer.multiDConvHead(model())) - plain).toBe(2 * 9 * 8);
  expect(tree.countParameters(primer.withActivation(model()))).toBe(plain);
});

it("decodes with a cache what it computes for the whole window", async () => {
  const m = primer.primerEz(model());
  const tokens = [1, 5, 2, 7, 3, 9];
  const whole = await numbers(await compile((given: nn.Gpt, x: Tensor) => given.call(x))(m, tensor([tokens], "int32")));
  let cache = m.cache({ batch: 1 });
  const step = compile((given: nn.Gpt, x: Tensor, c: typeof cache) => given.step(x, c));
  const found: number[] = [];
  // Two tokens at once, then one at a time.
  for (const part of [tokens.slice(0, 2), ...tokens.slice(2).map((token) => [token])]) {
    const out = await step(m, tensor([part], "int32"), cache);
    cache = out.cache;
    found.push(...(await numbers(out.logits)));
  }
  close(found, whole, 4);
});

it("says so when it changes nothing", () => {
  expect(() => primer.withActivation(model("squaredRelu"))).toThrow(NoEffectError);
  expect(() => primer.multiDConvHead({ layer: nn.linear({ in: 2, out: 2, key }) })).toThrow(NoEffectError);
  expect(() => primer.multiDConvHead(primer.multiDConvHead(model()))).toThrow(NoEffectError);
});
