// The largest pixels of square windows that lie side by side, and their gradient.
#pragma once
#include "customOp.h"

namespace isoflop {

// Height and width of the largest windows.
constexpr int64_t MAX_POOLED = 512;

// x [N, C, H, W] -> [N, C, H / size, W / size]; `size` divides both.
class MaxPool {
 public:
  static constexpr const char* NAME = "MaxPool";
  static constexpr Port INPUTS[] = {{FLOAT}};
  static constexpr Port OUTPUTS[] = {{FLOAT}};
  explicit MaxPool(const Attributes& attributes);
  void compute(const Call& call) const;

 private:
  size_t size_;
};

// (x, y, g) -> the gradient of x, where y are the largest pixels and g is their gradient. Equal pixels of a window share it.
class MaxPoolGradient {
 public:
  static constexpr const char* NAME = "MaxPoolGradient";
  static constexpr Port INPUTS[] = {{FLOAT}, {FLOAT}, {FLOAT}};
  static constexpr Port OUTPUTS[] = {{FLOAT}};
  explicit MaxPoolGradient(const Attributes& attributes);
  void compute(const Call& call) const;

 private:
  size_t size_;
};

}  // namespace isoflop
