/** @file Every transform, with settings under which it descends: the list that the contract tests run over. */
import * as optim from "../../kernel/optim";
import type { Rate, Transform } from "../../kernel/optim";

export interface TransformCase {
  readonly name: string;
  /** The transform with this learning rate. */
  make(lr: Rate): Transform;
  /** A rate at which 400 steps reach the targets. */
  readonly lr: number;
}

const descent = (lr: Rate): Transform => optim.sgd({ lr });

export const TRANSFORMS: readonly TransformCase[] = [
  { name: "sgd", lr: 0.05, make: (lr) => optim.sgd({ lr }) },
  { name: "sgd with momentum", lr: 0.01, make: (lr) => optim.sgd({ lr, momentum: 0.9 }) },
  { name: "sgd with Nesterov momentum", lr: 0.01, make: (lr) => optim.sgd({ lr, momentum: 0.9, nesterov: true }) },
  { name: "adam", lr: 0.05, make: (lr) => optim.adam({ lr }) },
  { name: "adamw", lr: 0.05, make: (lr) => optim.adamw({ lr, weightDecay: 1e-4 }) },
  { name: "rmsprop", lr: 0.01, make: (lr) => optim.rmsprop({ lr }) },
  { name: "adagrad", lr: 0.5, make: (lr) => optim.adagrad({ lr }) },
  { name: "lion", lr: 0.01, make: (lr) => optim.lion({ lr }) },
  { name: "muon", lr: 0.05, make: (lr) => optim.muon({ lr, adam: { lr: 0.05 } }) },
  { name: "muon in AdamW's size", lr: 0.1, make: (lr) => optim.muon({ lr, size: "adam", adam: { lr: 0.05 } }) },
  { name: "clipByGlobalNorm", lr: 0.05, make: (lr) => optim.chain(optim.clipByGlobalNorm(5), descent(lr)) },
  { name: "clipByValue", lr: 0.05, make: (lr) => optim.chain(optim.clipByValue(2), descent(lr)) },
  { name: "weightDecay", lr: 0.05, make: (lr) => optim.chain(optim.weightDecay({ rate: 1e-4 }), descent(lr)) },
  { name: "scale", lr: 0.05, make: (lr) => optim.chain(optim.scale(0.5), optim.scale(2), descent(lr)) },
  { name: "accumulate", lr: 0.05, make: (lr) => optim.accumulate(2, descent(lr)) },
  { name: "partition", lr: 0.05, make: (lr) => optim.partition({ matrix: optim.adam({ lr }), other: descent(lr) }, (_, leaf) => (leaf.rank === 2 ? "matrix" : "other")) },
];
