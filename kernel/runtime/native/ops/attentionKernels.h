// What attention does with a tile of scores besides products. A tile is [keys, QUERIES]: a row belongs to one key, so that all queries go
// side by side through every function and nothing is summed across a vector.
#pragma once
#include <cstddef>

#include "instructionSet.h"

namespace isoflop {

// Queries of a tile; also its keys at most.
constexpr size_t QUERIES = 64;
constexpr size_t KEYS = 64;

struct AttentionKernels {
  // Online softmax (Milakov & Gimelshein 2018): `largest` and `sum` of each query go on over the keys of this tile, scores become
  // e^(score - largest), and `factor` is what sums over earlier keys must be multiplied with.
  void (*advance)(float* scores, size_t keys, float* largest, float* sum, float* factor);
  // Scores become softmax weights, by the logarithm of each query's sum of exponentials.
  void (*weights)(float* scores, size_t keys, const float* logSum);
  // Gradients of weights become those of scores: scale * weight * (gradient - mean).
  void (*slopes)(float* gradients, const float* weights, size_t keys, const float* mean, float scale);
};

const AttentionKernels& attentionKernelsBase();
const AttentionKernels& attentionKernelsAvx2();
const AttentionKernels& attentionKernelsAvx512();

// Those for the instruction set in use.
inline const AttentionKernels& attentionKernels() { return ISOFLOP_VARIANT_OF(attentionKernels); }

}  // namespace isoflop
