/** @file Running graphs on onnxruntime directly: no buffers given, so shapes and dtypes are those that it finds. */
import * as ort from "onnxruntime-node";
import { expand, isComposite } from "../../kernel/graph/composite";
import { DTYPES, hostArray, toNumbers, type Dtype, type HostArray } from "../../kernel/graph/dtype";
import { lower } from "../../kernel/graph/passes/lower";
import { cast } from "../../kernel/graph/ops/elementwise";
import { rewriteGraph, substitute } from "../../kernel/graph/rewrite";
import { placeholder, type Tensor } from "../../kernel/graph/tensor";
import { emit } from "../../kernel/onnx/emit";
import { fusedByOnnxruntime } from "../../kernel/onnx/fused";
import { encodeModel } from "../../kernel/onnx/protobuf";
import { hostOf, type Nd } from "./arrays";

/** How a graph gets to onnxruntime: as traced, all composites in primitives; or through the passes, composites fused. */
export type Path = "as written" | "lowered";
export const PATHS: readonly Path[] = ["as written", "lowered"];

/** Composites in primitives, nothing else changed. */
export function expandAll(outputs: readonly Tensor[]): Tensor[] {
  return rewriteGraph(outputs, (x) => (x.storage === undefined && isComposite(x) ? expandAll([expand(x)])[0] : x));
}

/** Parameters of a graph for `inputs`. */
export const parametersFor = (inputs: readonly Nd[]): Tensor[] => inputs.map((input, i) => placeholder(`x${i}`, input));

interface Evaluation {
  readonly parameters: readonly Tensor[];
  readonly inputs: readonly Nd[];
  readonly path: Path;
}

/** Values of `outputs`, which read `parameters`, with the given elements. bfloat16 cannot pass onnxruntime's binding: it is cast inside. */
export async function evaluate(outputs: readonly Tensor[], { parameters, inputs, path }: Evaluation): Promise<Nd[]> {
  if ([...outputs, ...inputs].every(({ dtype }) => dtype !== "bfloat16")) return run(outputs, { parameters, inputs, path });
  const passable = (dtype: Dtype): Dtype => (dtype === "bfloat16" ? "float32" : dtype);
  const given = inputs.map((input) => ({ ...input, dtype: passable(input.dtype) }));
  const outer = parametersFor(given);
  const inside = substitute(outputs, new Map(parameters.map((parameter, i) => [parameter, cast(outer[i], parameter.dtype)])));
  const results = await run(inside.map((out) => cast(out, passable(out.dtype))), { parameters: outer, inputs: given, path });
  return results.map((result, i) => ({ ...result, dtype: outputs[i].dtype }));
}

async function run(outputs: readonly Tensor[], { parameters, inputs, path }: Evaluation): Promise<Nd[]> {
  const program = await load(outputs, { parameters, path });
  const results = await program.run(inputs);
  await program.release();
  return results;
}

export interface Loaded {
  run(inputs: readonly Nd[]): Promise<Nd[]>;
  release(): Promise<void>;
}

/** A graph made ready to run many times. */
export async function load(outputs: readonly Tensor[], { parameters, path }: Pick<Evaluation, "parameters" | "path">): Promise<Loaded> {
  const graph = path === "lowered" ? lower(outputs, { fused: fusedByOnnxruntime }) : expandAll(outputs);
  const model = emit({ inputs: new Map(parameters.map((tensor, i) => [tensor, `i${i}`])), outputs: graph.map((tensor, i) => ({ name: `o${i}`, tensor })) });
  const session = await ort.InferenceSession.create(encodeModel(model), { graphOptimizationLevel: "disabled", logSeverityLevel: 4, intraOpNumThreads: 1 });
  return {
    async run(inputs) {
      const feeds = Object.fromEntries(
        inputs.map((input, i) => {
          const { data } = hostOf(input);
          // SAFETY: host arrays are of the classes that onnxruntime-node pairs with their dtypes.
          return [`i${i}`, new ort.Tensor(input.dtype as "float32", data as Float32Array, [...input.shape])];
        }),
      );
      const results = await session.run(feeds);
      return graph.map((_, i) => ndOf(results[`o${i}`]));
    },
    release: () => session.release(),
  };
}

function ndOf({ dims, type, data }: ort.Tensor): Nd {
  const dtype = DTYPES.find((name) => name === type);
  if (dtype === undefined) throw new Error(`onnxruntime returned ${type}`);
  // SAFETY: numeric tensors hold typed arrays.
  const elements = data as HostArray;
  return { shape: dims, dtype, data: [...toNumbers({ dtype, data: elements.length === 0 ? hostArray(dtype, 0) : elements })] };
}
