/** @file Training of a small GPT, to be run on one executor or another. */
import { compile, fromHost, nn, optim, random, type Tensor, tree, valueAndGrad } from "../../../kernel/index";

const VOCAB = 61;
const CONTEXT = 12;
const BATCH = 3;

export interface Batch {
  readonly x: Tensor;
  readonly y: Tensor;
}

const tokens = (phase: number): Tensor => fromHost({ dtype: "int32", shape: [BATCH, CONTEXT], data: Int32Array.from({ length: BATCH * CONTEXT }, (_, i) => (i * i + 7 * i + 3 * phase) % VOCAB) });
export const batchOf = (phase: number): Batch => ({ x: tokens(phase), y: tokens(phase + 1) });
export const BATCH_BYTES = 2 * BATCH * CONTEXT * 4;

/** At this epsilon AdamW does not turn rounding of vanishing gradients into steps of full size. */
const steadyOptimizer = (): optim.Transform<unknown> => optim.chain(optim.clipByGlobalNorm(1), optim.adamw({ lr: optim.warmupCosine({ peak: 3e-3, steps: 100 }), eps: 1e-3, weightDecay: 0.1 }));

/** A training that takes a step at each call and gives its loss, on the executor that is in use when it is made. */
export function training({ donate = true, optimizer = steadyOptimizer() }: { readonly donate?: boolean; readonly optimizer?: optim.Transform<unknown> } = {}): { readonly step: (batch: Batch) => Promise<Tensor>; readonly weights: () => Promise<ReadonlyMap<string, Float64Array>> } {
  let model = nn.gpt({ vocab: VOCAB, depth: 2, width: 24, heads: 3, context: CONTEXT, key: random.key(1) });
  let state = optimizer.init(model);
  const compiled = compile(
    (m: typeof model, s: typeof state, { x, y }: Batch) => {
      const [loss, gradients] = valueAndGrad((inner: typeof model) => nn.crossEntropy(inner.call(x), y))(m);
      const [updates, next] = optimizer.update(gradients, s, m);
      return { model: optim.applyUpdates(m, updates), state: next, loss };
    },
    { donate: donate ? ["m", "s"] : [], name: "training step" },
  );
  return {
    step: async (batch) => {
      const out = await compiled(model, state, batch);
      ({ model, state } = out);
      return out.loss;
    },
    weights: async () => {
      const found = new Map<string, Float64Array>();
      for (const [path, tensor] of tree.leaves(model)) found.set(path, await tensor.numbers());
      return found;
    },
  };
}
