/** @file A session of the native executor: buffers are bound once and stay bound while the same ones come again. */
import type { Storage } from "../../graph/tensor";
import { LifetimeError } from "../../errors";
import type { Port, Program, ProgramSource } from "../executor";
import { ALIGNED_BUFFERS } from "./alignedBuffers";
import type { OperatorLibrary } from "./operatorLibrary";
import type { Pointer } from "./ortApi";
import type { NativeValue, Runtime } from "./runtime";

type Ports = Pick<ProgramSource, "inputs" | "outputs">;

/** Inputs and outputs as bound in the last run with this binding, which keeps them alive. */
class Binding {
  readonly pointer: Pointer;
  private readonly inputs: NativeValue[] = [];
  private readonly outputs: NativeValue[] = [];

  constructor(
    private readonly runtime: Runtime,
    session: Pointer,
    private readonly ports: Ports,
  ) {
    this.pointer = runtime.api.make("CreateIoBinding", session);
  }

  /** Number of values of this run that are bound already. */
  matches(inputs: readonly NativeValue[]): number {
    let count = 0;
    for (let i = 0; i < inputs.length; i++) if (this.inputs[i] === inputs[i]) count++;
    return count;
  }

  bind(inputs: readonly NativeValue[], outputs: readonly NativeValue[]): void {
    this.bindAll("BindInput", inputs, { bound: this.inputs, ports: this.ports.inputs });
    this.bindAll("BindOutput", outputs, { bound: this.outputs, ports: this.ports.outputs });
  }

  private bindAll(how: "BindInput" | "BindOutput", values: readonly NativeValue[], { bound, ports }: { readonly bound: NativeValue[]; readonly ports: readonly Port[] }): void {
    for (let i = 0; i < values.length; i++) {
      if (bound[i] === values[i]) continue;
      this.runtime.api.call(how, this.pointer, ports[i].name, values[i].value);
      bound[i] = values[i];
    }
  }
}

/** Two state banks take turns, so two bindings are each bound once. */
const MAX_BINDINGS = 2;

/** Runs shorter than this are made on the calling thread: handing them to another would cost more than they do. */
const SHORT_RUN_MS = 0.3;

/** What a program holds in onnxruntime. */
interface Held {
  readonly runtime: Runtime;
  readonly session: Pointer;
  /** The one used last is at the end. */
  readonly bindings: Binding[];
}

/** Programs that nothing holds any more: the cache forgets those not used for long, and lazy tensors make many. */
const abandoned = new FinalizationRegistry<Held>(free);

function free({ runtime, session, bindings }: Held): void {
  for (const { pointer } of bindings) runtime.api.release("ReleaseIoBinding", pointer);
  runtime.forget(session);
  runtime.api.release("ReleaseSession", session);
}

interface NativeProgramParts {
  readonly runtime: Runtime;
  readonly session: Pointer;
  readonly ports: Ports;
  /** Those that the session has. */
  readonly operators: OperatorLibrary | undefined;
}

export class NativeProgram implements Program {
  readonly buffers = ALIGNED_BUFFERS;
  private readonly runtime: Runtime;
  private readonly ports: Ports;
  private readonly operators: OperatorLibrary | undefined;
  private readonly held: Held;
  private lastMs = Infinity;
  /** The run under way: a binding serves one at a time. */
  private current: Promise<void> | undefined;
  private released = false;

  constructor({ runtime, session, ports, operators }: NativeProgramParts) {
    this.runtime = runtime;
    this.ports = ports;
    this.operators = operators;
    this.held = { runtime, session, bindings: [] };
    runtime.remember(session);
    abandoned.register(this, this.held, this);
  }

  async run(inputs: readonly Storage[], outputs: readonly Storage[]): Promise<void> {
    while (this.current !== undefined) await this.current.catch(() => undefined);
    if (this.released) throw new LifetimeError("a program was run after its release", { help: "load it again" });
    this.current = this.start(inputs, outputs);
    try {
      await this.current;
    } finally {
      this.current = undefined;
    }
  }

  private async start(inputs: readonly Storage[], outputs: readonly Storage[]): Promise<void> {
    const { runtime, ports } = this;
    const given = inputs.map((storage, i) => runtime.valueOf(storage, ports.inputs[i]));
    const made = outputs.map((storage, i) => runtime.valueOf(storage, ports.outputs[i]));
    const binding = this.choose(given);
    binding.bind(given, made);
    const start = performance.now();
    try {
      await runtime.run(this.held.session, binding.pointer, { elsewhere: this.lastMs >= SHORT_RUN_MS, operators: this.operators });
    } finally {
      this.lastMs = performance.now() - start;
    }
  }

  /** The binding in which most of these inputs stand already, else a new one, or that which was used longest ago. */
  private choose(inputs: readonly NativeValue[]): Binding {
    const { bindings } = this.held;
    const counts = bindings.map((binding) => binding.matches(inputs));
    const best = counts.indexOf(Math.max(...counts));
    if (best >= 0 && counts[best] * 2 > inputs.length) bindings.push(...bindings.splice(best, 1));
    else if (bindings.length < MAX_BINDINGS) bindings.push(new Binding(this.runtime, this.held.session, this.ports));
    else bindings.push(...bindings.splice(0, 1));
    return bindings[bindings.length - 1];
  }

  async release(): Promise<void> {
    while (this.current !== undefined) await this.current.catch(() => undefined);
    if (this.released) return;
    this.released = true;
    abandoned.unregister(this);
    free(this.held);
  }
}
