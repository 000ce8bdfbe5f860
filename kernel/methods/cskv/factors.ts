/** @file Low-rank factors of the projections of keys and values: X W ≈ X A B, from the SVD of W, of W weighted by the activations, or random. */
import { ArgumentError } from "../../errors";
import { inputMeans } from "../../experiment/inputMeans";
import { svd } from "../../graph/svd";
import { fromHost, type Tensor } from "../../graph/tensor";
import { Attention } from "../../nn/attention";
import type { Gpt } from "../../nn/gpt";
import type { Linear } from "../../nn/linear";
import { modulesOf } from "../../nn/surgery";
import { normal } from "../../random/continuous";
import { fold, key as seedKey, type Key } from "../../random/key";

/** A and B: [in, c] and [c, kvHeads · headWidth]. */
export interface Pair {
  readonly down: Tensor;
  readonly up: Tensor;
}

/** Of one attention layer. */
export interface LayerFactors {
  readonly k: Pair;
  readonly v: Pair;
}

/** By path of the attention layer ("blocks.0.attention"). A tree: the parameters of the fit. */
export type Factors = Readonly<Record<string, LayerFactors>>;

/** Σ over sequences of the mean |x| of each input channel, by path of the projection ("blocks.0.attention.k"). */
export type Calibration = ReadonlyMap<string, Float64Array>;

/** Every attention layer with its path. @throws {ArgumentError} when there is none. */
export function attentionLayers(model: Gpt): readonly (readonly [path: string, layer: Attention])[] {
  const found = modulesOf(model).flatMap(([path, layer]) => (layer instanceof Attention ? [[path, layer] as const] : []));
  if (found.length === 0) throw new ArgumentError("cskv: the model has no attention layer", { help: "give a model with keys and values, such as nn.gpt" });
  return found;
}

/** Statistics of what the projections of keys and values read, over batches of tokens [B, T]. */
export const calibrate = (model: Gpt, batches: Iterable<Tensor>): Promise<Calibration> =>
  inputMeans(model, batches, { call: (m: Gpt, tokens: Tensor) => m.features(tokens), layers: /attention\.[kv]/ });

export interface FactorOptions {
  /** Share of the channels of keys that is kept: 0.2 removes 80 %. */
  readonly kDensity: number;
  /** Of values. Default that of keys. */
  readonly vDensity?: number;
  /** S = diag((s + 1e-6)^alpha) weighs the input channels. Default 0.5; 0 is plain SVD. */
  readonly alpha?: number;
}

/** c of a projection: as many channels for every head of keys and values, at least one: kvHeads · ⌊density · headWidth⌋.
 * @throws {ArgumentError} for a density outside 0 … 1. */
export function channels({ settings, k }: Attention, density: number): number {
  if (!(density > 0 && density <= 1)) throw new ArgumentError(`cskv: a density of ${density}`, { help: "give the share of channels to keep, above 0, up to 1" });
  // 0.2 · 15 must be 3, whatever the rounding of 0.2 does.
  return settings.kvHeads * Math.max(1, Math.floor((density * k.outputs) / settings.kvHeads + 1e-9));
}

/** The c largest singular directions of S W: A = S⁻¹ U Σ^½, B = Σ^½ Vᵀ. `scales` is the diagonal of S; left out, S = I. */
export async function factorize(weight: Tensor, { rank, scales }: { readonly rank: number; readonly scales?: ArrayLike<number> }): Promise<Pair> {
  const [inputs, outputs] = weight.shape;
  const scale = (i: number): number => scales?.[i] ?? 1;
  const values = await weight.numbers();
  const { u, s, v } = await svd(fromHost({ dtype: "float64", shape: [inputs, outputs], data: values.map((value, i) => value * scale(Math.floor(i / outputs))) }));
  const kept = Math.min(rank, s.length);
  const matrix = (shape: readonly [number, number], at: (row: number, column: number) => number): Tensor =>
    fromHost({ dtype: "float32", shape, data: Float32Array.from({ length: shape[0] * shape[1] }, (_, i) => at(Math.floor(i / shape[1]), i % shape[1])) });
  return {
    down: matrix([inputs, kept], (i, c) => (u[i * s.length + c] * Math.sqrt(s[c])) / scale(i)),
    up: matrix([kept, outputs], (c, j) => Math.sqrt(s[c]) * v[j * s.length + c]),
  };
}

async function factorsOf(model: Gpt, { kDensity, vDensity = kDensity }: FactorOptions, make: (layer: Linear, options: { readonly rank: number; readonly path: string }) => Promise<Pair> | Pair): Promise<Factors> {
  const all = attentionLayers(model).map(async ([path, layer]) => {
    const k = await make(layer.k, { rank: channels(layer, kDensity), path: `${path}.k` });
    return [path, { k, v: await make(layer.v, { rank: channels(layer, vDensity), path: `${path}.v` }) }] as const;
  });
  return Object.fromEntries(await Promise.all(all));
}

/** Factors from the SVD of each projection, all heads together. */
export const svdFactors = (model: Gpt, options: Omit<FactorOptions, "alpha">): Promise<Factors> => factorsOf(model, options, ({ weight }, { rank }) => factorize(weight, { rank }));

/** Factors from the SVD of each projection with its rows weighted by the activations (ASVD, Yuan et al. 2023).
 * @throws {ArgumentError} when the calibration is of another model. */
export const asvdFactors = (model: Gpt, calibration: Calibration, options: FactorOptions): Promise<Factors> =>
  factorsOf(model, options, ({ weight, inputs }, { rank, path }) => {
    const means = calibration.get(path);
    if (means?.length !== inputs) throw new ArgumentError(`cskv: no calibration of ${path} with ${inputs} inputs`, { help: "calibrate the model that is factorized" });
    return factorize(weight, { rank, scales: means.map((mean) => (mean + 1e-6) ** (options.alpha ?? 0.5)) });
  });

/** Random factors, whose product has the size of a new projection: what a good start is compared with. */
export const randomFactors = (model: Gpt, { key = seedKey(0), ...options }: Omit<FactorOptions, "alpha"> & { readonly key?: Key }): Promise<Factors> =>
  factorsOf(model, options, ({ inputs, outputs }, { rank, path }) => ({
    down: normal(fold(fold(key, path), "down"), [inputs, rank], { std: 1 / Math.sqrt(inputs) }),
    up: normal(fold(fold(key, path), "up"), [rank, outputs], { std: 1 / Math.sqrt(rank) }),
  }));
