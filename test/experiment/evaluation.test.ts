/** @file Judging a model: its mean loss over batches, while it decodes, and what its layers read. */
import { expect, it } from "vitest";
import { decodeTokens, inputMeans, meanLoss, nn, NoEffectError, random, tensor, type Tensor } from "../../kernel/index";

it("is the mean over the batches, for any model of the same shape", async () => {
  const evaluate = meanLoss((model: { readonly w: Tensor }, x: Tensor) => model.w.mul(x).mean());
  const batches = [tensor([1, 3]), tensor([5, 7])];
  expect(await evaluate({ w: tensor([1, 1]) }, batches)).toBeCloseTo(4, 6);
  expect(await evaluate({ w: tensor([0, 2]) }, batches)).toBeCloseTo(5, 6);
  expect(await evaluate({ w: tensor([1, 1]) }, [])).toBeNaN();
});

it("is judged while decoding as it is for the whole sequence, after a prompt of any length", async () => {
  const model = nn.gpt({ vocab: 7, depth: 1, width: 8, heads: 2, context: 6, key: random.key(0) });
  const [x, y] = [tensor([[1, 2, 3, 4, 5, 6], [6, 5, 4, 3, 2, 1]], "int32"), tensor([[2, 3, 4, 5, 6, 0], [5, 4, 3, 2, 1, 0]], "int32")];
  const logits = model.call(x);
  const [wanted, best] = [await nn.crossEntropy(logits, y).item(), await nn.accuracy(logits, y).item()];
  for (const prompt of [1, 4, 6]) {
    const { losses, hits, cache } = await decodeTokens(model, { x, y }, { prompt });
    const mean = (rows: readonly Float64Array[]): number => rows.flatMap((row) => [...row]).reduce((sum, value) => sum + value, 0) / 12;
    expect(mean(losses)).toBeCloseTo(wanted, 5);
    expect(mean(hits)).toBeCloseTo(best, 6);
    expect(await cache.position.item()).toBe(6);
  }
});

it("measures what linear layers read, summed over the sequences of all batches", async () => {
  const layer = nn.withPaths({ inner: nn.linear({ in: 2, out: 1, key: random.key(1) }) });
  const found = await inputMeans(layer, [tensor([[[1, -2]], [[3, 0]]]), tensor([[[-1, 4]], [[1, 4]]])], { call: (m, x: Tensor) => m.inner.call(x), layers: /inner/ });
  expect([...found].map(([path, values]) => [path, [...values]])).toEqual([["inner", [3, 5]]]);
  await expect(inputMeans(layer, [tensor([[[1, 1]]])], { call: (m, x: Tensor) => m.inner.call(x), layers: /outer/ })).rejects.toThrow(NoEffectError);
});
