/** @file Parts of U-Nets: residual blocks steered by a vector, and attention over the positions of an image. */
import { silu } from "../graph/composites/activations";
import { add } from "../graph/ops/elementwise";
import { reshape, transpose } from "../graph/ops/movement";
import type { Tensor } from "../graph/tensor";
import { fold, type Key } from "../random/key";
import { attention, type Attention } from "./attention";
import { conv, type Conv } from "./conv";
import { groupNorm, type GroupNorm } from "./groupNorm";
import { zeroInit } from "./initializers";
import { linear, type Linear } from "./linear";
import { Module } from "./module";

/** skip(x) + conv2(silu(norm2(conv1(silu(norm1(x))) + steer(silu(condition))))): x [N, C, H, W], condition [N, E]. */
export class ResidualBlock extends Module<readonly [x: Tensor, condition?: Tensor], Tensor> {
  readonly norm1: GroupNorm;
  readonly conv1: Conv;
  /** Undefined in blocks that nothing steers. */
  readonly steer: Linear | undefined;
  readonly norm2: GroupNorm;
  readonly conv2: Conv;
  /** A 1×1 convolution where the number of channels changes. */
  readonly skip: Conv | undefined;

  constructor(parts: Pick<ResidualBlock, "norm1" | "conv1" | "steer" | "norm2" | "conv2" | "skip">) {
    super();
    this.norm1 = parts.norm1;
    this.conv1 = parts.conv1;
    this.steer = parts.steer;
    this.norm2 = parts.norm2;
    this.conv2 = parts.conv2;
    this.skip = parts.skip;
  }

  forward(x: Tensor, condition?: Tensor): Tensor {
    const hidden = this.conv1.call(silu(this.norm1.call(x)));
    const [n, c] = hidden.shape;
    const steered = this.steer === undefined || condition === undefined ? hidden : add(hidden, reshape(this.steer.call(silu(condition)), [n, c, 1, 1]));
    const residual = this.conv2.call(silu(this.norm2.call(steered)));
    return add(this.skip === undefined ? x : this.skip.call(x), residual);
  }
}

export interface ResidualBlockOptions {
  readonly in: number;
  readonly out: number;
  /** Width of the vector that steers the block. Default none. */
  readonly conditionWidth?: number;
  /** Of the normalization. Default the largest divisor of the channels up to 8. */
  readonly groups?: number;
  readonly key: Key;
}

/** A residual block that starts as its skip: the second convolution begins at zero. */
export function residualBlock({ in: channels, out, conditionWidth, groups, key }: ResidualBlockOptions): ResidualBlock {
  return new ResidualBlock({
    norm1: groupNorm({ channels, groups }),
    conv1: conv({ in: channels, out, kernel: 3, padding: 1, key: fold(key, "conv1") }),
    steer: conditionWidth === undefined ? undefined : linear({ in: conditionWidth, out, key: fold(key, "steer") }),
    norm2: groupNorm({ channels: out, groups }),
    conv2: conv({ in: out, out, kernel: 3, padding: 1, key, init: zeroInit }),
    skip: channels === out ? undefined : conv({ in: channels, out, kernel: 1, key: fold(key, "skip") }),
  });
}

/** x + attention(norm(x)) over all positions of x [N, C, H, W], then + cross(crossNorm(x), memory) where the block has it. */
export class ImageAttention extends Module<readonly [x: Tensor, memory?: Tensor], Tensor> {
  readonly norm: GroupNorm;
  readonly attention: Attention;
  readonly crossNorm: GroupNorm | undefined;
  readonly cross: Attention | undefined;

  constructor(parts: Pick<ImageAttention, "norm" | "attention" | "crossNorm" | "cross">) {
    super();
    this.norm = parts.norm;
    this.attention = parts.attention;
    this.crossNorm = parts.crossNorm;
    this.cross = parts.cross;
  }

  /** @param memory - [S, N, memoryWidth], time first. */
  forward(x: Tensor, memory?: Tensor): Tensor {
    const mixed = add(x, fromPositions(this.attention.call(toPositions(this.norm.call(x))), x));
    if (this.cross === undefined || this.crossNorm === undefined || memory === undefined) return mixed;
    return add(mixed, fromPositions(this.cross.call(toPositions(this.crossNorm.call(mixed)), { memory }), x));
  }
}

/** [N, C, H, W] → [H·W, N, C]. */
const toPositions = (x: Tensor): Tensor => transpose(reshape(x, [x.shape[0], x.shape[1], -1]), [2, 0, 1]);
const fromPositions = (rows: Tensor, like: Tensor): Tensor => reshape(transpose(rows, [1, 2, 0]), like.shape);

export interface ImageAttentionOptions {
  readonly channels: number;
  readonly heads: number;
  /** Width of a memory (text) that is attended to as well. Default none. */
  readonly memoryWidth?: number;
  readonly groups?: number;
  readonly key: Key;
}

/** Attention over an image that starts as the identity: `out` begins at zero. */
export function imageAttention({ channels, heads, memoryWidth, groups, key }: ImageAttentionOptions): ImageAttention {
  const layer = (label: string, from?: number): Attention => attention({ width: channels, heads, memoryWidth: from, key: fold(key, label), outInit: zeroInit });
  return new ImageAttention({
    norm: groupNorm({ channels, groups }),
    attention: layer("attention"),
    crossNorm: memoryWidth === undefined ? undefined : groupNorm({ channels, groups }),
    cross: memoryWidth === undefined ? undefined : layer("cross", memoryWidth),
  });
}
