import { describe, expect, test } from "vitest";
import { planMemory } from "../../kernel/cost/memory";
import { arenaOf } from "./ortArena";
import { gptStep, unetStep } from "./steps";
import { caseGraph, MORE_CASES, OP_CASES } from "./opCases";

const THREADS = 2;

describe("the predicted arena equals onnxruntime's own statistics", () => {
  test.each(Object.entries({ ...OP_CASES, ...MORE_CASES }))("for %s", (_, make) => {
    const graph = caseGraph(make);
    const plan = planMemory(graph, { threads: THREADS });
    expect({ peakBytes: plan.arenaPeakBytes, reservedBytes: plan.arenaReservedBytes, allocations: plan.allocations }).toEqual(arenaOf(graph, THREADS));
  });

  test.each([
    ["GPT with rotary positions, grouped queries and RMS normalization", () => gptStep({ vocab: 64, depth: 2, width: 32, heads: 4, kvHeads: 2, context: 16, batch: 2, norm: "rms", position: "rotary", qkNorm: true, tie: true })],
    ["GPT 4×256, context 128, batch 8", () => gptStep({ vocab: 256, depth: 4, width: 256, heads: 4, context: 128, batch: 8 })],
    ["GPT 6×384, context 256, batch 4", () => gptStep({ vocab: 256, depth: 6, width: 384, heads: 6, context: 256, batch: 4 })],
    ["U-Net", () => unetStep({ width: 16, size: 32, batch: 4 })],
  ])("for a training step of a %s", (_, make) => {
    const graph = make();
    const plan = planMemory(graph, { threads: THREADS });
    expect(plan.arenaPeakBytes).toBeGreaterThan(2 ** 17);
    expect({ peakBytes: plan.arenaPeakBytes, reservedBytes: plan.arenaReservedBytes, allocations: plan.allocations }).toEqual(arenaOf(graph, THREADS));
  });
});
