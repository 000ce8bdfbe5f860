/** @file How large the inputs of named layers are: one compiled program over batches, for methods that weigh channels by their activations. */
import { abs, mul } from "../graph/ops/elementwise";
import { sum } from "../graph/ops/reduction";
import { withTaps } from "../graph/taps";
import type { Tensor } from "../graph/tensor";
import { compile } from "../runtime/compile";

export interface InputMeansOptions<Model, Batch> {
  /** What is computed for a batch. */
  readonly call: (model: Model, batch: Batch) => unknown;
  /** Which linear layers, by path. */
  readonly layers: RegExp;
}

/**
 * Σ over sequences of the mean over positions of |x|, for each channel of what a linear layer reads: by layer path, float64 [in].
 * Inputs are [T, B, in], as inside of transformers.
 * @throws {NoEffectError} when no linear layer's path matches.
 */
export async function inputMeans<Model, Batch>(model: Model, batches: Iterable<Batch>, { call, layers }: InputMeansOptions<Model, Batch>): Promise<ReadonlyMap<string, Float64Array>> {
  const pattern = new RegExp(`(?:${layers.source})\\.input$`, layers.flags);
  const program = compile(
    (m: Model, batch: Batch) => {
      const { taps } = withTaps(call, pattern)(m, batch);
      return Object.fromEntries(Object.entries(taps).map(([name, x]) => [name.slice(0, -".input".length), meanOf(x)]));
    },
    { name: "input means" },
  );
  const sums = new Map<string, Float64Array>();
  for (const batch of batches)
    for (const [path, one] of Object.entries(await program(model, batch))) {
      const values = await one.numbers();
      const before = sums.get(path);
      sums.set(path, before === undefined ? values : before.map((value, i) => value + values[i]));
    }
  return sums;
}

/** [T, B, in] → [in]. */
const meanOf = (x: Tensor): Tensor => mul(sum(abs(x), [0, 1]), 1 / x.shape[0]);
