import { describe, expect, test } from "vitest";
import { costOf } from "../../kernel/cost/report";
import { caseGraph, MORE_CASES, OP_CASES } from "./opCases";
import { executedFlops } from "./profileFlops";
import { STEPS } from "./steps";

const sum = (flops: ReadonlyMap<string, number>): number => [...flops.values()].reduce((a, b) => a + b, 0);

describe("predicted FLOPs equal those counted from onnxruntime's profile", () => {
  test.each(Object.entries({ ...OP_CASES, ...MORE_CASES }))("of %s", async (_, make) => {
    const graph = caseGraph(make);
    expect(costOf(graph).flops).toBe(sum(await executedFlops(graph)));
  });

  test.each(Object.entries(STEPS))("of a training step of a %s", async (_, make) => {
    const graph = make();
    const executed = await executedFlops(graph);
    expect(sum(executed)).toBeGreaterThan(1e5);
    expect(costOf(graph).flops).toBe(sum(executed));
  });
});
