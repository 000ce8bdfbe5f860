/** @file Primer-EZ as surgery: squared ReLU in feed-forward layers, and a causal depthwise convolution after the projections of attention. */
import { ArgumentError, UnsupportedOpError } from "../../errors";
import { add, mul } from "../../graph/ops/elementwise";
import { at, concat, flip, pad, slice, zeros } from "../../graph/ops/movement";
import { fromHost, type Tensor } from "../../graph/tensor";
import type { Activation } from "../../nn/activation";
import { Attention, type Projections } from "../../nn/attention";
import type { LayerCache } from "../../nn/kvCache";
import { Mlp } from "../../nn/mlp";
import { replaceModules } from "../../nn/surgery";

/** y[t] = Σ w[i] ⊙ x[t − i] with zeros before the start: x [T, ..., C], time first; taps [width, C], the newest first → [T, ..., C]. */
export function causalDepthwise(x: Tensor, taps: Tensor): Tensor {
  const [width] = taps.shape;
  const [time] = x.shape;
  const shifted = (by: number): Tensor => (by === 0 ? x : pad(slice(x, { axis: 0, end: time - by }), x.shape.map((_, axis) => [axis === 0 ? Math.min(by, time) : 0, 0] as const)));
  return Array.from({ length: width }, (_, i) => mul(shifted(i), at(taps, i))).reduce((sum, part) => add(sum, part));
}

export interface DepthwiseOptions {
  /** Positions that a tap reaches over. Default 3. */
  readonly width?: number;
  /** Convolve after the projections (the method), or before them, on the layer's input: the usual separable convolution. Default "after". */
  readonly order?: "after" | "before";
  /** Reads the NEXT positions instead of the earlier ones: the negative control. Default false. */
  readonly nonCausal?: boolean;
}

/** Taps [width, C] of queries, keys and values. */
export interface Taps {
  readonly q: Tensor;
  readonly k: Tensor;
  readonly v: Tensor;
}

/** What decoding keeps beside keys and values: the last width − 1 rows of the projections, not convolved. */
interface ConvolvedCache extends LayerCache {
  readonly tail: Projections;
}

/** Attention with a depthwise convolution along time on each of q, k and v (multi-dconv-head attention). */
export class DepthwiseAttention extends Attention {
  readonly taps: Taps;
  readonly order: "after" | "before";
  readonly nonCausal: boolean;

  constructor(base: Attention, { taps, order, nonCausal }: { readonly taps: Taps; readonly order: "after" | "before"; readonly nonCausal: boolean }) {
    super(base);
    this.taps = taps;
    this.order = order;
    this.nonCausal = nonCausal;
  }

  override emptyCache(shape: { readonly batch: number; readonly length: number }): ConvolvedCache {
    const rows = this.taps.q.shape[0] - 1;
    const tail = each((name) => zeros([rows, shape.batch, this[name].outputs], this[name].dtype));
    return { ...super.emptyCache(shape), tail };
  }

  override step(x: Tensor, cache: LayerCache, position: Tensor): { readonly output: Tensor; readonly cache: LayerCache } {
    if (this.order === "before" || this.nonCausal || !hasTail(cache))
      throw new UnsupportedOpError("decoding with a cache is there for convolutions after the projections that read earlier positions", { help: "make the cache with model.cache(), or decode with whole windows" });
    return this.labelled(() => {
      const fresh = super.project(x, x);
      const joined = each((name) => concat([cache.tail[name], fresh[name]]));
      const old = this.taps.q.shape[0] - 1;
      const convolved = each((name) => slice(causalDepthwise(joined[name], this.taps[name]), { axis: 0, start: old }));
      const { output, cache: next } = this.decode(convolved, cache, position);
      const grown: ConvolvedCache = { ...next, tail: each((name) => slice(joined[name], { axis: 0, start: joined[name].shape[0] - old })) };
      return { output, cache: grown };
    });
  }

  protected override project(x: Tensor, memory: Tensor): Projections {
    const convolve = (rows: Tensor, taps: Tensor): Tensor => (this.nonCausal ? flip(causalDepthwise(flip(rows, 0), taps), 0) : causalDepthwise(rows, taps));
    if (this.order === "after") {
      const plain = super.project(x, memory);
      return each((name) => convolve(plain[name], this.taps[name]));
    }
    return each((name) => this[name].call(convolve(name === "q" ? x : memory, this.taps[name])));
  }
}

const each = <T>(value: (name: "q" | "k" | "v") => T): { readonly q: T; readonly k: T; readonly v: T } => ({ q: value("q"), k: value("k"), v: value("v") });
const hasTail = (cache: LayerCache): cache is ConvolvedCache => "tail" in cache;

/** The first taps [width, channels]: 0.5 for the newest position, 0.5 / width for the others. */
export function initialTaps(width: number, channels: number): Tensor {
  const data = new Float32Array(width * channels).fill(0.5 / width);
  return fromHost({ dtype: "float32", shape: [width, channels], data: data.fill(0.5, 0, channels) });
}

/** `model` with multi-dconv-head attention in every attention layer. Weights are shared with `model`.
 * @throws {NoEffectError} when it has no attention layer. @throws {ArgumentError} for a width below 2. */
export function multiDConvHead<M extends object>(model: M, { width = 3, order = "after", nonCausal = false }: DepthwiseOptions = {}): M {
  if (!Number.isInteger(width) || width < 2) throw new ArgumentError(`multiDConvHead: a convolution of width ${width}`, { help: "give an integer from 2; the paper uses 3" });
  return replaceModules(model, (layer) => {
    if (!(layer instanceof Attention) || layer instanceof DepthwiseAttention) return layer;
    const taps = each((name) => initialTaps(width, layer[name][order === "after" ? "outputs" : "inputs"]));
    return new DepthwiseAttention(layer, { taps, order, nonCausal });
  });
}

/** `model` with squared ReLU, or another activation, in every feed-forward layer that is not gated.
 * @throws {NoEffectError} when nothing changes. */
export function withActivation<M extends object>(model: M, activation: Activation = "squaredRelu"): M {
  return replaceModules(model, (layer) => (layer instanceof Mlp && layer.gate === undefined && layer.activation !== activation ? new Mlp({ ...layer, activation }) : layer));
}

/** Primer-EZ: both changes. */
export const primerEz = <M extends object>(model: M): M => multiDConvHead(withActivation(model));
