import fc from "fast-check";
import { expect, test } from "vitest";
import { executionOrder } from "../../kernel/cost/executionOrder";

/** Steps that each write one value, named by their index, and read earlier ones. */
const graphs = fc
  .array(fc.array(fc.nat(), { maxLength: 4 }), { maxLength: 40 })
  .map((reads) => reads.map((list, i) => ({ reads: i === 0 ? [] : list.map((value) => value % i), writes: [i] })));

test("every step is executed once, after all that it reads", () => {
  fc.assert(
    fc.property(graphs, (steps) => {
      const order = executionOrder(steps);
      expect([...order].sort((a, b) => a - b)).toEqual(steps.map((_, i) => i));
      const position = new Map(order.map((index, at) => [index, at]));
      for (const index of order) for (const value of steps[index].reads) expect(position.get(value)).toBeLessThan(position.get(index) ?? -1);
    }),
  );
});

test("the last node whose result nothing reads comes first, with what it needs", () => {
  // 0 → 1, 0 → 2 → 3: walked back from 3 (0, 2, 3), then from 1.
  const steps = [
    { reads: [], writes: ["a"] },
    { reads: ["a"], writes: ["b"] },
    { reads: ["a"], writes: ["c"] },
    { reads: ["c"], writes: ["d"] },
  ];
  expect(executionOrder(steps)).toEqual([0, 2, 3, 1]);
});
