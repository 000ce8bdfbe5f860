// Optimal assignment of rows to columns: shortest augmenting paths (Jonker & Volgenant 1987; Crouse 2016).
#pragma once
#include "customOp.h"

namespace isoflop {

// (costs [..., N, M], N <= M) -> the column of each row, no column twice, with the smallest total: int64 [..., N]. In double, step by step as
// kernel/fit/assignment.ts and the decomposition, so that all three agree. Costs that are not finite count as more than all others together.
class OptimalAssignment {
 public:
  static constexpr const char* NAME = "OptimalAssignment";
  static constexpr Port INPUTS[] = {{FLOAT}};
  static constexpr Port OUTPUTS[] = {{INT64}};
  explicit OptimalAssignment(const Attributes&) {}
  void compute(const Call& call) const;
};

}  // namespace isoflop
