/** @file What all programs of a process share: onnxruntime's environment with its threads, values over buffers, interrupts, statistics. */
import { sameShape, type Shape } from "../../graph/shape";
import { storedBytes, type Storage } from "../../graph/tensor";
import type { Dtype, HostArray } from "../../graph/dtype";
import { ELEMENT_TYPES } from "../../onnx/emitContext";
import type { MemoryStatistics, Port } from "../executor";
import { physicalCores } from "../machine";
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
  private lastLoad: Promise<unknown> = Promise.resolve();
  /** Options of the sessions being loaded, or that wait for it. */
  private readonly loading = new Set<Pointer>();
  private active = 0;
  private stopping = false;
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
      return api.make("CreateEnvWithGlobalThreadPools", LOG_FATAL, "isoflop", threading);
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

  /** Does `load` with session options that an interrupt cancels, after the loads before it: onnxruntime makes the domain of our operators known in a load, and fails where two do at once. */
  async cancellable<R>(options: Pointer, load: () => Promise<R>): Promise<R> {
    const made = this.lastLoad.then(load);
    this.lastLoad = made.catch(() => undefined);
    this.loading.add(options);
    try {
      return await made;
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

  /** Ends all loads under way, and all runs at their next operation. */
  interrupt(): void {
    for (const options of this.loading) this.api.call("SessionOptionsSetLoadCancellationFlag", options, true);
    if (this.active === 0) return;
    this.stopping = true;
    this.api.call("RunOptionsSetTerminate", this.runOptions);
  }

  /** A run begins. */
  begin(): void {
    this.active++;
  }
  /** A run has ended; after an interrupt, the last one clears the flag for the runs to come. */
  end(): void {
    this.active--;
    if (this.active > 0 || !this.stopping) return;
    this.stopping = false;
    this.api.call("RunOptionsUnsetTerminate", this.runOptions);
  }

  memory(): MemoryStatistics {
    const sum = { inUseBytes: 0, peakBytes: 0, reservedBytes: 0, allocations: 0, extensions: 0 };
    for (const allocator of this.sessions.values()) {
      const pairs = this.api.make("AllocatorGetStats", allocator);
      for (const [name, key] of Object.entries(STATISTICS)) {
        // SAFETY: the keys of STATISTICS.
        sum[name as keyof typeof STATISTICS] += Number(this.api.valueOf(pairs, key) ?? 0);
      }
      this.api.release("ReleaseKeyValuePairs", pairs);
    }
    return { ...sum, programs: this.sessions.size, bound: this.valuesMade };
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
