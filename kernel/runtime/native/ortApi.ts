/** @file onnxruntime's C interface, called through koffi: the functions used, by their slot in the function table. */
import type koffiModule from "koffi";
import { DeviceError } from "../../errors";
import { foreign } from "../foreign";
import { ortError } from "../ortError";
import { keepPrivate } from "../privacy";
import { libraryPath, requireWhole } from "./libraryFile";

/** An address in onnxruntime. */
export type Pointer = NonNullable<unknown>;
type Status = Pointer | null;

/**
 * Slots of the table that GetApi returns, with C signatures. Later versions only append, so slots never move
 * (onnxruntime's ABI promise); this version of the table is the oldest that has all of them.
 */
const API_VERSION = 23;
export const SLOTS = {
  GetErrorMessage: [2, "str GetErrorMessage(void *status)"],
  CreateEnv: [3, "void *CreateEnv(int level, str name, _Out_ void **out)"],
  DisableTelemetryEvents: [6, "void *DisableTelemetryEvents(void *env)"],
  CreateSession: [7, "void *CreateSession(void *env, PATH path, void *options, _Out_ void **out)"],
  CreateSessionFromArray: [8, "void *CreateSessionFromArray(void *env, void *model, size_t length, void *options, _Out_ void **out)"],
  CreateSessionOptions: [10, "void *CreateSessionOptions(_Out_ void **out)"],
  EnableProfiling: [14, "void *EnableProfiling(void *options, PATH prefix)"],
  DisableMemPattern: [17, "void *DisableMemPattern(void *options)"],
  SetSessionLogSeverityLevel: [22, "void *SetSessionLogSeverityLevel(void *options, int level)"],
  SetSessionGraphOptimizationLevel: [23, "void *SetSessionGraphOptimizationLevel(void *options, int level)"],
  SetIntraOpNumThreads: [24, "void *SetIntraOpNumThreads(void *options, int threads)"],
  SetInterOpNumThreads: [25, "void *SetInterOpNumThreads(void *options, int threads)"],
  CreateRunOptions: [39, "void *CreateRunOptions(_Out_ void **out)"],
  RunOptionsSetTerminate: [46, "void *RunOptionsSetTerminate(void *options)"],
  RunOptionsUnsetTerminate: [47, "void *RunOptionsUnsetTerminate(void *options)"],
  CreateTensorAsOrtValue: [48, "void *CreateTensorAsOrtValue(void *allocator, void *shape, size_t rank, int type, _Out_ void **out)"],
  CreateTensorWithDataAsOrtValue: [49, "void *CreateTensorWithDataAsOrtValue(void *info, void *data, size_t bytes, void *shape, size_t rank, int type, _Out_ void **out)"],
  GetTensorMutableData: [51, "void *GetTensorMutableData(void *value, _Out_ void **out)"],
  CreateCpuMemoryInfo: [69, "void *CreateCpuMemoryInfo(int allocator, int memory, _Out_ void **out)"],
  AllocatorFree: [76, "void *AllocatorFree(void *allocator, void *memory)"],
  GetAllocatorWithDefaultOptions: [78, "void *GetAllocatorWithDefaultOptions(_Out_ void **out)"],
  ReleaseStatus: [93, "void ReleaseStatus(void *status)"],
  ReleaseSession: [95, "void ReleaseSession(void *session)"],
  ReleaseValue: [96, "void ReleaseValue(void *value)"],
  ReleaseRunOptions: [97, "void ReleaseRunOptions(void *options)"],
  ReleaseSessionOptions: [100, "void ReleaseSessionOptions(void *options)"],
  SessionEndProfiling: [110, "void *SessionEndProfiling(void *session, void *allocator, _Out_ void **out)"],
  CreateEnvWithGlobalThreadPools: [119, "void *CreateEnvWithGlobalThreadPools(int level, str name, void *threading, _Out_ void **out)"],
  DisablePerSessionThreads: [120, "void *DisablePerSessionThreads(void *options)"],
  CreateThreadingOptions: [121, "void *CreateThreadingOptions(_Out_ void **out)"],
  ReleaseThreadingOptions: [122, "void ReleaseThreadingOptions(void *threading)"],
  AddSessionConfigEntry: [130, "void *AddSessionConfigEntry(void *options, str key, str value)"],
  CreateAllocator: [131, "void *CreateAllocator(void *session, void *info, _Out_ void **out)"],
  ReleaseAllocator: [132, "void ReleaseAllocator(void *allocator)"],
  RunWithBinding: [133, "void *RunWithBinding(void *session, void *options, void *binding)"],
  CreateIoBinding: [134, "void *CreateIoBinding(void *session, _Out_ void **out)"],
  ReleaseIoBinding: [135, "void ReleaseIoBinding(void *binding)"],
  BindInput: [136, "void *BindInput(void *binding, str name, void *value)"],
  BindOutput: [137, "void *BindOutput(void *binding, str name, void *value)"],
  SetGlobalIntraOpNumThreads: [147, "void *SetGlobalIntraOpNumThreads(void *threading, int threads)"],
  SetGlobalInterOpNumThreads: [148, "void *SetGlobalInterOpNumThreads(void *threading, int threads)"],
  AddRunConfigEntry: [165, "void *AddRunConfigEntry(void *options, str key, str value)"],
  SessionOptionsSetLoadCancellationFlag: [293, "void *SessionOptionsSetLoadCancellationFlag(void *options, bool cancel)"],
  GetKeyValue: [297, "str GetKeyValue(void *pairs, str key)"],
  ReleaseKeyValuePairs: [300, "void ReleaseKeyValuePairs(void *pairs)"],
  RegisterExecutionProviderLibrary: [301, "void *RegisterExecutionProviderLibrary(void *env, str name, str path)"],
  GetEpDevices: [303, "void *GetEpDevices(void *env, _Out_ void **devices, _Out_ size_t *count)"],
  SessionOptionsAppendExecutionProvider_V2: [304, "void *SessionOptionsAppendExecutionProvider_V2(void *options, void *env, void **devices, size_t count, void *keys, void *values, size_t entries)"],
  EpDevice_EpName: [312, "str EpDevice_EpName(void *device)"],
  AllocatorGetStats: [319, "void *AllocatorGetStats(void *allocator, _Out_ void **out)"],
  EpDevice_MemoryInfo: [374, "void *EpDevice_MemoryInfo(void *device, int kind)"],
  GetSharedAllocator: [376, "void *GetSharedAllocator(void *env, void *info, _Out_ void **out)"],
  CopyTensors: [386, "void *CopyTensors(void *env, void **from, void **to, void *stream, size_t count)"],
  Session_GetEpGraphAssignmentInfo: [407, "void *Session_GetEpGraphAssignmentInfo(void *session, _Out_ void **subgraphs, _Out_ size_t *count)"],
  EpAssignedSubgraph_GetEpName: [408, "void *EpAssignedSubgraph_GetEpName(void *subgraph, _Out_ str *out)"],
  EpAssignedSubgraph_GetNodes: [409, "void *EpAssignedSubgraph_GetNodes(void *subgraph, _Out_ void **nodes, _Out_ size_t *count)"],
  EpAssignedNode_GetName: [410, "void *EpAssignedNode_GetName(void *node, _Out_ str *out)"],
  EpAssignedNode_GetOperatorType: [412, "void *EpAssignedNode_GetOperatorType(void *node, _Out_ str *out)"],
} as const;
export type Name = keyof typeof SLOTS;
/** Characters of a path are 16 bits wide on Windows. */
const PATH_TYPE = process.platform === "win32" ? "str16" : "str";
const TABLE_LENGTH = 1 + Math.max(...Object.values(SLOTS).map(([slot]) => slot));

/** A function of a library. */
export type Foreign = ReturnType<typeof koffiModule.decode>;

/** The function table, loaded. One for each process: koffi knows types by their names. */
export class OrtApi {
  private static loaded: OrtApi | undefined;

  /** @throws {DeviceError} when the library does not load or is too old. */
  static get(): OrtApi {
    return (OrtApi.loaded ??= new OrtApi(libraryPath()));
  }

  readonly version: string;
  /** Held: a collected library is unmapped under its functions. */
  readonly library: ReturnType<typeof koffiModule.load>;
  /** What OrtGetApiBase returns: libraries of operators ask for it. */
  readonly base: Pointer;
  private readonly functions: { readonly [K in Name]: Foreign };

  private constructor(path: string) {
    const koffi = foreign();
    const refuse = (what: string, cause?: unknown): DeviceError => new DeviceError(what, { where: path, help: REINSTALL, cause });
    try {
      requireWhole(path);
      keepPrivate();
      this.library = koffi.load(path);
      this.base = this.library.func("void *OrtGetApiBase()")();
    } catch (error) {
      throw refuse(`onnxruntime's library does not load: ${error instanceof Error ? error.message : String(error)}`, error);
    }
    const [getApi, getVersion] = koffi.decode(this.base, koffi.array("void *", 2));
    this.version = koffi.decode(getVersion, koffi.proto("str", []))();
    const table: Pointer | null = koffi.decode(getApi, koffi.proto("void *", ["uint32_t"]))(API_VERSION);
    if (table === null) throw refuse(`onnxruntime ${this.version} does not offer version ${API_VERSION} of its interface`);
    const entries: readonly (Pointer | null)[] = koffi.decode(table, koffi.array("void *", TABLE_LENGTH));
    const bound = Object.entries(SLOTS).map(([name, [slot, signature]]) => {
      const entry = entries[slot];
      if (entry === null) throw refuse(`onnxruntime ${this.version} has no ${name}`);
      return [name, koffi.decode(entry, koffi.proto(signature.replace("PATH", PATH_TYPE)))];
    });
    // SAFETY: one entry for every name of SLOTS.
    this.functions = Object.fromEntries(bound) as { readonly [K in Name]: Foreign };
  }

  /** Calls a function that returns a status. @throws {DeviceError} with onnxruntime's message. */
  call(name: Name, ...args: readonly unknown[]): void {
    this.check(this.functions[name](...args));
  }

  /** As `call`, on another thread. */
  callAsync(name: Name, ...args: readonly unknown[]): Promise<void> {
    return this.elsewhere(this.functions[name], args);
  }

  /** Calls a function that returns a status, onnxruntime's or a library's of operators, on another thread (Node's pool); the event loop goes on meanwhile. Buffers among `args` are held until it ends. */
  elsewhere(fn: Foreign, args: readonly unknown[]): Promise<void> {
    return new Promise((resolve, reject) => {
      fn.async(...args, (error: unknown, status: Status) => {
        try {
          if (error !== null && error !== undefined) throw error;
          this.check(status);
          resolve();
        } catch (failure) {
          reject(failure);
        }
      });
    });
  }

  /** What a function with an out parameter makes. */
  make(name: Name, ...args: readonly unknown[]): Pointer {
    const out: [Pointer | null] = [null];
    this.call(name, ...args, out);
    return given(name, out);
  }

  /** What a function gives that returns no status. */
  ask(name: "EpDevice_EpName" | "EpDevice_MemoryInfo", ...args: readonly unknown[]): unknown {
    return this.functions[name](...args);
  }

  /** The pointers of a list that a function gives by its address and length. */
  list(name: "GetEpDevices" | "Session_GetEpGraphAssignmentInfo" | "EpAssignedSubgraph_GetNodes", ...args: readonly unknown[]): readonly Pointer[] {
    const [address, count]: [[unknown], [number | bigint]] = [[null], [0]];
    this.call(name, ...args, address, count);
    return address[0] === null ? [] : foreign().decode(address[0], foreign().array("void *", Number(count[0])));
  }

  /** Whether a tensor has memory. onnxruntime makes one without where an allocator has none. */
  hasMemory(value: Pointer): boolean {
    const out: [unknown] = [null];
    this.call("GetTensorMutableData", value, out);
    return out[0] !== null;
  }

  /** The text that a function gives. */
  text(name: "EpAssignedSubgraph_GetEpName" | "EpAssignedNode_GetName" | "EpAssignedNode_GetOperatorType", ...args: readonly unknown[]): string {
    const out: [string | null] = [null];
    this.call(name, ...args, out);
    return out[0] ?? "";
  }

  /** As `make`, on another thread. */
  async makeAsync(name: Name, ...args: readonly unknown[]): Promise<Pointer> {
    const out: [Pointer | null] = [null];
    await this.callAsync(name, ...args, out);
    return given(name, out);
  }

  /** The text of a key in a list of pairs; undefined where it is not among them. */
  valueOf(pairs: Pointer, key: string): string | undefined {
    const text: string | null = this.functions.GetKeyValue(pairs, key);
    return text ?? undefined;
  }

  /** Ends the profile of a session made with EnableProfiling; gives the path of its file. */
  endProfiling(session: Pointer): string {
    const allocator = this.make("GetAllocatorWithDefaultOptions");
    const text = this.make("SessionEndProfiling", session, allocator);
    try {
      return foreign().decode.string(text);
    } finally {
      this.call("AllocatorFree", allocator, text);
    }
  }

  release(name: Extract<Name, `Release${string}`>, pointer: Pointer): void {
    this.functions[name](pointer);
  }

  /** @throws {DeviceError} with onnxruntime's message where a status tells of a failure. */
  check(status: Status): void {
    if (status === null) return;
    const message: string = this.functions.GetErrorMessage(status);
    this.functions.ReleaseStatus(status);
    throw ortError(message);
  }
}

const REINSTALL = "install the onnxruntime-node version of package-lock.json again (npm ci), or set ISOFLOP_EXECUTOR=stock";

function given(name: Name, [made]: readonly [Pointer | null]): Pointer {
  if (made === null) throw new DeviceError(`onnxruntime: ${name} gave nothing`, { help: "this is a fault of the runtime; please report it" });
  return made;
}
