// Images on the device: isoflop.Convolution, ConvKernelGradient, MaxPool and MaxPoolGradient.
#include "../../ops/convolution.h"
#include "../../ops/maxPool.h"
#include "../kernels/ownKernels.h"
#include "../registry.h"

namespace isoflop {
namespace {

using kernels::ConvolutionCall;
using kernels::PoolCall;

// How the kernel moves over images [N, C, ...]; `to` are the sizes of the result. Weights and result are still to be said.
ConvolutionCall movesOver(const Tensor& image, const Convolution& convolution) {
  expect(image.rank() == static_cast<int64_t>(2 + convolution.axes), "images and gradients are [N, C, ...]");
  ConvolutionCall to{};
  to.operand = image.as<float>();
  to.batch = image.shape[0];
  to.groups = static_cast<int64_t>(convolution.groups);
  expect(image.shape[1] % to.groups == 0, "channels do not part into groups");
  to.channels = image.shape[1] / to.groups;
  to.axes = static_cast<int>(convolution.axes);
  for (size_t axis = 0; axis < convolution.axes; axis++) {
    const Convolution::Axis& along = convolution.axes == 2 && axis == 0 ? convolution.rows : convolution.columns;
    to.from[axis] = image.shape[2 + axis];
    to.to[axis] = static_cast<int64_t>(along.windows(image.size(2 + axis)));
    to.taps[axis] = static_cast<int64_t>(along.kernel);
    to.strides[axis] = static_cast<int64_t>(along.stride);
    to.pads[axis] = static_cast<int64_t>(along.before);
    to.dilations[axis] = static_cast<int64_t>(along.dilation);
  }
  return to;
}

bool hasTaps(const Tensor& weights, const ConvolutionCall& call) {
  for (int axis = 0; axis < call.axes; axis++)
    if (weights.shape[static_cast<size_t>(2 + axis)] != call.taps[axis]) return false;
  return true;
}

void convolve(const DeviceCall& call, const Convolution& convolution, bool reversed) {
  const Tensor x = call.input(0), w = call.input(1);
  ConvolutionCall kernel = movesOver(x, convolution);
  expect(w.rank() == x.rank() && hasTaps(w, kernel), "the kernel has another size than the attribute says");
  expect(w.shape[reversed ? 0 : 1] == kernel.channels, "the kernel is for another number of channels");
  kernel.results = w.shape[reversed ? 1 : 0];
  kernel.weights = w.as<float>();
  Shape shape{kernel.batch, kernel.results};
  for (int axis = 0; axis < kernel.axes; axis++) shape.push_back(kernel.to[axis]);
  // Taps from the last to the first are those of a transposed convolution, which reads from the other end.
  if (reversed) {
    kernel.transposed = true;
    for (int axis = 0; axis < kernel.axes; axis++) {
      expect(kernel.strides[axis] == 1, "the stride is 1 where taps are reversed");
      kernel.pads[axis] = (kernel.taps[axis] - 1) * kernel.dilations[axis] - kernel.pads[axis];
    }
  }
  kernel.result = call.output<float>(0, shape);
  if (elementsOf(shape) > 0) require(kernels::isoflop_convolution(kernel, call.stream()));
}

void kernelGradient(const DeviceCall& call, const Convolution& convolution) {
  const Tensor x = call.input(0), g = call.input(1);
  kernels::KernelGradientCall kernel{};
  ConvolutionCall& of = kernel.of = movesOver(x, convolution);
  expect(g.rank() == x.rank() && g.shape[0] == of.batch, "there is not one gradient for each image");
  expect(g.shape[1] % of.groups == 0, "channels do not part into groups");
  of.results = g.shape[1] / of.groups;
  Shape shape{g.shape[1], of.channels};
  for (int axis = 0; axis < of.axes; axis++) {
    const int64_t size = g.shape[static_cast<size_t>(2 + axis)];
    expect(size <= of.to[axis], "the gradient is larger than the result");
    of.to[axis] = size;
    shape.push_back(of.taps[axis]);
  }
  kernel.g = g.as<float>();
  of.result = call.output<float>(0, shape);
  if (elementsOf(shape) == 0) return;
  kernel.count = kernels::isoflop_kernel_gradient_parts(of);
  call.withScratch(kernel.count == 1 ? 0 : static_cast<size_t>(kernel.count) * elementsOf(shape) * sizeof(float), [&](void* scratch) {
    kernel.parts = static_cast<float*>(scratch);
    require(kernels::isoflop_kernel_gradient(kernel, call.stream()));
  });
}

PoolCall windowsOf(const Tensor& x, size_t size) {
  expect(x.rank() == 4, "images are [N, C, H, W]");
  expect(x.size(2) % size == 0 && x.size(3) % size == 0, "the images do not part into windows");
  return {x.as<float>(), nullptr, nullptr, nullptr, x.size(0) * x.size(1), x.size(2), x.size(3), size};
}

void maxPool(const DeviceCall& call, size_t size) {
  const Tensor x = call.input(0);
  PoolCall kernel = windowsOf(x, size);
  kernel.result = call.output<float>(0, {x.shape[0], x.shape[1], static_cast<int64_t>(x.size(2) / size), static_cast<int64_t>(x.size(3) / size)});
  require(kernels::isoflop_max_pool(kernel, call.stream()));
}

void maxPoolGradient(const DeviceCall& call, size_t size) {
  const Tensor x = call.input(0), y = call.input(1), g = call.input(2);
  PoolCall kernel = windowsOf(x, size);
  expect(y.count == x.count / (size * size) && g.count == y.count, "there is not one pixel and one gradient for each window");
  kernel.y = y.as<float>();
  kernel.g = g.as<float>();
  kernel.result = call.output<float>(0, x.shape);
  require(kernels::isoflop_max_pool_gradient(kernel, call.stream()));
}

std::function<Body(const NodeAttributes&)> inWindows(void (*run)(const DeviceCall&, size_t)) {
  return [=](const NodeAttributes& attributes) -> Body {
    return [=, size = static_cast<size_t>(attributes.own().integer("size", 1, MAX_POOLED))](const DeviceCall& call) { run(call, size); };
  };
}

}  // namespace

void addImages(Entries& entries) {
  entries.push_back(ownEntry("Convolution", [](const NodeAttributes& attributes) -> Body {
    const Convolution convolution(attributes.own());
    expect(convolution.groups == 1, "there is one group");
    return [=, reversed = attributes.own().flag("reversed")](const DeviceCall& call) { convolve(call, convolution, reversed); };
  }));
  entries.push_back(ownEntry("ConvKernelGradient", [](const NodeAttributes& attributes) -> Body {
    return [convolution = Convolution(attributes.own())](const DeviceCall& call) { kernelGradient(call, convolution); };
  }));
  entries.push_back(ownEntry("MaxPool", inWindows(maxPool)));
  entries.push_back(ownEntry("MaxPoolGradient", inWindows(maxPoolGradient)));
}

}  // namespace isoflop
