/** @file What `isoflop doctor` looks at. A check never throws: what goes wrong is its result. */
import { readFileSync } from "node:fs";
import { arch, freemem, totalmem } from "node:os";
import { engines } from "../../package.json";
import { bytesText } from "../display/format";
import { devices } from "../runtime/devices";
import { describeMachine } from "../runtime/machine";
import { isPrivate } from "../runtime/privacy";
import { cuda, nvidia } from "./nvidiaChecks";

export interface Check {
  readonly name: string;
  /** `absent`: not here, and notebooks run without it. */
  readonly state: "ok" | "absent" | "problem";
  /** What was found, a line or a few. */
  readonly detail: string;
  /** What to do; absent where all is well. */
  readonly help?: string;
}

/** The checks, each started when it is asked for. */
export function* examine(): Generator<Check | Promise<Check>> {
  yield nodeVersion();
  yield library();
  yield computes();
  yield telemetry();
  yield operators();
  yield processor();
  yield memory();
  yield webgpu();
  yield* nvidia();
  yield cuda();
}

const reason = (error: unknown): string => (error instanceof Error ? error.message : String(error));

function nodeVersion(): Check {
  const least = engines.node.replace(">=", "").split(".").map(Number);
  const have = process.versions.node.split(".").map(Number);
  const at = least.findIndex((part, i) => part !== have[i]);
  const enough = at < 0 || have[at] > least[at];
  return { name: "Node.js", state: enough ? "ok" : "problem", detail: `${process.versions.node} (${process.execPath})`, ...(enough ? {} : { help: `install Node.js ${engines.node.replace(">=", "")} or newer, or set isoflop.nodePath to one` }) };
}

async function library(): Promise<Check> {
  const name = "onnxruntime";
  try {
    const { libraryPath } = await import("../runtime/native/libraryFile");
    return { name, state: "ok", detail: libraryPath() };
  } catch (error) {
    return { name, state: "problem", detail: reason(error), help: "reinstall IsoFLOP on a platform that onnxruntime-node supports: Linux, macOS and Windows on x64 or arm64" };
  }
}

/** Loads the executor and adds two numbers with it. */
async function computes(): Promise<Check> {
  const name = "executor";
  try {
    const { add, tensor } = await import("../index");
    const { executor } = await import("../runtime/session");
    const engine = await executor();
    const sum = await add(tensor([1]), tensor([2])).item();
    if (sum !== 3) return { name, state: "problem", detail: `${engine.description}: 1 + 2 came out as ${sum}`, help: "set ISOFLOP_EXECUTOR=stock, and report it" };
    return { name, state: "ok", detail: engine.description, ...(engine.description.startsWith("stock") && process.env.ISOFLOP_EXECUTOR === undefined && process.env.ISOFLOP_DEVICE === undefined ? { help: "the native executor does not load here; the stock one is right, and slower" } : {}) };
  } catch (error) {
    return { name, state: "problem", detail: reason(error), help: "unset ISOFLOP_EXECUTOR and ISOFLOP_DEVICE; if it stays, reinstall IsoFLOP" };
  }
}

/** What onnxruntime would report to Microsoft by itself. */
export function telemetry(): Check {
  const name = "telemetry";
  if (isPrivate()) return { name, state: "ok", detail: "off, onnxruntime's own too (ORT_DISABLE_TELEMETRY=1)" };
  return { name, state: "problem", detail: `ORT_DISABLE_TELEMETRY is ${process.env.ORT_DISABLE_TELEMETRY}: onnxruntime may report its use to Microsoft`, help: "unset it, or set it to 1: IsoFLOP itself reports nothing" };
}

/** Our own operators, which make the native executor faster; without them it computes in more, smaller steps. */
async function operators(): Promise<Check> {
  const name = "own operators";
  const help = "build them with npm run build:native, which needs a C++ compiler (g++); without them training is slower";
  try {
    const [{ OperatorLibrary }, { OrtApi }] = await Promise.all([import("../runtime/native/operatorLibrary"), import("../runtime/native/ortApi")]);
    const found = OperatorLibrary.get(OrtApi.get());
    return found === undefined ? { name, state: "absent", detail: "no library was built, or ISOFLOP_OPERATORS is none", help } : { name, state: "ok", detail: `${found.path}\n${found.instructionSet}` };
  } catch (error) {
    return { name, state: "absent", detail: reason(error), help };
  }
}

/** Vector instructions that make a difference to onnxruntime's kernels. */
const FEATURES: readonly string[] = ["avx2", "fma", "f16c", "avx512f", "avx512_vnni", "avx512_bf16", "amx_tile", "asimd", "asimdhp", "asimddp", "bf16", "i8mm", "sve"];

function processor(): Check {
  const name = "processor";
  let flags: readonly string[] | undefined;
  try {
    flags = /^(?:flags|Features)\s*:\s*(.*)$/m.exec(readFileSync("/proc/cpuinfo", "utf8"))?.[1].split(/\s+/);
  } catch {
    flags = undefined; // only Linux tells
  }
  const found = flags && FEATURES.filter((feature) => flags.includes(feature));
  const detail = `${describeMachine()}${found === undefined ? "" : `\n${found.length === 0 ? "no vector instructions" : found.join(" ")}`}`;
  const slow = arch() === "x64" && found !== undefined && !found.includes("avx2");
  return { name, state: "ok", detail, ...(slow ? { help: "without AVX2 everything is several times slower; take another machine for training" } : {}) };
}

/** A small GPT with its optimizer, and the editor beside it. */
const LEAST_FREE_BYTES = 2 ** 30;

function memory(): Check {
  const free = availableBytes();
  const enough = free >= LEAST_FREE_BYTES;
  return { name: "memory", state: enough ? "ok" : "problem", detail: `${bytesText(free)} of ${bytesText(totalmem())} free`, ...(enough ? {} : { help: "end other programs, or train smaller models: less than 1 GiB is left" }) };
}

/** What can be had without swapping: more than what is free, which leaves out caches. */
function availableBytes(): number {
  try {
    const kibibytes = /^MemAvailable:\s*(\d+) kB$/m.exec(readFileSync("/proc/meminfo", "utf8"))?.[1];
    return kibibytes === undefined ? freemem() : Number(kibibytes) * 1024;
  } catch {
    return freemem();
  }
}

async function webgpu(): Promise<Check> {
  const device = (await devices()).find(({ name }) => name === "webgpu");
  if (device === undefined || device.available) return { name: "WebGPU", state: "ok", detail: device?.description ?? "" };
  return { name: "WebGPU", state: "absent", detail: `${device.description}: ${device.reason}`, help: device.help };
}
