/** @file The `random` namespace: keys and what is drawn with them, the same on every device and inside or outside of a compiled function. */
export { fold, key, split, type Key } from "./key";
export { bits, gumbel, normal, truncatedNormal, uniform, type NormalOptions, type TruncatedNormalOptions, type UniformOptions } from "./continuous";
export { bernoulli, categorical, int, permutation, type BernoulliOptions, type IntOptions } from "./discrete";
export { HostRandom, type HostRandomState } from "./hostRandom";
export { nearestNormal } from "./nearestNormal";
