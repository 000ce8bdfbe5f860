/** @file Held-out loss: the mean of a loss over a fixed list of batches, by one compiled program. */
import type { Tensor } from "../graph/tensor";
import { compile } from "../runtime/compile";

/** Returns what gives a model's mean loss over batches of equal size; NaN for no batches. It is compiled once for all models of a shape. */
export function meanLoss<Model, Batch>(loss: (model: Model, batch: Batch) => Tensor): (model: Model, batches: Iterable<Batch>) => Promise<number> {
  const compiled = compile((model: Model, batch: Batch) => loss(model, batch), { name: "held-out loss" });
  return async (model, batches) => {
    let [sum, count] = [0, 0];
    for (const batch of batches) {
      sum += await (await compiled(model, batch)).item();
      count++;
    }
    return sum / count;
  };
}
