/** @file Whether WebGPU works here, tried out in a process of its own: a faulty graphics driver can end the process that calls it. */
import { execFile } from "node:child_process";
import { createRequire } from "node:module";
import { encodeModel } from "../onnx/protobuf";
import { IR_VERSION, OPSET_VERSION } from "../onnx/model";
import { PRIVATE_ENVIRONMENT } from "./privacy";

/** What the Vulkan loader lists. */
export interface Adapter {
  readonly name: string;
  /** Computed by the processor, as Mesa's llvmpipe is. */
  readonly software: boolean;
}

export interface WebgpuProbe {
  /** Whether onnxruntime ran an addition on WebGPU and got the right sum. */
  readonly works: boolean;
  /** Vulkan's devices, in its order; empty on macOS, where WebGPU uses Metal. */
  readonly adapters: readonly Adapter[];
  /** The Vulkan loader is missing, which WebGPU needs on Linux. */
  readonly noLoader: boolean;
  /** One line on what failed; empty where nothing did. */
  readonly failure: string;
}

export interface ProbeOptions {
  /** Environment of the process that tries. Default this process's. */
  readonly env?: NodeJS.ProcessEnv;
  /** Taken for a failure after that time. Default 30 s: the first use of a driver may compile its shader library. */
  readonly timeoutMs?: number;
}

const TIMEOUT_MS = 30_000;

/**
 * Prints one JSON line on the session, then one on the adapters, so that a driver that fails in the second does not hide
 * the first. Text, not a module: it must run from a bundle as from source. Offsets are those of Vulkan's C structures:
 * VkInstanceCreateInfo has its type, 1, in front; VkPhysicalDeviceProperties (824 bytes) has the type of the device at
 * byte 16 (4 is a processor) and its name at 20.
 */
const SCRIPT = `
const [, ortPath, koffiPath, model] = process.argv;
const print = (value) => require("node:fs").writeSync(1, JSON.stringify(value) + "\\n");
const message = (error) => String(error && error.message || error);
async function run() {
  const ort = require(ortPath);
  if (!ort.listSupportedBackends().some(({ name }) => name === "webgpu")) throw new Error("this build of onnxruntime-node has no WebGPU");
  const session = await ort.InferenceSession.create(Buffer.from(model, "base64"), {
    executionProviders: ["webgpu"], logSeverityLevel: 4, extra: { session: { disable_cpu_ep_fallback: "1" } },
  });
  const { y } = await session.run({ x: new ort.Tensor("float32", Float32Array.of(1, 2), [2]) });
  if (y.data[0] !== 2 || y.data[1] !== 4) throw new Error("1 + 1 and 2 + 2 came out as " + y.data.join(" and "));
}
function adapters() {
  const koffi = require(koffiPath);
  const lib = koffi.load(process.platform === "win32" ? "vulkan-1.dll" : "libvulkan.so.1");
  const info = Buffer.alloc(64);
  info.writeUInt32LE(1, 0);
  const instance = [null];
  if (lib.func("int vkCreateInstance(const void *info, const void *allocator, _Out_ void **instance)")(info, null, instance) !== 0) return [];
  const enumerate = lib.func("int vkEnumeratePhysicalDevices(void *instance, _Inout_ uint32_t *count, void *devices)");
  const count = [0];
  enumerate(instance[0], count, null);
  const handles = Buffer.alloc(8 * count[0]);
  enumerate(instance[0], count, handles);
  const describe = lib.func("void vkGetPhysicalDeviceProperties(uint64_t device, void *properties)");
  return Array.from({ length: count[0] }, (_, i) => {
    const out = Buffer.alloc(1024);
    describe(handles.readBigUInt64LE(8 * i), out);
    return { name: out.toString("utf8", 20, out.indexOf(0, 20)), software: out.readUInt32LE(16) === 4 };
  });
}
run().then(() => print({ works: true }), (error) => print({ works: false, failure: message(error) })).then(() => {
  if (process.platform === "darwin") return;
  try { print({ adapters: adapters() }); } catch (error) { print({ noLoader: /cannot load|failed to load|cannot open|not found/i.test(message(error)) }); }
}).then(() => process.exit(0));
`;

/** A model that adds `x` [2] to itself. */
function additionModel(): string {
  const value = (name: string): { readonly name: string; readonly dtype: "float32"; readonly shape: readonly number[] } => ({ name, dtype: "float32", shape: [2] });
  const bytes = encodeModel({
    irVersion: IR_VERSION,
    opsets: { "": OPSET_VERSION },
    graph: { name: "probe", nodes: [{ opType: "Add", domain: "", name: "add", inputs: ["x", "x"], outputs: ["y"], attributes: {} }], inputs: [value("x")], outputs: [value("y")], initializers: new Map() },
    metadata: {},
  });
  return Buffer.from(bytes).toString("base64");
}

/** Tries WebGPU once, in a new process. Does not reject: what goes wrong is in `failure`. */
export function probeWebgpu({ env = process.env, timeoutMs = TIMEOUT_MS }: ProbeOptions = {}): Promise<WebgpuProbe> {
  const { resolve } = createRequire(import.meta.url);
  const args = ["-e", SCRIPT, resolve("onnxruntime-node"), resolve("koffi"), additionModel()];
  return new Promise((done) => {
    execFile(process.execPath, args, { env: { ...PRIVATE_ENVIRONMENT, ...env }, timeout: timeoutMs, killSignal: "SIGKILL", encoding: "utf8", windowsHide: true }, (error, stdout) => {
      const ended = error === null ? "the test run printed nothing" : error.killed === true ? `the test run did not end within ${timeoutMs / 1000} s` : `the test run ended with ${error.signal ?? `exit code ${error.code}`}`;
      done(resultOf(stdout, ended));
    });
  });
}

/** What the lines say that were printed before the process ended. */
function resultOf(stdout: string, ended: string): WebgpuProbe {
  // SAFETY: every line was printed by SCRIPT, whole, with these fields.
  const lines = stdout.split("\n").filter((line) => line.startsWith("{")).map((line) => JSON.parse(line) as Partial<WebgpuProbe>);
  const { works = false, failure = works ? "" : ended, adapters = [], noLoader = false }: Partial<WebgpuProbe> = Object.assign({}, ...lines);
  return { works, failure: brief(failure), adapters, noLoader };
}

/** onnxruntime's message without the place in its source that stands in front. */
const brief = (message: string): string => (message.split("\n")[0] ?? "").replace(/^.*? was false\. /, "").trim();
