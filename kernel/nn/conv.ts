/** @file Convolution layers. */
import { ArgumentError } from "../errors";
import { add } from "../graph/ops/elementwise";
import * as linalg from "../graph/ops/linalg";
import { reshape } from "../graph/ops/movement";
import type { Tensor } from "../graph/tensor";
import type { Key } from "../random/key";
import { fanInInit, filled, type Initializer } from "./initializers";
import { Module } from "./module";

/** `bias` [O] added to every position of y [N, O, ...]. */
function withBias(y: Tensor, bias: Tensor | undefined): Tensor {
  return bias === undefined ? y : add(y, reshape(bias, [1, bias.size, ...y.shape.slice(2).map(() => 1)]));
}

/** Convolution of x [N, C, ...] with weight [O, C / groups, ...]; bias [O]. */
export class Conv extends Module<readonly [x: Tensor], Tensor> {
  constructor(
    readonly weight: Tensor,
    readonly bias: Tensor | undefined,
    readonly settings: linalg.ConvOptions,
  ) {
    super();
  }

  forward(x: Tensor): Tensor {
    return withBias(linalg.conv(x, this.weight, this.settings), this.bias);
  }
}

/** Transposed convolution of x [N, C, ...] with weight [C, O / groups, ...]; bias [O]. */
export class ConvTranspose extends Module<readonly [x: Tensor], Tensor> {
  constructor(
    readonly weight: Tensor,
    readonly bias: Tensor | undefined,
    readonly settings: linalg.ConvTransposeOptions,
  ) {
    super();
  }

  forward(x: Tensor): Tensor {
    return withBias(linalg.convTranspose(x, this.weight, this.settings), this.bias);
  }
}

interface KernelOptions {
  /** Channels of the image. */
  readonly in: number;
  readonly out: number;
  /** Size of the kernel: one number for two spatial axes, or one for each axis (whose number then is free). */
  readonly kernel: number | readonly number[];
  /** Default true; starts at zero. */
  readonly bias?: boolean;
  readonly key: Key;
  /** Of the weight. Default normal with deviation 1/√fanIn. */
  readonly init?: Initializer;
}
export interface ConvOptions extends KernelOptions, linalg.ConvOptions {}
export interface ConvTransposeOptions extends KernelOptions, linalg.ConvTransposeOptions {}

const kernelShape = (kernel: number | readonly number[]): readonly number[] => (typeof kernel === "number" ? [kernel, kernel] : kernel);
const area = (kernel: readonly number[]): number => kernel.reduce((product, size) => product * size, 1);

function checkGroups(op: string, { in: channels, out, groups = 1 }: { readonly in: number; readonly out: number; readonly groups?: number }): void {
  if (channels % groups !== 0 || out % groups !== 0)
    throw new ArgumentError(`${op}: ${channels} → ${out} channels do not part into ${groups} groups`, {
      help: "groups must divide both",
    });
}

/** A convolution. Padding is 0 unless given: a number, one for each axis, or "same". */
export function conv({ in: channels, out, kernel, bias = true, key, init = fanInInit(), stride, padding, dilation, groups = 1 }: ConvOptions): Conv {
  checkGroups("conv", { in: channels, out, groups });
  const size = kernelShape(kernel);
  const weight = init({ shape: [out, channels / groups, ...size], fanIn: (channels / groups) * area(size), fanOut: (out / groups) * area(size) }, key);
  return new Conv(weight, bias ? filled([out], 0) : undefined, { stride, padding, dilation, groups });
}

/** A transposed convolution: `kernel` 4, `stride` 2, `padding` 1 doubles an image. */
export function convTranspose({ in: channels, out, kernel, bias = true, key, init = fanInInit(), ...shape }: ConvTransposeOptions): ConvTranspose {
  const { stride = 1, padding, dilation, outputPadding, groups = 1 } = shape;
  checkGroups("convTranspose", { in: channels, out, groups });
  const size = kernelShape(kernel);
  const steps = kernelShape(stride).slice(0, size.length);
  // Each output pixel is reached by kernel / stride taps of every channel.
  const fanIn = Math.max(1, ((channels / groups) * area(size)) / area(steps));
  const weight = init({ shape: [channels, out / groups, ...size], fanIn, fanOut: (out / groups) * area(size) }, key);
  return new ConvTranspose(weight, bias ? filled([out], 0) : undefined, { stride, padding, dilation, outputPadding, groups });
}
