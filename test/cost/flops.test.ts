import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { costOf } from "../../kernel/cost/report";
import type { ExecutedGraph } from "../../kernel/cost/executedGraph";
import { nativeExecutor } from "../../kernel/runtime/native/native";
import { executor, modelOf, setExecutor } from "../../kernel/runtime/session";
import { stockExecutor } from "../../kernel/runtime/stock";
import { caseGraph, MORE_CASES, OP_CASES } from "./opCases";
import { executedFlops } from "./profileFlops";
import { programFlops } from "./programFlops";
import { STEPS } from "./steps";

const sum = (flops: ReadonlyMap<string, number>): number => [...flops.values()].reduce((a, b) => a + b, 0);
const before = await executor();
afterAll(() => setExecutor(before));

describe("predicted FLOPs equal those counted from onnxruntime's profile", () => {
  // Profiles come from onnxruntime-node's own binding, which has no operators of ours.
  beforeAll(() => setExecutor(stockExecutor()));

  test.each(Object.entries({ ...OP_CASES, ...MORE_CASES }).filter(([name]) => name !== "Fused"))("of %s", async (_, make) => {
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

describe("predicted FLOPs of fused kernels equal those of the programs they run", () => {
  beforeAll(() => setExecutor(nativeExecutor()));
  const fusedFlops = (graph: ExecutedGraph): number => costOf(graph).byOp.find(({ op }) => op === "Fused")?.flops ?? 0;

  test.each(Object.entries(STEPS))("in a training step of a %s", (_, make) => {
    const graph = make();
    const counted = modelOf(graph).graph.nodes.filter(({ opType }) => opType === "Fused").map(({ attributes }) => programFlops(attributes["program"]));
    expect(counted.length).toBeGreaterThan(10);
    expect(fusedFlops(graph)).toBe(counted.reduce((a, b) => a + b, 0));
  });
});
