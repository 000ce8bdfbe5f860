// Operators that move elements.
#include <algorithm>
#include <cstring>

#include "../registry.h"
#include "../walk.h"

namespace isoflop {
namespace {

void sameElements(const DeviceCall& call, const Shape& shape) {
  const Tensor x = call.input(0);
  void* result = call.output(0, shape);
  if (result != x.data && x.count > 0) require(device::copy(result, x.data, x.count * x.bytesPerElement(), device::Way::ON_DEVICE));
}

void reshape(const DeviceCall& call, bool zeroIsSize) {
  const Tensor x = call.input(0);
  Shape shape = call.integers(1);
  size_t known = 1;
  for (size_t axis = 0; axis < shape.size(); axis++) {
    if (shape[axis] == 0 && !zeroIsSize) shape[axis] = x.shape.at(axis);
    if (shape[axis] != -1) known *= static_cast<size_t>(shape[axis]);
  }
  for (int64_t& size : shape)
    if (size == -1) size = static_cast<int64_t>(known == 0 ? 0 : x.count / known);
  if (elementsOf(shape) != x.count) throw OpError("the shape has another number of elements");
  sameElements(call, shape);
}

void expand(const DeviceCall& call) {
  const Tensor x = call.input(0);
  const Shape shape = broadcast(x.shape, call.integers(1));
  require(kernels::isoflop_copy(x.bytesPerElement(), mapOver(shape, {x}, call.output(0, shape)), call.stream()));
}

void transpose(const DeviceCall& call, const std::vector<int64_t>& given) {
  const Tensor x = call.input(0);
  std::vector<int64_t> order = given;
  if (order.empty())
    for (int64_t axis = x.rank(); axis-- > 0;) order.push_back(axis);
  if (order.size() != x.shape.size()) throw OpError("the order of axes is of another length");
  const Shape steps = stepsInOrder(x.shape);
  Shape shape, from;
  for (const int64_t axis : order) {
    shape.push_back(x.shape[x.axis(axis)]);
    from.push_back(steps[x.axis(axis)]);
  }
  moveElements(call, x.bytesPerElement(), shape, x.data, from, call.output(0, shape), stepsInOrder(shape));
}

void slice(const DeviceCall& call) {
  const Tensor x = call.input(0);
  const auto starts = call.integers(1), ends = call.integers(2);
  std::vector<int64_t> axes, strides;
  for (size_t i = 0; i < starts.size(); i++) axes.push_back(static_cast<int64_t>(i));
  if (call.has(3)) axes = call.integers(3);
  strides.assign(starts.size(), 1);
  if (call.has(4)) strides = call.integers(4);
  if (ends.size() != starts.size() || axes.size() != starts.size() || strides.size() != starts.size()) throw OpError("bounds, axes and steps are of different lengths");
  Shape shape = x.shape, steps = stepsInOrder(x.shape);
  int64_t offset = 0;
  for (size_t i = 0; i < starts.size(); i++) {
    const size_t axis = x.axis(axes[i]);
    const int64_t size = x.shape[axis], stride = strides[i];
    if (stride == 0) throw OpError("a step of 0");
    const auto bound = [&](int64_t at) { return std::clamp(at < 0 ? at + size : at, stride > 0 ? int64_t{0} : int64_t{-1}, stride > 0 ? size : size - 1); };
    const int64_t start = stride > 0 ? bound(starts[i]) : std::clamp(starts[i] < 0 ? starts[i] + size : starts[i], int64_t{0}, std::max(int64_t{0}, size - 1));
    const int64_t end = bound(ends[i]);
    shape[axis] = stride > 0 ? std::max(int64_t{0}, (end - start + stride - 1) / stride) : std::max(int64_t{0}, (start - end - stride - 1) / -stride);
    offset += start * steps[axis];
    steps[axis] *= stride;
  }
  void* result = call.output(0, shape);
  if (elementsOf(shape) == 0) return;
  const auto bytes = x.bytesPerElement();
  moveElements(call, bytes, shape, static_cast<const char*>(x.data) + offset * static_cast<int64_t>(bytes), steps, result, stepsInOrder(shape));
}

void concat(const DeviceCall& call, int64_t number) {
  const Tensor first = call.input(0);
  const size_t axis = first.axis(number);
  Shape shape = first.shape;
  for (size_t i = 1; i < call.inputs(); i++) {
    const Tensor next = call.input(i);
    if (next.shape.size() != shape.size()) throw OpError("operands of different ranks");
    for (size_t k = 0; k < shape.size(); k++)
      if (k != axis && next.shape[k] != shape[k]) throw OpError("operands of different sizes");
    shape[axis] += next.shape[axis];
  }
  auto* result = static_cast<char*>(call.output(0, shape));
  const Shape steps = stepsInOrder(shape);
  for (size_t i = 0; i < call.inputs(); i++) {
    const Tensor x = call.input(i);
    if (x.count > 0) moveElements(call, x.bytesPerElement(), x.shape, x.data, stepsInOrder(x.shape), result, steps);
    result += static_cast<size_t>(x.shape[axis] * steps[axis]) * x.bytesPerElement();
  }
}

void pad(const DeviceCall& call) {
  const Tensor x = call.input(0);
  const auto pads = call.integers(1);
  if (pads.size() != 2 * x.shape.size()) throw OpError("two numbers for each axis are needed");
  const size_t bytes = x.bytesPerElement();
  uint64_t value = 0;
  if (call.has(2)) std::memcpy(&value, call.input(2).data, bytes);
  Shape shape = x.shape;
  const size_t rank = shape.size();
  for (size_t axis = 0; axis < rank; axis++) {
    if (pads[axis] < 0 || pads[rank + axis] < 0) throw OpError("negative pads have no kernel");
    shape[axis] += pads[axis] + pads[rank + axis];
  }
  void* result = call.output(0, shape);
  require(kernels::isoflop_fill(bytes, value, result, elementsOf(shape), call.stream()));
  if (x.count == 0) return;
  const Shape steps = stepsInOrder(shape);
  int64_t offset = 0;
  for (size_t axis = 0; axis < rank; axis++) offset += pads[axis] * steps[axis];
  moveElements(call, bytes, x.shape, x.data, stepsInOrder(x.shape), static_cast<char*>(result) + offset * static_cast<int64_t>(bytes), steps);
}

}  // namespace

void addMovement(Entries& entries) {
  entries.push_back({"Identity", {{"V", ALL_TYPES}}, plain([](const DeviceCall& call) { sameElements(call, call.input(0).shape); }), {}, Entry::SAME_MEMORY});
  entries.push_back({"Reshape", {{"T", ALL_TYPES}}, [](const NodeAttributes& attributes) -> Body {
    return [zero = attributes.integer("allowzero", 0) != 0](const DeviceCall& call) { reshape(call, zero); };
  }, {1}, Entry::SAME_MEMORY});
  entries.push_back({"Expand", {{"T", ALL_TYPES}}, plain(expand), {1}});
  entries.push_back({"Transpose", {{"T", ALL_TYPES}}, [](const NodeAttributes& attributes) -> Body {
    return [order = attributes.integers("perm")](const DeviceCall& call) { transpose(call, order); };
  }});
  entries.push_back({"Slice", {{"T", ALL_TYPES}, {"Tind", INDICES}}, plain(slice), {1, 2, 3, 4}});
  entries.push_back({"Concat", {{"T", ALL_TYPES}}, [](const NodeAttributes& attributes) -> Body {
    return [axis = attributes.integer("axis", 0)](const DeviceCall& call) { concat(call, axis); };
  }});
  entries.push_back({"Pad", {{"T", ALL_TYPES}}, [](const NodeAttributes& attributes) -> Body {
    if (attributes.has("mode") && attributes.text("mode") != "constant") throw OpError("only constant padding has a kernel");
    return pad;
  }, {1, 2, 3}});
}

}  // namespace isoflop
