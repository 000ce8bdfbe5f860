/** @file What surrounds a step: the machine's product peak, overhead of a run, compile time by graph size, start of the kernel. */
import { spawnSync } from "node:child_process";
import { compile, matmul, type Tensor, tensor, ones, realize, scaledDotProductAttention } from "../index";
import { median } from "../fit/statistics";
import { topological } from "../graph/rewrite";
import { traceCall } from "../graph/traceCall";
import { interruptRuns, kernels, lowered, modelOf } from "../runtime/session";
import { encodeModel } from "../onnx/protobuf";
import { medianMs } from "./statistics";

const PEAK_CHAIN = 8;
const PEAK_SIZES = [512, 1024] as const;
const PEAK_RUNS = 25;

/** GFLOP/s of the best of many chains of square products in float32: the yardstick of "share of peak". */
export async function productPeak(): Promise<number> {
  let peak = 0;
  for (const n of PEAK_SIZES) {
    const chain = compile((x: Tensor, w: Tensor) => Array.from({ length: PEAK_CHAIN }).reduce<Tensor>((h) => matmul(h, w, { alpha: 1 / n }), x), { name: "peak", donate: ["x"] });
    let x: Tensor = ones([n, n]);
    const w = ones([n, n]);
    await realize([x, w]);
    for (let i = 0; i < PEAK_RUNS; i++) {
      const start = performance.now();
      x = await chain(x, w);
      peak = Math.max(peak, (PEAK_CHAIN * 2 * n ** 3) / (performance.now() - start) / 1e6);
    }
  }
  return peak;
}

/** Microseconds of a run whose work is nothing, by number of tensors in and out. */
export async function runOverhead(tensors: number): Promise<number> {
  const inputs = Array.from({ length: tensors }, () => tensor([1]));
  const step = compile((xs: readonly Tensor[]) => xs.map((x) => x.neg()), { donate: ["xs"], name: "overhead" });
  let state: readonly Tensor[] = inputs;
  const RUNS = 50;
  const ms = await medianMs(async () => {
    for (let i = 0; i < RUNS; i++) state = await step(state);
  });
  return (ms / RUNS) * 1000;
}

export interface CompileTime {
  /** As traced. */
  readonly nodes: number;
  /** As they are executed. */
  readonly emitted: number;
  /** Milliseconds to trace and lower. */
  readonly trace: number;
  /** Milliseconds to write the model. */
  readonly emit: number;
  /** Milliseconds until the first result, trace included. */
  readonly total: number;
}

/** Time to compile a chain of layers of `depth`, with its gradient-like fan. */
export async function compileTime(depth: number): Promise<CompileTime> {
  const make = () => (x: Tensor, w: Tensor) => Array.from({ length: depth }, (_, i) => i).reduce((h, i) => matmul(h, w).add(i).tanh().mul(1.01 + i), x);
  const [x, w] = [ones([4, 8]), ones([8, 8])];
  await realize([x, w]);
  const start = performance.now();
  const traced = traceCall(make(), [x, w], ["x", "w"]);
  // As a program is made: for the kernels of the executor in use, pointwise functions fused.
  const graph = lowered(traced.outputs, { inputs: traced.parameters, kernels: kernels() });
  const trace = performance.now() - start;
  encodeModel(modelOf(graph, kernels()));
  const emit = performance.now() - start - trace;
  const again = performance.now();
  await compile(make())(x, w);
  return { nodes: topological(traced.outputs).length, emitted: topological(graph.outputs).length, trace, emit, total: performance.now() - again };
}

/** Heads, positions and width of attention that takes seconds. */
const LONG_ATTENTION = [32, 8192, 64] as const;
const INTERRUPTS = 9;

/** Median milliseconds from an interrupt, in the middle of one call of an operator of ours that takes seconds, until the run has failed. */
export async function interruptLatency(): Promise<number> {
  const attend = compile((x: Tensor) => scaledDotProductAttention({ q: x, k: x, v: x }), { name: "interrupted" });
  const x = ones(LONG_ATTENTION);
  await attend.prepare(x);
  const times: number[] = [];
  for (let i = 0; i < INTERRUPTS; i++) {
    let asked = Infinity;
    const ended = attend(x).then(
      () => undefined,
      () => times.push(performance.now() - asked),
    );
    setTimeout(() => {
      asked = performance.now();
      void interruptRuns();
    }, 200 + 10 * i);
    await ended;
  }
  if (times.length < INTERRUPTS) throw new Error("attention ended before it was interrupted");
  return median(times);
}

/** Milliseconds for a process to load the library and compute one tensor. */
export const startTime = (): Promise<number> =>
  medianMs(
    () => {
      const code = `import(${JSON.stringify(new URL("./index.js", import.meta.url).href)}).then(async (m) => { await m.tensor([1]).add(1).data(); process.exit(0); })`;
      const { status, stderr } = spawnSync(process.execPath, ["--input-type=module", "-e", code]);
      if (status !== 0) throw new Error(`the library did not start: ${stderr.toString().slice(-300)}`);
    },
    { repeats: 5, warmUp: 1 },
  );
