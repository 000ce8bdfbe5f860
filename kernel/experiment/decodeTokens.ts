/** @file A model judged while it decodes: token by token with its cache, given the true tokens, so that what a cache loses is seen. */
import { cast, equal } from "../graph/ops/elementwise";
import { argMax } from "../graph/ops/reduction";
import { fromHost, type Tensor } from "../graph/tensor";
import type { KeyValueCache } from "../nn/kvCache";
import { crossEntropyEach } from "../nn/losses";
import { compile } from "../runtime/compile";

/** What decodes with a cache: see `nn.Gpt`. */
export interface DecodingModel {
  cache(shape: { readonly batch: number; readonly length?: number }): KeyValueCache;
  step(tokens: Tensor, cache: KeyValueCache): { readonly logits: Tensor; readonly cache: KeyValueCache };
}

export interface Decoded {
  /** Nats of each position: [B][T]. */
  readonly losses: readonly Float64Array[];
  /** 1 where the likeliest token is the true one: [B][T]. */
  readonly hits: readonly Float64Array[];
  /** The cache after the last token. */
  readonly cache: KeyValueCache;
}

/**
 * Losses of the next token while `model` decodes x [B, T], where y[b, t] follows x[b, t].
 * @param options.prompt - so many first tokens go in at once. Default 1: token by token from the start.
 */
export async function decodeTokens(model: object & DecodingModel, { x, y }: { readonly x: Tensor; readonly y: Tensor }, { prompt = 1 }: { readonly prompt?: number } = {}): Promise<Decoded> {
  const [batch, time] = x.shape;
  const [given, wanted] = [await x.numbers(), await y.numbers()];
  const columns = (of: Float64Array, start: number, end: number): Tensor =>
    fromHost({ dtype: "int32", shape: [batch, end - start], data: Int32Array.from({ length: batch * (end - start) }, (_, i) => of[Math.floor(i / (end - start)) * time + start + (i % (end - start))]) });
  const program = compile(
    (m: typeof model, cache: KeyValueCache, tokens: Tensor, next: Tensor) => {
      const { logits, cache: grown } = m.step(tokens, cache);
      return { losses: crossEntropyEach(logits, next), hits: cast(equal(argMax(logits), cast(next, "int64")), "float32"), cache: grown };
    },
    { donate: ["cache"], name: "decoding" },
  );
  const empty = (): Float64Array[] => Array.from({ length: batch }, () => new Float64Array(time).fill(NaN));
  const [losses, hits] = [empty(), empty()];
  let cache = model.cache({ batch, length: time });
  for (let start = 0, end = prompt; start < time; start = end, end = start + 1) {
    const out = await program(model, cache, columns(given, start, end), columns(wanted, start, end));
    cache = out.cache;
    const [each, hit] = [await out.losses.numbers(), await out.hits.numbers()];
    const count = end - start;
    for (let b = 0; b < batch; b++)
      for (let t = 0; t < count; t++) {
        losses[b][start + t] = each[b * count + t];
        hits[b][start + t] = hit[b * count + t];
      }
  }
  return { losses, hits, cache };
}
