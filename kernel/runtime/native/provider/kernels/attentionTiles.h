// What attention forward and backward share.
#pragma once
#include "kernels.h"
#include "tiles.h"

namespace isoflop::kernels {

// The bias of a score.
ISOFLOP_DEVICE inline float biasAt(const AttentionCall& x, int64_t head, int64_t query, int64_t key) {
  return x.bias == nullptr ? 0.0f : x.bias[head / x.perBatch * x.biasSteps[0] + head % x.perBatch * x.biasSteps[1] + query * x.biasSteps[2] + key * x.biasSteps[3]];
}

// The kind of tiles for these widths: body(Tiles<...>{}). The more columns, the fewer rows.
template <class Body>
Failure withTiles(const AttentionCall& x, const Body& body) {
  const int64_t width = x.width > x.valueWidth ? x.width : x.valueWidth;
  if (width <= 64) return body(Tiles<64, 4>{});
  if (width <= 128) return body(Tiles<32, 8>{});
  if (width <= MAX_ATTENTION_WIDTH) return body(Tiles<16, 16>{});
  return "attention over rows so wide has no kernel";
}

}  // namespace isoflop::kernels
