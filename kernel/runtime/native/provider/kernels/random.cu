// Random numbers: as ../../ops/philox.cc, bit for bit, but normal numbers within rounding.
#include "ownKernels.h"
#include "philox.h"
#include "scalar.h"

namespace isoflop::kernels {
namespace {

constexpr size_t BLOCK = PHILOX_BLOCK;

struct Pair {
  float first, second;
};

// Box-Muller as ../../ops/numericKernels.inc: the angle is a whole number, so that its quarter turn is known exactly.
ISOFLOP_BOTH inline Pair normals(uint32_t radiusWord, uint32_t angleWord) {
  const float radius = (static_cast<float>(static_cast<int32_t>(radiusWord >> 8)) + 0.5f) * 5.9604644775390625e-8f;  // 2^-24
  const auto angle = static_cast<int32_t>(angleWord >> 8);
  const int32_t quarter = (angle + (1 << 21)) >> 22;
  const float r = static_cast<float>(angle - quarter * (1 << 22)) * 3.7450702829238413e-7f;  // 2 pi / 2^24
  const float z = r * r;
  const float sine = r + r * z * (-1.6666654611e-1f + z * (8.3321608736e-3f + z * -1.9515295891e-4f));
  const float cosine = 1.0f - 0.5f * z + z * z * (4.166664568298827e-2f + z * (-1.388731625493765e-3f + z * 2.443315711809948e-5f));
  const float c = quarter & 1 ? sine : cosine, s = quarter & 1 ? cosine : sine;
  const float size = sqrtf(-2.0f * logf(radius));
  return {size * ((quarter + 1) & 2 ? -c : c), size * (quarter & 2 ? -s : s)};
}

struct Normals {
  float at[BLOCK];
};
ISOFLOP_BOTH inline Normals normalBlock(uint64_t block, const int64_t* key) {
  const Words words = philox(block, key);
  const Pair first = normals(words.at[0], words.at[1]), second = normals(words.at[2], words.at[3]);
  return {{first.first, first.second, second.first, second.second}};
}

// A thread for each block of the stream.
struct Bits {
  RandomCall call;
  ISOFLOP_BOTH void operator()(size_t block) const {
    const Words words = philox(block, call.key);
    for (size_t i = 0; i < BLOCK && block * BLOCK + i < call.count; i++) static_cast<int64_t*>(call.result)[block * BLOCK + i] = words.at[i];
  }
};
struct Uniform {
  RandomCall call;
  ISOFLOP_BOTH void operator()(size_t block) const {
    const Words words = philox(block, call.key);
    const float step = 1.0f / static_cast<float>(1 << call.bits);
    for (size_t i = 0; i < BLOCK && block * BLOCK + i < call.count; i++) static_cast<float*>(call.result)[block * BLOCK + i] = (static_cast<float>(static_cast<int32_t>(words.at[i] >> (32 - call.bits))) + call.shift) * step;
  }
};
struct Normal {
  RandomCall call;
  ISOFLOP_BOTH void operator()(size_t block) const {
    const Normals numbers = normalBlock(block, call.key);
    for (size_t i = 0; i < BLOCK && block * BLOCK + i < call.count; i++) static_cast<float*>(call.result)[block * BLOCK + i] = numbers.at[i];
  }
};
struct BoxMuller {
  const int64_t* words;
  float* result;
  ISOFLOP_BOTH void operator()(size_t i) const {
    const Pair pair = normals(static_cast<uint32_t>(words[2 * i]), static_cast<uint32_t>(words[2 * i + 1]));
    result[2 * i] = pair.first;
    result[2 * i + 1] = pair.second;
  }
};

// Draws are made again instead of kept.
struct Nearest {
  NearestCall call;

  // body(place in the row, normal number) for this lane's part of a draw.
  template <class L, class Body>
  ISOFLOP_BOTH void draw(const L& lanes, size_t row, size_t candidate, const Body& body) const {
    const uint64_t first = (uint64_t{row} * call.candidates + candidate) * call.width, end = first + call.width;
    for (uint64_t block = first / BLOCK + lanes.index; block * BLOCK < end; block += lanes.count) {
      const Normals numbers = normalBlock(block, call.key);
      for (size_t i = 0; i < BLOCK; i++)
        if (block * BLOCK + i >= first && block * BLOCK + i < end) body(block * BLOCK + i - first, numbers.at[i]);
    }
  }

  template <class L>
  ISOFLOP_BOTH void operator()(const L& lanes, size_t row) const {
    const float* x = call.points + row * call.width;
    float* result = call.result + row * call.width;
    float nearest = std::numeric_limits<float>::infinity();
    size_t best = 0;  // also where no distance is a number
    for (size_t j = 0; j < call.candidates; j++) {
      float distance = 0.0f;
      draw(lanes, row, j, [&](size_t at, float n) { distance += n * (n - 2.0f * x[at]); });
      distance = lanes.joined(distance, Plus{});
      if (!(distance < nearest)) continue;
      nearest = distance;
      best = j;
    }
    draw(lanes, row, best, [&](size_t at, float n) { result[at] = n; });
  }
};

size_t blocksOf(const RandomCall& call) { return quotient(call.count, BLOCK); }

}  // namespace

extern "C" {

Failure isoflop_philox_bits(const RandomCall& call, void* stream) { return forEach(blocksOf(call), Bits{call}, stream); }
Failure isoflop_philox_uniform(const RandomCall& call, void* stream) { return forEach(blocksOf(call), Uniform{call}, stream); }
Failure isoflop_philox_normal(const RandomCall& call, void* stream) { return forEach(blocksOf(call), Normal{call}, stream); }
Failure isoflop_box_muller(const int64_t* words, float* result, size_t pairs, void* stream) { return forEach(pairs, BoxMuller{words, result}, stream); }
Failure isoflop_nearest_normal(const NearestCall& call, void* stream) { return call.width == 0 ? nullptr : forRows(call.rows, Nearest{call}, stream); }
}

}  // namespace isoflop::kernels
