/** @file From outputs of the graph to a program: lower, emit, load, with equal models loaded once. */
import { createHash } from "node:crypto";
import { ArgumentError } from "../errors";
import { lower } from "../graph/passes/lower";
import { topological } from "../graph/rewrite";
import { type Tensor } from "../graph/tensor";
import { emit } from "../onnx/emit";
import { encodeModel } from "../onnx/protobuf";
import { type OnnxModel } from "../onnx/model";
import { type Executor, type Port, type Program } from "./executor";
import { stockExecutor } from "./stock";

let current: Promise<Executor> | undefined;

/** Chosen by the environment variable ISOFLOP_EXECUTOR: "native" or "stock"; by default native where it loads. */
async function chooseExecutor(): Promise<Executor> {
  const wish = process.env.ISOFLOP_EXECUTOR;
  if (wish === "stock") return stockExecutor();
  if (wish !== undefined && wish !== "native") throw new ArgumentError(`ISOFLOP_EXECUTOR is ${JSON.stringify(wish)}`, { help: 'set it to "native" or "stock", or leave it unset' });
  try {
    return (await import("./native/native")).nativeExecutor();
  } catch (error) {
    if (wish === "native") throw error;
    process.emitWarning(`the native executor does not load here, using onnxruntime-node's: ${error instanceof Error ? error.message.split("\n")[0] : String(error)}`);
    return stockExecutor();
  }
}

/** The executor in use; loaded at first need. */
export function executor(): Promise<Executor> {
  return (current ??= chooseExecutor());
}

/** Puts another executor in use for everything loaded from now on. */
export function setExecutor(next: Executor): void {
  current = Promise.resolve(next);
  programs.clear();
}

/** Ends all runs under way: each fails, with its arguments as they were. Does nothing when none runs. */
export async function interruptRuns(): Promise<void> {
  (await current)?.interrupt();
}

/** A lowered graph with its inputs: what is emitted, costed and exported. */
export interface Lowered {
  /** Leaves whose elements are given at each run. */
  readonly inputs: readonly Tensor[];
  readonly outputs: readonly Tensor[];
}

/** Data above this size is given to the program at each run instead of being written into the model. */
const MAX_INLINE_BYTES = 64 * 1024;

/** The lowered graph of `outputs`. Placeholders in `inputs` come first; large data tensors are added behind them. */
export function lowered(outputs: readonly Tensor[], { inputs, fused, fold = true }: { readonly inputs: readonly Tensor[]; readonly fused: (call: Tensor<"Composite">) => boolean; readonly fold?: boolean }): Lowered {
  const small = lower(outputs, { fused, fold });
  const hoisted = topological(small).filter((tensor) => tensor.storage !== undefined && tensor.bytes > MAX_INLINE_BYTES && !inputs.includes(tensor));
  return { inputs: [...inputs, ...hoisted], outputs: small };
}

const port = (prefix: string) => (tensor: Tensor, i: number): Port => ({ name: `${prefix}${i}`, dtype: tensor.dtype, shape: tensor.shape });

/** The ONNX model of a lowered graph, with inputs i0, i1, … and outputs o0, o1, … */
export function modelOf({ inputs, outputs }: Lowered): OnnxModel {
  return emit({ inputs: new Map(inputs.map((tensor, i) => [tensor, `i${i}`])), outputs: outputs.map((tensor, i) => ({ name: `o${i}`, tensor })) });
}

/** Programs by the hash of their model, the most recently used last. */
const programs = new Map<string, Promise<Program>>();
const MAX_PROGRAMS = 64;

/** The program of a lowered graph. Equal graphs share one. */
export async function programOf(graph: Lowered): Promise<Program> {
  const bytes = encodeModel(modelOf(graph));
  const key = createHash("sha1").update(bytes).digest("hex");
  const known = programs.get(key);
  if (known !== undefined) {
    programs.delete(key);
    programs.set(key, known);
    return known;
  }
  const loading = executor().then((e) => e.load({ model: bytes, inputs: graph.inputs.map(port("i")), outputs: graph.outputs.map(port("o")) }));
  programs.set(key, loading);
  loading.catch(() => programs.delete(key)); // a failed load is tried again
  // Programs in use elsewhere stay alive by their own reference; the cache only forgets.
  if (programs.size > MAX_PROGRAMS) programs.delete(programs.keys().next().value ?? key);
  return loading;
}

let last: Promise<unknown> = Promise.resolve();

/** Does `body` after all that was put in turn before it: no run may write a buffer that another still reads. */
export function inTurn<R>(body: () => Promise<R>): Promise<R> {
  const turn = last.then(body);
  last = turn.catch(() => undefined);
  return turn;
}
