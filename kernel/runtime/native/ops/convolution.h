// Gradients of convolutions.
#pragma once
#include <algorithm>

#include "customOp.h"

namespace isoflop {

// How a kernel moves over an image of two axes; one of one axis is a single row. Attributes `kernel`, `strides`, `dilations` (a number for
// each axis), `pads` (before each axis, then behind each), as texts, and `groups`.
struct Convolution {
  explicit Convolution(const Attributes& attributes);
  struct Axis {
    size_t kernel, stride, dilation, before, behind;
    size_t span() const { return (kernel - 1) * dilation + 1; }
    // First pixels of windows' taps, counted modulo the stride.
    size_t phases() const { return std::min(stride, span()); }
  };
  size_t axes;
  Axis rows, columns;
  size_t groups;
};

// (x [N, C, ...], g [N, O, ...]) -> the gradient of the kernel, [O, C / groups, ...kernel], where g is that of the result.
class ConvKernelGradient {
 public:
  static constexpr const char* NAME = "ConvKernelGradient";
  static constexpr Port INPUTS[] = {{FLOAT}, {FLOAT}};
  static constexpr Port OUTPUTS[] = {{FLOAT}};
  explicit ConvKernelGradient(const Attributes& attributes) : convolution_(attributes) {}
  void compute(const Call& call) const;

 private:
  Convolution convolution_;
};

}  // namespace isoflop
