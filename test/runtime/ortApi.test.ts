/** @file The function table of onnxruntime: every slot used does what its name says, and a library that is none of ours is refused. */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync, copyFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, describe, expect, test, vi } from "vitest";
import "../../kernel/index";
import { encodeModel } from "../../kernel/onnx/protobuf";
import { libraryPath } from "../../kernel/runtime/native/libraryFile";
import { OrtApi, type Name, type Pointer } from "../../kernel/runtime/native/ortApi";
import { lowered, modelOf, kernels } from "../../kernel/runtime/session";
import { DeviceError } from "../../kernel/errors";
import { placeholder } from "../../kernel/graph/tensor";

const api = OrtApi.get();
const folder = mkdtempSync(join(tmpdir(), "isoflop-ort-"));
afterAll(() => rmSync(folder, { recursive: true }));

const x = placeholder("x", { shape: [4], dtype: "float32" });
const model = encodeModel(modelOf(lowered([x.mul(2).add(1)], { inputs: [x], kernels: { ...kernels(), fuses: false } })));
const LOG_FATAL = 4;
const FLOAT = 1;

/** What a function with a status says when it is misused. */
const refusal = (body: () => void): string => {
  try {
    body();
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  return "";
};

const session = (prepare: (options: Pointer) => void = () => undefined, bytes = model): Pointer => {
  const options = api.make("CreateSessionOptions");
  try {
    prepare(options);
    return api.make("CreateSessionFromArray", environment(), bytes, bytes.length, options);
  } finally {
    api.release("ReleaseSessionOptions", options);
  }
};
let env: Pointer | undefined;
const environment = (): Pointer => (env ??= sharedEnvironment());
function sharedEnvironment(): Pointer {
  const threading = api.make("CreateThreadingOptions");
  api.call("SetGlobalIntraOpNumThreads", threading, 2);
  api.call("SetGlobalInterOpNumThreads", threading, 1);
  const made = api.make("CreateEnvWithGlobalThreadPools", LOG_FATAL, "test", threading);
  api.release("ReleaseThreadingOptions", threading);
  return made;
}
const cpu = (): Pointer => api.make("CreateCpuMemoryInfo", 1, 0);
const value = (data: Float32Array, shape: readonly number[] = [data.length]): Pointer => api.make("CreateTensorWithDataAsOrtValue", cpu(), data, data.byteLength, BigInt64Array.from(shape, BigInt), shape.length, FLOAT);
const threadCount = (): number => Number(/^Threads:\s+(\d+)/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1]);

/** One run of 2x + 1 with `options` for the run. */
function run(on: Pointer, runOptions: Pointer = api.make("CreateRunOptions")): number[] {
  const binding = api.make("CreateIoBinding", on);
  const [input, output] = [new Float32Array([1, 2, 3, 4]), new Float32Array(4)];
  try {
    api.call("BindInput", binding, "i0", value(input));
    api.call("BindOutput", binding, "o0", value(output));
    api.call("RunWithBinding", on, runOptions, binding);
    return [...output];
  } finally {
    api.release("ReleaseIoBinding", binding);
    api.release("ReleaseRunOptions", runOptions);
  }
}
const RIGHT = [3, 5, 7, 9];
const statistic = (on: Pointer, key: string): string | undefined => {
  const allocator = api.make("CreateAllocator", on, cpu());
  const pairs = api.make("AllocatorGetStats", allocator);
  const text = api.valueOf(pairs, key);
  api.release("ReleaseKeyValuePairs", pairs);
  api.release("ReleaseAllocator", allocator);
  return text;
};
const whole = (): void => {
  const made = session();
  expect(run(made)).toEqual(RIGHT);
  api.release("ReleaseSession", made);
};
const profiled = (): string => {
  const made = session((options) => api.call("EnableProfiling", options, join(folder, "profile")));
  run(made);
  return api.endProfiling(made);
};

/** Slots of execution providers: every step on a device (test/runtime/device) goes through all of them. */
type DeviceSlot =
  | "CreateTensorAsOrtValue" | "GetTensorMutableData" | "AddSessionConfigEntry" | "AddRunConfigEntry" | "RegisterExecutionProviderLibrary" | "GetEpDevices" | "SessionOptionsAppendExecutionProvider_V2"
  | "EpDevice_EpName" | "EpDevice_MemoryInfo" | "GetSharedAllocator" | "CopyTensors" | "Session_GetEpGraphAssignmentInfo" | "EpAssignedSubgraph_GetEpName" | "EpAssignedSubgraph_GetNodes" | "EpAssignedNode_GetName" | "EpAssignedNode_GetOperatorType";

/** For each slot, what shows that it is the function of that name. A slot without one does not compile. */
const BEHAVIOUR: Readonly<Record<Exclude<Name, DeviceSlot>, () => void>> = {
  GetErrorMessage: () => expect(refusal(() => session(undefined, new Uint8Array(new ArrayBuffer(16)).fill(7)))).toMatch(/protobuf|parse|load/i),
  CreateEnv: () => expect(api.make("CreateEnv", LOG_FATAL, "second")).toBeDefined(),
  // Any other function of one argument would fail for an environment, or change it: programs still run.
  DisableTelemetryEvents: () => {
    api.call("DisableTelemetryEvents", environment());
    expect(run(session())).toEqual(RIGHT);
  },
  CreateSession: () => {
    const file = join(folder, "model.onnx");
    writeFileSync(file, model);
    const options = api.make("CreateSessionOptions");
    expect(run(api.make("CreateSession", environment(), file, options))).toEqual(RIGHT);
    expect(refusal(() => api.make("CreateSession", environment(), join(folder, "absent.onnx"), options))).toMatch(/absent\.onnx/);
  },
  CreateSessionFromArray: whole,
  CreateSessionOptions: whole,
  EnableProfiling: () => expect(profiled()).toContain(join(folder, "profile")),
  SessionEndProfiling: () => expect(readFileSync(profiled(), "utf8")).toMatch(/Mul_\d+_kernel_time/),
  AllocatorFree: () => expect(profiled()).toMatch(/\.json$/), // the text of the name is freed by it: a wrong one would end the process
  GetAllocatorWithDefaultOptions: () => expect(api.make("GetAllocatorWithDefaultOptions")).toBeDefined(),
  DisableMemPattern: () => expect(run(session((options) => api.call("DisableMemPattern", options)))).toEqual(RIGHT),
  SetSessionLogSeverityLevel: () => expect(refusal(() => session((options) => api.call("SetSessionLogSeverityLevel", options, 99)))).toMatch(/severity|99/i),
  SetSessionGraphOptimizationLevel: () => expect(refusal(() => session((options) => api.call("SetSessionGraphOptimizationLevel", options, 77)))).toMatch(/graph_optimization_level/),
  SetIntraOpNumThreads: () => {
    const before = threadCount();
    session((options) => api.call("SetIntraOpNumThreads", options, 4));
    expect(threadCount() - before).toBe(3); // the caller is the fourth
  },
  SetInterOpNumThreads: () => expect(run(session((options) => api.call("SetInterOpNumThreads", options, 1)))).toEqual(RIGHT),
  CreateRunOptions: whole,
  RunOptionsSetTerminate: () => {
    const options = api.make("CreateRunOptions");
    api.call("RunOptionsSetTerminate", options);
    expect(refusal(() => run(session(), options))).toMatch(/interrupted/);
  },
  RunOptionsUnsetTerminate: () => {
    const options = api.make("CreateRunOptions");
    api.call("RunOptionsSetTerminate", options);
    api.call("RunOptionsUnsetTerminate", options);
    expect(run(session(), options)).toEqual(RIGHT);
  },
  CreateTensorWithDataAsOrtValue: () => expect(refusal(() => value(new Float32Array(2), [3]))).toMatch(/not enough space/),
  CreateCpuMemoryInfo: () => expect(statistic(session(), "InUse")).toMatch(/^\d+$/), // asked of the allocator for this memory
  ReleaseStatus: () => expect(() => Array.from({ length: 1000 }, () => refusal(() => value(new Float32Array(2), [3])))).not.toThrow(),
  ReleaseSession: () => {
    const before = threadCount();
    api.release("ReleaseSession", session((options) => api.call("SetIntraOpNumThreads", options, 3)));
    expect(threadCount()).toBe(before); // its threads went with it
  },
  ReleaseValue: () => api.release("ReleaseValue", value(new Float32Array(2))),
  ReleaseRunOptions: whole,
  ReleaseSessionOptions: whole,
  CreateEnvWithGlobalThreadPools: () => expect(environment()).toBeDefined(),
  DisablePerSessionThreads: () => {
    environment();
    const before = threadCount();
    const made = session((options) => {
      api.call("SetIntraOpNumThreads", options, 4);
      api.call("DisablePerSessionThreads", options);
    });
    expect(threadCount()).toBe(before);
    expect(run(made)).toEqual(RIGHT);
  },
  CreateThreadingOptions: () => expect(api.make("CreateThreadingOptions")).toBeDefined(),
  ReleaseThreadingOptions: () => api.release("ReleaseThreadingOptions", api.make("CreateThreadingOptions")),
  SetGlobalIntraOpNumThreads: () => api.call("SetGlobalIntraOpNumThreads", api.make("CreateThreadingOptions"), 2),
  SetGlobalInterOpNumThreads: () => api.call("SetGlobalInterOpNumThreads", api.make("CreateThreadingOptions"), 2),
  CreateAllocator: () => expect(statistic(session(), "NumAllocs")).toMatch(/^\d+$/),
  ReleaseAllocator: () => expect(statistic(session(), "InUse")).toMatch(/^\d+$/),
  AllocatorGetStats: () => {
    const made = session();
    run(made);
    expect(Number(statistic(made, "TotalAllocated"))).toBeGreaterThan(0);
  },
  GetKeyValue: () => expect(statistic(session(), "no such key")).toBeUndefined(),
  ReleaseKeyValuePairs: () => expect(statistic(session(), "MaxInUse")).toMatch(/^\d+$/),
  RunWithBinding: whole,
  CreateIoBinding: whole,
  ReleaseIoBinding: whole,
  BindInput: () => expect(refusal(() => api.call("BindInput", api.make("CreateIoBinding", session()), "nobody", value(new Float32Array(4))))).toMatch(/nobody/),
  BindOutput: whole, // nothing else writes the result
  SessionOptionsSetLoadCancellationFlag: () => expect(refusal(() => session((options) => api.call("SessionOptionsSetLoadCancellationFlag", options, true)))).toMatch(/loading a program was interrupted/),
};

describe.runIf(process.platform === "linux")("the slot of", () => {
  // The environment comes first: onnxruntime has one for each process, and only its first maker says what threads it has.
  environment();
  test.each(Object.entries(BEHAVIOUR))("%s does what its name says", (_, behaves) => behaves());
});

describe("a library that does not fit", () => {
  afterEach(() => vi.unstubAllEnvs());
  const fresh = async (path: string): Promise<Error> => {
    vi.stubEnv("ISOFLOP_ONNXRUNTIME", path);
    vi.resetModules();
    const { OrtApi: Another } = await import("../../kernel/runtime/native/ortApi");
    try {
      Another.get();
    } catch (error) {
      if (error instanceof Error) return error;
    }
    throw new Error("it was accepted");
  };
  const threeLines = /^.+\n {2}at \S+\n {2}help: install the onnxruntime-node version of package-lock\.json again/;

  test("is refused in three lines when it is cut off, absent or another library", async () => {
    const cut = join(folder, "libonnxruntime.so.1");
    copyFileSync(libraryPath(), cut);
    truncateSync(cut, 4096);
    for (const path of [cut, join(folder, "absent.so")]) {
      const error = await fresh(path);
      expect(error.name).toBe(DeviceError.name);
      expect(error.message).toMatch(threeLines);
      expect(error.message).toMatch(/does not load/);
    }
  });

  const noCompiler = spawnSync("cc", ["--version"]).status !== 0;
  test.skipIf(noCompiler)(`is refused when its interface is too old, with its version${noCompiler ? " (skipped: no C compiler)" : ""}`, async () => {
    const old = join(folder, "old.so");
    writeFileSync(join(folder, "old.c"), `typedef struct { const void *(*get)(unsigned); const char *(*version)(void); } Base;
static const void *get(unsigned v) { (void)v; return 0; }
static const char *version(void) { return "1.9.0"; }
static Base base = { get, version };
Base *OrtGetApiBase(void) { return &base; }
`);
    execFileSync("cc", ["-shared", "-fPIC", "-o", old, join(folder, "old.c")]);
    const error = await fresh(old);
    expect(error.message).toMatch(threeLines);
    expect(error.message).toMatch(/^onnxruntime 1\.9\.0 does not offer version \d+ of its interface/);
  });
});
