/** @file Multi-level training: a V-cycle over model size. Train a little, coalesce, train small, de-coalesce, interpolate, finish large.
 *
 * F averages the members of a group, T = rownorm(Fᵀ) copies; R and G are the same for layers. For a weight W [in, out]:
 * coalesce:    W_c = T_inᵀ W F_outᵀ (inputs are summed, outputs averaged), b_c = F b, layers averaged by R
 * de-coalesce: W_d = F_inᵀ W_c T_outᵀ (inputs are split, outputs copied), b_d = T b_c, layers copied by G
 * interpolate: (1 − α) M + α M', M the model before coalescing
 *
 * The saving: a model of half the width and depth costs an eighth of the FLOPs or less in its blocks, and carries the large one over most of its curve. Interpolation
 * keeps the twins that de-coalescing makes from staying equal.
 * Source: Zou, Zhang, Deng 2024, "A Multi-Level Framework for Accelerating Training Transformer Models", section 3; official code Photooon/Multi-Level-Training-Framework.
 * Ours differs: the head is untied and its inputs are split, so that embeddings need no factor and de-coalescing in width keeps the function of pre-norm models too;
 * one map for queries, keys and values.
 */
import { cardOf } from "../card";

export const card = cardOf("multi-level", { label: "training FLOPs saved to the baseline's loss", unit: "", value: 0.2, where: "BERT-Base and GPT-Base; up to 0.516 for BERT-Large" });

export { axisMap, pairs, type AxisMap, type Groups, type Pairing } from "./maps";
export { coalesce, coalesceMaps, decoalesce, interpolate, type LevelMaps, type MapOptions } from "./transfer";
export { vCycle, type Phase, type VCycleOptions } from "./vCycle";
