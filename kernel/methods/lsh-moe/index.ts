/** @file LSH-MoE: tokens that hash alike go to their expert as one, their mean, and each takes back the expert's result with what it differed from the mean.
 *
 * h(x) = 2 j + [(R x)_j < 0],  j = argmax_j |(R x)_j|              R ("directions") a random rotation, projected to D′ axes; H of them make a key
 * c_b = mean of the tokens of bucket b,  δ_n = x_n − c_b              a bucket ("places"): one source device, one expert, one key
 * y_n = E(c_b) + δ_n,  ∂L/∂c_b = J_E(c_b)ᵀ Σ_n g_n − Σ_n g_n,  ∂L/∂x_n = g_n + ∂L/∂c_b / |b|
 *
 * The saving: both all-to-alls of a layer of experts and both of its backward pass carry a vector for each bucket, not for each token and expert. The part that is still sent is
 * the rate. It pays with hashing, and with an error that compensation repairs to first order where the expert's Jacobian is the identity.
 * Source: Nie et al. 2024, "LSH-MoE: Communication-efficient MoE Training via Locality-Sensitive Hashing", section 3.2, and its analysis of scalability for the time. No official code is public.
 * Ours differs: the paper prints an argmax of absolute values over signed axes, where the sign must be kept, or x and −x would collide; it does not say how many axes a rotation
 * keeps (D′ is an option that `calibrate` searches) nor whether rotations are redrawn (an option). Devices are virtual: one process computes what S would, buckets and bytes are theirs.
 * Graphs have static shapes, so experts compute on buffers as large as without compression; what is saved is traffic, and it is counted.
 */
import { cardOf } from "../card";

export const card = cardOf("lsh-moe", { label: "part of the bytes still sent", unit: "", value: 0.2, where: "6 hashes, at which convergence is nearly unchanged" });

export { calibrate, hashChoices, type Calibrated, type CalibrateOptions, type LayerInput } from "./calibrate";
export { centroidsOf, compress, rateOf, shardSequences, throughCentroids, type CompressOptions, type Compression, type ThroughOptions } from "./compress";
export { codeRanges, crossPolytope, hashCodes, hashDirections, hashFlops, shuffled, sphericalPlane, type Hash } from "./hash";
export { compressionOf, LshMoe, lshMoe, uncompressed, type LshMoeOptions, type LshMoeSettings } from "./layer";
export { a2aSpeedup, allToAllRatio, breakEvenShare, stepTime, type ClusterModel, type StepOptions, type StepTime } from "./timeModel";
export { allToAll, type Traffic, type TrafficOptions } from "./traffic";
