// Softmax cross-entropy over rows of logits, without one-hot rows.
#pragma once
#include "customOp.h"

namespace isoflop {

// (logits [N, V], targets [N] int32 or int64) -> -log softmax(logits)[target], [N].
class SoftmaxCrossEntropy {
 public:
  static constexpr const char* NAME = "SoftmaxCrossEntropy";
  static constexpr Port INPUTS[] = {{FLOAT}, {UNDEFINED}};
  static constexpr Port OUTPUTS[] = {{FLOAT}};
  explicit SoftmaxCrossEntropy(const Attributes&) {}
  void compute(const Call& call) const;
};

// (logits [N, V], targets [N], g [N]) -> (softmax(logits) - onehot(targets)) g, [N, V].
class SoftmaxCrossEntropyGradient {
 public:
  static constexpr const char* NAME = "SoftmaxCrossEntropyGradient";
  static constexpr Port INPUTS[] = {{FLOAT}, {UNDEFINED}, {FLOAT}};
  static constexpr Port OUTPUTS[] = {{FLOAT}};
  explicit SoftmaxCrossEntropyGradient(const Attributes&) {}
  void compute(const Call& call) const;
};

}  // namespace isoflop
