/** @file CSKV: keys and values are kept in a few channels each, fitted layer by layer, beside a window of exact ones.
 *
 * S = diag((s + 1e-6)^½),  S W = U Σ Vᵀ,  A = S⁻¹ U_c Σ_c^½ ("down"),  B = Σ_c^½ V_cᵀ ("up"), s the mean |x| of each input channel over calibration text
 * loss of the fit = Σ over layers of MSE(X W_K, X A_K B_K) + MSE(X W_V, X A_V B_V), X of the frozen model
 * cache: X A of every token, exact rows of the last m ("window"); a query attends to (X A) B + b, turned to its position, and to the exact rows
 *
 * It saves cache: (c_K + c_V) numbers a token in the place of 2 h_out, and m rows of 2 h_out; with 4 bits a quarter of the former again.
 * Source: Wang et al. 2024, "CSKV: Training-Efficient Channel Shrinking for KV Cache in Long-Context Scenarios", sections 2 and 3; official code
 * wln20/CSKV (c = kvHeads · ⌊density · headWidth⌋ from one SVD of all heads; blocks that are flushed: `mode: "block"`).
 * Ours: reconstruction is a product in the graph, not a kernel that rebuilds keys tile by tile, so a step holds one layer's keys at a time.
 */
import { cardOf } from "../card";

export const card = cardOf("cskv", { label: "accuracy at 10k tokens with 80 % of the cache removed", unit: "", value: 0.9, where: "LongEval, LongChat-7B-v1.5-32k: 0.90 against 0.98 with the full cache" });

export { asvdFactors, attentionLayers, calibrate, channels, factorize, randomFactors, svdFactors, type Calibration, type FactorOptions, type Factors, type LayerFactors, type Pair } from "./factors";
export { compressed, fitting, reconstructed, reconstructionErrors, reconstructionLoss, roundedKeys, type CacheQuantization, type FitOptions } from "./fit";
export { cacheBytes, CompressedAttention, exactRows, withCompressedCache, type BytesOptions, type WindowOptions } from "./cache";
export { evicting, type EvictOptions } from "./evict";
