/** @file Embedding: rows of a table. */
import { gather } from "../graph/ops/indexing";
import type { Tensor } from "../graph/tensor";
import type { Key } from "../random/key";
import { normalInit, type Initializer } from "./initializers";
import { Module } from "./module";

/** Rows of a table at indices: [...] int32 or int64 → [..., width]. */
export class Embedding extends Module<readonly [indices: Tensor], Tensor> {
  /** @param weight - [count, width]. */
  constructor(readonly weight: Tensor) {
    super();
  }

  forward(indices: Tensor): Tensor {
    return gather(this.weight, indices);
  }
}

export interface EmbeddingOptions {
  readonly count: number;
  readonly width: number;
  readonly key: Key;
  /** Default normal with deviation 0.02 (as in GPT-2). */
  readonly init?: Initializer;
}

/** A table of `count` rows. */
export function embedding({ count, width, key, init = normalInit(0.02) }: EmbeddingOptions): Embedding {
  return new Embedding(init({ shape: [count, width], fanIn: count, fanOut: width }, key));
}
