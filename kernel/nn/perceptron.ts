/** @file Perceptron: linear layers with an activation between them. */
import type { Tensor } from "../graph/tensor";
import { fold, type Key } from "../random/key";
import { activate, type Activation } from "./activation";
import { heInit, type Initializer } from "./initializers";
import { linear, type Linear } from "./linear";
import { Module, withPaths } from "./module";

/** Multi-layer perceptron: [..., in] → [..., out]. */
export class Perceptron extends Module<readonly [x: Tensor], Tensor> {
  constructor(
    readonly layers: readonly Linear[],
    readonly activation: Activation,
  ) {
    super();
  }

  forward(x: Tensor): Tensor {
    return this.layers.reduce((now, layer, i) => layer.call(i === 0 ? now : activate(this.activation, now)), x);
  }
}

export interface PerceptronOptions {
  readonly in: number;
  /** Widths of the hidden layers; none makes a linear model. */
  readonly hidden: readonly number[];
  readonly out: number;
  /** Between layers. Default "relu". */
  readonly activation?: Activation;
  readonly key: Key;
  /** Of the weights. Default He's. */
  readonly init?: Initializer;
}

/** A multi-layer perceptron. */
export function perceptron({ in: width, hidden, out, activation = "relu", key, init = heInit }: PerceptronOptions): Perceptron {
  const widths = [width, ...hidden, out];
  return withPaths(
    new Perceptron(
      widths.slice(1).map((size, i) => linear({ in: widths[i], out: size, key: fold(key, i), init })),
      activation,
    ),
  );
}
