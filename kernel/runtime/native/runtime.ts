/** @file What all programs of a process share: onnxruntime's environment with its threads, values over buffers, interrupts, statistics. */
import { sameShape, type Shape } from "../../graph/shape";
import { storedBytes, type Storage } from "../../graph/tensor";
import type { Dtype, HostArray } from "../../graph/dtype";
import { ELEMENT_TYPES } from "../../onnx/emitContext";
import type { MemoryStatistics, Port } from "../executor";
import { physicalCores } from "../machine";
import type { OperatorLibrary } from "./operatorLibrary";
import { OrtApi, type Pointer } from "./ortApi";

/**
 * onnxruntime's value over a buffer; kept with the buffer, and the buffer with it. Values are compared by this object,
 * never by address: an address may be used again.
 */
export interface NativeValue {
  readonly dtype: Dtype;
  readonly shape: Shape;
  readonly value: Pointer;
  readonly data: HostArray;
}

const LOG_FATAL = 4;
const OPTIMIZE_NOTHING = 0;
const ARENA_ALLOCATOR = 1;
const DEFAULT_MEMORY = 0;

/** Statistics of onnxruntime's arena that are summed over programs. */
const STATISTICS = { inUseBytes: "InUse", peakBytes: "MaxInUse", reservedBytes: "TotalAllocated", allocations: "NumAllocs", extensions: "NumArenaExtensions" } as const;

export class Runtime {
  private static shared: Runtime | undefined;

  /** The one of this thread's JavaScript. @throws {DeviceError} when the library or koffi does not load here. */
  static get(): Runtime {
    return (Runtime.shared ??= new Runtime());
  }

  readonly api = OrtApi.get();
  /** Threads that all sessions share, so that those of one do not spin while another computes. */
  readonly threads = physicalCores();
  sharesThreads = true;
  readonly environment = this.makeEnvironment();
  readonly memoryInfo = this.api.make("CreateCpuMemoryInfo", ARENA_ALLOCATOR, DEFAULT_MEMORY);
  readonly runOptions = this.api.make("CreateRunOptions");
  /** Sessions with their allocators. */
  private readonly sessions = new Map<Pointer, Pointer>();
  /** Options of the sessions being loaded. */
  private readonly loading = new Set<Pointer>();
  /** Runs under way. */
  private active = 0;
  /** Not 0 from an interrupt until the runs that it met have ended: operators of ours read it. Outside of V8's heap, where it would move. */
  private readonly stop = new Int32Array(new ArrayBuffer(4));
  private valuesMade = 0;
  private readonly values = new FinalizationRegistry<Pointer>((value) => this.api.release("ReleaseValue", value));

  private constructor() {
    // Node waits for other threads at its end: they need not finish what nobody will read.
    process.once("exit", () => this.interrupt());
  }

  private makeEnvironment(): Pointer {
    const { api } = this;
    const threading = api.make("CreateThreadingOptions");
    try {
      api.call("SetGlobalIntraOpNumThreads", threading, this.threads);
      api.call("SetGlobalInterOpNumThreads", threading, 1);
      const environment = api.make("CreateEnvWithGlobalThreadPools", LOG_FATAL, "isoflop", threading);
      api.call("DisableTelemetryEvents", environment);
      return environment;
    } finally {
      api.release("ReleaseThreadingOptions", threading);
    }
  }

  /** Sets what all our sessions have in common; `threads` of its own, or those that are shared. */
  configure(options: Pointer, threads: number | "shared"): void {
    const { api } = this;
    if (threads === "shared") api.call("DisablePerSessionThreads", options);
    else {
      api.call("SetIntraOpNumThreads", options, threads);
      api.call("SetInterOpNumThreads", options, 1);
    }
    // Patterns reserve a second block after the first run: twice the memory, no gain in speed.
    api.call("DisableMemPattern", options);
    api.call("SetSessionLogSeverityLevel", options, LOG_FATAL);
    // Graphs arrive simplified; onnxruntime's own passes would only cost time (3.7 s against 0.4 s for 7,600 nodes).
    api.call("SetSessionGraphOptimizationLevel", options, OPTIMIZE_NOTHING);
  }

  /** Does `load` with session options that an interrupt cancels. */
  async cancellable<R>(options: Pointer, load: () => Promise<R>): Promise<R> {
    this.loading.add(options);
    try {
      return await load();
    } finally {
      this.loading.delete(options);
    }
  }

  /** Counts a session in the statistics until it is forgotten. */
  remember(session: Pointer): void {
    this.sessions.set(session, this.api.make("CreateAllocator", session, this.memoryInfo));
  }
  forget(session: Pointer): void {
    const allocator = this.sessions.get(session);
    this.sessions.delete(session);
    if (allocator !== undefined) this.api.release("ReleaseAllocator", allocator);
  }

  /** Ends all loads under way, and all runs at their next operation, or within one of ours. */
  interrupt(): void {
    for (const options of this.loading) this.api.call("SessionOptionsSetLoadCancellationFlag", options, true);
    if (this.active === 0) return;
    this.stop[0] = 1;
    this.api.call("RunOptionsSetTerminate", this.runOptions);
  }

  /** Runs a session, on this thread or on another of Node's pool. `operators`: those that the session has. */
  async run(session: Pointer, binding: Pointer, { elsewhere, operators }: { readonly elsewhere: boolean; readonly operators: OperatorLibrary | undefined }): Promise<void> {
    const { api, runOptions, stop } = this;
    this.active++;
    try {
      if (operators === undefined) {
        if (elsewhere) await api.callAsync("RunWithBinding", session, runOptions, binding);
        else api.call("RunWithBinding", session, runOptions, binding);
      } else if (elsewhere) await api.elsewhere(operators.run, [session, runOptions, binding, stop]);
      else api.check(operators.run(session, runOptions, binding, stop));
    } finally {
      this.active--;
      if (this.active === 0 && stop[0] !== 0) this.permitRuns();
    }
  }

  /** The last run that an interrupt met has ended. */
  private permitRuns(): void {
    this.stop[0] = 0;
    this.api.call("RunOptionsUnsetTerminate", this.runOptions);
  }

  memory(): MemoryStatistics {
    const sum: Record<string, number> & Record<keyof typeof STATISTICS, number> = { inUseBytes: 0, peakBytes: 0, reservedBytes: 0, allocations: 0, extensions: 0 };
    for (const allocator of this.sessions.values()) for (const [name, value] of Object.entries(this.statisticsOf(allocator))) sum[name] += value;
    return { ...sum, programs: this.sessions.size, bound: this.valuesMade };
  }

  /** What an arena of onnxruntime's tells of itself: Microsoft's providers do, too. What it does not tell is absent. */
  statisticsOf(allocator: Pointer): Partial<Record<keyof typeof STATISTICS, number>> {
    const pairs = this.api.make("AllocatorGetStats", allocator);
    const told = Object.entries(STATISTICS).flatMap(([name, key]) => {
      const value = this.api.valueOf(pairs, key);
      return value === undefined || value === null ? [] : [[name, Number(value)] as const];
    });
    this.api.release("ReleaseKeyValuePairs", pairs);
    return Object.fromEntries(told);
  }

  /** onnxruntime's value over the memory of a buffer, made once for each buffer and released with it. */
  valueOf(storage: Storage, port: Port): NativeValue {
    const known = storage.native;
    if (isNative(known) && known.dtype === port.dtype && sameShape(known.shape, port.shape)) return known;
    const data = storedBytes(storage);
    // Reading `buffer` moves a small array out of the heap, where it would not stay in place.
    const bytes = data.buffer.byteLength === 0 ? new Uint8Array(new ArrayBuffer(8)) : data;
    const shape = new BigInt64Array(new ArrayBuffer(8 * Math.max(1, port.shape.length)));
    port.shape.forEach((size, i) => (shape[i] = BigInt(size)));
    const value = this.api.make("CreateTensorWithDataAsOrtValue", this.memoryInfo, bytes, data.byteLength, shape, port.shape.length, ELEMENT_TYPES[port.dtype]);
    this.valuesMade++;
    const made: NativeValue = { dtype: port.dtype, shape: port.shape, value, data };
    this.values.register(made, value);
    storage.native = made;
    return made;
  }
}

const isNative = (value: unknown): value is NativeValue => typeof value === "object" && value !== null && "value" in value && "shape" in value;
