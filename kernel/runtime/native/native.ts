/**
 * @file The native executor: onnxruntime's C interface through koffi. Buffers are bound, not copied, and runs leave the
 * event loop free.
 */
import { fusedByLibrary, fusedByOnnxruntime } from "../../onnx/fused";
import type { Executor } from "../executor";
import { OperatorLibrary } from "./operatorLibrary";
import type { Pointer } from "./ortApi";
import { NativeProgram } from "./program";
import { Runtime } from "./runtime";

const NO_SHARED_THREADS = /CreateEnvWithGlobalThreadPools/;

export interface NativeOptions {
  /** Threads of operations. Default: one for each core, shared by all programs. */
  readonly threads?: number;
  /** Use our own operators where they were built. Default true. */
  readonly ownOperators?: boolean;
}

/**
 * The executor over onnxruntime's C interface.
 * @throws {DeviceError} when the library or koffi does not load here.
 */
export function nativeExecutor({ threads, ownOperators = true }: NativeOptions = {}): Executor {
  const runtime = Runtime.get();
  const { api, environment } = runtime;
  const operators = ownOperators ? OperatorLibrary.get(api) : undefined;
  const count = threads ?? runtime.threads;

  const sessionOptions = (shareThreads: boolean): Pointer => {
    const options = api.make("CreateSessionOptions");
    runtime.configure(options, shareThreads ? "shared" : count);
    operators?.register(options);
    return options;
  };

  const load = async (model: Uint8Array | string, shareThreads: boolean): Promise<Pointer> => {
    const options = sessionOptions(shareThreads);
    try {
      return await runtime.cancellable(options, () => (typeof model === "string" ? api.makeAsync("CreateSession", environment, model, options) : api.makeAsync("CreateSessionFromArray", environment, model, model.byteLength, options)));
    } finally {
      api.release("ReleaseSessionOptions", options);
    }
  };

  /** With the shared threads; or with its own, where another library made onnxruntime's environment before us, without any. */
  const loadSharing = async (model: Uint8Array | string): Promise<Pointer> => {
    if (count !== runtime.threads || !runtime.sharesThreads) return load(model, false);
    try {
      return await load(model, true);
    } catch (error) {
      if (!(error instanceof Error && NO_SHARED_THREADS.test(error.message))) throw error;
      runtime.sharesThreads = false;
      return load(model, false);
    }
  };

  return {
    description: `native (onnxruntime ${api.version}, cpu, ${count} thread${count === 1 ? "" : "s"}${operators === undefined ? ", no operators of our own" : `, ${operators.instructionSet}`})`,
    fused: operators === undefined ? fusedByOnnxruntime : fusedByLibrary,
    fuses: operators !== undefined,
    ownProducts: operators !== undefined,
    async load({ model, inputs, outputs }) {
      return new NativeProgram({ runtime, session: await loadSharing(model), ports: { inputs, outputs }, operators });
    },
    interrupt: () => runtime.interrupt(),
    memory: () => runtime.memory(),
  };
}
