/** @file Peak memory of one execution, known before it: the buffers onnxruntime will use, in its order, through its arena. */
import { bytesPerElement } from "../graph/dtype";
import { sizeOf } from "../graph/shape";
import { Arena, type Chunk } from "./arena";
import { planBuffers, type Buffer } from "./bufferPlan";
import { nodesOf, type ExecutedGraph } from "./executedGraph";
import { executionOrder } from "./executionOrder";
import { kernelSteps, type KernelStep } from "./kernelSteps";
import type { Value } from "./sharedKernels";

export interface MemoryOptions {
  /** Where results are written: into buffers that the caller holds (default), or into the arena. */
  readonly results?: "held" | "arena";
  /** Threads that kernels run on; some take scratch memory for each. Default 1. */
  readonly threads?: number;
}

export interface MemoryPlan {
  /** What the caller holds during the run. */
  readonly inputBytes: number;
  readonly outputBytes: number;
  /** Constants of the model. */
  readonly constantBytes: number;
  /** Most of onnxruntime's arena in use at once, as its own statistics count it (constants apart, memory pattern off). */
  readonly arenaPeakBytes: number;
  /** What the arena takes from the system for that. */
  readonly arenaReservedBytes: number;
  /** All of it at its largest: inputs, constants, arena and results. */
  readonly peakBytes: number;
  /** Where the arena is fullest; undefined when nothing is computed. */
  readonly peakAt: { readonly layer: string; readonly kernel: string } | undefined;
  /** Allocations in one run. */
  readonly allocations: number;
}

/** The memory that one execution of a lowered graph takes. */
export function planMemory(graph: ExecutedGraph, { results = "held", threads = 1 }: MemoryOptions = {}): MemoryPlan {
  const { computed, inputs, constants } = nodesOf(graph);
  const written = kernelSteps(graph, threads);
  const steps = executionOrder(written).map((i) => written[i]);
  const own = new Set(computed);
  const copies = written.filter(({ kernel }) => kernel === "Copy").flatMap((step) => step.writes);
  const kept = new Set<Value>([...graph.outputs.filter((tensor) => own.has(tensor)), ...copies]);
  const buffers = planBuffers({ steps, held: new Set<Value>([...inputs, ...constants]), kept });
  const run = play({ steps, buffers: results === "arena" ? buffers : buffers.filter((buffer) => !kept.has(buffer.value)) });
  const [inputBytes, outputBytes, constantBytes] = [inputs, kept, constants].map(sum);
  const held = inputBytes + constantBytes + (results === "held" ? outputBytes : 0);
  return { inputBytes, outputBytes, constantBytes, ...run, peakBytes: held + run.arenaPeakBytes };
}

const bytesOf = ({ shape, dtype }: Value): number => sizeOf(shape) * bytesPerElement(dtype);
const sum = (values: ReadonlySet<Value>): number => [...values].reduce((total, value) => total + bytesOf(value), 0);

type Run = Pick<MemoryPlan, "arenaPeakBytes" | "arenaReservedBytes" | "peakAt" | "allocations">;

/** Takes and gives back every buffer as the run would. */
function play({ steps, buffers }: { readonly steps: readonly KernelStep[]; readonly buffers: readonly Buffer[] }): Run {
  const arena = new Arena();
  const chunks = new Map<Buffer, Chunk>();
  const starts = groupBy(buffers, ({ firstStep }) => firstStep);
  const ends = groupBy(buffers, ({ lastStep }) => lastStep);
  let peakAt: MemoryPlan["peakAt"];
  let allocations = 0;
  steps.forEach((step, position) => {
    const before = arena.peakBytes;
    for (const buffer of starts.get(position) ?? []) chunks.set(buffer, arena.take(buffer.bytes));
    const scratch = step.scratch.map((bytes) => arena.take(bytes));
    allocations += (starts.get(position)?.length ?? 0) + scratch.length;
    if (arena.peakBytes > before) peakAt = { layer: step.tensor.path, kernel: step.kernel };
    for (const chunk of scratch) arena.give(chunk);
    for (const buffer of ends.get(position) ?? []) {
      const chunk = chunks.get(buffer);
      if (chunk !== undefined) arena.give(chunk);
    }
  });
  return { arenaPeakBytes: arena.peakBytes, arenaReservedBytes: arena.reservedBytes, peakAt, allocations };
}

function groupBy<V>(values: readonly V[], keyOf: (value: V) => number): Map<number, V[]> {
  const groups = new Map<number, V[]>();
  for (const value of values) groups.set(keyOf(value), [...(groups.get(keyOf(value)) ?? []), value]);
  return groups;
}
