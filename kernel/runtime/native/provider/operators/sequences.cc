// Along sequences, and between sets, on the device: isoflop.LinearAttention, CrossPolytopeCode, BucketIds and OptimalAssignment.
#include <algorithm>

#include "../kernels/ownKernels.h"
#include "../registry.h"

namespace isoflop {
namespace {

void linearAttention(const DeviceCall& call, bool reverse) {
  const Tensor q = call.input(0), k = call.input(1), v = call.input(2);
  const size_t rank = q.shape.size();
  expect(rank >= 2 && k.shape == q.shape && v.shape.size() == rank && std::equal(q.shape.begin(), q.shape.end() - 1, v.shape.begin()), "operands are [..., T, D], [..., T, D] and [..., T, E]");
  float* result = call.output<float>(0, v.shape);
  if (v.count == 0) return;
  int64_t heads = 1;
  for (size_t axis = 0; axis + 2 < rank; axis++) heads *= q.shape[axis];
  require(kernels::isoflop_linear_attention({q.as<float>(), k.as<float>(), v.as<float>(), result, heads, q.shape[rank - 2], q.shape[rank - 1], v.shape[rank - 1], reverse}, call.stream()));
}

void crossPolytope(const DeviceCall& call) {
  const Tensor x = call.input(0);
  expect(x.rank() >= 1 && x.shape.back() > 0, "vectors have an axis with at least one number");
  const size_t width = x.size(x.shape.size() - 1);
  require(kernels::isoflop_cross_polytope(x.as<float>(), call.output<int64_t>(0, Shape(x.shape.begin(), x.shape.end() - 1)), x.count / width, width, call.stream()));
}

void bucketIds(const DeviceCall& call) {
  const Tensor keys = call.input(0);
  expect(keys.rank() == 1, "keys are [N]");
  auto* ids = call.output<int64_t>(0, keys.shape);
  call.withScratch(keys.count, [&](void* begins) { require(kernels::isoflop_bucket_ids(keys.as<int64_t>(), ids, static_cast<uint8_t*>(begins), keys.count, call.stream())); });
}

void assignment(const DeviceCall& call) {
  const Tensor costs = call.input(0);
  const size_t rank = costs.shape.size();
  expect(rank >= 2, "costs are [..., N, M]");
  kernels::AssignmentCall kernel{costs.as<float>(), nullptr, 0, costs.size(rank - 2), costs.size(rank - 1), nullptr};
  expect(kernel.rows <= kernel.columns, "there are no more rows than columns");
  kernel.columnOf = call.output<int64_t>(0, Shape(costs.shape.begin(), costs.shape.end() - 1));
  if (costs.count == 0) return;
  kernel.problems = costs.count / (kernel.rows * kernel.columns);
  call.withScratch(kernels::isoflop_assignment_scratch(kernel), [&](void* scratch) {
    kernel.scratch = scratch;
    require(kernels::isoflop_assignment(kernel, call.stream()));
  });
}

}  // namespace

void addSequences(Entries& entries) {
  entries.push_back(ownEntry("LinearAttention", [](const NodeAttributes& attributes) -> Body {
    return [reverse = attributes.own().flag("reverse")](const DeviceCall& call) { linearAttention(call, reverse); };
  }));
  entries.push_back(ownEntry("CrossPolytopeCode", plain(crossPolytope)));
  entries.push_back(ownEntry("BucketIds", plain(bucketIds)));
  entries.push_back(ownEntry("OptimalAssignment", plain(assignment)));
}

}  // namespace isoflop
