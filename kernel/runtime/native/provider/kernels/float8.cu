// Operands in eight bits (E4M3: 4 bits of exponent, 3 of mantissa, no infinities), and their product where no library has it.
#include "dispatch.h"

namespace isoflop::kernels {
namespace {

constexpr float LARGEST = 448;
constexpr float SMALLEST_NORMAL = 0.015625f;  // 2^-6

// Rounds to nearest even; beyond the largest number to that.
ISOFLOP_BOTH inline uint8_t toFloat8(float x) {
  const auto sign = static_cast<uint8_t>((bitsAs<uint32_t>(x) >> 24) & 0x80);
  if (x != x) return static_cast<uint8_t>(sign | 0x7f);
  const float size = x < 0 ? -x : x;
  if (size >= LARGEST) return static_cast<uint8_t>(sign | 0x7e);
  // Neighbours of 2^14 are 2^-9 apart, as numbers below the normal ones.
  if (size < SMALLEST_NORMAL) return static_cast<uint8_t>(sign | (bitsAs<uint32_t>(size + 16384.0f) - bitsAs<uint32_t>(16384.0f)));
  const auto bits = bitsAs<uint32_t>(size);
  return static_cast<uint8_t>(sign | ((bits - (uint32_t{120} << 23) + 0x7ffff + ((bits >> 20) & 1)) >> 20));
}

ISOFLOP_BOTH inline float fromFloat8(uint8_t x) {
  const int exponent = (x >> 3) & 15, fraction = x & 7;
  const uint32_t sign = static_cast<uint32_t>(x & 0x80) << 24;
  if ((x & 0x7f) == 0x7f) return std::numeric_limits<float>::quiet_NaN();
  if (exponent == 0) return bitsAs<float>(sign | bitsAs<uint32_t>(static_cast<float>(fraction) * 0.001953125f));  // 2^-9
  return bitsAs<float>(sign | static_cast<uint32_t>(exponent + 120) << 23 | static_cast<uint32_t>(fraction) << 20);
}

struct Larger {
  ISOFLOP_BOTH float operator()(float a, float b) const { return a > b ? a : b; }
};

// The largest magnitude of each part of the operand.
struct PartLargest {
  Float8Call call;
  template <class L>
  ISOFLOP_BOTH void operator()(const L& lanes, size_t part) const {
    const int64_t count = call.batch * call.rows * call.k;
    const int64_t from = count * static_cast<int64_t>(part) / FLOAT8_PARTS, to = count * static_cast<int64_t>(part + 1) / FLOAT8_PARTS;
    float largest = 0;
    for (int64_t i = from + static_cast<int64_t>(lanes.index); i < to; i += static_cast<int64_t>(lanes.count)) {
      const int64_t l = i % call.k, row = i / call.k % call.rows, batch = i / call.k / call.rows;
      const float x = call.operand[batch * call.batchStep + row * call.rowStep + l * call.step];
      largest = Larger()(x < 0 ? -x : x, largest);
    }
    largest = lanes.joined(largest, Larger());
    if (lanes.index == 0) call.parts[part] = largest;
  }
};

struct Scale {
  Float8Call call;
  template <class L>
  ISOFLOP_BOTH void operator()(const L& lanes, size_t) const {
    float largest = 0;
    for (size_t i = lanes.index; i < static_cast<size_t>(FLOAT8_PARTS); i += lanes.count) largest = Larger()(call.parts[i], largest);
    largest = lanes.joined(largest, Larger());
    const float scale = largest / LARGEST;
    if (lanes.index == 0) *call.scale = scale > 0 ? scale : 1;
  }
};

struct Pack {
  Float8Call call;
  ISOFLOP_BOTH void operator()(size_t i) const {
    const auto at = static_cast<int64_t>(i);
    const int64_t l = at % call.width, row = at / call.width % call.rows, batch = at / call.width / call.rows;
    call.values[i] = l < call.k ? toFloat8(call.operand[batch * call.batchStep + row * call.rowStep + l * call.step] / *call.scale) : uint8_t{0};
  }
};

struct Multiply {
  Float8Product call;
  ISOFLOP_BOTH void operator()(size_t i) const {
    const auto at = static_cast<int64_t>(i);
    const int64_t column = at % call.n, row = at / call.n % call.m, batch = at / call.n / call.m;
    const uint8_t* a = call.a + batch * call.aBatch + row * call.width;
    const uint8_t* b = call.b + batch * call.bBatch + column * call.width;
    float* c = call.c + batch * call.cBatch + row * call.n + column;
    float sum = 0;
    for (int64_t l = 0; l < call.width; l++) sum += fromFloat8(a[l]) * fromFloat8(b[l]);
    sum *= call.alpha * *call.aScale * *call.bScale;
    *c = call.beta == 0 ? sum : sum + call.beta * *c;
  }
};

}  // namespace

extern "C" {

Failure isoflop_to_float8(const Float8Call& call, void* stream) {
  if (const Failure failure = forRows(FLOAT8_PARTS, PartLargest{call}, stream)) return failure;
  if (const Failure failure = forRows(1, Scale{call}, stream)) return failure;
  return forEach(static_cast<size_t>(call.batch * call.rows * call.width), Pack{call}, stream);
}

Failure isoflop_float8_product(const Float8Product& call, void* stream) { return forEach(static_cast<size_t>(call.m * call.n * call.batch), Multiply{call}, stream); }

}

}  // namespace isoflop::kernels
