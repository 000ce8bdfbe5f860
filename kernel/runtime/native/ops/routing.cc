#include "routing.h"

#include <algorithm>
#include <cstring>

#include "numericKernels.h"

namespace isoflop {
namespace {

constexpr size_t ELEMENTS_PER_PIECE = size_t{1} << 15;
constexpr size_t MAX_PIECES = 64;
constexpr int64_t NOWHERE = -1;

// body(first, last) over parts of `rows` rows of `width` numbers.
template <class Body>
void byRows(const Call& call, size_t rows, size_t width, const Body& body) {
  const size_t pieces = std::clamp<size_t>(rows * width / ELEMENTS_PER_PIECE, 1, std::max<size_t>(1, std::min(rows, MAX_PIECES)));
  call.parallel(pieces, [&](size_t piece) { body(rows * piece / pieces, rows * (piece + 1) / pieces); });
}

// The choices of tokens, operands 2 and 3.
struct Choices {
  Choices(const Call& call, const Buffers& buffers) : buffers(buffers) {
    const Operand chosen = call.input(2), places = call.input(3);
    expect(chosen.rank() == 2 && places.shape == chosen.shape, "experts and slots are [N, K] both");
    experts = chosen.as<int64_t>();
    slots = places.as<int64_t>();
    shape = chosen.shape;
    tokens = chosen.size(0);
    perToken = chosen.size(1);
  }
  // Row of the flat buffer of choice c; NOWHERE where it is dropped.
  int64_t row(size_t c) const {
    const int64_t e = experts[c], s = slots[c];
    const bool inside = e >= 0 && e < static_cast<int64_t>(buffers.experts) && s >= 0 && s < static_cast<int64_t>(buffers.capacity);
    return inside ? e * static_cast<int64_t>(buffers.capacity) + s : NOWHERE;
  }
  const Buffers& buffers;
  const int64_t *experts, *slots;
  Shape shape;
  size_t tokens, perToken;
};

// x [N, D] of the tokens of `choices`.
size_t tokenWidth(const Operand& x, const Choices& choices) {
  expect(x.rank() == 2 && x.size(0) == choices.tokens, "there is not one row for each token");
  return x.size(1);
}
// y [E, C, D].
size_t bufferWidth(const Operand& y, const Buffers& buffers) {
  expect(y.rank() == 3 && y.size(0) == buffers.experts && y.size(1) == buffers.capacity, "the experts' rows are [E, C, D]");
  return y.size(2);
}
const float* weightsOf(const Operand& weights, const Choices& choices) {
  expect(weights.shape == choices.shape, "there is not one weight for each choice");
  return weights.as<float>();
}

}  // namespace

ExpertSlots::ExpertSlots(const Attributes& attributes) : experts_(static_cast<size_t>(attributes.integer("experts", 1, MAX_EXPERTS))) {}

void ExpertSlots::compute(const Call& call) const {
  const Operand chosen = call.input(0);
  expect(chosen.rank() == 2, "experts are [N, K]");
  const int64_t* experts = chosen.as<int64_t>();
  const size_t tokens = chosen.size(0), perToken = chosen.size(1);
  int64_t* slots = call.output<int64_t>(0, chosen.shape);
  std::vector<int64_t> next(experts_, 0);
  for (size_t k = 0; k < perToken; k++)
    for (size_t n = 0; n < tokens; n++) {
      const int64_t expert = experts[n * perToken + k];
      // As in the decomposition, where no expert's count holds it.
      slots[n * perToken + k] = expert >= 0 && expert < static_cast<int64_t>(experts_) ? next[static_cast<size_t>(expert)]++ : 0;
    }
}

void MoeDispatch::compute(const Call& call) const {
  const Choices choices(call, buffers_);
  const Operand tokens = call.input(0);
  const size_t width = tokenWidth(tokens, choices);
  const float *x = tokens.as<float>(), *weights = weightsOf(call.input(1), choices);
  const size_t rows = buffers_.experts * buffers_.capacity;
  float* result = call.output<float>(0, {static_cast<int64_t>(buffers_.experts), static_cast<int64_t>(buffers_.capacity), static_cast<int64_t>(width)});
  std::vector<int64_t> from(rows, NOWHERE);
  for (size_t c = 0; c < choices.tokens * choices.perToken; c++)
    if (const int64_t row = choices.row(c); row != NOWHERE) from[static_cast<size_t>(row)] = static_cast<int64_t>(c);
  byRows(call, rows, width, [&](size_t first, size_t last) {
    for (size_t row = first; row < last; row++) {
      float* to = result + row * width;
      std::fill(to, to + width, 0.0f);
      if (from[row] == NOWHERE) continue;
      const size_t choice = static_cast<size_t>(from[row]);
      numericKernels().accumulate(to, x + choice / choices.perToken * width, weights[choice], width);
    }
  });
}

void MoeCombine::compute(const Call& call) const {
  const Choices choices(call, buffers_);
  const Operand results = call.input(0);
  const size_t width = bufferWidth(results, buffers_);
  const float *y = results.as<float>(), *weights = weightsOf(call.input(1), choices);
  float* result = call.output<float>(0, {choices.shape[0], static_cast<int64_t>(width)});
  byRows(call, choices.tokens, width * choices.perToken, [&](size_t first, size_t last) {
    for (size_t n = first; n < last; n++) {
      float* to = result + n * width;
      std::fill(to, to + width, 0.0f);
      for (size_t c = n * choices.perToken; c < (n + 1) * choices.perToken; c++)
        if (const int64_t row = choices.row(c); row != NOWHERE) numericKernels().accumulate(to, y + static_cast<size_t>(row) * width, weights[c], width);
    }
  });
}

void MoeProducts::compute(const Call& call) const {
  const Choices choices(call, buffers_);
  const Operand tokens = call.input(0), rows = call.input(1);
  const size_t width = tokenWidth(tokens, choices);
  expect(bufferWidth(rows, buffers_) == width, "tokens and the experts' rows have different widths");
  const float *x = tokens.as<float>(), *y = rows.as<float>();
  float* result = call.output<float>(0, choices.shape);
  byRows(call, choices.tokens, width * choices.perToken, [&](size_t first, size_t last) {
    for (size_t c = first * choices.perToken; c < last * choices.perToken; c++) {
      const int64_t row = choices.row(c);
      result[c] = row == NOWHERE ? 0.0f : numericKernels().dot(x + c / choices.perToken * width, y + static_cast<size_t>(row) * width, width);
    }
  });
}

}  // namespace isoflop
