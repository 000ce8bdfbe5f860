/** @file The stock executor: onnxruntime-node's own binding, on the CPU or through WebGPU. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type * as onnxruntime from "onnxruntime-node";
import { DtypeError, type IsoflopError } from "../errors";
import { fusedByOnnxruntime } from "../onnx/fused";
import { keepPrivate } from "./privacy";
import { sameShape, showShape } from "../graph/shape";
import { storedBytes, type Storage, type Tensor } from "../graph/tensor";
import type { DeviceName } from "./devices";
import type { Executor, Port, Program, ProgramSource } from "./executor";
import { physicalCores } from "./machine";
import { ortError } from "./ortError";
import { nodesForCpu, WEBGPU_LAYOUT } from "./webgpuLimits";

type Ort = typeof onnxruntime;
type OrtTensor = onnxruntime.Tensor;

/** onnxruntime's tensor object over a buffer, kept with the buffer: making one for every run costs more than the run's own overhead. */
interface Native {
  readonly port: Port;
  readonly tensor: OrtTensor;
}

const VERSION: string = createRequire(import.meta.url)("onnxruntime-node/package.json").version;

class StockProgram implements Program {
  constructor(
    private readonly ort: Ort,
    private readonly session: onnxruntime.InferenceSession,
    private readonly source: Pick<ProgramSource, "inputs" | "outputs">,
  ) {}

  async run(inputs: readonly Storage[], outputs: readonly Storage[]): Promise<void> {
    const { inputs: inputPorts, outputs: outputPorts } = this.source;
    const feeds: Record<string, OrtTensor> = {};
    inputPorts.forEach((port, i) => (feeds[port.name] = this.native(inputs[i], port)));
    const fetches: Record<string, OrtTensor> = {};
    outputPorts.forEach((port, i) => (fetches[port.name] = this.native(outputs[i], port)));
    try {
      await this.session.run(feeds, fetches);
    } catch (error) {
      throw runError(error);
    }
  }

  private native(storage: Storage, port: Port): OrtTensor {
    const known = storage.native;
    if (isNative(known) && known.port.dtype === port.dtype && sameShape(known.port.shape, port.shape)) return known.tensor;
    const data = storedBytes(storage);
    // SAFETY: the array's class is the one onnxruntime-node pairs with this dtype (16-bit patterns for the half types).
    const tensor = new this.ort.Tensor(port.dtype as "float32", data as Float32Array, port.shape);
    storage.native = { port, tensor } satisfies Native;
    return tensor;
  }

  async release(): Promise<void> {
    await this.session.release();
  }
}

const isNative = (value: unknown): value is Native => typeof value === "object" && value !== null && "tensor" in value;

const runError = (error: unknown): IsoflopError => ortError(error instanceof Error ? error.message : String(error), error);

/** Composites whose fused kernels exist on the CPU only: in parts they stay on the device. */
const CPU_ONLY: ReadonlySet<string> = new Set(["LogSoftmax", "OneHot"]);
const fusedByWebgpu = (call: Tensor<"Composite">): boolean => fusedByOnnxruntime(call) && !CPU_ONLY.has(call.attrs.definition.name);

/** WebGPU as a provider of a session with this model. */
function webgpuFor(source: Uint8Array | string): onnxruntime.InferenceSession.WebGpuExecutionProviderOption {
  const names = nodesForCpu(typeof source === "string" ? readFileSync(source) : source);
  return { name: "webgpu", preferredLayout: WEBGPU_LAYOUT, ...(names.length === 0 ? {} : { forceCpuNodeNames: names }) }; // an empty list is refused
}

export interface StockOptions {
  /** Threads of operations on the CPU. Default: one for each core. */
  readonly threads?: number;
  /**
   * Where operations run. Default "cpu". With "webgpu", those that onnxruntime has no kernel for there (arithmetic of
   * integers, scans, sorting) run on the CPU, with copies in between.
   * Inputs and results lie in host memory either way: onnxruntime-node 1.30 ends the process when a result that stayed
   * on the device is read.
   */
  readonly device?: DeviceName;
}

/** @throws {DtypeError} for a dtype that onnxruntime-node's tensors cannot hold. */
function requireCarried(ports: readonly Port[]): void {
  const port = ports.find(({ dtype }) => dtype === "bfloat16");
  if (port === undefined) return;
  throw new DtypeError(`onnxruntime-node's own binding cannot carry ${port.dtype} ${showShape(port.shape)} in or out of a function`, {
    help: 'cast to float32 at the border, as in x.cast("float32"), or use the native executor (ISOFLOP_EXECUTOR=native)',
  });
}

/** onnxruntime-node is loaded with the first program. That the device is there is for the caller to know: a missing one fails then. */
export function stockExecutor({ threads = physicalCores(), device = "cpu" }: StockOptions = {}): Executor {
  return {
    description: `stock (onnxruntime-node ${VERSION}, ${device}, ${threads} thread${threads === 1 ? "" : "s"})`,
    fused: device === "webgpu" ? fusedByWebgpu : fusedByOnnxruntime,
    plainProducts: device === "webgpu",
    // Its runs hold the event loop, so nobody could call this during one.
    interrupt: () => undefined,
    memory: () => undefined,
    async load({ model, inputs, outputs }) {
      requireCarried([...inputs, ...outputs]);
      keepPrivate();
      const ort = await import("onnxruntime-node");
      try {
        const create = (options: onnxruntime.InferenceSession.SessionOptions): Promise<onnxruntime.InferenceSession> => (typeof model === "string" ? ort.InferenceSession.create(model, options) : ort.InferenceSession.create(model, options));
        const session = await create({
          executionProviders: [device === "webgpu" ? webgpuFor(model) : device],
          intraOpNumThreads: threads,
          interOpNumThreads: 1,
          executionMode: "sequential",
          // Patterns reserve a second block after the first run: twice the memory, no gain in speed.
          enableMemPattern: false,
          // Graphs arrive simplified; onnxruntime's own passes would only cost time (3.7 s against 0.4 s for 7,600 nodes).
          graphOptimizationLevel: "disabled",
          logSeverityLevel: 3,
        });
        return new StockProgram(ort, session, { inputs, outputs });
      } catch (error) {
        throw runError(error);
      }
    },
  };
}
