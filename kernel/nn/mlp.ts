/** @file Mlp: the feed-forward half of a transformer block, plain or gated. */
import { mul } from "../graph/ops/elementwise";
import { tap } from "../graph/taps";
import type { Tensor } from "../graph/tensor";
import { fold, type Key } from "../random/key";
import { activate, type Activation } from "./activation";
import type { Initializer } from "./initializers";
import { linear, type Linear } from "./linear";
import { Module } from "./module";

/** down(f(up(x))), or down(f(gate(x)) ⊙ up(x)): [..., D] → [..., D]. What enters `down` is tapped as "hidden". */
export class Mlp extends Module<readonly [x: Tensor], Tensor> {
  readonly up: Linear;
  readonly gate: Linear | undefined;
  readonly down: Linear;
  readonly activation: Activation;

  constructor({ up, gate, down, activation }: { readonly up: Linear; readonly gate?: Linear; readonly down: Linear; readonly activation: Activation }) {
    super();
    this.up = up;
    this.gate = gate;
    this.down = down;
    this.activation = activation;
  }

  forward(x: Tensor): Tensor {
    const up = this.up.call(x);
    const hidden = this.gate === undefined ? activate(this.activation, up) : mul(activate(this.activation, this.gate.call(x)), up);
    return this.down.call(tap("hidden", hidden));
  }
}

/** "swiglu" and "geglu" are gated silu and gelu (Shazeer 2020); the others are not gated. */
export type MlpKind = Activation | "swiglu" | "geglu";

export interface MlpOptions {
  readonly width: number;
  /** Width between the two layers. Default 4 · width; gated 8/3 · width rounded up to a multiple of 8, for about as many parameters. */
  readonly hidden?: number;
  /** Width of the result. Default `width`. */
  readonly out?: number;
  /** Default "gelu". */
  readonly kind?: MlpKind;
  /** Default true. */
  readonly bias?: boolean;
  readonly key: Key;
  readonly init?: Initializer;
  /** Of `down`. Default `init`. */
  readonly outInit?: Initializer;
}

/** A feed-forward layer. */
export function mlp({ width, kind = "gelu", bias = true, key, init, outInit = init, out = width, ...rest }: MlpOptions): Mlp {
  const gated = kind === "swiglu" || kind === "geglu";
  const hidden = rest.hidden ?? (gated ? Math.ceil((width * 8) / 3 / 8) * 8 : 4 * width);
  const inward = (label: string): Linear => linear({ in: width, out: hidden, bias, key: fold(key, label), init });
  return new Mlp({
    up: inward("up"),
    gate: gated ? inward("gate") : undefined,
    down: linear({ in: hidden, out, bias, key: fold(key, "down"), init: outInit }),
    activation: kind === "swiglu" ? "silu" : kind === "geglu" ? "gelu" : kind,
  });
}
