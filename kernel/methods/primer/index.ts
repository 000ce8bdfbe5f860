/** @file Primer: squared ReLU and a causal depthwise convolution of width 3 after the projections of queries, keys and values, and the search that finds such changes.
 *
 * u = x W1,  FFN(x) = max(u, 0)² W2
 * y[t] = w[0] ⊙ x[t] + w[1] ⊙ x[t − 1] + w[2] ⊙ x[t − 2], for x = q, k and v, one weight for each channel
 * custom norm: g (x − μ) / √(mean(x (x − μ)) + ε) + b, which is layer normalization but for rounding and gradients as programmed
 * search: regularized evolution over programs of primitives, where an individual trains on only while it is among the better half at each hurdle;
 * with h hurdles the bands of training last T 2^i / (2^(h+1) − 1), and an individual costs T (h + 1) / (2^(h+1) − 1) on average
 *
 * It buys no FLOPs back by itself: a step costs 1 % more, and the loss falls faster.
 * Source: So et al. 2021, "Primer: Searching for Efficient Transformers for Language Modeling", sections 2 to 4 and appendix A;
 * initial taps from the official code (google-research/primer): 0.5 for the newest position, 0.5 / width for the others.
 * Ours differs: the search changes two subprograms of a block, what stands in the place of ReLU and what follows the projections, by primitives that mix no
 * channels; the authors search whole decoder blocks.
 */
import { cardOf } from "../card";

export const card = cardOf("primer", { label: "speed-up to the Transformer's final loss", unit: "×", value: 2.34, where: "Primer-EZ on LM1B, 35M parameters, T2T on TPUv2" });

export { customNorm, withCustomNorm } from "./customNorm";
export { evolve, randomSearch, type Individual, type Search, type Trial } from "./evolve";
export { causalDepthwise, DepthwiseAttention, initialTaps, multiDConvHead, primerEz, withActivation, type DepthwiseOptions, type Taps } from "./ez";
export { bands, expectedShare, Hurdles } from "./hurdles";
export { child, mutations, randomDna, type Space } from "./mutate";
export { describeDna, fingerprint, PRIMITIVES, runProgram, transformerDna, type Dna, type Instruction, type PrimitiveName, type Program } from "./program";
export { withDna } from "./programModel";
