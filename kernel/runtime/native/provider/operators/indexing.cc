// Operators that find elements by indices; copies between host and device.
#include <cstring>

#include "../registry.h"
#include "../transfer.h"
#include "../walk.h"

namespace isoflop {
namespace {

size_t product(const Shape& shape, size_t from, size_t to) {
  size_t count = 1;
  for (size_t i = from; i < to; i++) count *= static_cast<size_t>(shape[i]);
  return count;
}

kernels::IndexedCall indexed(const Tensor& table, const Tensor& indices, size_t axis) {
  kernels::IndexedCall call{};
  call.table = table.data;
  call.indices = indices.data;
  call.indexType = indices.type;
  call.outer = product(table.shape, 0, axis);
  call.size = static_cast<size_t>(table.shape[axis]);
  call.inner = product(table.shape, axis + 1, table.shape.size());
  call.fault = device::faultWord();
  return call;
}

void gather(const DeviceCall& call, int64_t number) {
  const Tensor table = call.input(0), indices = call.input(1);
  const size_t axis = table.axis(number);
  Shape shape(table.shape.begin(), table.shape.begin() + static_cast<int64_t>(axis));
  shape.insert(shape.end(), indices.shape.begin(), indices.shape.end());
  shape.insert(shape.end(), table.shape.begin() + static_cast<int64_t>(axis) + 1, table.shape.end());
  auto kernel = indexed(table, indices, axis);
  kernel.count = indices.count;
  kernel.result = call.output(0, shape);
  require(kernels::isoflop_gather(table.bytesPerElement(), kernel, call.stream()));
}

// Indices of a table's rank, with its sizes but along the axis.
void requireBeside(const Tensor& table, const Tensor& indices, size_t axis) {
  bool fits = indices.shape.size() == table.shape.size();
  for (size_t i = 0; fits && i < table.shape.size(); i++) fits = i == axis || indices.shape[i] == table.shape[i];
  if (!fits) throw OpError("indices must have the operand's sizes, but along the axis");
}

void gatherElements(const DeviceCall& call, int64_t number) {
  const Tensor table = call.input(0), indices = call.input(1);
  const size_t axis = table.axis(number);
  requireBeside(table, indices, axis);
  auto kernel = indexed(table, indices, axis);
  kernel.count = static_cast<size_t>(indices.shape[axis]);
  kernel.result = call.output(0, indices.shape);
  require(kernels::isoflop_gather_elements(table.bytesPerElement(), kernel, call.stream()));
}

void scatterAdd(const DeviceCall& call, int64_t number) {
  const Tensor base = call.input(0), indices = call.input(1), updates = call.input(2);
  const size_t axis = base.axis(number);
  requireBeside(base, indices, axis);
  if (updates.shape != indices.shape) throw OpError("updates and indices have different shapes");
  void* result = call.output(0, base.shape);
  if (result != base.data && base.count > 0) require(device::copy(result, base.data, base.count * base.bytesPerElement(), device::Way::ON_DEVICE));
  auto kernel = indexed(base, indices, axis);
  kernel.count = static_cast<size_t>(indices.shape[axis]);
  kernel.table = updates.data;
  kernel.result = result;
  require(kernels::isoflop_scatter_add(base.type, kernel, call.stream()));
}

void oneHot(const DeviceCall& call, int64_t number) {
  const Tensor indices = call.input(0), values = call.input(2);
  const auto depth = call.integers(1);
  if (depth.size() != 1 || depth[0] < 0 || values.count != 2) throw OpError("one depth and two values are needed");
  if (number < -indices.rank() - 1 || number > indices.rank()) throw OpError("axis " + std::to_string(number));
  const auto axis = static_cast<size_t>(number < 0 ? number + indices.rank() + 1 : number);
  Shape shape = indices.shape;
  shape.insert(shape.begin() + static_cast<int64_t>(axis), depth[0]);
  const size_t bytes = values.bytesPerElement();
  uint64_t off = 0, on = 0;
  std::memcpy(&off, values.data, bytes);
  std::memcpy(&on, static_cast<const char*>(values.data) + bytes, bytes);
  kernels::IndexedCall kernel{};
  kernel.indices = indices.data;
  kernel.indexType = indices.type;
  kernel.outer = product(indices.shape, 0, axis);
  kernel.inner = product(indices.shape, axis, indices.shape.size());
  kernel.size = static_cast<size_t>(depth[0]);
  kernel.result = call.output(0, shape);
  require(kernels::isoflop_one_hot(bytes, off, on, kernel, call.stream()));
}

std::function<Body(const NodeAttributes&)> alongAxis(void (*run)(const DeviceCall&, int64_t), int64_t otherwise) {
  return [=](const NodeAttributes& attributes) -> Body {
    return [=, axis = attributes.integer("axis", otherwise)](const DeviceCall& call) { run(call, axis); };
  };
}

// onnxruntime puts these nodes where one on the host meets one on the device.
void copyAcross(const DeviceCall& call) {
  const Shape shape = call.input(0).shape;
  const Value* from;
  Value* to;
  check(api->KernelContext_GetInput(call.context(), 0, &from));
  check(api->KernelContext_GetOutput(call.context(), 0, shape.data(), shape.size(), &to));
  check(transfer(from, to));
}

}  // namespace

void addIndexing(Entries& entries) {
  entries.push_back({"Gather", {{"T", ALL_TYPES}, {"Tind", INDICES}}, alongAxis(gather, 0)});
  entries.push_back({"GatherElements", {{"T", ALL_TYPES}, {"Tind", INDICES}}, alongAxis(gatherElements, 0)});
  entries.push_back({"ScatterElements", {{"T", {FLOAT, DOUBLE, INT32, INT64}}, {"Tind", INDICES}}, [](const NodeAttributes& attributes) {
    if (!attributes.has("reduction") || attributes.text("reduction") != "add") throw OpError("only adding has a kernel");
    return alongAxis(scatterAdd, 0)(attributes);
  }, {}, Entry::MAY_OVERWRITE});
  entries.push_back({"OneHot", {{"T1", INDICES}, {"T2", INDICES}, {"T3", ALL_TYPES}}, alongAxis(oneHot, -1), {1, 2}});
}

void addCopies(Entries& entries) {
  entries.push_back({"MemcpyFromHost", {{"T", ALL_TYPES}}, plain(copyAcross), {0}});
  entries.push_back({"MemcpyToHost", {{"T", ALL_TYPES}}, plain(copyAcross), {}, Entry::FRESH, "", {0}});
}

}  // namespace isoflop
