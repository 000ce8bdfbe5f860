/**
 * @file Run in a process of its own, whose operator library, or provider for devices, is checked by sanitizers: the operators of numericOperators.test.ts on operands that fit,
 * on graphs with damaged attributes and operands, and in calls with any operands at all. Says what it did.
 */
import { assignColumns, fromHost, linearAttention, numerics, random, realize, type Tensor } from "../../kernel/index";
import type { HostTensor } from "../../kernel/graph/dtype";
import { hostArray } from "../../kernel/graph/dtype";
import { bucketIds, crossPolytopeCode } from "../../kernel/graph/composites/hashing";
import { combineRows, dispatchRows, expertSlots } from "../../kernel/graph/composites/routing";
import type { Storage } from "../../kernel/graph/tensor";
import type { OnnxAttribute, OnnxModel, OnnxNode } from "../../kernel/onnx/model";
import { OWN_OPERATORS } from "../../kernel/onnx/ownOperators";
import { encodeModel } from "../../kernel/onnx/protobuf";
import { executor, kernels, lowered, modelOf } from "../../kernel/runtime/session";

let seed = Number(process.argv[2]);
const below = (limit: number): number => {
  seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
  return Math.floor((seed / 2 ** 32) * limit);
};
const pick = <T>(items: readonly T[]): T => items[below(items.length)];
const sizeOf = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);
const floats = (shape: readonly number[]): Tensor => fromHost({ dtype: "float32", shape, data: Float32Array.from({ length: sizeOf(shape) }, (_, i) => Math.sin(i) * 3) });
const int64 = (shape: readonly number[], count: number): Tensor => fromHost({ dtype: "int64", shape, data: BigInt64Array.from({ length: sizeOf(shape) }, (_, i) => BigInt((i * 7) % count)) });

const [experts, slots, buffers] = [int64([29, 2], 5), int64([29, 2], 13), { experts: 5, capacity: 11 }];
const key = random.fold(random.key(1), int64([1], 2));
const [q, k, v] = [floats([3, 37, 19]), floats([3, 37, 19]), floats([3, 37, 41])];
const graphs: readonly (() => Tensor)[] = [
  () => random.bits(key, [2053]),
  () => random.uniform(key, [2053]),
  () => random.normal(key, [2053]),
  () => random.normal(random.key(3), [2053]),
  () => random.nearestNormal(key, floats([5, 33]), { candidates: 7 }),
  () => numerics.quantize(floats([7, 96]), "mxfp4"),
  () => numerics.quantize(floats([7, 96]), "mxfp8e5m2", { rounding: "stochastic", key }),
  () => numerics.roundScaled(floats([6, 24]), "e4m3", { scales: floats([6, 3]), rounding: "stochastic", key }),
  () => numerics.blockScales(floats([7, 96]), "mxfp6e3m2"),
  () => numerics.hadamard(floats([7, 96])),
  () => numerics.hadamard(floats([7, 96]), { block: 4 }),
  () => expertSlots([experts], { experts: 5 }),
  () => dispatchRows([floats([29, 17]), floats([29, 2]), experts, slots], buffers),
  () => combineRows([floats([5, 11, 17]), floats([29, 2]), experts, slots], buffers),
  () => crossPolytopeCode(floats([31, 9])),
  () => bucketIds(int64([133], 17)),
  () => linearAttention({ q, k, v }),
  () => assignColumns(floats([3, 19, 37])),
];

const engine = await executor();
type Port = Pick<HostTensor, "dtype" | "shape">;
async function attempt(model: OnnxModel, { inputs, data, outputs }: { readonly inputs: readonly Port[]; readonly data: readonly Storage[]; readonly outputs: readonly Port[] }): Promise<"ran" | "refused"> {
  try {
    const named = (prefix: string) => (port: Port, i: number) => ({ name: `${prefix}${i}`, dtype: port.dtype, shape: port.shape });
    const program = await engine.load({ model: encodeModel(model), inputs: inputs.map(named("i")), outputs: outputs.map(named("o")) });
    try {
      await program.run(data, outputs.map(({ dtype, shape }) => ({ data: hostArray(dtype, sizeOf(shape)) })));
      return "ran";
    } finally {
      await program.release();
    }
  } catch {
    return "refused";
  }
}

const INTEGERS = [-1, 0, 1, 2, 3, 7, 16, 32, 33, 1024, 2 ** 40, 2 ** 53];
const damagedAttribute = (attribute: OnnxAttribute): OnnxAttribute => (attribute.type === "int" ? { type: "int", value: pick(INTEGERS) } : attribute.type === "string" ? { type: "string", value: pick(["e2m1", "e4m3", "e5m2", "", "x"]) } : attribute);
function damagedNode(node: OnnxNode): OnnxNode {
  if (node.domain !== "isoflop") return node;
  const attributes = Object.fromEntries(Object.entries(node.attributes).flatMap(([name, value]) => (below(8) === 0 ? [] : [[name, below(2) === 0 ? damagedAttribute(value) : value]])));
  const inputs = node.inputs.map((input) => (below(6) === 0 ? pick(node.inputs) : input)).slice(0, below(8) === 0 ? below(node.inputs.length + 1) : undefined);
  return { ...node, attributes, inputs };
}

const counts = { whole: 0, damaged: { ran: 0, refused: 0 }, any: { ran: 0, refused: 0 }, assignments: "" };
for (const build of graphs) {
  const value = build();
  const graph = lowered([value], { inputs: [experts, slots, q, k, v], kernels: kernels(), fold: false });
  const model = modelOf(graph);
  const ports = { inputs: graph.inputs, outputs: graph.outputs };
  const data = graph.inputs.map((input) => input.storage ?? { data: hostArray(input.dtype, input.size) });
  for (let times = 0; times < 6; times++) {
    // Indices of any size, over places that were right.
    const wild = data.map((storage, i): Storage => (graph.inputs[i].dtype === "int64" ? { data: BigInt64Array.from({ length: graph.inputs[i].size }, () => BigInt(pick(INTEGERS)) * BigInt(pick([1, -1]))) } : storage));
    counts.damaged[await attempt(times < 1 ? model : { ...model, graph: { ...model.graph, nodes: model.graph.nodes.map(damagedNode) } }, { ...ports, data: below(2) === 0 ? wild : data })]++;
  }
  await realize([value]);
  counts.whole++;
}

/** One operator with any operands and attributes. */
function anyCall(): { readonly model: OnnxModel; readonly ports: { readonly inputs: readonly Port[]; readonly data: readonly Storage[]; readonly outputs: readonly Port[] } } {
  const operator = pick(OWN_OPERATORS);
  const inputs = Array.from({ length: below(5) }, (): Port => ({ dtype: pick(["float32", "float32", "int64", "int32", "uint8"]), shape: Array.from({ length: below(4) }, () => pick([0, 1, 2, 3, 5, 16, 32])) }));
  const data = inputs.map(({ dtype, shape }): Storage => ({ data: hostArray(dtype, sizeOf(shape)) }));
  const outputs: readonly Port[] = [{ dtype: pick(["float32", "int64"]), shape: pick([...inputs.map(({ shape }) => shape), [2], []]) }];
  const names = ["count", "bits", "half", "candidates", "block", "experts", "capacity", "reverse"];
  const attributes = Object.fromEntries([...names.map((name) => [name, { type: "int", value: pick(INTEGERS) }] as const), ["format", { type: "string", value: pick(["e2m1", "e5m2", "?"]) }] as const]);
  const info = (prefix: string) => (port: Port, i: number) => ({ name: `${prefix}${i}`, ...port });
  const node: OnnxNode = { opType: operator, domain: "isoflop", name: "call", inputs: inputs.map((_, i) => `i${i}`), outputs: ["o0"], attributes };
  return { model: { irVersion: 10, opsets: { "": 21, isoflop: 1 }, metadata: {}, graph: { name: "any", nodes: [node], inputs: inputs.map(info("i")), outputs: outputs.map(info("o")), initializers: new Map() } }, ports: { inputs, data, outputs } };
}
/** Costs of one operator, as they are. */
async function assignmentOf(shape: readonly number[], cost: (i: number) => number): Promise<"ran" | "refused"> {
  const [inputs, outputs]: readonly (readonly Port[])[] = [[{ dtype: "float32", shape }], [{ dtype: "int64", shape: shape.slice(0, -1) }]];
  const node: OnnxNode = { opType: "OptimalAssignment", domain: "isoflop", name: "call", inputs: ["i0"], outputs: ["o0"], attributes: {} };
  const graph = { name: "costs", nodes: [node], inputs: [{ name: "i0", ...inputs[0] }], outputs: [{ name: "o0", ...outputs[0] }], initializers: new Map() };
  const data = [{ data: Float32Array.from({ length: sizeOf(shape) }, (_, i) => cost(i)) }];
  return attempt({ irVersion: 10, opsets: { "": 21, isoflop: 1 }, metadata: {}, graph }, { inputs, data, outputs });
}
const ASSIGNMENTS: readonly (readonly [shape: readonly number[], cost: number])[] = [[[3], 1], [[3, 2], 1], [[2, 0], 1], [[4, 3, 2], 1], [[0, 0], 1], [[0, 3], 1], [[0, 3, 5], 1], [[3, 0, 5], 1], [[5, 7], NaN], [[5, 5], Infinity], [[17, 33], -Infinity], [[9, 40], 3e38], [[1, 1], 0]];
for (const [shape, cost] of ASSIGNMENTS) counts.assignments += (await assignmentOf(shape, (i) => (i % 4 === 3 ? -cost : cost))) === "ran" ? "+" : "-";
for (let i = 0; i < 200; i++) {
  const { model, ports } = anyCall();
  counts.any[await attempt(model, ports)]++;
}
process.stdout.write(`${engine.description}; ${JSON.stringify(counts)}\n`);
