#include "linearAttention.h"

#include <algorithm>
#include <cstring>

#include "alignedMemory.h"
#include "numericKernels.h"

namespace isoflop {
namespace {

// One head's part of the columns of v.
struct Strip {
  const float *q, *k, *v;
  float* out;
  size_t length, width, depth, column, columns;
  bool reverse;
};

void scan(const Call& call, const Strip& strip) {
  const size_t width = std::max<size_t>(strip.width, 1);
  const auto state = alignedMemory<float>(width * SCAN_COLUMNS);
  const auto none = alignedMemory<float>(width);
  std::fill(state.get(), state.get() + width * SCAN_COLUMNS, 0.0f);
  std::fill(none.get(), none.get() + width, 0.0f);
  float values[SCAN_POSITIONS][SCAN_COLUMNS] = {}, sums[SCAN_POSITIONS][SCAN_COLUMNS];
  for (size_t done = 0; done < strip.length; done += SCAN_POSITIONS) {
    call.stopIfAsked();
    const float *queries[SCAN_POSITIONS], *keys[SCAN_POSITIONS];
    const size_t count = std::min(SCAN_POSITIONS, strip.length - done);
    const auto position = [&](size_t p) { return strip.reverse ? strip.length - 1 - done - p : done + p; };
    for (size_t p = 0; p < SCAN_POSITIONS; p++) {
      // Positions that are not there add nothing.
      queries[p] = p < count ? strip.q + position(p) * strip.width : none.get();
      keys[p] = p < count ? strip.k + position(p) * strip.width : none.get();
      if (p < count) std::memcpy(values[p], strip.v + position(p) * strip.depth + strip.column, strip.columns * sizeof(float));
    }
    numericKernels().scan(state.get(), sums[0], queries, keys, values[0], strip.width);
    for (size_t p = 0; p < count; p++) std::memcpy(strip.out + position(p) * strip.depth + strip.column, sums[p], strip.columns * sizeof(float));
  }
}

}  // namespace

void LinearAttention::compute(const Call& call) const {
  const Operand q = call.input(0), k = call.input(1), v = call.input(2);
  const size_t rank = q.rank();
  expect(rank >= 2 && k.shape == q.shape && v.rank() == rank && std::equal(q.shape.begin(), q.shape.end() - 1, v.shape.begin()), "operands are [..., T, D], [..., T, D] and [..., T, E]");
  const float *queries = q.as<float>(), *keys = k.as<float>(), *values = v.as<float>();
  const size_t length = q.size(rank - 2), width = q.size(rank - 1), depth = v.size(rank - 1);
  size_t heads = 1;
  for (size_t axis = 0; axis + 2 < rank; axis++) heads *= q.size(axis);
  float* result = call.output<float>(0, v.shape);
  if (v.count == 0) return;
  const size_t strips = (depth + SCAN_COLUMNS - 1) / SCAN_COLUMNS;
  call.parallel(heads * strips, [&](size_t piece) {
    const size_t head = piece / strips, column = piece % strips * SCAN_COLUMNS;
    scan(call, {queries + head * length * width, keys + head * length * width, values + head * length * depth, result + head * length * depth, length, width, depth, column, std::min(SCAN_COLUMNS, depth - column), reverse_});
  });
}

}  // namespace isoflop
