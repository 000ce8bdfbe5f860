// Convolutions and their gradients, as products with the image's windows.
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
    // Size of the result over an image of this size. Throws OpError where no window fits.
    size_t windows(size_t size) const {
      expect(size + before + behind >= span(), "the kernel is larger than the image");
      return (size + before + behind - span()) / stride + 1;
    }
  };
  size_t axes;
  Axis rows, columns;
  size_t groups;

  size_t taps() const { return rows.kernel * columns.kernel; }
  // Height and width of an operand [N, C, ...]; one of another rank is an error.
  size_t height(const Operand& image) const;
  size_t width(const Operand& image) const;
  // [first, second, ...height, width] with as many axes as images have.
  Shape shape(size_t first, size_t second, size_t height, size_t width) const;
};

// (x [N, C, ...], w [O, C / groups, ...kernel]) -> [N, O, ...]. With `reversed`, w is [C, O, ...kernel] and its taps are read from the
// last to the first: the gradient of a convolution's image from that of its result, where the stride is 1. One group.
class ImageConvolution {
 public:
  static constexpr const char* NAME = "Convolution";
  static constexpr Port INPUTS[] = {{FLOAT}, {FLOAT}};
  static constexpr Port OUTPUTS[] = {{FLOAT}};
  explicit ImageConvolution(const Attributes& attributes);
  void compute(const Call& call) const;

 private:
  Convolution convolution_;
  bool reversed_;
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
