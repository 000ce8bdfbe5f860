#include "quantize.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <optional>

#include "philox.h"

namespace isoflop {
namespace {

constexpr size_t ELEMENTS_PER_PIECE = size_t{1} << 15;
constexpr size_t MAX_PIECES = 64;
// Random words made at a time.
constexpr size_t CHUNK = 1024;
constexpr uint32_t INFINITY_BITS = 0x7f800000u;

// x as blocks, all of one size.
struct Blocks {
  Blocks(const Operand& operand, size_t block) : shape(operand.shape), block(block), data(operand.as<float>()) {
    expect(operand.rank() >= 1 && operand.size(operand.rank() - 1) % block == 0, "the last axis does not part into blocks");
    count = operand.count / block;
  }
  Shape scaleShape() const {
    Shape narrow = shape;
    narrow.back() /= static_cast<int64_t>(block);
    return narrow;
  }
  // body(first, last) over parts of the blocks.
  template <class Body>
  void parallel(const Call& call, const Body& body) const {
    const size_t pieces = std::clamp<size_t>(count * block / ELEMENTS_PER_PIECE, 1, std::max<size_t>(1, std::min(count, MAX_PIECES)));
    call.parallel(pieces, [&](size_t piece) { body(count * piece / pieces, count * (piece + 1) / pieces); });
  }
  Shape shape;
  size_t block, count = 0;
  const float* data;
};

float scaleOf(const float* x, const BlockRounding& rounding) {
  const uint32_t largest = numericKernels().largestBits(x, rounding.block);
  if (largest >= INFINITY_BITS) return std::numeric_limits<float>::quiet_NaN();
  const int exponent = std::max(static_cast<int>(largest >> 23), 1) - 127 - rounding.format.maxExponent;
  return std::ldexp(1.0f, std::max(exponent, -127));
}

// Rounds elements of one block after the other. Random words are those of the stream at the elements' places.
class Rounder {
 public:
  Rounder(float* result, const Blocks& blocks, const FloatFormat& format, const std::optional<Key>& key) : result_(result), blocks_(blocks), format_(format), key_(key) {}

  void round(size_t start, size_t count, float scale) {
    while (count > 0) {
      const size_t part = key_ ? std::min(count, CHUNK) : count;
      numericKernels().round(result_ + start, blocks_.data + start, key_ ? words(start, part) : nullptr, scale, part, format_);
      start += part, count -= part;
    }
  }

 private:
  // Made for several blocks at once.
  const uint32_t* words(size_t start, size_t count) {
    if (start < first_ || start + count > first_ + made_) {
      first_ = start;
      made_ = std::min(CHUNK, blocks_.count * blocks_.block - start);
      streamWords(words_, first_, made_, *key_);
    }
    return words_ + (start - first_);
  }

  float* result_;
  const Blocks& blocks_;
  const FloatFormat& format_;
  const std::optional<Key>& key_;
  size_t first_ = 0, made_ = 0;
  uint32_t words_[CHUNK];
};

std::optional<Key> keyOf(const Operand& operand) {
  if (!operand.given()) return std::nullopt;
  return Key(operand);
}

}  // namespace

void BlockScales::compute(const Call& call) const {
  const Blocks blocks(call.input(0), rounding_.block);
  float* scales = call.output<float>(0, blocks.scaleShape());
  blocks.parallel(call, [&](size_t first, size_t last) {
    for (size_t i = first; i < last; i++) scales[i] = scaleOf(blocks.data + i * blocks.block, rounding_);
  });
}

void RoundScaled::compute(const Call& call) const {
  const Blocks blocks(call.input(0), rounding_.block);
  const Operand given = call.input(1);
  expect(given.shape == blocks.scaleShape(), "there is not one scale for each block");
  const float* scales = given.as<float>();
  const std::optional<Key> key = keyOf(call.optional(2));
  float* result = call.output<float>(0, blocks.shape);
  // By elements: one block may be the whole.
  const size_t total = blocks.count * blocks.block, chunks = (total + CHUNK - 1) / CHUNK;
  const size_t pieces = std::clamp<size_t>(total / ELEMENTS_PER_PIECE, 1, MAX_PIECES);
  call.parallel(pieces, [&](size_t piece) {
    Rounder rounder(result, blocks, rounding_.format, key);
    const size_t end = std::min(total, chunks * (piece + 1) / pieces * CHUNK);
    for (size_t at = chunks * piece / pieces * CHUNK; at < end;) {
      const size_t index = at / blocks.block, stop = std::min(end, (index + 1) * blocks.block);
      rounder.round(at, stop - at, scales[index]);
      at = stop;
    }
  });
}

void QuantizeBlocks::compute(const Call& call) const {
  const Blocks blocks(call.input(0), rounding_.block);
  const std::optional<Key> key = keyOf(call.optional(1));
  float* result = call.output<float>(0, blocks.shape);
  blocks.parallel(call, [&](size_t first, size_t last) {
    Rounder rounder(result, blocks, rounding_.format, key);
    for (size_t i = first; i < last; i++) rounder.round(i * blocks.block, blocks.block, scaleOf(blocks.data + i * blocks.block, rounding_));
  });
}

Hadamard::Hadamard(const Attributes& attributes) : block_(static_cast<size_t>(attributes.integer("block", 1, 1024))) {
  expect((block_ & (block_ - 1)) == 0, "the block is no power of two");
}

void Hadamard::compute(const Call& call) const {
  const Blocks blocks(call.input(0), block_);
  float* result = call.output<float>(0, blocks.shape);
  const float factor = 1.0f / std::sqrt(static_cast<float>(block_));
  blocks.parallel(call, [&](size_t first, size_t last) {
    for (size_t i = first; i < last; i++) {
      std::memcpy(result + i * block_, blocks.data + i * block_, block_ * sizeof(float));
      numericKernels().hadamard(result + i * block_, block_, factor);
    }
  });
}

}  // namespace isoflop
