/** @file What a model with experts has and uses: parameters in all and for one token, and what is sent for it. */
import type { Tensor } from "../../graph/tensor";
import { countParameters } from "../../graph/tree";
import type { Gpt } from "../../nn/gpt";
import { Moe } from "../../nn/moe";
import { modulesOf } from "../../nn/surgery";

export interface MixtureAccount {
  readonly parameters: number;
  /** Of the blocks alone, without embeddings, last normalization and head. */
  readonly blockParameters: number;
  /** Of the blocks, those that one token uses: k experts of each layer. */
  readonly activatedParameters: number;
  /** Sent for one token, to its experts and back, in all layers: 2 k D numbers each. */
  readonly dispatchedBytes: number;
}

const bytesOf = (x: Tensor): number => x.bytes / x.size;

/** The account of a model. */
export function accountOf(model: Gpt): MixtureAccount {
  const layers = modulesOf(model).flatMap(([, layer]) => (layer instanceof Moe ? [layer] : []));
  const blockParameters = countParameters(model.blocks);
  const unused = layers.reduce((sum, { up, down, count, settings: { k } }) => sum + countParameters([up, down]) * (1 - k / count), 0);
  return {
    parameters: countParameters(model),
    blockParameters,
    activatedParameters: blockParameters - unused,
    dispatchedBytes: layers.reduce((sum, { gate, up, settings: { k } }) => sum + 2 * k * gate.shape[0] * bytesOf(up.weight), 0),
  };
}
