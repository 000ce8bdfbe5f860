// Rounding to small floating formats with scales of blocks, and the rotation before it: bit for bit as ../../ops/quantize.cc.
#include "blocks.h"
#include "ownKernels.h"
#include "philox.h"
#include "scalar.h"

namespace isoflop::kernels {
namespace {

constexpr uint32_t INFINITY_BITS = 0x7f800000u;
// Lanes share a block where it has so many elements.
constexpr size_t LEAST_FOR_LANES = 256;

struct Scale {
  RoundCall call;

  ISOFLOP_BOTH float of(uint32_t largest) const {
    if (largest >= INFINITY_BITS) return std::numeric_limits<float>::quiet_NaN();
    int exponent = static_cast<int>(largest >> 23);
    exponent = (exponent < 1 ? 1 : exponent) - 127 - call.format.maxExponent;
    return ldexpf(1.0f, exponent < -127 ? -127 : exponent);
  }

  template <class L>
  ISOFLOP_BOTH void operator()(const L& lanes, size_t block) const {
    const float* x = call.x + block * call.block;
    uint32_t largest = 0;
    for (size_t i = lanes.index; i < call.block; i += lanes.count) largest = Largest{}(largest, bitsAs<uint32_t>(x[i]) & 0x7fffffffu);
    largest = lanes.joined(largest, Largest{});
    if (lanes.index == 0) call.result[block] = of(largest);
  }
};

// Quanta are powers of two, so that products with them and their reciprocals are exact.
struct Round {
  RoundCall call;
  ISOFLOP_BOTH void operator()(size_t at) const {
    const FloatFormat& format = call.format;
    const float scale = call.scales[at / call.block], z = call.x[at] / scale;
    const uint32_t lowest = static_cast<uint32_t>(format.minExponent + 127) << 23, highest = static_cast<uint32_t>(format.maxExponent + 1 + 127) << 23;
    const uint32_t size = bitsAs<uint32_t>(z) & 0x7fffffffu;
    uint32_t power = size & INFINITY_BITS;
    power = power < lowest ? lowest : power > highest ? highest : power;
    const float quantum = bitsAs<float>(power) * bitsAs<float>(static_cast<uint32_t>(127 - format.mantissaBits) << 23);
    const float exact = bitsAs<float>(size) * (bitsAs<float>((254u << 23) - power) * bitsAs<float>(static_cast<uint32_t>(format.mantissaBits + 127) << 23));
    const float steps = exact < 1048576.0f ? exact : 1048576.0f;  // beyond, and NaN, are dealt with below
    float whole;
    if (call.key != nullptr) {
      const float low = static_cast<float>(static_cast<int32_t>(steps));
      const float random = static_cast<float>(static_cast<int32_t>(philox(at / PHILOX_BLOCK, call.key).at[at % PHILOX_BLOCK] >> 8)) * 5.9604644775390625e-8f;
      whole = low + (random < steps - low ? 1.0f : 0.0f);
    } else {
      // Adding 1.5 * 2^23 rounds to a whole number, half to even.
      whole = (steps + 12582912.0f) - 12582912.0f;
    }
    const float rounded = whole * quantum;
    call.result[at] = (z != z ? z : copysignf(rounded < format.max ? rounded : format.max, z)) * scale;
  }
};

// A tile of whole blocks in shared memory.
struct Hadamard {
  const float* x;
  float* result;
  size_t count, block;
  float factor;

  ISOFLOP_DEVICE void operator()(const Block& threads, int64_t index) const {
    const size_t first = static_cast<size_t>(index) * MAX_HADAMARD, here = count - first < MAX_HADAMARD ? count - first : MAX_HADAMARD;
    float* const values = threads.shared;
    threads.phase([&](int t) {
      for (size_t i = static_cast<size_t>(t); i < here; i += BLOCK_THREADS) values[i] = x[first + i];
    });
    for (size_t half = block / 2; half > 0; half /= 2) {
      threads.phase([&](int t) {
        for (size_t pair = static_cast<size_t>(t); pair < here / 2; pair += BLOCK_THREADS) {
          const size_t i = pair / half * 2 * half + pair % half;
          const float a = values[i], b = values[i + half];
          values[i] = a + b;
          values[i + half] = a - b;
        }
      });
    }
    threads.phase([&](int t) {
      for (size_t i = static_cast<size_t>(t); i < here; i += BLOCK_THREADS) result[first + i] = values[i] * factor;
    });
  }
};

}  // namespace

extern "C" {

Failure isoflop_block_scales(const RoundCall& call, void* stream) {
  const size_t blocks = call.count / call.block;
  return call.block >= LEAST_FOR_LANES ? forRows(blocks, Scale{call}, stream) : forEach(blocks, ByItself<Scale>{{call}}, stream);
}

Failure isoflop_round_scaled(const RoundCall& call, void* stream) { return forEach(call.count, Round{call}, stream); }

Failure isoflop_hadamard(const float* x, float* result, size_t count, size_t block, float factor, void* stream) {
  return forBlocks(quotient(count, MAX_HADAMARD), MAX_HADAMARD * sizeof(float), Hadamard{x, result, count, block, factor}, stream);
}
}

}  // namespace isoflop::kernels
