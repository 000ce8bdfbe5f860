/** @file Computing lazy tensors: all that are asked for together, in one run. */
import { LifetimeError } from "../errors";
import { operands, topological } from "../graph/rewrite";
import { requireHeld, setRealizer, type Storage, type Tensor } from "../graph/tensor";
import { describeSite } from "../graph/trace";
import { formOf, HOST_BUFFERS } from "./buffers";
import { inTurn, kernels, lowered, programOf } from "./session";

/** Computes all of `tensors` and keeps their elements. */
export async function realizeTensors(tensors: readonly Tensor[]): Promise<void> {
  const pending = [...new Set(tensors)].filter((tensor) => tensor.storage === undefined);
  const leaf = topological(pending).find((tensor) => tensor.op === "Input" && tensor.storage === undefined);
  if (leaf !== undefined) {
    const site = pending[0].site;
    throw new LifetimeError(`${pending[0].toString()} depends on an argument of a traced function and has no elements`, { where: site && describeSite(site), help: "return it from the function, or tap it, and read the result" });
  }
  for (const tensor of topological(pending)) if (operands(tensor).length === 0 && tensor.storage !== undefined) requireHeld(tensor.storage);
  const graph = lowered(pending, { inputs: [], kernels: kernels(), fold: false });
  const program = await programOf(graph);
  const outputs = pending.map((tensor) => (program.buffers ?? HOST_BUFFERS).make(formOf(tensor)));
  await inTurn(() => program.run(graph.inputs.map(storageOf), outputs));
  pending.forEach((tensor, i) => {
    tensor.storage = outputs[i];
    tensor.inputs = []; // what it was computed from may go
    tensor.op = "Data";
    tensor.attrs = {};
  });
}

function storageOf(tensor: Tensor): Storage {
  if (tensor.storage === undefined) throw new Error(`${tensor.op} was hoisted without elements`);
  return tensor.storage;
}

setRealizer(realizeTensors);
