/** @file Attention: multi-head, grouped-query, causal or crossed, with rotary positions and a cache for decoding. */
import { ArgumentError } from "../errors";
import { softmax } from "../graph/composites/activations";
import { causalBias, scaledDotProductAttention } from "../graph/composites/attention";
import { add, scalar, where, lessEqual } from "../graph/ops/elementwise";
import { matmul } from "../graph/ops/linalg";
import { concat, expandDims, iota, repeat, reshape, transpose } from "../graph/ops/movement";
import { tap, tapsActive } from "../graph/taps";
import type { Tensor } from "../graph/tensor";
import { fold, type Key } from "../random/key";
import type { Initializer } from "./initializers";
import { emptyLayer, store, type LayerCache } from "./kvCache";
import { linear, type Linear, type LinearOptions } from "./linear";
import { Module } from "./module";
import { rmsNorm, type RmsNorm } from "./normalization";
import { rotaryTable, rotate } from "./rotary";

/** What an attention layer is, besides its weights. */
export interface AttentionSettings {
  readonly heads: number;
  /** Heads of keys and values; each serves heads / kvHeads heads of queries. */
  readonly kvHeads: number;
  readonly causal: boolean;
  /** Base of the rotary wavelengths; undefined without rotary positions. */
  readonly rotaryBase: number | undefined;
}

export interface AttentionCall {
  /** Where keys and values are read: [S, B, memoryWidth]. Default x itself. */
  readonly memory?: Tensor;
  /** Added to the scores; broadcasts to [B, H, T, S]. A large negative number hides a key. */
  readonly bias?: Tensor;
}

/** Queries, keys and values. */
export interface Projections {
  readonly q: Tensor;
  readonly k: Tensor;
  readonly v: Tensor;
}
interface Mixing {
  readonly batch: number;
  readonly causal: boolean;
  readonly bias: Tensor | undefined;
}

const fourAxes = (bias: Tensor): Tensor => reshape(bias, [...Array.from({ length: 4 - bias.rank }, () => 1), ...bias.shape]);

/** Hides a key, yet keeps a row finite that hides all of them. */
const HIDDEN = -1e9;

/**
 * Attention over the FIRST axis: x [T, B, D] → [T, B, D]. Time stands first so that heads are read and written without moving
 * elements; transpose a batch-first sequence by [1, 0, 2] before and after.
 * Inner values [B, H, T, S] are tapped as "scores" (before masks) and "weights" (after softmax).
 */
export class Attention extends Module<readonly [x: Tensor, options?: AttentionCall], Tensor> {
  readonly q: Linear;
  readonly k: Linear;
  readonly v: Linear;
  readonly out: Linear;
  readonly queryNorm: RmsNorm | undefined;
  readonly keyNorm: RmsNorm | undefined;
  readonly settings: AttentionSettings;

  constructor(parts: Pick<Attention, "q" | "k" | "v" | "out" | "queryNorm" | "keyNorm" | "settings">) {
    super();
    this.q = parts.q;
    this.k = parts.k;
    this.v = parts.v;
    this.out = parts.out;
    this.queryNorm = parts.queryNorm;
    this.keyNorm = parts.keyNorm;
    this.settings = parts.settings;
  }

  forward(x: Tensor, { memory = x, bias }: AttentionCall = {}): Tensor {
    const operands = this.operands(this.project(x, memory), { queries: iota(x.shape[0]), keys: iota(memory.shape[0]) });
    return this.out.call(this.attend(operands, { batch: x.shape[1], causal: this.settings.causal, bias }));
  }

  /** `forward` for the P newest positions x [P, B, D], which begin at `position` (int32 scalar), after those in the cache. */
  step(x: Tensor, cache: LayerCache, position: Tensor): { readonly output: Tensor; readonly cache: LayerCache } {
    return this.labelled(() => this.decode(this.project(x, x), cache, position));
  }

  /**
   * `forward` for the P newest positions x [P, B, D] of a causal layer, after the S whose rotated keys and values are `past` (default none): like
   * `step`, but with rows that grow instead of a cache of constant length. Gives their own keys and values too, [P, B·kvHeads, headWidth].
   */
  extend(x: Tensor, past?: LayerCache): { readonly output: Tensor; readonly fresh: LayerCache } {
    return this.labelled(() => {
      const positions = add(iota(x.shape[0]), past?.k.shape[0] ?? 0);
      const { q, k, v } = this.operands(this.project(x, x), { queries: positions, keys: positions });
      const whole = past === undefined ? { k, v } : { k: concat([past.k, k]), v: concat([past.v, v]) };
      return { output: this.out.call(this.attend({ q, ...whole }, { batch: x.shape[1], causal: true, bias: undefined })), fresh: { k, v } };
    });
  }

  /** An empty cache for this layer. */
  emptyCache({ batch, length }: { readonly batch: number; readonly length: number }): LayerCache {
    const { kvHeads } = this.settings;
    const { outputs, dtype } = this.k;
    return emptyLayer({ length, rows: batch * kvHeads, headWidth: outputs / kvHeads, dtype });
  }

  /** Queries of x [T, B, D], keys and values of memory [S, B, ...], not yet parted into heads: [T or S, B, heads · headWidth]. */
  protected project(x: Tensor, memory: Tensor): Projections {
    return { q: this.q.call(x), k: this.k.call(memory), v: this.v.call(memory) };
  }

  /** A step from the projections of the newest positions on. */
  protected decode(projections: Projections, cache: LayerCache, position: Tensor): { readonly output: Tensor; readonly cache: LayerCache } {
    const [count, batch] = projections.q.shape;
    const positions = add(iota(count), position);
    const { q, k, v } = this.operands(projections, { queries: positions, keys: positions });
    const next = store(cache, { k, v, position });
    return { output: this.attendSeen({ q, k: next.k, v: next.v }, { batch, positions }), cache: next };
  }

  /** Which keys the queries at `positions` [T] see when decoding: bool [T, keys]. */
  protected seen(positions: Tensor, keys: number): Tensor {
    return lessEqual(iota(keys), expandDims(positions, 1));
  }

  /** The layer's result for operands as `operands` gives them, whose keys stand at positions 0, 1, …: each query attends to those that it sees. */
  protected attendSeen({ q, k, v }: Projections, { batch, positions }: { readonly batch: number; readonly positions: Tensor }): Tensor {
    const bias = where(this.seen(positions, k.shape[0]), scalar(0, q.dtype), scalar(HIDDEN, q.dtype));
    return this.out.call(this.attend({ q, k, v }, { batch, causal: false, bias }));
  }

  /** Projections parted into heads, normalized and rotated: [T or S, B · heads, headWidth]. */
  protected operands({ q, k, v }: Projections, at: { readonly queries: Tensor; readonly keys: Tensor }): Projections {
    const { heads, kvHeads } = this.settings;
    return {
      q: this.positioned(this.parted(q, heads), { norm: this.queryNorm, positions: at.queries }),
      k: this.positioned(this.parted(k, kvHeads), { norm: this.keyNorm, positions: at.keys }),
      v: this.parted(v, kvHeads),
    };
  }

  private parted(x: Tensor, heads: number): Tensor {
    const [length, batch, width] = x.shape;
    return reshape(x, [length, batch * heads, width / heads]);
  }

  private positioned(x: Tensor, { norm, positions }: { readonly norm: RmsNorm | undefined; readonly positions: Tensor }): Tensor {
    const normal = norm === undefined ? x : norm.call(x);
    const { rotaryBase: base } = this.settings;
    return base === undefined ? normal : rotate(normal, rotaryTable(positions, { headWidth: x.shape[2], base, dtype: x.dtype }));
  }

  /** Values mixed by attention: operands [T or S, B·heads, headWidth], time first → [T, B, H · headWidth]. */
  private attend({ q, k, v }: Projections, { batch, causal, bias }: Mixing): Tensor {
    const { heads } = this.settings;
    const whole = !tapsActive("scores") && !tapsActive("weights");
    const mixed = whole ? scaledDotProductAttention({ q, k, v }, { causal, bias: bias && fourAxes(bias), timeFirst: true }) : this.inParts({ q, k, v }, { batch, causal, bias });
    return reshape(mixed, [q.shape[0], batch, heads * v.shape[2]]);
  }

  /** Attention written out, so that inner values can be read or replaced. */
  private inParts(projections: Projections, { batch, causal, bias }: Mixing): Tensor {
    const { heads, kvHeads } = this.settings;
    const headsFirst = (x: Tensor): Tensor => transpose(x, [1, 0, 2]);
    const shared = (x: Tensor): Tensor => headsFirst(repeat(x, heads / kvHeads, 1));
    const [q, k, v] = [headsFirst(projections.q), shared(projections.k), shared(projections.v)];
    const [queries, keys] = [q.shape[1], k.shape[1]];
    const byHead = [batch, heads, queries, keys];
    const scores = tap("scores", reshape(matmul(q, k, { transB: true, alpha: 1 / Math.sqrt(q.shape[2]) }), byHead));
    const masked = causal ? add(scores, causalBias(queries, keys, q.dtype)) : scores;
    const weights = tap("weights", softmax(bias === undefined ? masked : add(masked, bias)));
    return headsFirst(matmul(reshape(weights, [-1, queries, keys]), v));
  }
}

export interface AttentionOptions {
  readonly width: number;
  readonly heads: number;
  /** Heads of keys and values; a divisor of `heads`. Default `heads`; 1 is multi-query attention. */
  readonly kvHeads?: number;
  /** Default width / heads. */
  readonly headWidth?: number;
  /** Width of what keys and values are read from. Default `width`. */
  readonly memoryWidth?: number;
  /** Whether a position sees only itself and earlier ones. Default false. */
  readonly causal?: boolean;
  /** Default true. */
  readonly bias?: boolean;
  /** Rotary positions, with this base (true: 10 000). Default false. */
  readonly rotary?: boolean | number;
  /** RMS-normalize queries and keys in each head (Henry et al. 2020). Default false. */
  readonly qkNorm?: boolean;
  readonly key: Key;
  readonly init?: Initializer;
  /** Of `out`. Default `init`. */
  readonly outInit?: Initializer;
}

/** An attention layer. @throws {ArgumentError} when heads do not part the width. */
export function attention({ width, heads, causal = false, bias = true, rotary = false, qkNorm = false, key, init, ...rest }: AttentionOptions): Attention {
  const { kvHeads = heads, headWidth = width / heads, memoryWidth = width, outInit = init } = rest;
  if (!Number.isInteger(headWidth))
    throw new ArgumentError(`attention: width ${width} does not part into ${heads} heads`, {
      help: "choose heads that divide the width, or give headWidth",
    });
  if (heads % kvHeads !== 0)
    throw new ArgumentError(`attention: ${heads} heads cannot share ${kvHeads} heads of keys and values`, {
      help: "kvHeads must divide heads",
    });
  if (rotary !== false && headWidth % 2 !== 0)
    throw new ArgumentError(`attention: rotary positions turn pairs of channels, but heads are ${headWidth} wide`, {
      help: "use an even width per head",
    });
  const project = (label: string, options: Pick<LinearOptions, "in" | "out" | "init">): Linear => linear({ init, ...options, bias, key: fold(key, label) });
  return new Attention({
    q: project("q", { in: width, out: heads * headWidth }),
    k: project("k", { in: memoryWidth, out: kvHeads * headWidth }),
    v: project("v", { in: memoryWidth, out: kvHeads * headWidth }),
    out: project("out", { in: heads * headWidth, out: width, init: outInit }),
    queryNorm: qkNorm ? rmsNorm({ width: headWidth }) : undefined,
    keyNorm: qkNorm ? rmsNorm({ width: headWidth }) : undefined,
    settings: { heads, kvHeads, causal, rotaryBase: rotary === true ? 10_000 : rotary === false ? undefined : rotary },
  });
}
