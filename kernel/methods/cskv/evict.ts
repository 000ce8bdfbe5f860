/** @file What CSKV is compared with: a cache that forgets all but the first and the newest tokens (StreamingLLM, Xiao et al. 2023). */
import { and, greater, less, or, sub } from "../../graph/ops/elementwise";
import { expandDims, iota } from "../../graph/ops/movement";
import type { Tensor } from "../../graph/tensor";
import { Attention } from "../../nn/attention";
import type { Gpt } from "../../nn/gpt";
import { replaceModules } from "../../nn/surgery";

export interface EvictOptions {
  /** First tokens that stay: attention sinks. Default 4. */
  readonly sinks?: number;
  /** Newest tokens that stay. */
  readonly window: number;
}

/** Attention whose queries, when decoding, see the sinks and the window alone. The cache keeps its length; a real one would have sinks + window rows. */
class EvictingAttention extends Attention {
  readonly kept: Required<EvictOptions>;

  constructor(base: Attention, kept: Required<EvictOptions>) {
    super(base);
    this.kept = kept;
  }

  protected override seen(positions: Tensor, keys: number): Tensor {
    const { sinks, window } = this.kept;
    const key = iota(keys);
    return and(super.seen(positions, keys), or(less(key, sinks), greater(key, sub(expandDims(positions, 1), window))));
  }
}

/** `model` that decodes with the first `sinks` and the newest `window` tokens. Positions are those of the text, which is shorter than the context. */
export const evicting = (model: Gpt, { sinks = 4, window }: EvictOptions): Gpt => replaceModules(model, (layer) => (layer instanceof Attention ? new EvictingAttention(layer, { sinks, window }) : layer));
