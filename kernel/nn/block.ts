/** @file Block: a transformer layer, attention and feed-forward each normalized before and added to the stream. */
import { add } from "../graph/ops/elementwise";
import type { Tensor } from "../graph/tensor";
import { fold, type Key } from "../random/key";
import { attention, type Attention, type AttentionCall, type AttentionOptions } from "./attention";
import { fanInInit } from "./initializers";
import type { LayerCache } from "./kvCache";
import { mlp, type Mlp, type MlpKind } from "./mlp";
import { Module } from "./module";
import { norm, type Norm, type NormKind } from "./normalization";

/** x + attention(norm1(x)), then x + mlp(norm2(x)): [T, B, D] → [T, B, D], time first. */
export class Block extends Module<readonly [x: Tensor, options?: AttentionCall], Tensor> {
  readonly norm1: Norm;
  readonly attention: Attention;
  readonly norm2: Norm;
  readonly mlp: Mlp;

  constructor(parts: Pick<Block, "norm1" | "attention" | "norm2" | "mlp">) {
    super();
    this.norm1 = parts.norm1;
    this.attention = parts.attention;
    this.norm2 = parts.norm2;
    this.mlp = parts.mlp;
  }

  forward(x: Tensor, options?: AttentionCall): Tensor {
    return this.mixed(x, this.attention.call(this.norm1.call(x), options));
  }

  /** `forward` for the newest positions only, after those in the cache. */
  step(x: Tensor, cache: LayerCache, position: Tensor): { readonly output: Tensor; readonly cache: LayerCache } {
    return this.labelled(() => {
      const { output, cache: next } = this.attention.step(this.norm1.call(x), cache, position);
      return { output: this.mixed(x, output), cache: next };
    });
  }

  /** `forward` for the newest positions only, after those of `past`: see `Attention.extend`. */
  extend(x: Tensor, past?: LayerCache): { readonly output: Tensor; readonly fresh: LayerCache } {
    return this.labelled(() => {
      const { output, fresh } = this.attention.extend(this.norm1.call(x), past);
      return { output: this.mixed(x, output), fresh };
    });
  }

  /** The block's result from the stream and what attention adds to it. */
  private mixed(x: Tensor, attended: Tensor): Tensor {
    const sum = add(x, attended);
    return add(sum, this.mlp.call(this.norm2.call(sum)));
  }
}

export interface BlockOptions extends Omit<AttentionOptions, "memoryWidth" | "init" | "outInit"> {
  /** Default "layer". */
  readonly norm?: NormKind;
  /** Default "gelu". */
  readonly mlp?: MlpKind;
  /** Width inside the feed-forward layer. Default as in `mlp()`. */
  readonly hidden?: number;
  /** Number of layers in the model: what the block adds to the stream starts smaller by √(2 · depth) (GPT-2). Default 1 / 2, so no change. */
  readonly depth?: number;
  readonly key: Key;
}

/** A pre-norm transformer block. */
export function block({ norm: kind = "layer", mlp: mlpKind, hidden, depth = 0.5, key, ...rest }: BlockOptions): Block {
  const { width, bias } = rest;
  const outInit = fanInInit(1 / Math.sqrt(2 * depth));
  return new Block({
    norm1: norm(kind, { width }),
    attention: attention({ ...rest, key: fold(key, "attention"), outInit }),
    norm2: norm(kind, { width }),
    mlp: mlp({ width, hidden, kind: mlpKind, bias, key: fold(key, "mlp"), outInit }),
  });
}
