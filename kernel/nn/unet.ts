/** @file Unet: a convolution net that shrinks an image, mixes, and grows it again with skips across; steered by time (Ho et al. 2020). */
import { ArgumentError, ShapeError } from "../errors";
import { silu } from "../graph/composites/activations";
import { add } from "../graph/ops/elementwise";
import { concat } from "../graph/ops/movement";
import { showShape } from "../graph/shape";
import type { Tensor } from "../graph/tensor";
import { fold, type Key } from "../random/key";
import { conv, type Conv } from "./conv";
import { embedding, type Embedding } from "./embedding";
import { groupNorm, type GroupNorm } from "./groupNorm";
import { zeroInit } from "./initializers";
import { mlp, type Mlp } from "./mlp";
import { Module, withPaths } from "./module";
import { sinusoids } from "./timeEmbedding";
import { unetLevel, type UnetLevel } from "./unetLevel";
import { upsampleNearest } from "./upsampling";

const shown = (x: Tensor | undefined): string => (x === undefined ? "none" : showShape(x.shape));

/** What steers a U-Net, besides the time. */
export interface UnetCall {
  /** [N] int32; given exactly when the model has classes. */
  readonly classes?: Tensor;
  /** Read by cross attention: [S, N, memoryWidth], time first. */
  readonly memory?: Tensor;
}

/** Images x [N, C, H, W] at times t [N] → [N, out, H, W]. */
export class Unet extends Module<readonly [x: Tensor, t: Tensor, options?: UnetCall], Tensor> {
  readonly time: Mlp;
  /** [classes + 1, E]: the last row stands for "no class". */
  readonly classes: Embedding | undefined;
  readonly stem: Conv;
  readonly down: readonly UnetLevel[];
  readonly middle: UnetLevel;
  /** From the smallest size to the largest. */
  readonly up: readonly UnetLevel[];
  readonly norm: GroupNorm;
  readonly head: Conv;

  constructor(parts: Pick<Unet, "time" | "classes" | "stem" | "down" | "middle" | "up" | "norm" | "head">) {
    super();
    this.time = parts.time;
    this.classes = parts.classes;
    this.stem = parts.stem;
    this.down = parts.down;
    this.middle = parts.middle;
    this.up = parts.up;
    this.norm = parts.norm;
    this.head = parts.head;
  }

  forward(x: Tensor, t: Tensor, { classes, memory }: UnetCall = {}): Tensor {
    const halvings = this.down.filter(({ resample }) => resample !== undefined).length;
    if (x.rank !== 4 || x.shape[2] % 2 ** halvings !== 0 || x.shape[3] % 2 ** halvings !== 0)
      throw new ShapeError(`unet: images ${showShape(x.shape)} are halved ${halvings} times`, {
        help: `pass [N, C, H, W] with H and W multiples of ${2 ** halvings}`,
      });
    const condition = this.condition(t, classes);
    const skips: Tensor[] = [];
    let now = this.stem.call(x);
    for (const level of this.down) {
      level.blocks.forEach((_, i) => {
        now = level.stage(i, now, { condition, memory });
        skips.push(now);
      });
      if (level.resample !== undefined) now = level.resample.call(now);
    }
    now = this.middle.call(now, condition, memory);
    for (const level of this.up) {
      level.blocks.forEach((_, i) => {
        const skip = skips.pop();
        now = level.stage(i, skip === undefined ? now : concat([now, skip], 1), { condition, memory });
      });
      if (level.resample !== undefined) now = level.resample.call(upsampleNearest(now));
    }
    return this.head.call(silu(this.norm.call(now)));
  }

  /** What steers the blocks: [N, E]. @throws {ShapeError} when classes are missing or not expected. */
  condition(t: Tensor, classes?: Tensor): Tensor {
    if ((classes === undefined) !== (this.classes === undefined))
      throw new ShapeError(`unet: classes ${shown(classes)} for a model ${this.classes === undefined ? "without" : "with"} classes`, {
        help: "pass classes exactly when the model was made with them",
      });
    const time = this.time.call(sinusoids(t, { width: this.time.up.weight.shape[0], dtype: this.time.up.weight.dtype }));
    return this.classes === undefined || classes === undefined ? time : add(time, this.classes.call(classes));
  }
}

export interface UnetOptions {
  /** Of the images. */
  readonly channels: number;
  /** Of the result. Default `channels`. */
  readonly out?: number;
  /** Channels at full size; even. */
  readonly width: number;
  /** Factor on `width` at each size; each further one halves the image. Default [1, 2, 4]. */
  readonly multipliers?: readonly number[];
  /** Residual blocks at each size, on either way. Default 1. */
  readonly blocks?: number;
  /** Sizes with attention, as indices into `multipliers`. Default the last. The middle always has it. */
  readonly attentionAt?: readonly number[];
  /** Default 4. */
  readonly heads?: number;
  /** Of the normalizations. Default the largest divisor of the channels up to 8. */
  readonly groups?: number;
  /** Default none. */
  readonly classes?: number;
  /** Width of a memory (text) that all attentions also read. Default none. */
  readonly memoryWidth?: number;
  readonly key: Key;
}

/** A time-steered U-Net. Residual branches and the head start at zero. */
export function unet({ channels, width, multipliers = [1, 2, 4], blocks = 1, heads = 4, groups, classes, memoryWidth, key, ...rest }: UnetOptions): Unet {
  const { out = channels, attentionAt = [multipliers.length - 1] } = rest;
  if (multipliers.length === 0 || blocks < 1)
    throw new ArgumentError(`unet: ${multipliers.length} sizes with ${blocks} blocks`, {
      help: "give at least one multiplier and one block",
    });
  const conditionWidth = 4 * width;
  const shared = { conditionWidth, heads, groups, memoryWidth };
  const widths = multipliers.map((factor) => factor * width);
  const last = widths.length - 1;
  const attentions = (i: number): number => (attentionAt.includes(i) ? blocks : 0);
  const downLevel = (to: number, i: number): UnetLevel => {
    const from = i === 0 ? width : widths[i - 1];
    const steps = Array.from({ length: blocks }, (_, j) => [j === 0 ? from : to, to] as const);
    const resample = i === last ? undefined : { out: to, stride: 2 };
    return unetLevel({ ...shared, blocks: steps, attentions: attentions(i), resample, key: fold(key, `down.${i}`) });
  };
  const upLevel = (to: number, i: number): UnetLevel => {
    // Every block also reads what the block across gave, of this size's width.
    const steps = Array.from({ length: blocks }, () => [2 * to, to] as const);
    const resample = i === 0 ? undefined : { out: widths[i - 1], stride: 1 };
    return unetLevel({ ...shared, blocks: steps, attentions: attentions(i), resample, key: fold(key, `up.${i}`) });
  };
  const across = [widths[last], widths[last]] as const;
  return withPaths(
    new Unet({
      time: mlp({ width, hidden: conditionWidth, out: conditionWidth, kind: "silu", key: fold(key, "time") }),
      classes: classes === undefined ? undefined : embedding({ count: classes + 1, width: conditionWidth, key: fold(key, "classes") }),
      stem: conv({ in: channels, out: width, kernel: 3, padding: 1, key: fold(key, "stem") }),
      down: widths.map(downLevel),
      middle: unetLevel({ ...shared, blocks: [across, across], attentions: 1, key: fold(key, "middle") }),
      up: widths.map(upLevel).reverse(),
      norm: groupNorm({ channels: widths[0], groups }),
      head: conv({ in: widths[0], out, kernel: 3, padding: 1, key, init: zeroInit }),
    }),
  );
}
