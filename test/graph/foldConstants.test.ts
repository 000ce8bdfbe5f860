import { expect, test } from "vitest";
import { compile, iota, maximum, minimum, tensor, type Tensor } from "../../kernel/index";

test("folded extremes are those of their two operands, below zero too", async () => {
  const fn = compile((x: Tensor) => ({ high: maximum(iota(4).sub(10), -8).add(x), low: minimum(iota(4).add(5), 6).add(x) }));
  const { high, low } = await fn(tensor([0], "int32"));
  expect([...(await high.numbers())]).toEqual([-8, -8, -8, -7]);
  expect([...(await low.numbers())]).toEqual([5, 6, 6, 6]);
});
