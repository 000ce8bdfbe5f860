/** @file The layer-wise fit: each pair of factors learns to give what its projection gives, on the activations of the frozen model. */
import { ArgumentError } from "../../errors";
import { trainer, type Training, type TrainerState } from "../../experiment/training";
import { add, square, stopGradient, sub } from "../../graph/ops/elementwise";
import { matmul } from "../../graph/ops/linalg";
import { concat, reshape, slice } from "../../graph/ops/movement";
import { mean } from "../../graph/ops/reduction";
import { withTaps } from "../../graph/taps";
import type { Tensor } from "../../graph/tensor";
import type { Gpt } from "../../nn/gpt";
import { onRows } from "../../nn/linear";
import { roundAffine } from "../../numerics/affine";
import { adamw } from "../../optim/index";
import type { Rate } from "../../optim/index";
import { attentionLayers, type Factors, type Pair } from "./factors";

/** How the compressed cache is quantized: keys by channel over groups of tokens, values by token over channels. */
export interface CacheQuantization {
  /** 1 to 8; two codes go into a byte from 4 down. */
  readonly bits: number;
  /** Tokens of a group of keys. */
  readonly group: number;
}

/** K^C = X A: x [T, B, in] → [T, B, c]. */
export const compressed = (x: Tensor, { down }: Pair): Tensor => onRows(x, (rows) => matmul(rows, down));
/** K^C B: [T, B, c] → [T, B, out]. */
export const reconstructed = (x: Tensor, { up }: Pair): Tensor => onRows(x, (rows) => matmul(rows, up));

/** Rows [T, ...] parted into groups of tokens: [T / group, group, ...]. */
export const inGroups = (x: Tensor, group: number): Tensor => reshape(x, [x.shape[0] / group, group, ...x.shape.slice(1)]);

/** Compressed keys [T, B, c] as they come back from the quantized cache; gradients pass straight through. */
export function roundedKeys(x: Tensor, { bits, group }: CacheQuantization): Tensor {
  const [time, ...rest] = x.shape;
  // The last tokens wait until their group is full, so they are not rounded.
  const full = time - (time % group);
  if (full === 0) return x;
  const rounded = reshape(roundAffine(inGroups(slice(x, { axis: 0, end: full }), group), { bits, axes: 1 }), [full, ...rest]);
  return full === time ? rounded : concat([rounded, slice(x, { axis: 0, start: full })]);
}

/** The model may be a part of a larger tree: then its paths have that in front. */
function inputOf(taps: Readonly<Record<string, Tensor>>, path: string): Tensor {
  const found = Object.entries(taps).find(([name]) => name === `${path}.input` || name.endsWith(`.${path}.input`));
  if (found === undefined) throw new ArgumentError(`cskv: ${path} reads nothing`, { help: "give a model whose forward pass calls its attention layers" });
  return found[1];
}

/** Mean squared errors of keys and values of each layer, X W against X A B: scalars by path ("blocks.0.attention.k"). No activation is compressed on the way, so layers are independent. */
export function reconstructionErrors(model: Gpt, { factors, tokens, quant }: { readonly factors: Factors; readonly tokens: Tensor; readonly quant?: CacheQuantization }): Readonly<Record<string, Tensor>> {
  const { taps } = withTaps((m: Gpt) => m.features(tokens), /attention\.[kv]\.input$/)(model);
  return Object.fromEntries(
    attentionLayers(model).flatMap(([path, layer]) =>
      (["k", "v"] as const).map((name) => {
        const x = stopGradient(inputOf(taps, `${path}.${name}`));
        const pair = factors[path][name];
        const small = compressed(x, pair);
        const stored = quant === undefined ? small : name === "k" ? roundedKeys(small, quant) : roundAffine(small, { bits: quant.bits, axes: -1 });
        // The bias is added after reconstruction, so it cancels; so does rotation, which keeps distances.
        const target = onRows(x, (rows) => matmul(rows, stopGradient(layer[name].weight)));
        return [`${path}.${name}`, mean(square(sub(target, reconstructed(stored, pair))))] as const;
      }),
    ),
  );
}

/** Σ over layers of the errors of keys and values: the loss of the fit. */
export const reconstructionLoss = (model: Gpt, options: Parameters<typeof reconstructionErrors>[1]): Tensor => Object.values(reconstructionErrors(model, options)).reduce((sum, one) => add(sum, one));

export interface FitOptions {
  readonly model: Gpt;
  readonly factors: Factors;
  /** Tokens [B, T] of step 0, 1, … */
  readonly batch: (step: number) => Tensor;
  /** Default 5e-5, the paper's for 7B parameters. */
  readonly lr?: Rate;
  /** Rounds as the cache will, so that factors learn to bear it. Default none. */
  readonly quant?: CacheQuantization;
  /** Default 0, so Adam. */
  readonly weightDecay?: number;
}

/** The fit as a training of the factors; the model is frozen, and there is no loss of language. */
export const fitting = ({ model, factors, batch, lr = 5e-5, quant, weightDecay = 0 }: FitOptions): Training<TrainerState<Factors>, Tensor> =>
  trainer({ model: factors, optimizer: adamw({ lr, weightDecay }), loss: (now: Factors, tokens) => reconstructionLoss(model, { factors: now, tokens, quant }), batch, name: "layer-wise fit" });
