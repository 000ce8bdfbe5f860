/** @file LOST: linear layers that are a low-rank pair and a few whole input channels from the first step on, both chosen by SVD.
 *
 * W = U Σ Vᵀ,  A = U_r Σ_r^½ ("down"),  B = Σ_r^½ V_rᵀ ("up"),  W_comp = Σ_{i > r} σ_i u_i v_iᵀ
 * I ("kept") = the k input channels whose rows of W_comp are longest,  W_s = W[I] ("channels")
 * y = γ f(x A) B + (1 − γ) x[I] W_s + b,  f = SiLU or identity. Trained: A, B, W_s, b; no dense W is kept.
 * (Matrices here are [in, out], x W; the paper's are the transposes, and its channels are columns.)
 *
 * It saves weights, gradients, moments and FLOPs alike: r (in + out) + k out in the place of in · out.
 * Source: Li et al. 2025, "LOST: Low-rank and Sparse Pre-training for Large Language Models". Ours: k = max(1, ⌊density · in⌋); equal scores go to
 * the lowest index; the SVD is in float64; W_comp has all the remaining singular values unless `complement` says otherwise.
 */
import { ArgumentError, UnsupportedOpError } from "../errors";
import { gatherChannels } from "../graph/composites/gatherChannels";
import { add, mul, stopGradient } from "../graph/ops/elementwise";
import { segmentSum } from "../graph/ops/indexing";
import { matmul } from "../graph/ops/linalg";
import type { Dtype } from "../graph/dtype";
import { svd, type Svd } from "../graph/svd";
import { fromHost, type Tensor } from "../graph/tensor";
import { map } from "../graph/tree";
import { activate, type Activation } from "../nn/activation";
import { Linear, onRows } from "../nn/linear";
import { Module } from "../nn/module";
import { inBlocks, modulesOf, replaceModules } from "../nn/surgery";
import { normal, uniform } from "../random/continuous";
import { fold, key as seedKey, type Key } from "../random/key";
import { cardOf } from "./card";

export const card = cardOf("lost", { label: "validation perplexity, LOST ÷ full rank", unit: "×", value: 0.965, where: "LLaMA 1B on C4: 15.02 against 15.56" });

export interface LostOptions {
  /** Of the low-rank pair, up to min(in, out) of every layer; 0: none, channels alone. */
  readonly rank: number;
  /** Share of the input channels that are kept, at least one; 0: none, the pair alone. */
  readonly density: number;
  /** Weight of the pair; that of the channels is 1 − γ. Default 0.5; 1 without channels, 0 without a pair. */
  readonly gamma?: number;
  /** Default "silu". */
  readonly act?: Activation;
  /** Where it stands: on x, between the factors (the method), or on their product. Default "between". */
  readonly place?: "before" | "between" | "after";
  /** First values of the pair: from the SVD (the method), or normal with deviation (rank (in + out))^−¼ (CoLA). Default "svd". */
  readonly init?: "svd" | "normal";
  /** Which singular values W_comp has: all after the pair's, the next `complementRank`, or the smallest `complementRank`. Default "rest". */
  readonly complement?: "rest" | "next" | "smallest";
  /** Default `rank`. */
  readonly complementRank?: number;
  /** Of a channel: norm of its row of W_comp, or a random number (a control). Default "l2". */
  readonly score?: "l2" | "l1" | "random";
  /** Keeps the channels of the highest scores (the method), or of the lowest: a negative control. Default "highest". */
  readonly keep?: "highest" | "lowest";
  /** What W_s begins with: rows of W (the method), of W_comp, or zeros. Default "weight". */
  readonly values?: "weight" | "complement" | "zero";
  /** W_s stays as it begins: a negative control. Default false. */
  readonly frozen?: boolean;
  /** Of random scores and normal factors. Default random.key(0). */
  readonly key?: Key;
}

type Settings = Required<Pick<LostOptions, "gamma" | "act" | "place" | "frozen">>;

/** γ f(x A) B + (1 − γ) x[I] W_s + b: [..., in] → [..., out]. */
export class LostLinear extends Module<readonly [x: Tensor], Tensor> {
  /** A and B: [in, R] and [R, out]; undefined at rank 0. Linear layers, as W_s is, so that what changes those reaches them too. */
  readonly pair: { readonly down: Linear; readonly up: Linear } | undefined;
  /** I, ascending, int32 [C], and W_s [C, out]; undefined at density 0. */
  readonly sparse: { readonly kept: Tensor; readonly channels: Linear } | undefined;
  readonly bias: Tensor | undefined;
  readonly inputs: number;
  readonly outputs: number;
  readonly dtype: Dtype;
  readonly settings: Settings;

  constructor(parts: Pick<LostLinear, "pair" | "sparse" | "bias" | "inputs" | "outputs" | "dtype" | "settings">) {
    super();
    this.pair = parts.pair;
    this.sparse = parts.sparse;
    this.bias = parts.bias;
    this.inputs = parts.inputs;
    this.outputs = parts.outputs;
    this.dtype = parts.dtype;
    this.settings = parts.settings;
  }

  forward(x: Tensor): Tensor {
    return onRows(x, (rows) => this.parts(rows).reduce((sum, part) => add(sum, part)));
  }

  /** W of the linear layer that computes the same. @throws {UnsupportedOpError} when there is an activation in it. */
  toDense(): Linear {
    const { pair, sparse, inputs, settings } = this;
    if (pair !== undefined && settings.act !== "identity")
      throw new UnsupportedOpError(`a LOST layer with ${settings.act} is no linear map`, { help: 'only layers with act: "identity" have a dense matrix; keep the two paths' });
    const parts = [
      ...(pair === undefined ? [] : [matmul(pair.down.weight, pair.up.weight, { alpha: settings.gamma })]),
      ...(sparse === undefined ? [] : [mul(segmentSum(sparse.channels.weight, sparse.kept, inputs), 1 - settings.gamma)]),
    ];
    return new Linear(parts.reduce((sum, part) => add(sum, part)), this.bias);
  }

  /** The two paths and the bias, of rows [N, in]. */
  private parts(rows: Tensor): readonly Tensor[] {
    const { pair, sparse, bias } = this;
    const { gamma, act, place, frozen } = this.settings;
    const at = (here: Settings["place"], value: Tensor): Tensor => (here === place ? activate(act, value) : value);
    return [
      ...(pair === undefined ? [] : [mul(at("after", pair.up.call(at("between", pair.down.call(at("before", rows))))), gamma)]),
      ...(sparse === undefined ? [] : [mul((frozen ? map(sparse.channels, stopGradient) : sparse.channels).call(gatherChannels(rows, sparse.kept)), 1 - gamma)]),
      ...(bias === undefined ? [] : [bias]),
    ];
  }
}

/** W_comp, row after row [M, N]: the part of U diag(s) Vᵀ that belongs to the singular values from `start` to `end`. */
export function complementOf({ u, s, v }: Svd, { start, end }: { readonly start: number; readonly end: number }): Float64Array {
  const [rows, columns] = [u.length / s.length, v.length / s.length];
  const out = new Float64Array(rows * columns);
  for (let i = 0; i < rows; i++)
    for (let j = 0; j < columns; j++) for (let k = start; k < end; k++) out[i * columns + j] += u[i * s.length + k] * s[k] * v[j * s.length + k];
  return out;
}

/** The norm of each of the `count` rows of a matrix: how much of it an input channel holds. */
export function channelScores(matrix: Float64Array, { count, norm }: { readonly count: number; readonly norm: "l1" | "l2" }): Float64Array {
  const width = matrix.length / count;
  return Float64Array.from({ length: count }, (_, i) => {
    const row = matrix.subarray(i * width, (i + 1) * width);
    return norm === "l1" ? row.reduce((sum, value) => sum + Math.abs(value), 0) : Math.hypot(...row);
  });
}

/** Indices of the `count` highest scores, ascending. Scores that are equal in float32 go to the lower index, so that rounding chooses nothing. */
export function topChannels(scores: Float64Array, count: number): Int32Array {
  const rounded = Float32Array.from(scores);
  const order = [...rounded.keys()].sort((a, b) => rounded[b] - rounded[a] || a - b);
  return Int32Array.from(order.slice(0, count)).sort();
}

/** `layer` [in, out] as a LOST layer.
 * @throws {ArgumentError} for a rank, density or γ that it cannot have. */
export async function lostLinear(layer: Linear, options: LostOptions): Promise<LostLinear> {
  const { weight, bias, inputs, outputs, dtype } = layer;
  const { rank, density, act = "silu", place = "between", init = "svd", complement = "rest", complementRank = rank, frozen = false, key = seedKey(0) } = options;
  const { gamma = density === 0 ? 1 : rank === 0 ? 0 : 0.5 } = options;
  const most = Math.min(inputs, outputs);
  const need = (holds: boolean, what: string, help: string): void => {
    if (!holds) throw new ArgumentError(`lost: ${what} for a layer ${inputs} → ${outputs}`, { help });
  };
  need(Number.isInteger(rank) && rank >= 0 && rank <= most, `rank ${rank}`, `give an integer from 0 to ${most}`);
  need(density >= 0 && density <= 1, `density ${density}`, "give a share from 0 to 1");
  need(rank + density > 0, "rank 0 and density 0", "give it at least one of the two paths");
  need(gamma >= 0 && gamma <= 1, `gamma ${gamma}`, "give a number from 0 to 1");
  need(complement === "rest" || (Number.isInteger(complementRank) && complementRank >= 1), `complementRank ${complementRank}`, "give an integer from 1");

  const parts = await svd(weight);
  // "next" may reach beyond the last singular value, and "smallest" into the pair's.
  const [start, end] = { rest: [rank, most], next: [Math.min(rank, most), Math.min(rank + complementRank, most)], smallest: [Math.max(rank, most - complementRank), most] }[complement];
  const rest = complementOf(parts, { start, end });
  const pair = rank === 0 ? undefined : init === "svd" ? svdPair(parts, rank) : normalPair({ rank, inputs, outputs }, key);
  const count = density === 0 ? 0 : Math.max(1, Math.floor(density * inputs + 1e-9));
  const scores = options.score === "random" ? await uniform(fold(key, "channels"), [inputs]).numbers() : channelScores(rest, { count: inputs, norm: options.score ?? "l2" });
  const kept = topChannels(options.keep === "lowest" ? scores.map((score) => -score) : scores, count);
  const source = options.values === "complement" ? rest : options.values === "zero" ? new Float64Array(inputs * outputs) : await weight.numbers();
  const rows = [...kept].flatMap((channel) => [...source.subarray(channel * outputs, (channel + 1) * outputs)]);
  const sparse = count === 0 ? undefined : { kept: fromHost({ dtype: "int32", shape: [count], data: kept }), channels: bare(matrix([count, outputs], rows)) };
  return new LostLinear({ pair, sparse, bias, inputs, outputs, dtype, settings: { gamma, act, place, frozen } });
}

/** A layer without a bias: that of the whole is added once. */
const bare = (weight: Tensor): Linear => new Linear(weight, undefined);
const matrix = (shape: readonly [number, number], data: ArrayLike<number>): Tensor => fromHost({ dtype: "float32", shape, data: Float32Array.from(data) });

/** A = U_r Σ_r^½ and B = Σ_r^½ V_rᵀ. */
function svdPair({ u, s, v }: Svd, rank: number): NonNullable<LostLinear["pair"]> {
  const root = s.subarray(0, rank).map(Math.sqrt);
  const [inputs, outputs] = [u.length / s.length, v.length / s.length];
  const down = Float64Array.from({ length: inputs * rank }, (_, i) => u[Math.floor(i / rank) * s.length + (i % rank)] * root[i % rank]);
  const up = Float64Array.from({ length: rank * outputs }, (_, i) => root[Math.floor(i / outputs)] * v[(i % outputs) * s.length + Math.floor(i / outputs)]);
  return { down: bare(matrix([inputs, rank], down)), up: bare(matrix([rank, outputs], up)) };
}

/** Normal factors as CoLA begins with them (Liu et al. 2025). */
function normalPair({ rank, inputs, outputs }: { readonly rank: number; readonly inputs: number; readonly outputs: number }, key: Key): NonNullable<LostLinear["pair"]> {
  const std = (rank * (inputs + outputs)) ** -0.25;
  return { down: bare(normal(fold(key, "down"), [inputs, rank], { std })), up: bare(normal(fold(key, "up"), [rank, outputs], { std })) };
}

/**
 * `model` with LOST layers in the place of its linear ones. It decomposes every weight once; biases are shared with `model`.
 * @param where - which layers, by path. Default all but embeddings and heads.
 * @throws {NoEffectError} when there is no linear layer. @throws {UnsupportedOpError} for one of a further kind, which would lose what makes it so.
 */
export async function lost<M extends object>(model: M, options: LostOptions, where: (path: string) => boolean = inBlocks): Promise<M> {
  const { key = seedKey(0) } = options;
  const linear = layersOf(model, where).flatMap(([path, layer]) => (layer instanceof Linear ? [[path, layer] as const] : []));
  const other = linear.find(([, layer]) => layer.constructor !== Linear);
  if (other !== undefined) throw new UnsupportedOpError(`lost: ${other[0]} is a ${other[1].constructor.name}, which is more than a matrix`, { help: "apply LOST first: what changes linear layers reaches the factors of its layers" });
  const made = new Map(await Promise.all(linear.map(async ([path, layer]) => [path, await lostLinear(layer, { ...options, key: fold(key, path) })] as const)));
  return replaceModules(model, (layer, path) => made.get(path) ?? layer);
}

/** `model` with every LOST layer as the linear layer that computes the same.
 * @throws {UnsupportedOpError} when one has an activation in it. @throws {NoEffectError} when there is none. */
export const toDense = <M extends object>(model: M): M => replaceModules(model, (layer) => (layer instanceof LostLinear ? layer.toDense() : layer));

/** What a linear layer [in, out] or a LOST layer costs; biases, which both have, are left out. */
export interface LayerAccount {
  readonly layer: string;
  /** Numbers that are trained. */
  readonly weights: number;
  /** The same of the dense layer, in · out. */
  readonly dense: number;
  /** Weights, gradients and both moments of Adam, in float32. */
  readonly trainingBytes: number;
  /** Of a training step: three products of 2 FLOPs a weight. */
  readonly flopsPerToken: number;
  /** Numbers kept for the backward pass: x; and x A, its activation, and x[I]. LOST keeps more of them, for fewer weights. */
  readonly keptPerToken: number;
}

/** Linear and LOST layers with their paths; those that a LOST layer consists of are not counted apart. */
function layersOf(model: object, where: (path: string) => boolean): (readonly [path: string, layer: Linear | LostLinear])[] {
  const layers = modulesOf(model).flatMap(([path, layer]) => ((layer instanceof Linear || layer instanceof LostLinear) && where(path) ? [[path, layer] as const] : []));
  const lost = layers.flatMap(([path, layer]) => (layer instanceof LostLinear ? [`${path}.`] : []));
  return layers.filter(([path]) => !lost.some((outer) => path.startsWith(outer)));
}

/** The account of every linear or LOST layer of `model` outside of embeddings and heads. */
export function accounts(model: object, where: (path: string) => boolean = inBlocks): LayerAccount[] {
  return layersOf(model, where).map(([layer, module]) => {
    const { inputs, outputs } = module;
    const [rank, channels] = module instanceof Linear ? [0, 0] : [module.pair?.down.outputs ?? 0, module.sparse?.kept.size ?? 0];
    const weights = module instanceof Linear ? inputs * outputs : rank * (inputs + outputs) + channels * outputs;
    const between = module instanceof LostLinear && module.settings.act !== "identity" ? 2 * rank : rank;
    return { layer, weights, dense: inputs * outputs, trainingBytes: 16 * weights, flopsPerToken: 6 * weights, keptPerToken: inputs + between + channels };
  });
}
