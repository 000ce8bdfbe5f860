/** @file ConvNet: a small image classifier of convolution stages, plain or residual. */
import { add } from "../graph/ops/elementwise";
import type { Tensor } from "../graph/tensor";
import { fold, type Key } from "../random/key";
import { activate, type Activation } from "./activation";
import { conv, type Conv } from "./conv";
import { groupNorm, type GroupNorm } from "./groupNorm";
import { heInit, zeroInit } from "./initializers";
import { linear, type Linear } from "./linear";
import { Module, withPaths } from "./module";
import { averagePool, globalAveragePool, maxPool } from "./pooling";

/**
 * f(skip(x) + norm2(conv2(f(norm1(conv1(x)))))): [N, C, H, W] → [N, O, ⌈H / stride⌉, ⌈W / stride⌉].
 * He et al. 2016, with group normalization.
 */
export class ResNetBlock extends Module<readonly [x: Tensor], Tensor> {
  readonly conv1: Conv;
  readonly norm1: GroupNorm;
  readonly conv2: Conv;
  readonly norm2: GroupNorm;
  /** A 1×1 convolution where channels or stride change. */
  readonly skip: Conv | undefined;
  readonly activation: Activation;

  constructor(parts: Pick<ResNetBlock, "conv1" | "norm1" | "conv2" | "norm2" | "skip" | "activation">) {
    super();
    this.conv1 = parts.conv1;
    this.norm1 = parts.norm1;
    this.conv2 = parts.conv2;
    this.norm2 = parts.norm2;
    this.skip = parts.skip;
    this.activation = parts.activation;
  }

  forward(x: Tensor): Tensor {
    const hidden = activate(this.activation, this.norm1.call(this.conv1.call(x)));
    const residual = this.norm2.call(this.conv2.call(hidden));
    return activate(this.activation, add(residual, this.skip === undefined ? x : this.skip.call(x)));
  }
}

export interface ResNetBlockOptions {
  readonly in: number;
  readonly out: number;
  /** Default 1. */
  readonly stride?: number;
  /** Of the normalization. Default the largest divisor of the channels up to 8. */
  readonly groups?: number;
  /** Default "relu". */
  readonly activation?: Activation;
  readonly key: Key;
}

/** A residual block of two 3×3 convolutions. */
export function resNetBlock({ in: channels, out, stride = 1, groups, activation = "relu", key }: ResNetBlockOptions): ResNetBlock {
  const convolution = (label: string, options: { readonly in: number; readonly stride: number; readonly kernel: number }): Conv =>
    conv({ ...options, out, padding: (options.kernel - 1) / 2, bias: false, key: fold(key, label), init: heInit });
  return new ResNetBlock({
    conv1: convolution("conv1", { in: channels, stride, kernel: 3 }),
    norm1: groupNorm({ channels: out, groups }),
    conv2: convolution("conv2", { in: out, stride: 1, kernel: 3 }),
    norm2: groupNorm({ channels: out, groups }),
    skip: channels === out && stride === 1 ? undefined : convolution("skip", { in: channels, stride, kernel: 1 }),
    activation,
  });
}

/** Convolution, normalization, activation, pooling by 2, then residual blocks. */
export class ConvStage extends Module<readonly [x: Tensor], Tensor> {
  constructor(
    readonly conv: Conv,
    readonly norm: GroupNorm,
    readonly blocks: readonly ResNetBlock[],
    readonly settings: { readonly activation: Activation; readonly pool: "max" | "average" },
  ) {
    super();
  }

  forward(x: Tensor): Tensor {
    const { activation, pool } = this.settings;
    const hidden = activate(activation, this.norm.call(this.conv.call(x)));
    const pooled = (pool === "max" ? maxPool : averagePool)(hidden, { size: 2 });
    return this.blocks.reduce((now, layer) => layer.call(now), pooled);
  }
}

/** Images [N, C, H, W] → logits [N, classes]. */
export class ConvNet extends Module<readonly [x: Tensor], Tensor> {
  constructor(
    readonly stages: readonly ConvStage[],
    readonly head: Linear,
  ) {
    super();
  }

  forward(x: Tensor): Tensor {
    return this.head.call(this.features(x));
  }

  /** Mean of the last stage over all positions: [N, widths.at(-1)]. */
  features(x: Tensor): Tensor {
    return globalAveragePool(this.stages.reduce((now, stage) => stage.call(now), x));
  }
}

export interface ConvNetOptions {
  /** Of the images. */
  readonly channels: number;
  readonly classes: number;
  /** Channels of each stage; each halves height and width. Default [32, 64, 128]. */
  readonly widths?: readonly number[];
  /** Residual blocks after each stage's pooling. Default 0. */
  readonly blocks?: number;
  /** Of the normalization; "instance" for one per channel. Default the largest divisor of the channels up to 8. */
  readonly groups?: number | "instance";
  /** Default "relu". */
  readonly activation?: Activation;
  /** Default "max". */
  readonly pool?: "max" | "average";
  readonly key: Key;
}

/** A small convolution net; the head starts at zero, so that the first loss is ln(classes). */
export function convNet({ channels, classes, widths = [32, 64, 128], blocks = 0, activation = "relu", pool = "max", key, ...rest }: ConvNetOptions): ConvNet {
  const stages = widths.map((width, i) => {
    const stageKey = fold(key, i);
    const groups = rest.groups === "instance" ? width : rest.groups;
    const from = i === 0 ? channels : widths[i - 1];
    const first = conv({ in: from, out: width, kernel: 3, padding: 1, bias: false, key: fold(stageKey, "conv"), init: heInit });
    const residual = Array.from({ length: blocks }, (_, j) => resNetBlock({ in: width, out: width, groups, activation, key: fold(stageKey, j) }));
    return new ConvStage(first, groupNorm({ channels: width, groups }), residual, { activation, pool });
  });
  return withPaths(new ConvNet(stages, linear({ in: widths[widths.length - 1], out: classes, key: fold(key, "head"), init: zeroInit })));
}
