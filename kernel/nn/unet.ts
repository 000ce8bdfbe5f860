/** @file Unet: a convolution net that shrinks an image, mixes, and grows it again with skips across; steered by time (Ho et al. 2020). */
import { ArgumentError, ShapeError } from "../errors";
import { silu } from "../graph/composites/activations";
import { add } from "../graph/ops/elementwise";
import { concat } from "../graph/ops/movement";
import { showShape } from "../graph/shape";
import { type Tensor } from "../graph/tensor";
import { fold, type Key } from "../random/key";
import { conv, type Conv } from "./conv";
import { embedding, type Embedding } from "./embedding";
import { groupNorm, type GroupNorm } from "./groupNorm";
import { imageAttention, residualBlock, type ImageAttention, type ResidualBlock } from "./imageBlocks";
import { normalInit, zeroInit } from "./initializers";
import { mlp, type Mlp } from "./mlp";
import { Module, withPaths } from "./module";
import { sinusoids } from "./timeEmbedding";
import { upsampleNearest } from "./upsampling";

/** What steers a U-Net, besides the time. */
export interface UnetCall {
  /** [N] int32; given exactly when the model has classes. */
  readonly classes?: Tensor;
  /** Read by cross attention: [S, N, memoryWidth], time first. */
  readonly memory?: Tensor;
}

/** Residual blocks of one size, each followed by attention where the level has it, then a convolution to the next size. */
export class UnetLevel extends Module<readonly [x: Tensor, condition: Tensor, memory?: Tensor], Tensor> {
  constructor(
    readonly blocks: readonly ResidualBlock[],
    /** As many as blocks, or none. */
    readonly attentions: readonly ImageAttention[],
    /** With stride 2 on the way down, after doubling on the way up; undefined at the end of either way. */
    readonly resample: Conv | undefined,
  ) {
    super();
  }

  /** All blocks, without skips and without resampling. */
  forward(x: Tensor, condition: Tensor, memory?: Tensor): Tensor {
    return this.blocks.reduce((now, _, i) => this.stage(i, now, { condition, memory }), x);
  }

  /** The i-th block and its attention. */
  stage(i: number, x: Tensor, { condition, memory }: { readonly condition: Tensor; readonly memory: Tensor | undefined }): Tensor {
    const y = this.blocks[i].call(x, condition);
    return i < this.attentions.length ? this.attentions[i].call(y, memory) : y;
  }
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
      throw new ShapeError(`unet: images ${showShape(x.shape)} are halved ${halvings} times`, { help: `pass [N, C, H, W] with H and W multiples of ${2 ** halvings}` });
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
      throw new ShapeError(`unet: classes ${classes === undefined ? "none" : showShape(classes.shape)} for a model ${this.classes === undefined ? "without" : "with"} classes`, { help: "pass classes exactly when the model was made with them" });
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
export function unet({ channels, out = channels, width, multipliers = [1, 2, 4], blocks = 1, attentionAt = [multipliers.length - 1], heads = 4, groups, classes, memoryWidth, key }: UnetOptions): Unet {
  if (multipliers.length === 0 || blocks < 1) throw new ArgumentError(`unet: ${multipliers.length} sizes with ${blocks} blocks`, { help: "give at least one multiplier and one block" });
  const conditionWidth = 4 * width;
  const widths = multipliers.map((factor) => factor * width);
  const last = widths.length - 1;
  const make = (levelKey: Key, { shape, attended }: { readonly shape: readonly (readonly [from: number, to: number])[]; readonly attended: boolean }): Pick<UnetLevel, "blocks" | "attentions"> => ({
    blocks: shape.map(([from, to], i) => residualBlock({ in: from, out: to, conditionWidth, groups, key: fold(levelKey, i) })),
    attentions: attended ? shape.map(([, to], i) => imageAttention({ channels: to, heads, memoryWidth, groups, key: fold(levelKey, `attention.${i}`) })) : [],
  });
  const each = (from: number, to: number): readonly (readonly [number, number])[] => Array.from({ length: blocks }, (_, i) => [i === 0 ? from : to, to] as const);
  const down = widths.map((to, i) => {
    const levelKey = fold(key, `down.${i}`);
    const level = make(levelKey, { shape: each(i === 0 ? width : widths[i - 1], to), attended: attentionAt.includes(i) });
    return new UnetLevel(level.blocks, level.attentions, i === last ? undefined : conv({ in: to, out: to, kernel: 3, stride: 2, padding: 1, key: fold(levelKey, "resample") }));
  });
  const middle = make(fold(key, "middle"), { shape: [[widths[last], widths[last]]], attended: true });
  const after = residualBlock({ in: widths[last], out: widths[last], conditionWidth, groups, key: fold(key, "middle.1") });
  const up = widths
    .map((to, i) => {
      const levelKey = fold(key, `up.${i}`);
      // Every block reads the skip of the block across, of this size's width.
      const level = make(levelKey, { shape: Array.from({ length: blocks }, () => [2 * to, to] as const), attended: attentionAt.includes(i) });
      return new UnetLevel(level.blocks, level.attentions, i === 0 ? undefined : conv({ in: to, out: widths[i - 1], kernel: 3, padding: 1, key: fold(levelKey, "resample") }));
    })
    .reverse();
  return withPaths(
    new Unet({
      time: mlp({ width, hidden: conditionWidth, out: conditionWidth, kind: "silu", key: fold(key, "time") }),
      classes: classes === undefined ? undefined : embedding({ count: classes + 1, width: conditionWidth, key: fold(key, "classes"), init: normalInit(0.02) }),
      stem: conv({ in: channels, out: width, kernel: 3, padding: 1, key: fold(key, "stem") }),
      down,
      middle: new UnetLevel([...middle.blocks, after], middle.attentions, undefined),
      up,
      norm: groupNorm({ channels: width * multipliers[0], groups }),
      head: conv({ in: width * multipliers[0], out, kernel: 3, padding: 1, key, init: zeroInit }),
    }),
  );
}
