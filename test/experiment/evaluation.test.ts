/** @file The held-out loss: a mean over batches, compiled once. */
import { expect, it } from "vitest";
import { meanLoss, tensor, type Tensor } from "../../kernel/index";

it("is the mean over the batches, for any model of the same shape", async () => {
  const evaluate = meanLoss((model: { readonly w: Tensor }, x: Tensor) => model.w.mul(x).mean());
  const batches = [tensor([1, 3]), tensor([5, 7])];
  expect(await evaluate({ w: tensor([1, 1]) }, batches)).toBeCloseTo(4, 6);
  expect(await evaluate({ w: tensor([0, 2]) }, batches)).toBeCloseTo(5, 6);
  expect(await evaluate({ w: tensor([1, 1]) }, [])).toBeNaN();
});
