// Gradient of rows that were picked by index, as those of an embedding.
#pragma once
#include "customOp.h"

namespace isoflop {

// (rows [N, D], indices [N]) -> [count, D]: the sums of the rows that share an index. Rows are added in order, so results are always the same.
class GatherGradient {
 public:
  static constexpr const char* NAME = "GatherGradient";
  static constexpr Port INPUTS[] = {{FLOAT}, {UNDEFINED}};
  static constexpr Port OUTPUTS[] = {{FLOAT}};
  explicit GatherGradient(const Attributes& attributes);
  void compute(const Call& call) const;

 private:
  size_t count_;
};

}  // namespace isoflop
