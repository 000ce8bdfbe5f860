#include "convolution.h"

#include <algorithm>

namespace isoflop {
namespace {

// Far beyond any in use; sizes made of them do not overflow.
constexpr size_t MAX_KERNEL = 1 << 10, MAX_STEP = 1 << 10, MAX_PAD = 1 << 12;

}  // namespace

Convolution::Convolution(const Attributes& attributes) : axes(0), rows{1, 1, 1, 0, 0}, columns{1, 1, 1, 0, 0} {
  const std::string kernel = attributes.text("kernel");
  axes = static_cast<size_t>(std::count(kernel.begin(), kernel.end(), ' ')) + 1;
  expect(axes <= 2, "images have one or two axes");
  const auto sizes = attributes.sizes("kernel", axes, 1, MAX_KERNEL), strides = attributes.sizes("strides", axes, 1, MAX_STEP), dilations = attributes.sizes("dilations", axes, 1, MAX_STEP), pads = attributes.sizes("pads", 2 * axes, 0, MAX_PAD);
  Axis* const each[] = {&rows, &columns};
  for (size_t i = 0; i < axes; i++) *each[2 - axes + i] = {sizes[i], strides[i], dilations[i], pads[i], pads[axes + i]};
  groups = static_cast<size_t>(attributes.integer("groups", 1, 1 << 24));
}

size_t Convolution::height(const Operand& image) const {
  expect(image.rank() == 2 + axes, "images and gradients are [N, C, ...]");
  return axes == 2 ? image.size(2) : 1;
}

size_t Convolution::width(const Operand& image) const {
  expect(image.rank() == 2 + axes, "images and gradients are [N, C, ...]");
  return image.size(1 + axes);
}

Shape Convolution::shape(size_t first, size_t second, size_t height, size_t width) const {
  const auto size = [](size_t value) { return static_cast<int64_t>(value); };
  return axes == 2 ? Shape{size(first), size(second), size(height), size(width)} : Shape{size(first), size(second), size(width)};
}

}  // namespace isoflop
