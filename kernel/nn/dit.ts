/** @file Dit: a diffusion transformer whose normalizations are steered by time and class (Peebles & Xie 2023, adaLN-zero). */
import { ArgumentError, ShapeError } from "../errors";
import { add, mul } from "../graph/ops/elementwise";
import { fromPatches, patches } from "../graph/ops/indexing";
import { expandDims, reshape, split, transpose } from "../graph/ops/movement";
import { silu } from "../graph/composites/activations";
import { showShape } from "../graph/shape";
import type { Tensor } from "../graph/tensor";
import { fold, type Key } from "../random/key";
import { attention, type Attention } from "./attention";
import { embedding, type Embedding } from "./embedding";
import { normalInit, zeroInit } from "./initializers";
import { linear, type Linear } from "./linear";
import { mlp, type Mlp } from "./mlp";
import { Module, withPaths } from "./module";
import { layerNorm, type LayerNorm } from "./normalization";
import { gridSinusoids, sinusoids } from "./timeEmbedding";

const shown = (x: Tensor | undefined): string => (x === undefined ? "none" : showShape(x.shape));

/** x (1 + scale) + shift, for x [T, B, D] and [1, B, D]. */
const modulate = (x: Tensor, { shift, scale }: { readonly shift: Tensor; readonly scale: Tensor }): Tensor => add(mul(x, add(scale, 1)), shift);

/** Parts of the steering [B, count · D], each [1, B, D]. */
const steering = (modulation: Linear, condition: Tensor, count: number): Tensor[] => split(expandDims(modulation.call(silu(condition)), 0), count, 2);

/** A block whose normalizations are shifted and scaled, and whose branches are gated, by the condition: x [T, B, D], condition [B, D]. */
export class DitBlock extends Module<readonly [x: Tensor, condition: Tensor], Tensor> {
  /** [D, 6 D]: shift, scale, gate of attention, then of mlp. Zero at first, so that the block starts as the identity. */
  readonly modulation: Linear;
  readonly norm1: LayerNorm;
  readonly attention: Attention;
  readonly norm2: LayerNorm;
  readonly mlp: Mlp;

  constructor(parts: Pick<DitBlock, "modulation" | "norm1" | "attention" | "norm2" | "mlp">) {
    super();
    this.modulation = parts.modulation;
    this.norm1 = parts.norm1;
    this.attention = parts.attention;
    this.norm2 = parts.norm2;
    this.mlp = parts.mlp;
  }

  forward(x: Tensor, condition: Tensor): Tensor {
    const [shift1, scale1, gate1, shift2, scale2, gate2] = steering(this.modulation, condition, 6);
    const mixed = add(x, mul(this.attention.call(modulate(this.norm1.call(x), { shift: shift1, scale: scale1 })), gate1));
    return add(mixed, mul(this.mlp.call(modulate(this.norm2.call(mixed), { shift: shift2, scale: scale2 })), gate2));
  }
}

/** Images or latents x [B, C, H, W] at times t [B], with classes [B] where the model has them → [B, out, H, W]. Inside, [N, B, D]. */
export class Dit extends Module<readonly [x: Tensor, t: Tensor, classes?: Tensor], Tensor> {
  readonly patch: Linear;
  readonly time: Mlp;
  /** [classes + 1, D]: the last row stands for "no class". */
  readonly classes: Embedding | undefined;
  readonly blocks: readonly DitBlock[];
  readonly norm: LayerNorm;
  /** [D, 2 D]: shift and scale before the head. */
  readonly modulation: Linear;
  readonly head: Linear;
  readonly settings: { readonly patchSize: number; readonly timeFeatures: number };

  constructor(parts: Pick<Dit, "patch" | "time" | "classes" | "blocks" | "norm" | "modulation" | "head" | "settings">) {
    super();
    this.patch = parts.patch;
    this.time = parts.time;
    this.classes = parts.classes;
    this.blocks = parts.blocks;
    this.norm = parts.norm;
    this.modulation = parts.modulation;
    this.head = parts.head;
    this.settings = parts.settings;
  }

  forward(x: Tensor, t: Tensor, classes?: Tensor): Tensor {
    const condition = this.condition(t, classes);
    const stream = this.blocks.reduce((now, layer) => layer.call(now, condition), this.embed(x));
    const [shift, scale] = steering(this.modulation, condition, 2);
    const rows = this.head.call(modulate(this.norm.call(stream), { shift, scale }));
    return fromPatches(transpose(rows, [1, 0, 2]), { size: this.settings.patchSize, height: x.shape[2], width: x.shape[3] });
  }

  /** x [B, C, H, W] → [N, B, D], with the fixed features of each patch's place added. */
  embed(x: Tensor): Tensor {
    const size = this.settings.patchSize;
    const stream = this.patch.call(transpose(patches(x, size), [1, 0, 2]));
    const [count, , width] = stream.shape;
    const places = gridSinusoids({ rows: x.shape[2] / size, columns: x.shape[3] / size, width, dtype: x.dtype });
    return add(stream, reshape(places, [count, 1, width]));
  }

  /** What steers the blocks: [B, D]. @throws {ShapeError} when classes are missing or not expected. */
  condition(t: Tensor, classes?: Tensor): Tensor {
    if ((classes === undefined) !== (this.classes === undefined) || (classes !== undefined && classes.size !== t.size))
      throw new ShapeError(`dit: times ${showShape(t.shape)} and classes ${shown(classes)} for a model ${this.classes === undefined ? "without" : "with"} classes`, {
        help: "pass one class for each image exactly when the model was made with classes; noClass() gives the index of none",
      });
    const time = this.time.call(sinusoids(t, { width: this.settings.timeFeatures, dtype: this.head.weight.dtype }));
    return this.classes === undefined || classes === undefined ? time : add(time, this.classes.call(classes));
  }

  /** The index that stands for "no class" (for guidance without a classifier). */
  noClass(): number {
    return (this.classes?.weight.shape[0] ?? 1) - 1;
  }
}

export interface DitOptions {
  /** Of x. */
  readonly channels: number;
  /** Of the result. Default `channels`. */
  readonly out?: number;
  readonly patch: number;
  readonly depth: number;
  /** A multiple of 4. */
  readonly width: number;
  readonly heads: number;
  /** Default none. */
  readonly classes?: number;
  /** Width inside the feed-forward layers. Default 4 · width. */
  readonly hidden?: number;
  /** Sinusoids of the time. Default 256 (as in the paper). */
  readonly timeFeatures?: number;
  /** Default false. */
  readonly qkNorm?: boolean;
  readonly key: Key;
}

/** A diffusion transformer. Blocks start as the identity and the result as zero. */
export function dit({ channels, out = channels, patch, depth, width, heads, classes, hidden, timeFeatures = 256, qkNorm, key }: DitOptions): Dit {
  if (width % 4 !== 0)
    throw new ArgumentError(`dit: width ${width}`, {
      help: "places are told by sine and cosine of row and column; use a multiple of 4",
    });
  const one = (blockKey: Key): DitBlock =>
    new DitBlock({
      modulation: linear({ in: width, out: 6 * width, key: blockKey, init: zeroInit }),
      norm1: layerNorm({ width, epsilon: 1e-6, affine: false }),
      attention: attention({ width, heads, qkNorm, key: fold(blockKey, "attention") }),
      norm2: layerNorm({ width, epsilon: 1e-6, affine: false }),
      mlp: mlp({ width, hidden, kind: "geluTanh", key: fold(blockKey, "mlp") }),
    });
  return withPaths(
    new Dit({
      patch: linear({ in: channels * patch * patch, out: width, key: fold(key, "patch") }),
      time: mlp({ width: timeFeatures, hidden: width, out: width, kind: "silu", key: fold(key, "time") }),
      classes: classes === undefined ? undefined : embedding({ count: classes + 1, width, key: fold(key, "classes"), init: normalInit(0.02) }),
      blocks: Array.from({ length: depth }, (_, i) => one(fold(key, `blocks.${i}`))),
      norm: layerNorm({ width, epsilon: 1e-6, affine: false }),
      modulation: linear({ in: width, out: 2 * width, key, init: zeroInit }),
      head: linear({ in: width, out: out * patch * patch, key, init: zeroInit }),
      settings: { patchSize: patch, timeFeatures },
    }),
  );
}
