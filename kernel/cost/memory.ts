/** @file Peak memory of one execution, known before it: the buffers onnxruntime will use, in its order, through its arena. */
import { bytesPerElement } from "../graph/dtype";
import { isLoop, type LoopBody } from "../graph/loop";
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
  const { inputs, constants } = nodesOf(graph);
  const { steps, buffers, kept } = planned(graph, threads);
  const run = new Run(threads);
  run.play({ steps, buffers: results === "arena" ? buffers : buffers.filter((buffer) => !kept.has(buffer.value)) });
  const { arena, peakAt, allocations } = run;
  const [inputBytes, outputBytes, constantBytes] = [inputs, kept, constants].map(sum);
  const held = inputBytes + constantBytes + (results === "held" ? outputBytes : 0);
  return { inputBytes, outputBytes, constantBytes, arenaPeakBytes: arena.peakBytes, arenaReservedBytes: arena.reservedBytes, peakBytes: held + arena.peakBytes, peakAt, allocations };
}

interface Schedule {
  /** In the order of execution. */
  readonly steps: readonly KernelStep[];
  readonly buffers: readonly Buffer[];
}

function planned(graph: ExecutedGraph, threads: number): Schedule & { readonly kept: ReadonlySet<Value> } {
  const { computed, inputs, constants } = nodesOf(graph);
  const written = kernelSteps(graph, threads);
  const steps = executionOrder(written).map((i) => written[i]);
  const own = new Set(computed);
  const copies = written.filter(({ kernel }) => kernel === "Copy").flatMap((step) => step.writes);
  const kept = new Set<Value>([...graph.outputs.filter((tensor) => own.has(tensor)), ...copies]);
  return { steps, buffers: planBuffers({ steps, held: new Set<Value>([...inputs, ...constants]), kept }), kept };
}

const bytesOf = ({ shape, dtype }: Value): number => sizeOf(shape) * bytesPerElement(dtype);
const sum = (values: ReadonlySet<Value>): number => [...values].reduce((total, value) => total + bytesOf(value), 0);

/** Rounds of a loop that are played: those that follow take what the second did. */
const PLAYED_ROUNDS = 2;

/** Takes and gives back every buffer as the run would. */
class Run {
  readonly arena = new Arena();
  allocations = 0;
  peakAt: MemoryPlan["peakAt"];

  constructor(private readonly threads: number) {}

  /** Returns what is in use after the last step, of the buffers in `left`; all others are given back. */
  play({ steps, buffers }: Schedule, left: ReadonlySet<Value> = NOTHING): readonly Chunk[] {
    const { arena } = this;
    const chunks = new Map<Buffer, Chunk>();
    const starts = groupBy(buffers, ({ firstStep }) => firstStep);
    const ends = groupBy(buffers.filter(({ value }) => !left.has(value)), ({ lastStep }) => lastStep);
    steps.forEach((step, position) => {
      const begin = (): void => {
        const before = arena.peakBytes;
        for (const buffer of starts.get(position) ?? []) chunks.set(buffer, this.take(buffer.bytes));
        for (const chunk of step.scratch.map((bytes) => this.take(bytes))) arena.give(chunk);
        if (arena.peakBytes > before) this.peakAt = { layer: step.tensor.path, kernel: step.kernel };
      };
      if (step.kernel === "Loop" && isLoop(step.tensor)) this.playLoop(step.tensor.attrs.loop, begin);
      else begin();
      for (const buffer of ends.get(position) ?? []) {
        const chunk = chunks.get(buffer);
        if (chunk !== undefined) arena.give(chunk);
      }
    });
    return buffers.flatMap((buffer) => (left.has(buffer.value) ? (chunks.get(buffer) ?? []) : []));
  }

  /** The state before and after a round are there together; results are copies of the last state. What is passed on as it was needs no memory. */
  private playLoop({ count, round, params, bodies }: LoopBody, copyOut: () => void): void {
    const { arena } = this;
    const { steps, buffers, kept } = planned({ inputs: [round, ...params], outputs: bodies }, this.threads);
    const copied = new Set(steps.flatMap(({ kernel, writes }) => (kernel === "Copy" ? writes : [])));
    const schedule = { steps, buffers: buffers.filter(({ value }) => !copied.has(value)) };
    const counters = [round.bytes, bytesPerElement("bool")].map((bytes) => this.take(bytes)); // the number of the round, the condition to go on
    let [state, older]: (readonly Chunk[])[] = [[], []];
    for (let played = 0; played < Math.min(count, PLAYED_ROUNDS); played++) {
      older = state;
      const before = this.allocations;
      state = this.play(schedule, kept);
      if (played === PLAYED_ROUNDS - 1) this.allocations += (count - PLAYED_ROUNDS) * (this.allocations - before);
    }
    copyOut();
    for (const chunk of [...older, ...state, ...counters]) arena.give(chunk);
  }

  private take(bytes: number): Chunk {
    this.allocations++;
    return this.arena.take(bytes);
  }
}
const NOTHING: ReadonlySet<Value> = new Set();

function groupBy<V>(values: readonly V[], keyOf: (value: V) => number): Map<number, V[]> {
  const groups = new Map<number, V[]>();
  for (const value of values) groups.set(keyOf(value), [...(groups.get(keyOf(value)) ?? []), value]);
  return groups;
}
