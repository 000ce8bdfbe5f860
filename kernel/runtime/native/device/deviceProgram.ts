/** @file A program on a device: state stays there, steady steps are recorded once and replayed. */
import { storedBytes, type Storage } from "../../../graph/tensor";
import { bytesPerElement } from "../../../graph/dtype";
import { sizeOf } from "../../../graph/shape";
import type { Buffers } from "../../buffers";
import type { Port, Program, ProgramSource } from "../../executor";
import { Runtime } from "../runtime";
import type { Pointer } from "../ortApi";
import { DeviceBuffer, DeviceStorage } from "./deviceBuffer";
import type { DeviceLibrary } from "./deviceLibrary";

/** Results up to this size may lie in memory of the program itself, and are copied on the device to where they are wanted. */
const MAX_COPIED_BYTES = 1 << 20;
/** State has two banks that take turns; two more for what comes in between. */
const MAX_BINDINGS = 4;
/** Runs with this number are neither recorded nor replayed. */
const NOT_RECORDED = -1;

const bytesOf = ({ dtype, shape }: Pick<Port, "dtype" | "shape">): number => sizeOf(shape) * bytesPerElement(dtype);

type Ports = Pick<ProgramSource, "inputs" | "outputs">;

/** Buffers as bound in runs, which are recorded when they come a second time. */
class Binding {
  readonly pointer: Pointer;
  readonly outputs: DeviceBuffer[];
  options: Pointer;
  runs = 0;

  constructor(
    private readonly program: Pick<DeviceProgramOptions, "session" | "ports" | "library">,
    private readonly inputs: readonly DeviceBuffer[],
    outputs: readonly DeviceBuffer[],
  ) {
    const { api } = Runtime.get();
    const { session, ports, library } = program;
    this.pointer = api.make("CreateIoBinding", session);
    this.options = runOptions(NOT_RECORDED, library);
    this.outputs = [...outputs];
    inputs.forEach(({ value }, i) => api.call("BindInput", this.pointer, ports.inputs[i].name, value));
    outputs.forEach(({ value }, i) => api.call("BindOutput", this.pointer, ports.outputs[i].name, value));
  }

  /** Whether a run with these buffers can be made with what is bound, perhaps with small results copied afterwards. */
  fits(inputs: readonly DeviceBuffer[], outputs: readonly DeviceBuffer[]): boolean {
    return inputs.every((buffer, i) => buffer === this.inputs[i]) && outputs.every((buffer, i) => buffer === this.outputs[i] || bytesOf(buffer.form) <= MAX_COPIED_BYTES);
  }

  reads(buffer: DeviceBuffer): boolean {
    return this.inputs.includes(buffer);
  }

  /** Gives results that are wanted elsewhere each time a place of their own, and lets the next run be recorded as `id`. */
  settle(wanted: readonly DeviceBuffer[], id: number): void {
    const { api } = Runtime.get();
    wanted.forEach((buffer, i) => {
      if (buffer === this.outputs[i]) return;
      this.outputs[i] = new DeviceBuffer(buffer.library, buffer.form);
      api.call("BindOutput", this.pointer, this.program.ports.outputs[i].name, this.outputs[i].value);
    });
    api.release("ReleaseRunOptions", this.options);
    this.options = runOptions(id, this.program.library);
  }

  release(): void {
    const { api } = Runtime.get();
    api.release("ReleaseIoBinding", this.pointer);
    api.release("ReleaseRunOptions", this.options);
  }
}

function runOptions(id: number, { isOther }: Pick<DeviceLibrary, "isOther">): Pointer {
  const { api } = Runtime.get();
  const options = api.make("CreateRunOptions");
  if (isOther) return options;
  api.call("AddRunConfigEntry", options, "gpu_graph_id", String(id));
  // Who reads a result waits for it.
  api.call("AddRunConfigEntry", options, "disable_synchronize_execution_providers", "1");
  return options;
}

/** The device's copy of what was given in host memory, always in one place. */
interface Slot {
  readonly buffer: DeviceBuffer;
  source?: Storage;
}

export interface DeviceProgramOptions {
  readonly library: DeviceLibrary;
  readonly buffers: Buffers;
  readonly session: Pointer;
  readonly ports: Ports;
  /** Whether the session may record runs. */
  readonly replays: boolean;
  /** Called after the first run, with what it copied between host and device. */
  readonly onFirstRun?: (copies: { readonly count: number; readonly bytes: number }) => void;
}

export class DeviceProgram implements Program {
  readonly buffers: Buffers;
  private readonly bindings: Binding[] = [];
  private readonly slots = new Map<number, Slot>();
  private nextId = 0;
  private running: Binding | undefined;
  private stopped = false;
  private ran = false;
  private released = false;

  constructor(private readonly given: DeviceProgramOptions) {
    this.buffers = given.buffers;
  }

  async run(inputs: readonly Storage[], outputs: readonly Storage[]): Promise<void> {
    while (this.running !== undefined) await new Promise((resolve) => setImmediate(resolve)); // one run at a time
    const { ports } = this.given;
    const read = inputs.map((storage, i) => this.input(storage, i));
    const wanted = outputs.map((storage, i) => (storage instanceof DeviceStorage && storage.buffer !== undefined ? storage.buffer : new DeviceBuffer(this.given.library, ports.outputs[i])));
    const binding = this.choose(read, wanted);
    this.running = binding;
    try {
      await this.runBound(binding);
    } catch (error) {
      this.forget(binding); // a recording may have been cut off
      throw error;
    } finally {
      this.running = undefined;
      this.stopped = false;
    }
    wanted.forEach((buffer, i) => buffer !== binding.outputs[i] && binding.outputs[i].copyTo(buffer));
    outputs.forEach((storage, i) => {
      if (storage instanceof DeviceStorage) storage.written();
      else storage.data = wanted[i].read();
    });
  }

  get isReleased(): boolean {
    return this.released;
  }

  /** Ends a run under way at its next operation. */
  interrupt(): void {
    if (this.running === undefined) return;
    this.stopped = true;
    Runtime.get().api.call("RunOptionsSetTerminate", this.running.options);
  }

  async release(): Promise<void> {
    if (this.released) return;
    this.released = true;
    for (const binding of this.bindings) binding.release();
    for (const { buffer } of this.slots.values()) buffer.release();
    Runtime.get().api.release("ReleaseSession", this.given.session);
  }

  private async runBound({ pointer, options }: Binding): Promise<void> {
    const { library, session, onFirstRun } = this.given;
    const { api } = Runtime.get();
    const before = this.ran || onFirstRun === undefined ? undefined : library.statistics();
    await api.callAsync("RunWithBinding", session, options, pointer);
    if (this.stopped) api.call("RunOptionsUnsetTerminate", options); // it had ended before
    if (before === undefined) return;
    this.ran = true;
    const after = library.statistics();
    onFirstRun?.({
      count: after.copiesToDevice - before.copiesToDevice + after.copiesToHost - before.copiesToHost,
      bytes: after.bytesToDevice - before.bytesToDevice + after.bytesToHost - before.bytesToHost,
    });
  }

  /** The buffer of an input. What lies on the host is copied, unless it is what was copied last. */
  private input(storage: Storage, i: number): DeviceBuffer {
    const { library, ports } = this.given;
    const slot = this.slots.get(i);
    if (storage instanceof DeviceStorage && storage.buffer?.library === library) {
      if (slot !== undefined) this.drop(i, slot);
      return storage.buffer;
    }
    const place: Slot = slot ?? { buffer: new DeviceBuffer(library, ports.inputs[i]) };
    this.slots.set(i, place);
    if (place.source !== storage) {
      place.source = undefined;
      place.buffer.write(storedBytes(storage));
      place.source = storage;
    }
    return place.buffer;
  }

  /** The binding of a steady step, or a new one. */
  private choose(inputs: readonly DeviceBuffer[], outputs: readonly DeviceBuffer[]): Binding {
    const { replays } = this.given;
    const known = replays ? this.bindings.find((binding) => binding.fits(inputs, outputs)) : undefined;
    if (known !== undefined) {
      if (known.runs++ === 1) known.settle(outputs, this.nextId++);
      return known;
    }
    if (this.bindings.length >= MAX_BINDINGS) this.forget(this.bindings[0]);
    const made = new Binding(this.given, inputs, outputs);
    made.runs = 1;
    this.bindings.push(made);
    return made;
  }

  /** State came from the host once and lies on the device from now on: its first copy is freed, with the bindings that hold it. */
  private drop(i: number, { buffer }: Slot): void {
    this.slots.delete(i);
    for (const binding of this.bindings.filter((one) => one.reads(buffer))) this.forget(binding);
    buffer.release();
  }

  private forget(binding: Binding): void {
    const at = this.bindings.indexOf(binding);
    if (at < 0) return;
    this.bindings.splice(at, 1);
    binding.release();
  }
}
