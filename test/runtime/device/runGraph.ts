/** @file Runs a lowered graph once on an executor. */
import { hostArray, toNumbers } from "../../../kernel/graph/dtype";
import type { Storage } from "../../../kernel/graph/tensor";
import { encodeModel } from "../../../kernel/onnx/protobuf";
import { formOf, HOST_BUFFERS } from "../../../kernel/runtime/buffers";
import type { Executor } from "../../../kernel/runtime/executor";
import { modelOf, type Lowered } from "../../../kernel/runtime/session";

/** The elements of each result. `graph` was lowered for this executor. */
export async function runGraph(engine: Executor, graph: Lowered, inputs: readonly Storage[]): Promise<Float64Array[]> {
  const ports = { inputs: graph.inputs.map(({ dtype, shape }, i) => ({ name: `i${i}`, dtype, shape })), outputs: graph.outputs.map(({ dtype, shape }, i) => ({ name: `o${i}`, dtype, shape })) };
  const program = await engine.load({ model: encodeModel(modelOf(graph, engine)), ...ports });
  const results = graph.outputs.map((output) => (program.buffers ?? HOST_BUFFERS).make(formOf(output)));
  await program.run(inputs, results);
  await program.release();
  return results.map(({ data }, i) => toNumbers({ dtype: graph.outputs[i].dtype, data: data ?? hostArray(graph.outputs[i].dtype, 0) }));
}
