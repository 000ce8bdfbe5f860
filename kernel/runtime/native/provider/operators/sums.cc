// Losses and sums on the device: isoflop.SoftmaxCrossEntropy with its gradient, GatherGradient and SumOfSquares.
#include <algorithm>

#include "../kernels/ownKernels.h"
#include "../registry.h"

namespace isoflop {
namespace {

using kernels::SquaresCall;

bool isIndex(const Tensor& x) { return x.type == INT32 || x.type == INT64; }

// Rows of logits with the class that each should be; what is wrong with a class is found on the device.
kernels::CrossEntropyCall rowsOf(const DeviceCall& call) {
  const Tensor logits = call.input(0), targets = call.input(1);
  expect(logits.rank() >= 1 && targets.shape == Shape(logits.shape.begin(), logits.shape.end() - 1), "targets do not have the shape of the logits without the last axis");
  expect(isIndex(targets), "targets are int32 or int64");
  return {logits.as<float>(), nullptr, targets.data, targets.type, nullptr, targets.count, logits.size(logits.shape.size() - 1), device::faultWord()};
}

void crossEntropy(const DeviceCall& call) {
  auto kernel = rowsOf(call);
  kernel.result = call.output<float>(0, call.input(1).shape);
  require(kernels::isoflop_cross_entropy(kernel, call.stream()));
}

void crossEntropyGradient(const DeviceCall& call) {
  auto kernel = rowsOf(call);
  const Tensor g = call.input(2);
  expect(g.shape == call.input(1).shape, "the gradient does not have the shape of the targets");
  kernel.g = g.as<float>();
  kernel.result = call.output<float>(0, call.input(0).shape);
  require(kernels::isoflop_cross_entropy_gradient(kernel, call.stream()));
}

void gatherGradient(const DeviceCall& call, size_t count) {
  const Tensor rows = call.input(0), indices = call.input(1);
  expect(rows.rank() == 2 && indices.rank() == 1 && rows.size(0) == indices.size(0), "there is not one index for each row");
  expect(isIndex(indices), "indices are int32 or int64");
  kernels::RowSumsCall kernel{rows.as<float>(), indices.data, indices.type, call.output<float>(0, {static_cast<int64_t>(count), rows.shape[1]}), indices.count, rows.size(1), count, nullptr, nullptr, device::faultWord()};
  call.withScratch(2 * indices.count * sizeof(int64_t), [&](void* scratch) {
    kernel.order = static_cast<int64_t*>(scratch);
    kernel.sorted = kernel.order + indices.count;
    require(kernels::isoflop_row_sums(kernel, call.stream()));
  });
}

size_t piecesOf(const Tensor& x) { return quotient(x.count, kernels::SQUARED_PIECE); }

void sumOfSquares(const DeviceCall& call) {
  size_t total = 0;
  for (size_t i = 0; i < call.inputs(); i++) total += piecesOf(call.input(i));
  float* result = call.output<float>(0, {});
  call.withScratch(std::max<size_t>(1, total) * sizeof(double), [&](void* scratch) {
    auto* const parts = static_cast<double*>(scratch);
    SquaresCall batch{};
    size_t done = 0;
    const auto flush = [&] {
      batch.parts = parts + done;
      require(kernels::isoflop_squares(batch, call.stream()));
      done += batch.firstPiece[batch.tensors];
      batch = {};
    };
    for (size_t i = 0; i < call.inputs(); i++) {
      const Tensor x = call.input(i);
      batch.from[batch.tensors] = x.as<float>();
      batch.counts[batch.tensors] = x.count;
      batch.firstPiece[batch.tensors + 1] = batch.firstPiece[batch.tensors] + piecesOf(x);
      if (++batch.tensors == kernels::MAX_SQUARED) flush();
    }
    flush();
    require(kernels::isoflop_total(parts, total, result, call.stream()));
  });
}

}  // namespace

void addSums(Entries& entries) {
  entries.push_back(ownEntry("SoftmaxCrossEntropy", plain(crossEntropy)));
  entries.push_back(ownEntry("SoftmaxCrossEntropyGradient", plain(crossEntropyGradient)));
  entries.push_back(ownEntry("GatherGradient", [](const NodeAttributes& attributes) -> Body {
    return [count = static_cast<size_t>(attributes.own().integer("count", 0, MAX_ELEMENTS))](const DeviceCall& call) { gatherGradient(call, count); };
  }));
  entries.push_back(ownEntry("SumOfSquares", plain(sumOfSquares)));
}

}  // namespace isoflop
