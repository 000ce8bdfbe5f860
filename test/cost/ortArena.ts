/** @file onnxruntime's own memory statistics of a model's runs, through its C functions (the Node binding has no such call). */
import koffi from "koffi";
import { createRequire } from "node:module";
import path from "node:path";
import { bytesPerElement } from "../../kernel/graph/dtype";
import { sizeOf } from "../../kernel/graph/shape";
import type { Tensor } from "../../kernel/graph/tensor";
import type { ExecutedGraph } from "../../kernel/cost/executedGraph";
import { ELEMENT_TYPES } from "../../kernel/onnx/emitContext";
import { encodeModel } from "../../kernel/onnx/protobuf";
import { OperatorLibrary } from "../../kernel/runtime/native/operatorLibrary";
import { OrtApi } from "../../kernel/runtime/native/ortApi";
import { modelOf } from "../../kernel/runtime/session";

const LIBRARIES: Readonly<Record<string, string>> = { linux: "libonnxruntime.so.1", darwin: "libonnxruntime.1.dylib", win32: "onnxruntime.dll" };
/** Version of the function table that is asked for; the places below are those of the table and never change. */
const API_VERSION = 27;
const SLOTS = 320;

type Pointer = NonNullable<unknown>;
type Foreign = (...args: readonly unknown[]) => Pointer;

interface Api {
  /** Calls the function at `slot` and returns its last argument, an out pointer. */
  make(slot: number, types: string, ...args: readonly unknown[]): Pointer;
  check(slot: number, types: string, ...args: readonly unknown[]): void;
  text(slot: number, types: string, ...args: readonly unknown[]): string;
}

/** The C function at an address. */
const bound = (address: Pointer, signature: string): Foreign => koffi.decode(address, koffi.proto(signature));

const fail = (message: string): never => {
  throw new Error(message);
};

let loaded: Api | undefined;

function api(): Api {
  if (loaded !== undefined) return loaded;
  const root = path.dirname(createRequire(import.meta.url).resolve("onnxruntime-node/package.json"));
  const library = koffi.load(path.join(root, "bin/napi-v6", process.platform, process.arch, LIBRARIES[process.platform]));
  const base: Pointer[] = koffi.decode(library.func("void* OrtGetApiBase()")(), koffi.array("void*", 2));
  const getApi: Foreign = bound(base[0], "void* OrtGetApi(uint32_t version)");
  const table: Pointer[] = koffi.decode(getApi(API_VERSION), koffi.array("void*", SLOTS));
  const known = new Map<number, Foreign>();
  const foreign = (slot: number, types: string, result: string): Foreign => {
    const found = known.get(slot) ?? (bound(table[slot], `${result} OrtSlot${slot}(${types})`));
    known.set(slot, found);
    return found;
  };
  const check = (slot: number, types: string, ...args: readonly unknown[]): void => {
    const status = foreign(slot, types, "void*")(...args);
    if (status) throw new Error(String(foreign(2, "void* status", "str")(status)));
  };
  loaded = {
    check,
    make(slot, types, ...args) {
      const out: (Pointer | null)[] = [null];
      check(slot, `${types}${types === "" ? "" : ", "}_Out_ void** out`, ...args, out);
      return out[0] ?? fail(`slot ${slot} gave nothing`);
    },
    text: (slot, types, ...args) => String(foreign(slot, types, "str")(...args)),
  };
  return loaded;
}

export interface ArenaStatistics {
  /** Largest number of bytes in use at once in the runs, constants apart. */
  readonly peakBytes: number;
  readonly reservedBytes: number;
  /** Of one run. */
  readonly allocations: number;
}

export interface ArenaOptions {
  readonly threads: number;
  /** Where results lie. Default in buffers of the caller. */
  readonly results?: "held" | "arena";
}

/** Runs a lowered graph on zeros, without memory pattern (twice, where results are held), and asks the arena. */
export function arenaOf(graph: ExecutedGraph, { threads, results = "held" }: ArenaOptions): ArenaStatistics {
  const model = encodeModel(modelOf(graph));
  const ort = api();
  const options = ort.make(10, "");
  ort.check(23, "void* options, int level", options, 0);
  ort.check(24, "void* options, int threads", options, threads);
  ort.check(17, "void* options", options); // DisableMemPattern
  OperatorLibrary.get(OrtApi.get())?.register(options);
  const environment = ort.make(3, "int level, str id", 3, "arena");
  const session = ort.make(8, "void* env, void* model, size_t bytes, void* options", environment, model, model.length, options);
  const cpu = ort.make(69, "int allocator, int type", 0, 0);
  const alive: unknown[] = [];
  const zeros = (tensor: Tensor): Pointer => {
    const bytes = new Uint8Array(new ArrayBuffer(Math.max(1, sizeOf(tensor.shape) * bytesPerElement(tensor.dtype))));
    const sizes = new BigInt64Array(new ArrayBuffer(8 * Math.max(1, tensor.rank)));
    sizes.set(tensor.shape.map(BigInt));
    alive.push(bytes, sizes);
    const types = "void* info, void* data, size_t bytes, void* shape, size_t rank, int type";
    return ort.make(49, types, cpu, bytes, bytes.length, sizes, tensor.rank, ELEMENT_TYPES[tensor.dtype]);
  };
  const binding = ort.make(134, "void* session", session);
  graph.inputs.forEach((tensor, i) => ort.check(136, "void* binding, str name, void* value", binding, `i${i}`, zeros(tensor)));
  graph.outputs.forEach((tensor, i) => {
    if (results === "held") ort.check(137, "void* binding, str name, void* value", binding, `o${i}`, zeros(tensor));
    else ort.check(138, "void* binding, str name, void* info", binding, `o${i}`, cpu);
  });
  const allocator = ort.make(131, "void* session, void* info", session, cpu);
  const statistics = (): Pointer => ort.make(319, "void* allocator", allocator);
  const statistic = (name: string): number => Number(ort.text(297, "void* pairs, str key", statistics(), name));
  const [constants, before] = [statistic("InUse"), statistic("NumAllocs")];
  ort.check(133, "void* session, void* run, void* binding", session, null, binding);
  const allocations = statistic("NumAllocs") - before;
  if (results === "held") ort.check(133, "void* session, void* run, void* binding", session, null, binding);
  return { peakBytes: statistic("MaxInUse") - constants, reservedBytes: statistic("TotalAllocated") - constants, allocations };
}
