/** @file onnxruntime's own memory statistics of a model's runs, through its C functions (the Node binding has no such call). */
import koffi from "koffi";
import { createRequire } from "node:module";
import path from "node:path";
import { bytesPerElement } from "../../kernel/graph/dtype";
import { sizeOf } from "../../kernel/graph/shape";
import { type Tensor } from "../../kernel/graph/tensor";
import { type ExecutedGraph } from "../../kernel/cost/executedGraph";
import { emit } from "../../kernel/onnx/emit";
import { ELEMENT_TYPES } from "../../kernel/onnx/emitContext";
import { encodeModel } from "../../kernel/onnx/protobuf";

const LIBRARIES: Readonly<Record<string, string>> = { linux: "libonnxruntime.so.1", darwin: "libonnxruntime.1.dylib", win32: "onnxruntime.dll" };
/** Version of the function table that is asked for; the places below are those of the table and never change. */
const API_VERSION = 27;
const SLOTS = 320;

type Pointer = unknown;
type Foreign = (...args: readonly unknown[]) => Pointer;

interface Api {
  /** Calls the function at `slot` and returns its last argument, an out pointer. */
  make(slot: number, types: string, ...args: readonly unknown[]): Pointer;
  check(slot: number, types: string, ...args: readonly unknown[]): void;
  text(slot: number, types: string, ...args: readonly unknown[]): string;
}

let loaded: Api | undefined;

function api(): Api {
  if (loaded !== undefined) return loaded;
  const root = path.dirname(createRequire(import.meta.url).resolve("onnxruntime-node/package.json"));
  const library = koffi.load(path.join(root, "bin/napi-v6", process.platform, process.arch, LIBRARIES[process.platform]));
  const base: Pointer[] = koffi.decode(library.func("void* OrtGetApiBase()")(), koffi.array("void*", 2));
  const getApi: Foreign = koffi.decode(base[0], koffi.proto("void* OrtGetApi(uint32_t version)"));
  const table: Pointer[] = koffi.decode(getApi(API_VERSION), koffi.array("void*", SLOTS));
  const known = new Map<number, Foreign>();
  const foreign = (slot: number, types: string, result: string): Foreign => {
    const found = known.get(slot) ?? (koffi.decode(table[slot], koffi.proto(`${result} OrtSlot${slot}(${types})`)) as Foreign);
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
      const out: Pointer[] = [null];
      check(slot, `${types}${types === "" ? "" : ", "}_Out_ void** out`, ...args, out);
      return out[0];
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

/** Runs a lowered graph twice on zeros, results in buffers of the caller, without memory pattern, and asks the arena. */
export function arenaOf(graph: ExecutedGraph, threads: number): ArenaStatistics {
  const model = encodeModel(emit({ inputs: new Map(graph.inputs.map((tensor, i) => [tensor, `i${i}`])), outputs: graph.outputs.map((tensor, i) => ({ name: `o${i}`, tensor })) }));
  const ort = api();
  const options = ort.make(10, "");
  ort.check(23, "void* options, int level", options, 0);
  ort.check(24, "void* options, int threads", options, threads);
  ort.check(17, "void* options", options); // DisableMemPattern
  const session = ort.make(8, "void* env, void* model, size_t bytes, void* options", ort.make(3, "int level, str id", 3, "arena"), model, model.length, options);
  const cpu = ort.make(69, "int allocator, int type", 0, 0);
  const alive: unknown[] = [];
  const zeros = (tensor: Tensor): Pointer => {
    const bytes = new Uint8Array(new ArrayBuffer(Math.max(1, sizeOf(tensor.shape) * bytesPerElement(tensor.dtype))));
    const sizes = new BigInt64Array(new ArrayBuffer(8 * Math.max(1, tensor.rank)));
    sizes.set(tensor.shape.map(BigInt));
    alive.push(bytes, sizes);
    return ort.make(49, "void* info, void* data, size_t bytes, void* shape, size_t rank, int type", cpu, bytes, bytes.length, sizes, tensor.rank, ELEMENT_TYPES[tensor.dtype]);
  };
  const binding = ort.make(134, "void* session", session);
  graph.inputs.forEach((tensor, i) => ort.check(136, "void* binding, str name, void* value", binding, `i${i}`, zeros(tensor)));
  graph.outputs.forEach((tensor, i) => ort.check(137, "void* binding, str name, void* value", binding, `o${i}`, zeros(tensor)));
  const allocator = ort.make(131, "void* session, void* info", session, cpu);
  const statistic = (name: string): number => Number(ort.text(297, "void* pairs, str key", ort.make(319, "void* allocator", allocator), name));
  const [constants, before] = [statistic("InUse"), statistic("NumAllocs")];
  ort.check(133, "void* session, void* run, void* binding", session, null, binding);
  const allocations = statistic("NumAllocs") - before;
  ort.check(133, "void* session, void* run, void* binding", session, null, binding);
  return { peakBytes: statistic("MaxInUse") - constants, reservedBytes: statistic("TotalAllocated") - constants, allocations };
}
