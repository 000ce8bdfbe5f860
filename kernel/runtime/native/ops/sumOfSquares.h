// The sum of squares of many tensors, as the norm of all gradients together takes it.
#pragma once
#include "customOp.h"

namespace isoflop {

// (x, ...) of any shapes -> the sum of all squares, a scalar. Sums are taken in an order that does not depend on threads.
class SumOfSquares {
 public:
  static constexpr const char* NAME = "SumOfSquares";
  static constexpr Port INPUTS[] = {{FLOAT, VARIADIC}};
  static constexpr Port OUTPUTS[] = {{FLOAT}};
  explicit SumOfSquares(const Attributes&) {}
  void compute(const Call& call) const;
};

}  // namespace isoflop
