/** @file UnetLevel: what a U-Net does at one size of the image. */
import type { Tensor } from "../graph/tensor";
import { fold, type Key } from "../random/key";
import { conv, type Conv } from "./conv";
import { imageAttention, residualBlock, type ImageAttention, type ResidualBlock } from "./imageBlocks";
import { Module } from "./module";

/** Residual blocks of one size, each followed by attention where the level has it, then a convolution to the next size. */
export class UnetLevel extends Module<readonly [x: Tensor, condition: Tensor, memory?: Tensor], Tensor> {
  constructor(
    readonly blocks: readonly ResidualBlock[],
    /** Of the first blocks. */
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

export interface UnetLevelOptions {
  /** Channels before and after each block. */
  readonly blocks: readonly (readonly [from: number, to: number])[];
  /** How many blocks, from the first, are followed by attention. */
  readonly attentions: number;
  /** The 3×3 convolution to the next size. Default none. */
  readonly resample?: { readonly out: number; readonly stride: number };
  readonly conditionWidth: number;
  readonly heads: number;
  readonly groups?: number;
  readonly memoryWidth?: number;
  readonly key: Key;
}

/** One level of a U-Net. */
export function unetLevel({ blocks, attentions, resample, conditionWidth, heads, groups, memoryWidth, key }: UnetLevelOptions): UnetLevel {
  const width = blocks[blocks.length - 1][1];
  const attended = blocks.slice(0, attentions);
  return new UnetLevel(
    blocks.map(([from, to], i) => residualBlock({ in: from, out: to, conditionWidth, groups, key: fold(key, i) })),
    attended.map(([, to], i) => imageAttention({ channels: to, heads, memoryWidth, groups, key: fold(key, `attention.${i}`) })),
    resample === undefined ? undefined : conv({ in: width, ...resample, kernel: 3, padding: 1, key: fold(key, "resample") }),
  );
}
