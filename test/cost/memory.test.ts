import { describe, expect, test } from "vitest";
import { costOf } from "../../kernel/cost/report";
import { planMemory } from "../../kernel/cost/memory";
import { nodeCosts } from "../../kernel/cost/nodeCosts";
import { arenaOf } from "./ortArena";
import { gptStep, unetStep } from "./steps";

const THREADS = 2;
const STEPS = {
  "GPT 2×32": () => gptStep({ vocab: 64, depth: 2, width: 32, heads: 2, context: 16, batch: 2 }),
  "GPT 4×256": () => gptStep({ vocab: 256, depth: 4, width: 256, heads: 4, context: 128, batch: 8 }),
  "U-Net": () => unetStep({ width: 16, size: 32, batch: 4 }),
};

describe.each(Object.entries(STEPS))("%s", (_, make) => {
  test("x", () => {
    const graph = make();
    const plan = planMemory(graph, { threads: THREADS });
    const real = arenaOf(graph, THREADS);
    console.log(costOf(graph, { threads: 2 }).toString()); console.log(plan.arenaPeakBytes, plan.arenaReservedBytes, plan.allocations, real, nodeCosts(graph).length, nodeCosts(graph).reduce((a, c) => a + c.flops, 0) / 1e9);
    expect(1).toBe(1);
  });
});
