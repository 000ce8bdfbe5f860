#include "gatherGradient.h"

#include <algorithm>

namespace isoflop {
namespace {

constexpr size_t ELEMENTS_PER_PIECE = size_t{1} << 15;
// Columns of a piece are whole cache lines, of which no two threads write the same.
constexpr size_t COLUMNS = 16;
constexpr size_t MAX_PIECES = 16;

// Indices of either type, checked.
template <class Index>
std::vector<size_t> checked(const Operand& indices, size_t count) {
  const Index* given = indices.as<Index>();
  std::vector<size_t> all(indices.count);
  for (size_t i = 0; i < all.size(); i++) {
    expect(given[i] >= 0 && static_cast<uint64_t>(given[i]) < count, "an index is outside of the table");
    all[i] = static_cast<size_t>(given[i]);
  }
  return all;
}

}  // namespace

GatherGradient::GatherGradient(const Attributes& attributes) : count_(static_cast<size_t>(attributes.integer("count", 0, MAX_ELEMENTS))) {}

void GatherGradient::compute(const Call& call) const {
  const Operand rows = call.input(0), indices = call.input(1);
  expect(rows.rank() == 2 && indices.rank() == 1 && rows.size(0) == indices.size(0), "there is not one index for each row");
  const std::vector<size_t> places = indices.type == INT32 ? checked<int32_t>(indices, count_) : checked<int64_t>(indices, count_);
  const float* from = rows.as<float>();
  const size_t width = rows.size(1);
  float* sums = call.output<float>(0, {static_cast<int64_t>(count_), rows.shape[1]});
  // Each piece has columns of its own: rows that share an index are added by one thread.
  const size_t lines = (width + COLUMNS - 1) / COLUMNS;
  const size_t pieces = std::min({std::max<size_t>(1, (rows.count + count_ * width) / ELEMENTS_PER_PIECE), std::max<size_t>(1, lines), MAX_PIECES});
  call.parallel(pieces, [&](size_t piece) {
    const size_t first = std::min(width, lines * piece / pieces * COLUMNS), columns = std::min(width, lines * (piece + 1) / pieces * COLUMNS) - first;
    for (size_t i = 0; i < count_; i++) std::fill_n(sums + i * width + first, columns, 0.0f);
    for (size_t n = 0; n < places.size(); n++) {
      float* to = sums + places[n] * width + first;
      const float* row = from + n * width + first;
      for (size_t j = 0; j < columns; j++) to[j] += row[j];
    }
  });
}

}  // namespace isoflop
