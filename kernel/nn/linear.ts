/** @file Linear: x W + b over the last axis. */
import type { Dtype } from "../graph/dtype";
import { add } from "../graph/ops/elementwise";
import { matmul } from "../graph/ops/linalg";
import { reshape } from "../graph/ops/movement";
import { tap } from "../graph/taps";
import type { Tensor } from "../graph/tensor";
import type { Key } from "../random/key";
import { fanInInit, filled, type Initializer } from "./initializers";
import { Module } from "./module";

/** `fn` applied to `x` as a matrix of rows [N, D]; the leading axes come back. Products of matrices are the fastest kernels, and
 * sums over rows (gradients of biases) are found in this form. */
export function onRows(x: Tensor, fn: (rows: Tensor) => Tensor): Tensor {
  if (x.rank === 2) return fn(x);
  const y = fn(reshape(x, [-1, x.shape[x.rank - 1]]));
  return reshape(y, [...x.shape.slice(0, -1), y.shape[1]]);
}

/** x W + b: [..., in] → [..., out]. */
export class Linear extends Module<readonly [x: Tensor], Tensor> {
  /** @param weight - [in, out]. @param bias - [out]. */
  constructor(
    readonly weight: Tensor,
    readonly bias: Tensor | undefined,
  ) {
    super();
  }

  /** Widths of what goes in and comes out, and its dtype. What takes the place of a linear layer has them too, whatever its weights are. */
  get inputs(): number {
    return this.weight.shape[0];
  }
  get outputs(): number {
    return this.weight.shape[1];
  }
  get dtype(): Dtype {
    return this.weight.dtype;
  }

  forward(x: Tensor): Tensor {
    return onRows(tap("input", x), (rows) => {
      // The bias is added apart from the product: Gemm with a bias operand is slower on the CPU.
      const product = matmul(rows, this.weight);
      return this.bias === undefined ? product : add(product, this.bias);
    });
  }
}

export interface LinearOptions {
  readonly in: number;
  readonly out: number;
  /** Default true; starts at zero. */
  readonly bias?: boolean;
  readonly key: Key;
  /** Of the weight. Default normal with deviation 1/√in. */
  readonly init?: Initializer;
}

/** A linear layer. */
export function linear({ in: fanIn, out: fanOut, bias = true, key, init = fanInInit() }: LinearOptions): Linear {
  return new Linear(init({ shape: [fanIn, fanOut], fanIn, fanOut }, key), bias ? filled([fanOut], 0) : undefined);
}
