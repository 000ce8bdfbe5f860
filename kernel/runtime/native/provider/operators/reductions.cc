// Operators that join elements along axes.
#include <algorithm>

#include "../registry.h"
#include "../walk.h"

namespace isoflop {
namespace {

using kernels::Reduction;

// Lanes share a row where there are enough elements in it.
constexpr size_t LEAST_FOR_LANES = 64;

void reduce(const DeviceCall& call, Reduction operation, bool keep, bool emptyMeansNone) {
  const Tensor x = call.input(0);
  std::vector<bool> reduced(x.shape.size(), false);
  const std::vector<int64_t> axes = call.has(1) ? call.integers(1) : std::vector<int64_t>{};
  for (const int64_t axis : axes) reduced[x.axis(axis)] = true;
  if (axes.empty() && !emptyMeansNone) std::fill(reduced.begin(), reduced.end(), true);
  const Shape steps = stepsInOrder(x.shape);
  Walk kept, along;
  kept.steps.emplace_back();
  along.steps.emplace_back();
  Shape shape;
  for (size_t axis = 0; axis < reduced.size(); axis++) {
    Walk& walk = reduced[axis] ? along : kept;
    walk.sizes.push_back(x.shape[axis]);
    walk.steps[0].push_back(steps[axis]);
    if (!reduced[axis]) shape.push_back(x.shape[axis]);
    else if (keep) shape.push_back(1);
  }
  kernels::ReduceCall reduction;
  reduction.operand = x.data;
  reduction.result = call.output(0, shape);
  reduction.kept = folded(kept, {&reduction.keptSteps});
  reduction.reduced = folded(along, {&reduction.reducedSteps});
  const int innermost = reduction.reduced.axes - 1;
  reduction.rows = innermost >= 0 && reduction.reducedSteps.along[innermost] == 1 && elementsOf(along.sizes) >= LEAST_FOR_LANES;
  if (elementsOf(shape) == 0) return;
  call.withScratch(kernels::isoflop_reduce_scratch(reduction), [&](void* scratch) { require(kernels::isoflop_reduce(operation, x.type, reduction, scratch, call.stream())); });
}

// Elements before, along and behind an axis.
struct Around {
  size_t outer = 1, size, inner = 1;
  Around(const Tensor& x, size_t axis) : size(static_cast<size_t>(x.shape[axis])) {
    for (size_t i = 0; i < axis; i++) outer *= static_cast<size_t>(x.shape[i]);
    for (size_t i = axis + 1; i < x.shape.size(); i++) inner *= static_cast<size_t>(x.shape[i]);
  }
};

void argMax(const DeviceCall& call, int64_t number, bool keep) {
  const Tensor x = call.input(0);
  const size_t axis = x.axis(number);
  const Around around(x, axis);
  if (around.size == 0) throw OpError("there is no largest of none");
  Shape shape = x.shape;
  if (keep) shape[axis] = 1;
  else shape.erase(shape.begin() + static_cast<int64_t>(axis));
  require(kernels::isoflop_arg_max(x.type, x.data, static_cast<int64_t*>(call.output(0, shape)), around.outer, around.size, around.inner, call.stream()));
}

void topK(const DeviceCall& call, int64_t number, bool largest) {
  const Tensor x = call.input(0);
  const auto k = call.integers(1);
  const size_t axis = x.axis(number);
  const Around around(x, axis);
  if (k.size() != 1 || k[0] < 0 || k[0] > x.shape[axis]) throw OpError("k must be one number up to the size of the axis");
  Shape shape = x.shape;
  shape[axis] = k[0];
  void* values = call.output(0, shape);
  auto* indices = static_cast<int64_t*>(call.output(1, shape));
  require(kernels::isoflop_top_k(x.type, {x.data, values, indices, around.outer, around.size, around.inner, static_cast<size_t>(k[0]), largest}, call.stream()));
}

void cumulativeSum(const DeviceCall& call, bool exclusive, bool reverse) {
  const Tensor x = call.input(0);
  const auto number = call.integers(1);
  if (number.size() != 1) throw OpError("one axis is needed");
  const Around around(x, x.axis(number[0]));
  require(kernels::isoflop_cumulative_sum(x.type, x.data, call.output(0, x.shape), around.outer, around.size, around.inner, exclusive, reverse, call.stream()));
}

void softmax(const DeviceCall& call, int64_t number, bool logarithm) {
  const Tensor x = call.input(0);
  const size_t axis = x.axis(number);
  if (axis + 1 != x.shape.size()) throw OpError("only along the last axis there is a kernel");
  const auto columns = static_cast<size_t>(x.shape[axis]);
  void* result = call.output(0, x.shape);
  if (x.count > 0) require(kernels::isoflop_softmax(x.type, logarithm, {x.data, result, x.count / columns, columns}, call.stream()));
}

}  // namespace

void addReductions(Entries& entries) {
  const auto reduction = [&](const char* name, Reduction operation) {
    entries.push_back({name, {{"T", SUMMED}}, [=](const NodeAttributes& attributes) -> Body {
      return [=, keep = attributes.integer("keepdims", 1) != 0, none = attributes.integer("noop_with_empty_axes", 0) != 0](const DeviceCall& call) { reduce(call, operation, keep, none); };
    }, {1}});
  };
  reduction("ReduceSum", Reduction::SUM);
  reduction("ReduceMax", Reduction::MAX);
  reduction("ReduceMin", Reduction::MIN);
  reduction("ReduceProd", Reduction::PROD);
  entries.push_back({"ArgMax", {{"T", SUMMED}}, [](const NodeAttributes& attributes) -> Body {
    if (attributes.integer("select_last_index", 0) != 0) throw OpError("the last of equals has no kernel");
    return [axis = attributes.integer("axis", 0), keep = attributes.integer("keepdims", 1) != 0](const DeviceCall& call) { argMax(call, axis, keep); };
  }});
  entries.push_back({"TopK", {{"T", NUMBERS}, {"I", {INT64}}}, [](const NodeAttributes& attributes) -> Body {
    return [axis = attributes.integer("axis", -1), largest = attributes.integer("largest", 1) != 0](const DeviceCall& call) { topK(call, axis, largest); };
  }, {1}});
  entries.push_back({"CumSum", {{"T", SUMMED}, {"T2", INDICES}}, [](const NodeAttributes& attributes) -> Body {
    return [exclusive = attributes.integer("exclusive", 0) != 0, reverse = attributes.integer("reverse", 0) != 0](const DeviceCall& call) { cumulativeSum(call, exclusive, reverse); };
  }, {1}});
  for (const bool logarithm : {false, true})
    entries.push_back({logarithm ? "LogSoftmax" : "Softmax", {{"T", FLOATS}}, [=](const NodeAttributes& attributes) -> Body {
      return [=, axis = attributes.integer("axis", -1)](const DeviceCall& call) { softmax(call, axis, logarithm); };
    }});
}

}  // namespace isoflop
