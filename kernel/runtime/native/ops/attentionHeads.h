// What attention forward and backward share: how heads lie in their operands, and tiles of scores.
#pragma once
#include <algorithm>

#include "alignedMemory.h"
#include "attention.h"
#include "attentionKernels.h"
#include "productKernels.h"

namespace isoflop {

// Heads of one operand: element d of position t of head n lies at n head + t step + d.
struct Heads {
  Heads(const Operand& operand, bool timeFirst);
  size_t count, length, width;
  size_t head, step;
  Shape shape;
};

// Additive bias of the scores; steps are 0 along axes where it is repeated.
struct Bias {
  Bias() = default;
  // Throws OpError where it does not broadcast to [B, heads / B, T, S].
  Bias(const Operand& operand, size_t heads, size_t queries, size_t keys);
  // scores[key, query] += bias for `keys` keys from `key` on and `queries` queries from `query` on.
  void add(float* scores, size_t head, size_t query, size_t queries, size_t key, size_t keys) const;
  const float* data = nullptr;
  size_t perBatch = 1;
  size_t steps[4] = {0, 0, 0, 0};
};

// q, k, v and bias of a call, compared with each other.
struct AttentionOperands {
  AttentionOperands(const Call& call, const AttentionSettings& settings, size_t biasAt);
  Operand query, key, value;
  Heads q, k, v;
  Bias bias;
  AttentionSettings settings;
  // Query heads that share a head of keys.
  size_t group;
  // Query i sees keys up to i + ahead, where causal.
  size_t ahead;

  // The first key that none of `queries` queries from `query` on sees.
  size_t keysSeen(size_t query, size_t queries) const { return settings.causal ? std::min(k.length, query + queries + ahead) : k.length; }
  // The tile of scores [keys, QUERIES] in logarithms: of rows of keys (in order, width q.width) with transposed and scaled queries.
  struct Place {
    size_t head, query, queries, key, keys;
  };
  void scores(float* tile, const float* keyRows, const float* queryColumns, const Place& place) const;
  // Puts `value` where a query must not see a key.
  void hide(float* tile, const Place& place, float value) const;
};

// Rows of one head, side by side in memory of their own (which is `padded` for products), or where they lie if that is so already.
class HeadRows {
 public:
  HeadRows(size_t capacity, size_t width) : width_(width), memory_(alignedMemory<float>(capacity * width + MAX_TILE_COLUMNS)) {}
  const float* read(const float* data, const Heads& heads, size_t head, size_t first, size_t count);
  float* data() { return memory_.get(); }

 private:
  size_t width_;
  AlignedMemory<float> memory_;
};

}  // namespace isoflop
