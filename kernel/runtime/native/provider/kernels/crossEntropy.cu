// Softmax cross-entropy over rows of logits, without one-hot rows: as ../../ops/crossEntropy.cc.
#include "ownKernels.h"
#include "scalar.h"

namespace isoflop::kernels {
namespace {

struct Row {
  const float* logits;
  int64_t target;  // -1, and the fault told, where it is no class
  float largest, sum;
};

template <class L>
ISOFLOP_BOTH Row read(const CrossEntropyCall& call, const L& lanes, size_t row) {
  int64_t target = wholeAt(call.targets, call.targetType, row);
  if (target < 0 || target >= static_cast<int64_t>(call.columns)) {
    *call.fault = 1;
    target = -1;
  }
  const float* x = call.logits + row * call.columns;
  float largest = -INFINITY, sum = 0.0f;
  for (size_t c = lanes.index; c < call.columns; c += lanes.count) largest = Largest{}(largest, x[c]);
  largest = lanes.joined(largest, Largest{});
  for (size_t c = lanes.index; c < call.columns; c += lanes.count) sum += expf(x[c] - largest);
  return {x, target, largest, lanes.joined(sum, Plus{})};
}

struct Loss {
  CrossEntropyCall call;
  template <class L>
  ISOFLOP_BOTH void operator()(const L& lanes, size_t at) const {
    const Row row = read(call, lanes, at);
    if (lanes.index == 0) call.result[at] = row.target < 0 ? 0.0f : logf(row.sum) - (row.logits[row.target] - row.largest);
  }
};

struct Gradient {
  CrossEntropyCall call;
  template <class L>
  ISOFLOP_BOTH void operator()(const L& lanes, size_t at) const {
    const Row row = read(call, lanes, at);
    const float factor = 1.0f / row.sum, slope = call.g[at];
    float* to = call.result + at * call.columns;
    for (size_t c = lanes.index; c < call.columns; c += lanes.count) to[c] = (expf(row.logits[c] - row.largest) * factor - (static_cast<int64_t>(c) == row.target ? 1.0f : 0.0f)) * slope;
  }
};

}  // namespace

extern "C" {

Failure isoflop_cross_entropy(const CrossEntropyCall& call, void* stream) { return forRows(call.rows, Loss{call}, stream); }
Failure isoflop_cross_entropy_gradient(const CrossEntropyCall& call, void* stream) { return forRows(call.rows, Gradient{call}, stream); }
}

}  // namespace isoflop::kernels
