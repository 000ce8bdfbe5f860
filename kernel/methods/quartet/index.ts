/** @file Quartet: the three products of every linear layer in training, forward and backward, of 4-bit numbers (MXFP4), and the scaling law that says when this is the best use of compute.
 *
 * Forward, H the Hadamard transform of groups of 32 along the inner axis:
 * X_q = QuEST(H X), W_q = QuEST(H W), Y = X_q W_qᵀ, with trust masks M = |z| ≤ 6
 * QuEST: z = x / s, s = 2^round(log2(0.487 rms)), x_q = s · E2M1(z)
 * Backward, E = ∂L/∂Y, H_ξ v = H (ξ ⊙ v) with random signs ξ, Q stochastic with scales that clip nothing:
 * ∂L/∂X = Hᵀ (M_X ⊙ Q(H_ξ E) Q(H_ξ W_qᵀ)ᵀ),  ∂L/∂W = Hᵀ (M_W ⊙ Q(H_ξ Eᵀ) Q(H_ξ X_qᵀ)ᵀ)
 * L(N, D) = (A/(N eff_N)^α + B/(D eff_D)^β)^γ + E
 *
 * The saving: 4.25 bits for a number of any operand, so up to four times the FLOP/s of 16 bits where the hardware has such products. Here they are
 * computed in float32 on numbers that MXFP4 has, so that results are those of the format and times are not.
 * Source: Castro et al. 2025, "Quartet: Native FP4 Training Can Be Optimal for Large Language Models", algorithm 1 and the scaling law of section 3; official code IST-DASLab/Quartet.
 * Ours differs: QuEST's scale goes to the nearest power of two ("floor" is that of the authors' kernel) and is taken from the root mean square ("deviation" is
 * theirs); signs are flipped before the transform, not after it, where they change nothing; ties go to the even code; an axis that 32 does not divide is filled up with zeros.
 */
import { cardOf } from "../card";

export const card = cardOf("quartet", { label: "efficiency in data, eff_D", unit: "", value: 0.95, where: "Llama 30M on C4, with eff_N 0.65; LUQ-INT4 has 0.15 and 0.49" });

export { accounts, flopsByBits, type LayerAccount } from "./account";
export { backwardProduct, keyed, quartet, QuartetLinear, type BackwardOptions, type QuartetOptions } from "./layer";
export { bestPrecision, fitEfficiency, fitScalingLaw, lossAtEqualTime, precisionLoss, trainingSpeedup, type Efficiency, type LawFitOptions, type LawParameter, type PassSpeeds, type Precision } from "./law";
export { alignment, gradientMisalignment, innerGradients, layerSignals, misalignment, relativeError, standardErrors, type LayerSignals } from "./measures";
export { forwardOperand, gradientOperand, questScales, randomHadamard, type ForwardOptions, type GradientRounding } from "./quantizers";
