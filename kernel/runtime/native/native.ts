/**
 * @file The native executor: onnxruntime's C interface through koffi. Buffers are bound, not copied, and runs leave the
 * event loop free.
 */
import type { Dtype, HostArray } from "../../graph/dtype";
import { sameShape, type Shape } from "../../graph/shape";
import { storedBytes, type Storage } from "../../graph/tensor";
import { ELEMENT_TYPES } from "../../onnx/emitContext";
import { fusedByLibrary, fusedByOnnxruntime } from "../../onnx/fused";
import type { Executor, Port, Program, ProgramSource } from "../executor";
import { physicalCores } from "../machine";
import { OperatorLibrary } from "./operatorLibrary";
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

/** Runs shorter than this are made on the calling thread: handing them to another would cost more than they do. */
const SHORT_RUN_MS = 0.3;

/** Inputs and outputs as bound in the last run with this binding, which keeps them alive. */
class Binding {
  readonly pointer: Pointer;
  private readonly inputs: NativeValue[] = [];
  private readonly outputs: NativeValue[] = [];

  constructor(
    private readonly api: OrtApi,
    session: Pointer,
    private readonly source: Pick<ProgramSource, "inputs" | "outputs">,
  ) {
    this.pointer = api.make("CreateIoBinding", session);
  }

  /** Number of values of this run that are bound already. */
  matches(inputs: readonly NativeValue[]): number {
    let count = 0;
    for (let i = 0; i < inputs.length; i++) if (this.inputs[i] === inputs[i]) count++;
    return count;
  }

  bind(inputs: readonly NativeValue[], outputs: readonly NativeValue[]): void {
    this.bindAll("BindInput", inputs, { bound: this.inputs, ports: this.source.inputs });
    this.bindAll("BindOutput", outputs, { bound: this.outputs, ports: this.source.outputs });
  }

  private bindAll(how: "BindInput" | "BindOutput", values: readonly NativeValue[], { bound, ports }: { readonly bound: NativeValue[]; readonly ports: readonly Port[] }): void {
    for (let i = 0; i < values.length; i++) {
      if (bound[i] === values[i]) continue;
      this.api.call(how, this.pointer, ports[i].name, values[i].value);
      bound[i] = values[i];
    }
  }
}

/** Two state banks take turns, so two bindings are each bound once. */
const MAX_BINDINGS = 2;

class NativeProgram implements Program {
  private readonly bindings: Binding[] = [];
  private lastMs = Infinity;
  private running = false;
  private released = false;

  constructor(
    private readonly shared: Shared,
    private readonly session: Pointer,
    private readonly source: Pick<ProgramSource, "inputs" | "outputs">,
  ) {}

  async run(inputs: readonly Storage[], outputs: readonly Storage[]): Promise<void> {
    const { api } = this.shared;
    while (this.running) await new Promise((resolve) => setImmediate(resolve)); // a binding serves one run at a time
    this.running = true;
    const given = inputs.map((storage, i) => this.value(storage, this.source.inputs[i]));
    const made = outputs.map((storage, i) => this.value(storage, this.source.outputs[i]));
    const start = performance.now();
    this.shared.active++;
    try {
      const binding = this.choose(given);
      binding.bind(given, made);
      if (this.lastMs < SHORT_RUN_MS) api.call("RunWithBinding", this.session, this.shared.runOptions, binding.pointer);
      else await api.callAsync("RunWithBinding", this.session, this.shared.runOptions, binding.pointer);
    } finally {
      this.running = false;
      this.shared.finished();
      this.lastMs = performance.now() - start;
    }
  }

  /** The binding in which most of these inputs stand already. */
  private choose(inputs: readonly NativeValue[]): Binding {
    const counts = this.bindings.map((binding) => binding.matches(inputs));
    const best = counts.indexOf(Math.max(...counts));
    if (this.bindings.length >= MAX_BINDINGS || (best >= 0 && counts[best] * 2 > inputs.length)) return this.bindings[best];
    const binding = new Binding(this.shared.api, this.session, this.source);
    this.bindings.push(binding);
    return binding;
  }

  private value(storage: Storage, port: Port): NativeValue {
    const known = storage.native;
    if (isNative(known) && known.dtype === port.dtype && sameShape(known.shape, port.shape)) return known;
    const made = this.shared.valueOver(storage, port);
    storage.native = made;
    return made;
  }

  async release(): Promise<void> {
    if (this.released) return;
    this.released = true;
    for (const { pointer } of this.bindings) this.shared.api.release("ReleaseIoBinding", pointer);
    this.shared.api.release("ReleaseSession", this.session);
  }
}

const isNative = (value: unknown): value is NativeValue => typeof value === "object" && value !== null && "value" in value && "shape" in value;

/** What all programs of the process use. */
export class Shared {
  readonly api = OrtApi.get();
  readonly environment = this.api.make("CreateEnv", LOG_FATAL, "isoflop");
  readonly memory = this.api.make("CreateCpuMemoryInfo", ARENA_ALLOCATOR, DEFAULT_MEMORY);
  readonly runOptions = this.api.make("CreateRunOptions");
  /** Runs under way. */
  active = 0;
  private stopping = false;
  private readonly values = new FinalizationRegistry<Pointer>((value) => this.api.release("ReleaseValue", value));

  /** Sets what all our sessions have in common. */
  configure(options: Pointer, threads: number): void {
    const { api } = this;
    api.call("SetIntraOpNumThreads", options, threads);
    api.call("SetInterOpNumThreads", options, 1);
    // Patterns reserve a second block after the first run: twice the memory, no gain in speed.
    api.call("DisableMemPattern", options);
    api.call("SetSessionLogSeverityLevel", options, LOG_FATAL);
    // Graphs arrive simplified; onnxruntime's own passes would only cost time (3.7 s against 0.4 s for 7,600 nodes).
    api.call("SetSessionGraphOptimizationLevel", options, OPTIMIZE_NOTHING);
  }

  /** Ends all runs under way, at their next operation. */
  interrupt(): void {
    if (this.active === 0) return;
    this.stopping = true;
    this.api.call("RunOptionsSetTerminate", this.runOptions);
  }

  /** A run has ended; after an interrupt, the last one clears the flag for the runs to come. */
  finished(): void {
    this.active--;
    if (this.active > 0 || !this.stopping) return;
    this.stopping = false;
    this.api.call("RunOptionsUnsetTerminate", this.runOptions);
  }

  /** onnxruntime's value over the memory of a buffer, released when nothing holds it any more. */
  valueOver(storage: Storage, port: Port): NativeValue {
    const data = storedBytes(storage);
    // Reading `buffer` moves a small array out of the heap, where it would not stay in place.
    const bytes = data.buffer.byteLength === 0 ? new Uint8Array(new ArrayBuffer(8)) : data;
    const shape = new BigInt64Array(new ArrayBuffer(8 * Math.max(1, port.shape.length)));
    port.shape.forEach((size, i) => (shape[i] = BigInt(size)));
    const value = this.api.make("CreateTensorWithDataAsOrtValue", this.memory, bytes, data.byteLength, shape, port.shape.length, ELEMENT_TYPES[port.dtype]);
    const made: NativeValue = { dtype: port.dtype, shape: port.shape, value, data };
    this.values.register(made, value);
    return made;
  }
}

let shared: Shared | undefined;

/** What all native programs share, made at first need. @throws {DeviceError} when onnxruntime or koffi does not load here. */
export const nativeRuntime = (): Shared => (shared ??= new Shared());

export interface NativeOptions {
  /** Threads of operations. Default: one for each core. */
  readonly threads?: number;
  /** Use our own operators where they were built. Default true. */
  readonly ownOperators?: boolean;
}

/**
 * The executor over onnxruntime's C interface.
 * @throws {DeviceError} when the library or koffi does not load here.
 */
export function nativeExecutor({ threads = physicalCores(), ownOperators = true }: NativeOptions = {}): Executor {
  const own = nativeRuntime();
  const { api, environment } = own;
  const operators = ownOperators ? OperatorLibrary.get(api) : undefined;
  return {
    description: `native (onnxruntime ${api.version}, cpu, ${threads} thread${threads === 1 ? "" : "s"}${operators === undefined ? ", no operators of our own" : `, ${operators.instructionSet}`})`,
    fused: operators === undefined ? fusedByOnnxruntime : fusedByLibrary,
    fuses: operators !== undefined,
    ownProducts: operators !== undefined,
    async load({ model, inputs, outputs }) {
      const options = api.make("CreateSessionOptions");
      try {
        own.configure(options, threads);
        operators?.register(options);
        const session = api.make("CreateSessionFromArray", environment, model, model.byteLength, options);
        return new NativeProgram(own, session, { inputs, outputs });
      } finally {
        api.release("ReleaseSessionOptions", options);
      }
    },
    interrupt: () => own.interrupt(),
  };
}
