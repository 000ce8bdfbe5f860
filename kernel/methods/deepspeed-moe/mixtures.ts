/** @file Where experts stand in a model: plain ones, or beside a fixed layer (Residual-MoE), as many in each block as given (a pyramid: PR-MoE). */
import { add, mul } from "../../graph/ops/elementwise";
import { softmax } from "../../graph/composites/activations";
import { slice } from "../../graph/ops/movement";
import type { Tensor } from "../../graph/tensor";
import { fold, type Key } from "../../random/key";
import type { Gpt } from "../../nn/gpt";
import { linear, type Linear } from "../../nn/linear";
import type { Mlp } from "../../nn/mlp";
import { Module } from "../../nn/module";
import { moe, siteOptions, withMixtures, type Moe, type MixtureSite, type MoeSettings } from "../../nn/moe";
import { NoisyMoe, PositionMoe } from "./gates";

/** A fixed layer on every token and experts beside it: [..., D] → [..., D]. */
export class ResidualMoe extends Module<readonly [x: Tensor], Tensor> {
  readonly mlp: Mlp;
  readonly moe: Moe;
  /** D → 2: the logits of the shares of experts and fixed layer. Undefined: both are added. */
  readonly coefficient: Linear | undefined;

  constructor({ mlp, moe: experts, coefficient }: { readonly mlp: Mlp; readonly moe: Moe; readonly coefficient?: Linear }) {
    super();
    this.mlp = mlp;
    this.moe = experts;
    this.coefficient = coefficient;
  }

  forward(x: Tensor): Tensor {
    const [corrected, fixed] = [this.moe.call(x), this.mlp.call(x)];
    if (this.coefficient === undefined) return add(corrected, fixed);
    const shares = softmax(this.coefficient.call(x));
    const share = (i: number): Tensor => slice(shares, { axis: -1, start: i, end: i + 1 });
    return add(mul(corrected, share(0)), mul(fixed, share(1)));
  }
}

/** "none": experts alone. "mix": beside the layer that was there, weighed by learned shares that sum to 1 (the released code). "sum": added to it (the paper's text). */
export type Residual = "none" | "mix" | "sum";

export interface MixtureOptions extends Partial<Omit<MoeSettings, "activation">> {
  /** Experts in each block, the first block first; 0: it stays dense. [0, 8, 0, 8] is the paper's every second layer, [0, 2, 0, 6] a pyramid. */
  readonly experts: readonly number[];
  /** Default "none". */
  readonly residual?: Residual;
  /** What chooses the expert: the gate, or a random table of positions, the negative control. Default "gate". */
  readonly chosenBy?: "gate" | "position";
  readonly key: Key;
}

/**
 * `model` with experts in the place of feed-forward layers, or beside them. All other tensors are shared with `model`.
 * @throws {ArgumentError} unless there is a number for each block. @throws {NoEffectError} when all are 0.
 */
export function mixtureOfExperts(model: Gpt, { experts, residual = "none", chosenBy = "gate", key, ...settings }: MixtureOptions): Gpt {
  const make = (site: MixtureSite): Moe | ResidualMoe => {
    const plain = moe({ ...siteOptions(site), ...settings });
    const chosen = chosenBy === "gate" ? new NoisyMoe(plain) : new PositionMoe(plain, { context: model.context, seed: site.path });
    if (residual === "none") return chosen;
    const coefficient = residual === "mix" ? linear({ in: site.mlp.up.inputs, out: 2, key: fold(site.key, "coefficient") }) : undefined;
    return new ResidualMoe({ mlp: site.mlp, moe: chosen, coefficient });
  };
  return withMixtures(model, { experts, key, make });
}
