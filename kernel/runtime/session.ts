/** @file From outputs of the graph to a program: lower, emit, load, with equal models loaded once. */
import { createHash } from "node:crypto";
import { ArgumentError, DeviceError } from "../errors";
import { lower } from "../graph/passes/lower";
import { topological } from "../graph/rewrite";
import type { Tensor } from "../graph/tensor";
import type { Site } from "../graph/trace";
import { emit } from "../onnx/emit";
import { encodeModel } from "../onnx/protobuf";
import { ISOFLOP_DOMAIN, MICROSOFT_DOMAIN, type OnnxModel } from "../onnx/model";
import { counted } from "./counted";
import { deviceName, requireDevice, requireThere, type DeviceName } from "./devices";
import type { DeviceMemory, Executor, Kernels, Port, Program } from "./executor";
import { cudaDevice } from "./native/device/cudaDevice";
import { deviceExecutor } from "./native/device/deviceExecutor";
import { nativeExecutor } from "./native/native";
import { stockExecutor } from "./stock";

/** The executor in use. `ready` ends when its device is known to be there. */
interface Chosen {
  readonly executor: Executor;
  readonly ready: Promise<unknown>;
}

let current: Chosen | undefined;

/**
 * On the CPU chosen by the environment variable ISOFLOP_EXECUTOR: "native" or "stock"; by default native where it loads.
 * WebGPU has the stock executor only, CUDA the native one.
 */
function chooseExecutor(device: DeviceName): Chosen {
  const here = (executor: Executor): Chosen => ({ executor, ready: Promise.resolve() });
  const wish = process.env.ISOFLOP_EXECUTOR;
  if (wish !== undefined && wish !== "native" && wish !== "stock") throw new ArgumentError(`ISOFLOP_EXECUTOR is ${JSON.stringify(wish)}`, { help: 'set it to "native" or "stock", or leave it unset' });
  if (device === "cuda" || device === "simulated") {
    if (wish === "stock") throw new DeviceError(`the stock executor does not run on "${device}"`, { where: "ISOFLOP_EXECUTOR", help: 'set it to "native" or leave it unset' });
    if (device === "cuda") requireThere({ name: device, ...cudaDevice() });
    return here(deviceExecutor(device));
  }
  if (device !== "cpu") {
    if (wish === "native") throw new DeviceError(`the native executor does not run on "${device}"`, { where: "ISOFLOP_EXECUTOR", help: 'set it to "stock" or leave it unset' });
    const ready = requireDevice(device);
    ready.catch(() => undefined); // told to whoever waits for it
    return { executor: stockExecutor({ device }), ready };
  }
  if (wish === "stock") return here(stockExecutor());
  try {
    return here(nativeExecutor());
  } catch (error) {
    if (wish === "native") throw error;
    process.emitWarning(`the native executor does not load here, using onnxruntime-node's: ${error instanceof Error ? error.message.split("\n")[0] : String(error)}`);
    return here(stockExecutor());
  }
}

/** The device that the environment variable ISOFLOP_DEVICE names; "cpu" where it is not set. */
const deviceOfEnvironment = (): DeviceName => deviceName(process.env.ISOFLOP_DEVICE ?? "cpu", "ISOFLOP_DEVICE");

const chosen = (): Chosen => (current ??= chooseExecutor(deviceOfEnvironment()));

/** The executor in use, chosen at first need. @throws {DeviceError} when its device is missing. */
export async function executor(): Promise<Executor> {
  const { executor: engine, ready } = chosen();
  await ready;
  return engine;
}

/** What graphs are lowered for from now on. */
export const kernels = (): Kernels => chosen().executor;

/**
 * Computes on this device from now on; returns the executor's description. Functions that ran before keep the device
 * they were compiled for: compile them again. Tensors move by themselves.
 * @throws {DeviceError} when the device is missing; the device in use before stays.
 * @throws {ArgumentError} when no device has this name.
 */
export async function useDevice(name: DeviceName): Promise<string> {
  const { executor: next, ready } = chooseExecutor(deviceName(name));
  await ready;
  setExecutor(next);
  return next.description;
}

/** Puts another executor in use for everything loaded from now on. */
export function setExecutor(next: Executor): void {
  current = { executor: next, ready: Promise.resolve() };
  programs.clear();
}

const listeners = new Set<() => void>();

/** Calls `listener` at every `interruptRuns`, until the returned function is called: for work of many runs, or in other processes. */
export function onInterrupt(listener: () => void): () => void {
  listeners.add(listener);
  return () => void listeners.delete(listener);
}

/** Waits until the device has done all that it was given: only then do times tell how long it took. */
export async function synchronize(): Promise<void> {
  await current?.executor.synchronize?.();
}

/** Memory of the device in use; undefined where tensors lie in host memory. */
export const deviceMemory = (): DeviceMemory | undefined => current?.executor.deviceMemory?.();

/** Ends all runs under way: each fails, with its arguments as they were. Does nothing when none runs. */
export async function interruptRuns(): Promise<void> {
  for (const listener of listeners) listener();
  current?.executor.interrupt();
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
export function lowered(outputs: readonly Tensor[], { inputs, kernels: { fused, fuses }, fold = true }: { readonly inputs: readonly Tensor[]; readonly kernels: Kernels; readonly fold?: boolean }): Lowered {
  const small = lower(outputs, { fused, fuse: fuses, fold });
  const hoisted = topological(small).filter((tensor) => tensor.storage !== undefined && tensor.bytes > MAX_INLINE_BYTES && !inputs.includes(tensor));
  return { inputs: [...inputs, ...hoisted], outputs: small };
}

const port = (prefix: string) => (tensor: Tensor, i: number): Port => ({ name: `${prefix}${i}`, dtype: tensor.dtype, shape: tensor.shape });

/**
 * The ONNX model of a lowered graph, with inputs i0, i1, … and outputs o0, o1, … Products of transposed operands are one
 * FusedMatMul each, or, with `plainProducts`, standard operators.
 */
export function modelOf({ inputs, outputs }: Lowered, { plainProducts = false, ownProducts = false, sites }: Pick<Kernels, "plainProducts" | "ownProducts"> & { readonly sites?: Map<string, Site> } = {}): OnnxModel {
  const model = emit({ portable: plainProducts, ownProducts, sites, inputs: new Map(inputs.map((tensor, i) => [tensor, `i${i}`])), outputs: outputs.map((tensor, i) => ({ name: `o${i}`, tensor })) });
  return { ...model, opsets: { ...model.opsets, [MICROSOFT_DOMAIN]: 1, [ISOFLOP_DOMAIN]: 1 } }; // domains that no node uses do no harm
}

/** Programs by the hash of their model, the most recently used last. */
const programs = new Map<string, Promise<Program>>();
const MAX_PROGRAMS = 64;

/** The program of a lowered graph. Equal graphs share one. `name` is what profiles call it. */
export async function programOf(graph: Lowered, name = "tensors"): Promise<Program> {
  const engine = await executor();
  const sites = new Map<string, Site>();
  const bytes = encodeModel(modelOf(graph, { plainProducts: engine.plainProducts, ownProducts: engine.ownProducts, sites }));
  const key = createHash("sha1").update(bytes).digest("hex");
  const known = programs.get(key);
  if (known !== undefined) {
    programs.delete(key);
    programs.set(key, known);
    return known;
  }
  const loading = engine.load({ model: bytes, inputs: graph.inputs.map(port("i")), outputs: graph.outputs.map(port("o")) }).then((program) => counted(program, graph, { name, sites }));
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
