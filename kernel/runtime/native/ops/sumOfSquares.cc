#include "sumOfSquares.h"

#include <algorithm>

#include "rounding.h"

namespace isoflop {
namespace {

constexpr size_t ELEMENTS_PER_PIECE = size_t{1} << 15;
// Sums side by side, so that additions need not wait for each other.
constexpr size_t LANES = 16;

struct Piece {
  const float* from;
  size_t count;
};

double sumOf(const Piece& piece) {
  float sums[LANES] = {};
  size_t i = 0;
  for (; i + LANES <= piece.count; i += LANES)
    for (size_t lane = 0; lane < LANES; lane++) sums[lane] += piece.from[i + lane] * piece.from[i + lane];
  double total = 0;
  for (; i < piece.count; i++) total += static_cast<double>(piece.from[i]) * piece.from[i];
  for (float sum : sums) total += sum;
  return total;
}

}  // namespace

void SumOfSquares::compute(const Call& call) const {
  std::vector<Piece> pieces;
  for (size_t i = 0; i < call.inputs(); i++) {
    const Operand x = call.input(i);
    const float* from = x.as<float>();
    for (size_t first = 0; first < x.count; first += ELEMENTS_PER_PIECE) pieces.push_back({from + first, std::min(ELEMENTS_PER_PIECE, x.count - first)});
  }
  std::vector<double> sums(pieces.size());
  // Tensors may be many and small: several pieces are one thread's work.
  constexpr size_t TOGETHER = 8;
  call.parallel(quotient(pieces.size(), TOGETHER), [&](size_t at) {
    for (size_t i = at * TOGETHER; i < std::min(pieces.size(), (at + 1) * TOGETHER); i++) sums[i] = sumOf(pieces[i]);
  });
  double total = 0;
  for (double sum : sums) total += sum;
  *call.output<float>(0, {}) = static_cast<float>(total);
}

}  // namespace isoflop
