import { describe, expect, test } from "vitest";
import type { ExecutedGraph } from "../../kernel/cost/executedGraph";
import { planMemory, type MemoryOptions } from "../../kernel/cost/memory";
import { arenaOf } from "./ortArena";
import { caseGraph, MORE_CASES, OP_CASES } from "./opCases";
import { BENCHMARK_STEPS, STEPS } from "./steps";

const THREADS = 2;
const MAX_ERROR = 0.05;

function predicted(graph: ExecutedGraph, options: MemoryOptions): ReturnType<typeof arenaOf> {
  const { arenaPeakBytes: peakBytes, arenaReservedBytes: reservedBytes, allocations } = planMemory(graph, options);
  return { peakBytes, reservedBytes, allocations };
}

const small = STEPS["GPT"];

describe("the predicted arena equals onnxruntime's own statistics, to the byte", () => {
  test.each(Object.entries({ ...OP_CASES, ...MORE_CASES }))("for %s", (_, make) => {
    const graph = caseGraph(make);
    expect(predicted(graph, { threads: THREADS })).toEqual(arenaOf(graph, { threads: THREADS }));
  });

  test("on one thread and on three, which change what convolutions take", () => {
    const graph = caseGraph(OP_CASES.Conv);
    for (const threads of [1, 3]) expect(predicted(graph, { threads })).toEqual(arenaOf(graph, { threads }));
    expect(planMemory(graph, { threads: 3 }).arenaPeakBytes).not.toBe(planMemory(graph, { threads: 1 }).arenaPeakBytes);
  });

  test("with results left in the arena", () => {
    const graph = small();
    expect(predicted(graph, { threads: THREADS, results: "arena" })).toEqual(arenaOf(graph, { threads: THREADS, results: "arena" }));
  });
});

describe("the predicted peak of training steps is that of onnxruntime's arena", () => {
  test.each(Object.entries({ ...STEPS, ...BENCHMARK_STEPS }))("for a %s", (_, make) => {
    const graph = make();
    const plan = predicted(graph, { threads: THREADS });
    const real = arenaOf(graph, { threads: THREADS });
    expect(plan.allocations).toBe(real.allocations);
    // Between equally good chunks of different regions the arena goes by address, which the system chooses.
    expect(Math.abs(plan.peakBytes / real.peakBytes - 1)).toBeLessThan(MAX_ERROR);
  });
});

test("the peak holds inputs, results and constants beside the arena", () => {
  const graph = small();
  const plan = planMemory(graph);
  const bytes = (tensors: ExecutedGraph["inputs"]): number => tensors.reduce((sum, tensor) => sum + tensor.bytes, 0);
  expect(plan.inputBytes).toBe(bytes(graph.inputs));
  expect(plan.outputBytes).toBe(bytes(graph.outputs));
  expect(plan.peakBytes).toBe(plan.inputBytes + plan.outputBytes + plan.constantBytes + plan.arenaPeakBytes);
});

test("the fullest place is in the graph, and an empty graph needs nothing", () => {
  const graph = small();
  expect(planMemory(graph).peakAt?.kernel).toMatch(/\w+/);
  const [input] = graph.inputs;
  const nothing = planMemory({ inputs: [input], outputs: [] });
  expect(nothing).toMatchObject({ arenaPeakBytes: 0, arenaReservedBytes: 0, allocations: 0, peakAt: undefined, peakBytes: input.bytes });
});

test("an input that is returned is copied, and so is a result that is returned twice", () => {
  const graph = caseGraph(OP_CASES.Exp);
  const [input] = graph.inputs;
  const [output] = graph.outputs;
  const twice = { inputs: graph.inputs, outputs: [output, output, input] };
  expect(planMemory(twice).outputBytes).toBe(2 * output.bytes + input.bytes);
  expect(predicted(twice, { threads: THREADS })).toEqual(arenaOf(twice, { threads: THREADS }));
});
