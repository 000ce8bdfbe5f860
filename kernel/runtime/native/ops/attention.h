// Scaled dot-product attention in tiles: scores are never in memory as a whole (Dao et al. 2022, FlashAttention).
#pragma once
#include "customOp.h"

namespace isoflop {

// Attributes `causal`, `timeFirst` (0 or 1) and `scale`. Operands and results are [N, T, D], or [T, N, D] where time is first; keys and
// values may have fewer rows N, each of which serves as many neighbouring rows of queries.
struct AttentionSettings {
  explicit AttentionSettings(const Attributes& attributes) : causal(attributes.flag("causal")), timeFirst(attributes.flag("timeFirst")), scale(static_cast<float>(attributes.number("scale"))) {}
  bool causal, timeFirst;
  float scale;
};

// (q, k, v, bias?) -> softmax(scale q kT + bias) v, and the logarithm of each query's sum of exponentials, [N, T].
// bias is [B or 1, N / B or 1, T or 1, S or 1].
class Attention {
 public:
  static constexpr const char* NAME = "Attention";
  static constexpr Port INPUTS[] = {{FLOAT}, {FLOAT}, {FLOAT}, {FLOAT, OPTIONAL}};
  static constexpr Port OUTPUTS[] = {{FLOAT}, {FLOAT}};
  explicit Attention(const Attributes& attributes) : settings_(attributes) {}
  void compute(const Call& call) const;

 private:
  AttentionSettings settings_;
};

// (q, k, v, out, logSums, g, bias?) -> gradients of q, k and v. Scores are computed again from the operands.
class AttentionGradient {
 public:
  static constexpr const char* NAME = "AttentionGradient";
  static constexpr Port INPUTS[] = {{FLOAT}, {FLOAT}, {FLOAT}, {FLOAT}, {FLOAT}, {FLOAT}, {FLOAT, OPTIONAL}};
  static constexpr Port OUTPUTS[] = {{FLOAT}, {FLOAT}, {FLOAT}};
  explicit AttentionGradient(const Attributes& attributes) : settings_(attributes) {}
  void compute(const Call& call) const;

 private:
  AttentionSettings settings_;
};

}  // namespace isoflop
