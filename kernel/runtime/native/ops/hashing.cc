#include "hashing.h"

#include <algorithm>
#include <cmath>

namespace isoflop {
namespace {

constexpr size_t ELEMENTS_PER_PIECE = size_t{1} << 15;
constexpr size_t MAX_PIECES = 64;

}  // namespace

void CrossPolytopeCode::compute(const Call& call) const {
  const Operand vectors = call.input(0);
  expect(vectors.rank() >= 1 && vectors.size(vectors.rank() - 1) > 0, "vectors have an axis with at least one number");
  const float* x = vectors.as<float>();
  const size_t width = vectors.size(vectors.rank() - 1), rows = vectors.count / width;
  int64_t* codes = call.output<int64_t>(0, Shape(vectors.shape.begin(), vectors.shape.end() - 1));
  const size_t pieces = std::clamp<size_t>(rows * width / ELEMENTS_PER_PIECE, 1, std::max<size_t>(1, std::min(rows, MAX_PIECES)));
  call.parallel(pieces, [&](size_t piece) {
    for (size_t row = rows * piece / pieces; row < rows * (piece + 1) / pieces; row++) {
      const float* from = x + row * width;
      size_t at = 0;
      for (size_t j = 1; j < width; j++)
        if (std::fabs(from[j]) > std::fabs(from[at])) at = j;
      codes[row] = static_cast<int64_t>(2 * at) + (from[at] < 0 ? 1 : 0);
    }
  });
}

void BucketIds::compute(const Call& call) const {
  const Operand given = call.input(0);
  expect(given.rank() == 1, "keys are [N]");
  const int64_t* keys = given.as<int64_t>();
  int64_t* ids = call.output<int64_t>(0, given.shape);
  std::vector<int64_t> distinct(keys, keys + given.count);
  std::sort(distinct.begin(), distinct.end());
  distinct.erase(std::unique(distinct.begin(), distinct.end()), distinct.end());
  const size_t pieces = std::clamp<size_t>(given.count / ELEMENTS_PER_PIECE, 1, MAX_PIECES);
  call.parallel(pieces, [&](size_t piece) {
    for (size_t i = given.count * piece / pieces; i < given.count * (piece + 1) / pieces; i++) ids[i] = std::lower_bound(distinct.begin(), distinct.end(), keys[i]) - distinct.begin();
  });
}

}  // namespace isoflop
