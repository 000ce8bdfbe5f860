// Philox4x32-10 (Salmon et al. 2011): the streams of kernel/random/philox.ts, bit for bit.
#pragma once
#include <cstdint>

#include "launch.h"

namespace isoflop::kernels {

// Words of a block: elements 4 b to 4 b + 3 of a stream.
constexpr size_t PHILOX_BLOCK = 4;

struct Words {
  uint32_t at[PHILOX_BLOCK];
};

// Block `block` of the stream of a key [2]: the counter is (block, 0).
ISOFLOP_BOTH inline Words philox(uint64_t block, const int64_t* key) {
  uint32_t x0 = static_cast<uint32_t>(block), x1 = static_cast<uint32_t>(block >> 32), x2 = 0, x3 = 0;
  auto k0 = static_cast<uint32_t>(key[0]), k1 = static_cast<uint32_t>(key[1]);
  for (int round = 0; round < 10; round++) {
    const uint64_t p0 = uint64_t{0xd2511f53u} * x0, p1 = uint64_t{0xcd9e8d57u} * x2;
    x0 = static_cast<uint32_t>(p1 >> 32) ^ x1 ^ k0;
    x2 = static_cast<uint32_t>(p0 >> 32) ^ x3 ^ k1;
    x1 = static_cast<uint32_t>(p1);
    x3 = static_cast<uint32_t>(p0);
    k0 += 0x9e3779b9u;
    k1 += 0xbb67ae85u;
  }
  return {{x0, x1, x2, x3}};
}

}  // namespace isoflop::kernels
