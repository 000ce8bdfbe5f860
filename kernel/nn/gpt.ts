/** @file GPT: a decoder-only transformer over tokens, for training and for decoding with a cache. */
import { ShapeError } from "../errors";
import { add, clip } from "../graph/ops/elementwise";
import { matmul } from "../graph/ops/linalg";
import { iota, reshape, squeeze, transpose } from "../graph/ops/movement";
import { showShape } from "../graph/shape";
import type { Tensor } from "../graph/tensor";
import { fold, type Key } from "../random/key";
import { block, type Block } from "./block";
import { embedding, type Embedding } from "./embedding";
import { normalInit } from "./initializers";
import { advance, emptyCache, type KeyValueCache, type LayerCache } from "./kvCache";
import { linear, onRows, type Linear } from "./linear";
import type { MlpKind } from "./mlp";
import { Module, withPaths } from "./module";
import { norm, type Norm, type NormKind } from "./normalization";

const swapTimeAndBatch = (x: Tensor): Tensor => transpose(x, [1, 0, 2]);

/** tokens [B, T] int32 → logits [B, T, V]. Inside, activations are [T, B, D], time first. */
export class Gpt extends Module<readonly [tokens: Tensor], Tensor> {
  readonly tokens: Embedding;
  /** Learned positions; undefined with rotary ones. */
  readonly positions: Embedding | undefined;
  readonly blocks: readonly Block[];
  readonly norm: Norm;
  /** Undefined when tied: then logits are products with the rows of `tokens`. */
  readonly head: Linear | undefined;
  readonly context: number;

  constructor(parts: Pick<Gpt, "tokens" | "positions" | "blocks" | "norm" | "head" | "context">) {
    super();
    this.tokens = parts.tokens;
    this.positions = parts.positions;
    this.blocks = parts.blocks;
    this.norm = parts.norm;
    this.head = parts.head;
    this.context = parts.context;
  }

  forward(tokens: Tensor): Tensor {
    return this.logits(this.features(tokens));
  }

  /** What the head reads: tokens [B, T] → [B, T, D]. */
  features(tokens: Tensor): Tensor {
    return this.trunk(this.embed(tokens));
  }

  /** tokens [B, T] → [T, B, D]. @throws {ShapeError} unless [B, T] with T ≤ context. */
  embed(tokens: Tensor): Tensor {
    if (tokens.rank !== 2 || tokens.shape[1] > this.context)
      throw new ShapeError(`gpt: tokens ${showShape(tokens.shape)} for a context of ${this.context}`, {
        help: "pass tokens [B, T] with T up to the context",
      });
    return this.placed(transpose(tokens), iota(tokens.shape[1]));
  }

  /** All blocks and the last normalization: [T, B, D] → [B, T, D]. */
  trunk(x: Tensor): Tensor {
    const stream = this.blocks.reduce((now, layer) => layer.call(now), x);
    return swapTimeAndBatch(this.norm.call(stream));
  }

  /** features [..., D] → logits [..., V]. */
  logits(features: Tensor): Tensor {
    return this.head === undefined ? onRows(features, (rows) => matmul(rows, this.tokens.weight, { transB: true })) : this.head.call(features);
  }

  /** An empty cache for `batch` sequences of up to `length` tokens (default the context). */
  cache({ batch, length = this.context }: { readonly batch: number; readonly length?: number }): KeyValueCache {
    return emptyCache(this.blocks.map(({ attention }) => attention.emptyCache({ batch, length })));
  }

  /**
   * Logits of the newest tokens, and the cache to pass next: tokens [B] give [B, V]; several at a time (the prompt), [B, P],
   * give [B, P, V]. Tokens beyond the cache's length are not kept.
   */
  step(tokens: Tensor, cache: KeyValueCache): { readonly logits: Tensor; readonly cache: KeyValueCache } {
    return this.labelled(() => {
      const newest = tokens.rank === 1 ? reshape(tokens, [tokens.size, 1]) : tokens;
      const count = newest.shape[1];
      let x = this.placed(transpose(newest), clip(add(iota(count), cache.position), 0, this.context - 1));
      const layers = this.blocks.map((layer, i) => {
        const { output, cache: next } = layer.step(x, cache.layers[i], cache.position);
        x = output;
        return next;
      });
      const logits = this.logits(swapTimeAndBatch(this.norm.call(x)));
      return { logits: tokens.rank === 1 ? squeeze(logits, 1) : logits, cache: { position: advance(cache.position, count), layers } };
    });
  }

  /**
   * Logits [B, P, V] of tokens [B, P] after the S positions whose keys and values are `past`, one for each block (default none), and their own keys and
   * values. Unlike `step`, rows grow: the graph is one of its own for every S, computes nothing for empty rows, and gradients flow to `past`.
   * @throws {ShapeError} when S + P exceeds the context.
   */
  extend(tokens: Tensor, past?: readonly LayerCache[]): { readonly logits: Tensor; readonly fresh: readonly LayerCache[] } {
    return this.labelled(() => {
      const start = past?.[0].k.shape[0] ?? 0;
      const count = tokens.shape[1];
      if (start + count > this.context) throw new ShapeError(`gpt: ${count} tokens after ${start} for a context of ${this.context}`, { help: "extend up to the context" });
      let x = this.placed(transpose(tokens), add(iota(count), start));
      const fresh = this.blocks.map((layer, i) => {
        const { output, fresh: own } = layer.extend(x, past?.[i]);
        x = output;
        return own;
      });
      return { logits: this.logits(swapTimeAndBatch(this.norm.call(x))), fresh };
    });
  }

  /** Embeddings of tokens [T, B], with those of `positions` [T] where positions are learned. */
  private placed(tokens: Tensor, positions: Tensor): Tensor {
    const x = this.tokens.call(tokens);
    return this.positions === undefined ? x : add(x, reshape(this.positions.call(positions), [positions.size, 1, x.shape[2]]));
  }
}

export interface GptOptions {
  readonly vocab: number;
  /** Number of blocks. */
  readonly depth: number;
  readonly width: number;
  readonly heads: number;
  /** Default `heads`. */
  readonly kvHeads?: number;
  /** Longest sequence. */
  readonly context: number;
  /** Default "layer". */
  readonly norm?: NormKind;
  /** Default "learned". */
  readonly position?: "learned" | "rotary";
  /** Default "gelu". */
  readonly mlp?: MlpKind;
  /** Width inside the feed-forward layers. Default as in `mlp()`. */
  readonly hidden?: number;
  /** Of the linear layers in blocks. Default true with layer, false with RMS normalization. */
  readonly bias?: boolean;
  /** Normalize queries and keys. Default false. */
  readonly qkNorm?: boolean;
  /** Use the token table as the head too. Default false. */
  readonly tie?: boolean;
  readonly key: Key;
}

/** A GPT. Matrices start normal with deviation 1/√in, tables and head with 0.02. */
export function gpt({ vocab, depth, context, norm: kind = "layer", position = "learned", tie = false, key, ...rest }: GptOptions): Gpt {
  const { width, bias = kind === "layer" } = rest;
  const shared = { ...rest, depth, norm: kind, bias, causal: true, rotary: position === "rotary" };
  return withPaths(
    new Gpt({
      tokens: embedding({ count: vocab, width, key: fold(key, "tokens") }),
      positions: position === "learned" ? embedding({ count: context, width, key: fold(key, "positions") }) : undefined,
      blocks: Array.from({ length: depth }, (_, i) => block({ ...shared, key: fold(key, `blocks.${i}`) })),
      norm: norm(kind, { width }),
      head: tie ? undefined : linear({ in: width, out: vocab, bias: false, key: fold(key, "head"), init: normalInit(0.02) }),
      context,
    }),
  );
}
