/** @file FLOPs of a run counted from onnxruntime's profile: by ONNX operator and the shapes it saw, knowing nothing of our graph. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import * as ort from "onnxruntime-node";
import type { ExecutedGraph } from "../../kernel/cost/executedGraph";
import { hostArray } from "../../kernel/graph/dtype";
import { sizeOf, type Shape } from "../../kernel/graph/shape";
import type { Tensor } from "../../kernel/graph/tensor";
import type { OnnxNode } from "../../kernel/onnx/model";
import { nodesWithin } from "../../kernel/onnx/nestedGraphs";
import { encodeModel } from "../../kernel/onnx/protobuf";
import { modelOf } from "../../kernel/runtime/session";

interface Call {
  /** The node's attributes, from the model: profiles have none. */
  readonly attributes: OnnxNode["attributes"];
  readonly inputs: readonly Shape[];
  readonly outputs: readonly Shape[];
}
type Count = (call: Call) => number;

const each = (perElement: number): Count => ({ outputs: [out] }) => perElement * sizeOf(out);
const none: Count = () => 0;
/** n elements become one by n − 1 operations. */
const reduction: Count = ({ inputs: [x], outputs: [out] }) => sizeOf(x) - sizeOf(out);
/** Each element of the result is a sum over the inner size of the left operand. */
const product: Count = ({ inputs: [a], outputs: [out] }) => {
  const rows = sizeOf(out.slice(-a.length)) / out[out.length - 1];
  return 2 * sizeOf(out) * (sizeOf(a) / rows);
};
/** Lines along the node's axis. */
const linesOf = ({ attributes, inputs: [x] }: Call): number => {
  const axis = attributes["axis"];
  if (axis?.type !== "int") throw new Error("an axis is missing");
  return sizeOf(x) / x[axis.value < 0 ? axis.value + x.length : axis.value];
};

const all = (ops: string, count: Count): Record<string, Count> => Object.fromEntries(ops.split(" ").map((op) => [op, count]));

/** Operations of one call. */
const COUNTS: Readonly<Record<string, Count>> = {
  ...all("Neg Abs Sign Exp Log Sqrt Reciprocal Sin Cos Tanh Sigmoid Erf Floor Ceil Round Not IsNaN Where CumSum OneHot", each(1)),
  ...all("Add Sub Mul Div Pow Max Min Mod And Or Xor Equal Less LessOrEqual BitwiseAnd BitwiseOr BitwiseXor BitShift", each(1)),
  ...all("Identity Reshape Transpose Expand Slice Pad Concat Gather GatherElements Cast Range Loop", none),
  ...all("ReduceSum ReduceMax ReduceMin ReduceProd ArgMax", reduction),
  Gemm: ({ inputs: [a], outputs: [out] }) => 2 * sizeOf(out) * (sizeOf(a) / out[0]),
  MatMul: product,
  MatMulInteger: product,
  FusedMatMul: product,
  Conv: ({ inputs: [, w], outputs: [out] }) => 2 * sizeOf(out) * sizeOf(w.slice(1)),
  ConvTranspose: ({ inputs: [x, w] }) => 2 * sizeOf(x) * sizeOf(w.slice(1)),
  ScatterElements: ({ inputs: [, , updates] }) => sizeOf(updates),
  TopK: ({ inputs: [x] }) => sizeOf(x),
  // Largest, difference, exponential, sum, quotient.
  Softmax: (call) => 5 * sizeOf(call.inputs[0]) - 2 * linesOf(call),
  // Largest, difference, exponential, sum, logarithm of each line, difference.
  LogSoftmax: (call) => 5 * sizeOf(call.inputs[0]) - linesOf(call),
  // Mean (sum, factor), difference, square, mean, + ε, root, reciprocal, two products, sum.
  LayerNormalization: (call) => 7 * sizeOf(call.inputs[0]) + 3 * linesOf(call),
  // x/2 · (erf(x/√2) + 1)
  Gelu: each(5),
  // x · σ(x)
  QuickGelu: each(2),
};

interface NodeEvent {
  readonly cat: string;
  readonly name: string;
  readonly args: {
    readonly op_name: string;
    readonly input_type_shape: readonly Readonly<Record<string, Shape>>[];
    readonly output_type_shape: readonly Readonly<Record<string, Shape>>[];
  };
}

/** Ends the name of the event that stands for a node's run. */
const KERNEL = "_kernel_time";

const shapesOf = (typed: readonly Readonly<Record<string, Shape>>[]): Shape[] => typed.map((one) => Object.values(one)[0]);

// SAFETY: the array's class is the one onnxruntime-node pairs with this dtype.
const zeros = ({ dtype, shape }: Tensor): ort.Tensor => new ort.Tensor(dtype as "float32", hostArray(dtype, sizeOf(shape)) as Float32Array, shape);

/** FLOPs by ONNX operator of one run of the graph on zeros. @throws {Error} for an operator it has no count for. */
export async function executedFlops(graph: ExecutedGraph): Promise<Map<string, number>> {
  const folder = mkdtempSync(path.join(tmpdir(), "isoflop-profile-"));
  try {
    const model = modelOf(graph);
    const attributes = new Map(nodesWithin(model.graph.nodes).map((node) => [node.name, node.attributes]));
    const options: ort.InferenceSession.SessionOptions = { graphOptimizationLevel: "disabled", intraOpNumThreads: 1, logSeverityLevel: 3 };
    const profiling = { enableProfiling: true, profileFilePrefix: path.join(folder, "run") };
    const session = await ort.InferenceSession.create(encodeModel(model), { ...options, ...profiling });
    await session.run(Object.fromEntries(graph.inputs.map((tensor, i) => [`i${i}`, zeros(tensor)])));
    session.endProfiling();
    await session.release();
    const events: readonly NodeEvent[] = JSON.parse(readFileSync(path.join(folder, readdirSync(folder)[0]), "utf8"));
    const flops = new Map<string, number>();
    for (const { name, args } of events.filter((event) => event.cat === "Node" && event.name.endsWith(KERNEL))) {
      const count = COUNTS[args.op_name];
      if (count === undefined) throw new Error(`no count for ${args.op_name}`);
      const node = { attributes: attributes.get(name.slice(0, -KERNEL.length)) ?? {} };
      const flopsNow = count({ ...node, inputs: shapesOf(args.input_type_shape), outputs: shapesOf(args.output_type_shape) });
      flops.set(args.op_name, (flops.get(args.op_name) ?? 0) + flopsNow);
    }
    return flops;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
