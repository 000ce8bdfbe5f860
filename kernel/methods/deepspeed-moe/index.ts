/** @file DeepSpeed-MoE: dense layers become experts of which each token uses one; pyramids of experts beside a fixed layer, and a student of them, need fewer parameters; and what it costs to send tokens to experts on other ranks.
 *
 * g = softmax(x W_g),  MoE(x) = g_e FFN_e(x) with e = argmax g, at most C = ⌈N/E · factor⌉ tokens for each expert, the others 0
 * l_aux = E Σ_e mean_n g[n, e] · mean_n [e(n) = e],  loss = CE + 0.01 Σ_layers l_aux
 * Residual-MoE: c = softmax(x W_c + b_c),  y = c₀ MoE(x) + c₁ FFN(x);  PR-MoE: the same, with more experts in later layers
 * Mixture-of-Students: loss + β τ² KL(teacher ‖ student) in the first part of the training, a student of fewer layers
 *
 * The saving: the FLOPs of a token are those of one or two experts, whatever their number. A pyramid beside a fixed layer has the quality of many more experts.
 * Source: Rajbhandari et al. 2022, "DeepSpeed-MoE: Advancing Mixture-of-Experts Inference and Training to Power Next-Generation AI Scale", sections 3 to 5; official code
 * deepspeedai/DeepSpeed (moe/layer.py, moe/sharded_moe.py), which mixes the fixed layer and the expert as above where the text adds them (`residual: "sum"`).
 * Ours differs: capacity counts the tokens of the whole batch of a step; the second of two choices may be drawn at random as there, and chance also decides who is dropped.
 */
import { cardOf } from "../card";

export const card = cardOf("deepspeed-moe", { label: "training FLOPs to the dense model's quality, of its own", unit: "×", value: 0.2, where: "1.3B+MoE-128 against 6.7B dense: 372 and 70 samples/s on 128 A100" });

export { accountOf, type MixtureAccount } from "./account";
export { coordinatedAllToAll, expertParallel, flatAllToAll, hierarchicalAllToAll, type AllToAll, type Chunks } from "./allToAll";
export { VirtualCluster, type ClusterShape, type Link, type Traffic, type TrafficByLink } from "./cluster";
export { allToAllCost, allToAllTraffic, crossoverBytes, LINKS, type Exchange, type ExchangeCost, type LinkPrices, type TrafficOptions } from "./exchangeCost";
export { placeExperts, ranksOfExpert, slicedExperts, type ExpertLayer, type LayerPlacement, type PlacementOptions } from "./placement";
export { NoisyMoe, PositionMoe } from "./gates";
export { mixtureOfExperts, ResidualMoe, type MixtureOptions, type Residual } from "./mixtures";
export { hasExperts, moeTrainer, type Distillation, type MoeTrainerOptions } from "./training";
