/** @file Vit: a transformer over the patches of an image (Dosovitskiy et al. 2021). */
import { ArgumentError, ShapeError } from "../errors";
import { add } from "../graph/ops/elementwise";
import { patches } from "../graph/ops/indexing";
import { at, broadcastTo, concat, reshape, transpose } from "../graph/ops/movement";
import { mean } from "../graph/ops/reduction";
import { showShape } from "../graph/shape";
import type { Tensor } from "../graph/tensor";
import { fold, type Key } from "../random/key";
import { block, type Block } from "./block";
import { embedding, type Embedding } from "./embedding";
import { normalInit, zeroInit } from "./initializers";
import { linear, type Linear } from "./linear";
import type { MlpKind } from "./mlp";
import { Module, withPaths } from "./module";
import { norm, type Norm, type NormKind } from "./normalization";

/** Images [B, C, H, W] → logits [B, classes]. Inside, activations are [N, B, D]: patches first. */
export class Vit extends Module<readonly [images: Tensor], Tensor> {
  /** Pixels of a patch, ordered (channel, row, column), to D features. */
  readonly patch: Linear;
  /** [1, D]; undefined when the result is the mean over patches. */
  readonly classToken: Embedding | undefined;
  readonly positions: Embedding;
  readonly blocks: readonly Block[];
  readonly norm: Norm;
  readonly head: Linear;
  readonly settings: { readonly patchSize: number };

  constructor(parts: Pick<Vit, "patch" | "classToken" | "positions" | "blocks" | "norm" | "head" | "settings">) {
    super();
    this.patch = parts.patch;
    this.classToken = parts.classToken;
    this.positions = parts.positions;
    this.blocks = parts.blocks;
    this.norm = parts.norm;
    this.head = parts.head;
    this.settings = parts.settings;
  }

  forward(images: Tensor): Tensor {
    return this.head.call(this.features(images));
  }

  /** What the head reads: [B, D]. */
  features(images: Tensor): Tensor {
    const x = this.trunk(this.embed(images));
    return this.classToken === undefined ? mean(x, 0) : at(x, 0);
  }

  /** images [B, C, H, W] → [N, B, D], the class token first where there is one. @throws {ShapeError} for images of another size. */
  embed(images: Tensor): Tensor {
    const rows = patches(images, this.settings.patchSize);
    const x = this.patch.call(transpose(rows, [1, 0, 2]));
    const [, batch, width] = x.shape;
    const token = this.classToken?.weight;
    const all = token === undefined ? x : concat([broadcastTo(reshape(token, [1, 1, width]), [1, batch, width]), x], 0);
    const { weight } = this.positions;
    if (weight.shape[0] !== all.shape[0])
      throw new ShapeError(`vit: images ${showShape(images.shape)} give ${all.shape[0]} tokens, the model has ${weight.shape[0]} positions`, {
        help: "use images of the size the model was made for",
      });
    return add(all, reshape(weight, [weight.shape[0], 1, width]));
  }

  /** All blocks and the last normalization: [N, B, D] → [N, B, D]. */
  trunk(x: Tensor): Tensor {
    return this.norm.call(this.blocks.reduce((now, layer) => layer.call(now), x));
  }
}

export interface VitOptions {
  /** Height and width of the images: one number for square ones. */
  readonly image: number | readonly [height: number, width: number];
  /** Default 3. */
  readonly channels?: number;
  /** Height and width of a patch. */
  readonly patch: number;
  readonly depth: number;
  readonly width: number;
  readonly heads: number;
  readonly classes: number;
  /** What the head reads: a class token, or the mean over patches (default). */
  readonly pool?: "mean" | "class";
  /** Default "layer". */
  readonly norm?: NormKind;
  /** Default "gelu". */
  readonly mlp?: MlpKind;
  readonly hidden?: number;
  /** Default false. */
  readonly qkNorm?: boolean;
  readonly key: Key;
}

/** A vision transformer; the head starts at zero. @throws {ArgumentError} when patches do not part the image. */
export function vit({ image, channels = 3, patch, depth, classes, pool = "mean", norm: kind = "layer", key, ...rest }: VitOptions): Vit {
  const { width } = rest;
  const [height, across] = typeof image === "number" ? [image, image] : image;
  if (height % patch !== 0 || across % patch !== 0)
    throw new ArgumentError(`vit: images of ${height}×${across} do not part into patches of ${patch}`, {
      help: "the patch size must divide height and width",
    });
  const count = (height / patch) * (across / patch) + (pool === "class" ? 1 : 0);
  return withPaths(
    new Vit({
      patch: linear({ in: channels * patch * patch, out: width, key: fold(key, "patch") }),
      classToken: pool === "class" ? embedding({ count: 1, width, key: fold(key, "class") }) : undefined,
      positions: embedding({ count, width, key: fold(key, "positions"), init: normalInit(0.02) }),
      blocks: Array.from({ length: depth }, (_, i) => block({ ...rest, depth, norm: kind, key: fold(key, `blocks.${i}`) })),
      norm: norm(kind, { width }),
      head: linear({ in: width, out: classes, key: fold(key, "head"), init: zeroInit }),
      settings: { patchSize: patch },
    }),
  );
}
