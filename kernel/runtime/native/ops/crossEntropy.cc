#include "crossEntropy.h"

#include <algorithm>
#include <cmath>

#include "alignedMemory.h"
#include "tileKernels.h"

namespace isoflop {
namespace {

// Elements below which another thread is not worth its start.
constexpr size_t ELEMENTS_PER_PIECE = size_t{1} << 14;
constexpr size_t MAX_PIECES = 64;

// Rows of logits with the class that each should be.
struct Rows {
  explicit Rows(const Call& call) {
    const Operand logits = call.input(0), targets = call.input(1);
    expect(logits.rank() >= 1 && targets.shape == Shape(logits.shape.begin(), logits.shape.end() - 1), "targets do not have the shape of the logits without the last axis");
    expect(targets.type == INT32 || targets.type == INT64, "targets are int32 or int64");
    shape = logits.shape;
    rowShape = targets.shape;
    data = logits.as<float>();
    targetData = targets.data;
    narrow = targets.type == INT32;
    rows = targets.count;
    columns = logits.size(logits.rank() - 1);
    for (size_t row = 0; row < rows; row++)
      if (target(row) < 0 || target(row) >= static_cast<int64_t>(columns)) throw OpError("target " + std::to_string(target(row)) + " is no class of " + std::to_string(columns));
  }

  int64_t target(size_t row) const { return narrow ? static_cast<const int32_t*>(targetData)[row] : static_cast<const int64_t*>(targetData)[row]; }

  // body(row, largest, sum, exponentials): exponentials are e^(logit - largest), at `place(row)` if given, else in memory of the piece.
  template <class Place, class Body>
  void each(const Call& call, const Place& place, const Body& body) const {
    const TileKernels& kernels = tileKernels();
    const size_t pieces = std::clamp<size_t>(rows * columns / ELEMENTS_PER_PIECE, 1, std::min(std::max<size_t>(rows, 1), MAX_PIECES));
    call.parallel(pieces, [&](size_t piece) {
      const auto memory = alignedMemory<float>(columns);
      for (size_t row = rows * piece / pieces; row < rows * (piece + 1) / pieces; row++) {
        const float* from = data + row * columns;
        float* to = place(row) != nullptr ? place(row) : memory.get();
        const float largest = kernels.reducing[ReduceMax - POINTWISE_COUNT](from, columns);
        kernels.pointwise[Sub][2](to, from, &largest, &largest, columns);
        kernels.pointwise[Exp][0](to, to, to, to, columns);
        body(row, largest, kernels.reducing[ReduceSum - POINTWISE_COUNT](to, columns), to);
      }
    });
  }

  Shape shape, rowShape;
  const float* data;
  const void* targetData;
  bool narrow;
  size_t rows, columns;
};

}  // namespace

void SoftmaxCrossEntropy::compute(const Call& call) const {
  const Rows rows(call);
  float* result = call.output<float>(0, rows.rowShape);
  rows.each(
      call, [](size_t) -> float* { return nullptr; },
      [&](size_t row, float largest, float sum, const float*) { result[row] = std::log(sum) - (rows.data[row * rows.columns + static_cast<size_t>(rows.target(row))] - largest); });
}

void SoftmaxCrossEntropyGradient::compute(const Call& call) const {
  const Rows rows(call);
  const Operand g = call.input(2);
  expect(g.shape == rows.rowShape, "the gradient does not have the shape of the targets");
  const float* slope = g.as<float>();
  float* result = call.output<float>(0, rows.shape);
  rows.each(
      call, [&](size_t row) { return result + row * rows.columns; },
      [&](size_t row, float, float sum, float* exponentials) {
        const float factor = 1.0f / sum;
        tileKernels().pointwise[Mul][2](exponentials, exponentials, &factor, &factor, rows.columns);
        exponentials[rows.target(row)] -= 1.0f;
        tileKernels().pointwise[Mul][2](exponentials, exponentials, slope + row, slope + row, rows.columns);
      });
}

}  // namespace isoflop
