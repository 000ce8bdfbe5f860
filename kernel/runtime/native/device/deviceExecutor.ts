/** @file The executor over our execution provider: programs whose tensors stay on a device. */
import { DeviceError } from "../../../errors";
import { fusedByDevice, fusedByOnnxruntime } from "../../../onnx/fused";
import type { Executor, MemoryStatistics } from "../../executor";
import { Runtime } from "../runtime";
import { OperatorLibrary } from "../operatorLibrary";
import type { Pointer } from "../ortApi";
import { deviceBuffers } from "./deviceBuffer";
import { DeviceLibrary, type DeviceStatistics, type ProviderName } from "./deviceLibrary";
import { DeviceProgram } from "./deviceProgram";
import { nodesOnCpu, warnOfCpu } from "./placement";

export interface DeviceOptions {
  /** Record steady steps and replay them. Default true. */
  readonly replay?: boolean;
}

/** An executor whose device can be asked what it did. */
export interface DeviceExecutor extends Executor {
  readonly statistics: () => DeviceStatistics;
  /** Lets the peak of memory count anew. */
  readonly restartPeak: () => void;
}

/** What `make` makes; undefined where it fails. */
function attempt(make: () => Pointer): Pointer | undefined {
  try {
    return make();
  } catch {
    return undefined;
  }
}

/** Threads for what runs on the CPU: it is little. */
const CPU_THREADS = 1;

/**
 * The executor for a device.
 * @throws {DeviceError} when its provider was not built, or there is no device.
 */
export function deviceExecutor(name: ProviderName, { replay = true }: DeviceOptions = {}): DeviceExecutor {
  const { api, environment } = Runtime.get();
  const library = DeviceLibrary.get(name);
  const { device, problem } = library.description;
  if (problem !== undefined) throw new DeviceError(`there is no device for "${name}": ${problem}`, { help: "run `isoflop doctor`" });
  requireProducts();
  const operators = OperatorLibrary.get(api);
  const buffers = deviceBuffers(library);
  const programs = new Set<WeakRef<DeviceProgram>>();

  const session = (model: Uint8Array | string, replays: boolean): Pointer => {
    const options = api.make("CreateSessionOptions");
    try {
      Runtime.get().configure(options, CPU_THREADS);
      operators?.register(options, library.operatorsForOther());
      library.append(options);
      api.call("AddSessionConfigEntry", options, "session.record_ep_graph_assignment_info", "1");
      api.call("AddSessionConfigEntry", options, "isoflop.replay", replays ? "1" : "0");
      return typeof model === "string" ? api.make("CreateSession", environment, model, options) : api.make("CreateSessionFromArray", environment, model, model.byteLength, options);
    } finally {
      api.release("ReleaseSessionOptions", options);
    }
  };

  const loaded = (): DeviceProgram[] =>
    [...programs].flatMap((reference) => {
      const program = reference.deref();
      if (program !== undefined && !program.isReleased) return [program];
      programs.delete(reference);
      return [];
    });

  return {
    description: `native (onnxruntime ${api.version}, ${name}: ${device}${library.isOther ? `, by ${library.provider}` : ""}${operators === undefined ? ", no operators of our own" : ""})`,
    fused: operators === undefined ? fusedByOnnxruntime : fusedByDevice,
    fuses: operators !== undefined,
    async load({ model, inputs, outputs }) {
      // Steps that leave the device cannot be recorded: onnxruntime refuses such a session.
      let made = replay && !library.isOther ? attempt(() => session(model, true)) : undefined;
      const replays = made !== undefined;
      made ??= session(model, false);
      const strangers = replays ? [] : nodesOnCpu(made, library.provider);
      const onFirstRun = strangers.length === 0 ? undefined : (copies: Parameters<typeof warnOfCpu>[1]["copies"]) => warnOfCpu(strangers, { device: name, copies });
      const program = new DeviceProgram({ library, buffers, session: made, ports: { inputs, outputs }, replays, onFirstRun });
      programs.add(new WeakRef(program));
      return program;
    },
    interrupt: () => {
      for (const program of loaded()) program.interrupt();
    },
    synchronize: async () => (library.isOther ? undefined : library.synchronize()),
    memory: () => (library.isOther ? undefined : memoryOf(library.statistics(), loaded().length)),
    deviceMemory: () => library.statistics(),
    statistics: () => library.statistics(),
    restartPeak: () => library.restartPeak(),
  };
}

/** What programs have of what the provider counts. */
const memoryOf = ({ programBytesInUse, programPeakBytes, programAllocations, programExtensions, bytesInUse, bytesReserved, allocations }: DeviceStatistics, programs: number): MemoryStatistics => ({
  inUseBytes: programBytesInUse,
  peakBytes: programPeakBytes,
  reservedBytes: bytesReserved - (bytesInUse - programBytesInUse),
  allocations: programAllocations,
  extensions: programExtensions,
  programs,
  bound: allocations - programAllocations,
});

/** In what products of float32 operands may be computed (native/provider/productsCublasLt.cc). */
const PRODUCTS = ["float32", "tf32", "bfloat16", "float8"];

/** @throws {DeviceError} when ISOFLOP_PRODUCTS asks for what is not there: the provider would compute in float32, and say nothing. */
function requireProducts(): void {
  const wish = process.env.ISOFLOP_PRODUCTS;
  if (wish !== undefined && !PRODUCTS.includes(wish)) throw new DeviceError(`products cannot be computed in "${wish}"`, { where: "ISOFLOP_PRODUCTS", help: `set it to one of ${PRODUCTS.join(", ")}` });
}
