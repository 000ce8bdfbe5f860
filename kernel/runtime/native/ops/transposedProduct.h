// Weight gradients: the product of two matrices that share their rows.
#pragma once
#include "customOp.h"

namespace isoflop {

// (a [K, M], b [K, N]) -> alpha aT b, [M, N]. Attribute `alpha`.
class TransposedProduct {
 public:
  static constexpr const char* NAME = "TransposedProduct";
  static constexpr Port INPUTS[] = {{FLOAT}, {FLOAT}};
  static constexpr Port OUTPUTS[] = {{FLOAT}};
  explicit TransposedProduct(const Attributes& attributes) : alpha_(static_cast<float>(attributes.number("alpha"))) {}
  void compute(const Call& call) const;

 private:
  float alpha_;
};

}  // namespace isoflop
