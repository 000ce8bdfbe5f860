/**
 * @file The kernel calls that a lowered graph becomes, with the values they read and write: what memory planning looks at.
 * Mirrors emission to ONNX call by call. Casts around kernels that lack a dtype (bfloat16, int8) are left out.
 */
import { isFloat } from "../graph/dtype";
import type { OpAttrs } from "../graph/op";
import { broadcastShapes, sizeOf } from "../graph/shape";
import type { Tensor } from "../graph/tensor";
import { nodesOf, type ExecutedGraph } from "./executedGraph";
import { scratchBytes } from "./scratch";
import { kernelOf, type Value } from "./sharedKernels";

export interface KernelStep {
  /** ONNX's name where it differs from ours. */
  readonly kernel: string;
  readonly reads: readonly Value[];
  readonly writes: readonly Value[];
  /** Memory that the kernel takes for itself while it runs. */
  readonly scratch: readonly number[];
  /** The node it belongs to. */
  readonly tensor: Tensor;
}

interface OpenStep extends KernelStep {
  readonly writes: Value[];
}

/** Calls in the order in which the nodes stand in the model. @param threads - that the kernels run on: convolutions take scratch memory for each. */
export function kernelSteps(graph: ExecutedGraph, threads: number): KernelStep[] {
  const steps: OpenStep[] = [];
  const calls = new Map<string, OpenStep>();
  const { computed } = nodesOf(graph);
  for (const tensor of computed) {
    const add = (kernel: string, reads: readonly Value[], writes: Value[]): OpenStep => {
      const step = { kernel, reads, writes, scratch: scratchBytes(tensor, threads), tensor };
      steps.push(step);
      return step;
    };
    if (tensor.op === "MatMul") matmulSteps(tensor, add);
    else if (tensor.op === "Mod" && isFloat(tensor.dtype)) remainderSteps(tensor, add);
    else if (tensor.op === "Where" && tensor.dtype === "bool") choiceSteps(tensor, add);
    else {
      const { call, kernel, output, always } = kernelOf(tensor);
      const step = calls.get(call) ?? add(kernel, kernel === "OneHot" ? [wideIndices(tensor, add)] : tensor.inputs, [...always]);
      calls.set(call, step);
      step.writes[output] = tensor;
    }
  }
  // Results that nothing wants and that need not be written leave holes.
  const dense = steps.map((step) => ({ ...step, writes: step.writes.filter((value) => value !== undefined) }));
  return [...dense, ...copiesOut(graph.outputs, new Set(computed))];
}

/** A value that leaves twice, or that nothing computes, passes through a copy. */
function copiesOut(outputs: readonly Tensor[], computed: ReadonlySet<Tensor>): KernelStep[] {
  const seen = new Set<Tensor>();
  return outputs.flatMap((tensor) => {
    const direct = computed.has(tensor) && !seen.has(tensor);
    seen.add(tensor);
    return direct ? [] : [{ kernel: "Copy", reads: [tensor], writes: [{ shape: tensor.shape, dtype: tensor.dtype }], scratch: [], tensor }];
  });
}

type AddStep = (kernel: string, reads: readonly Value[], writes: Value[]) => void;

function matmulSteps(tensor: Tensor, add: AddStep): void {
  // SAFETY: the caller looked at the op, to which the attributes belong.
  const { transA, leadA } = tensor.attrs as OpAttrs["MatMul"];
  const [a, b] = tensor.inputs;
  const float = a.dtype === "float32" || a.dtype === "bfloat16";
  if (a.rank === 2 || b.rank !== 2 || transA || leadA || !float) return add("MatMul", [a, b], [tensor]);
  // One matrix against a batch: one product over all rows.
  const columns = a.shape[a.rank - 1];
  const rows: Value = { shape: [sizeOf(a.shape) / columns, columns], dtype: a.dtype };
  const product: Value = { shape: [rows.shape[0], tensor.shape[tensor.rank - 1]], dtype: tensor.dtype };
  add("Reshape", [a], [rows]);
  add("MatMul", [rows, b], [product]);
  return add("Reshape", [product], [tensor]);
}

/** OneHot takes int64 indices only. */
function wideIndices(tensor: Tensor, add: AddStep): Value {
  const [indices] = tensor.inputs;
  if (indices.dtype === "int64") return indices;
  const wide: Value = { shape: indices.shape, dtype: "int64" };
  add("Cast", [indices], [wide]);
  return wide;
}

/** x − y ⌊x / y⌋ */
function remainderSteps(tensor: Tensor, add: AddStep): void {
  const [x, y] = tensor.inputs;
  const [quotient, whole, multiple] = [0, 1, 2].map((): Value => ({ shape: tensor.shape, dtype: tensor.dtype }));
  add("Div", [x, y], [quotient]);
  add("Floor", [quotient], [whole]);
  add("Mul", [y, whole], [multiple]);
  add("Sub", [x, multiple], [tensor]);
}

/** (c ∧ x) ∨ (¬c ∧ y) */
function choiceSteps(tensor: Tensor, add: AddStep): void {
  const [c, x, y] = tensor.inputs;
  const part = (a: Tensor, b: Tensor): Value => ({ shape: broadcastShapes(a.shape, b.shape, "Where"), dtype: "bool" });
  const [first, otherwise, second]: readonly Value[] = [part(c, x), { shape: c.shape, dtype: "bool" }, part(c, y)];
  add("And", [c, x], [first]);
  add("Not", [c], [otherwise]);
  add("And", [otherwise, y], [second]);
  add("Or", [first, second], [tensor]);
}
