// Scaled dot-product attention in tiles: scores are never in the device's memory (Dao et al. 2022, algorithm 1; as ../../ops/attention.cc).
#include "attentionTiles.h"

namespace isoflop::kernels {
namespace {

template <class T>
struct Forward {
  static constexpr int TILE = TileOf<T>::TILE, EACH = T::EACH;
  struct State {
    typename T::Square scores;
    typename T::Rows sums;
    float largest[EACH], sum[EACH], factor[EACH];
  };

  AttentionCall x;

  static size_t sharedBytes(const AttentionCall& x) {
    const int64_t wider = x.width > x.valueWidth ? x.width : x.valueWidth;
    return static_cast<size_t>(TILE * (T::apart(x.width) + T::apart(wider) + T::SCORES_APART + 2 * SIDE)) * sizeof(float);
  }

  // One tile of queries of one head.
  ISOFLOP_DEVICE void operator()(const Block& block, int64_t index) const {
    const int64_t tiles = (x.queries + TILE - 1) / TILE, head = index / tiles, query = index % tiles * TILE, queries = least(TILE, x.queries - query);
    const int64_t keyHead = head / x.group, ahead = x.causal ? x.keys - x.queries : x.keys, seen = least(x.keys, query + queries + ahead);
    const int64_t wider = x.width > x.valueWidth ? x.width : x.valueWidth;
    float* const q = block.shared;
    float* const other = q + TILE * T::apart(x.width);  // keys, then values
    float* const weights = other + TILE * T::apart(wider);
    float* const highs = weights + TILE * T::SCORES_APART;  // of each row what each thread of it has found
    float* const totals = highs + TILE * SIDE;
    Own<State> own;

    block.phase([&](int t) {
      T::read(t, q, x.q + head * x.qHead + query * x.qStep, x.qStep, queries, x.width);
      State& my = own.of(t);
      T::clear(my.sums);
      for (int i = 0; i < EACH; i++) {
        my.largest[i] = -INFINITY;
        my.sum[i] = 0.0f;
      }
    });
    for (int64_t key = 0; key < seen; key += TILE) {
      const int64_t keys = least(TILE, seen - key);
      block.phase([&](int t) { T::read(t, other, x.k + keyHead * x.kHead + key * x.kStep, x.kStep, keys, x.width); });
      block.phase([&](int t) {
        State& my = own.of(t);
        T::multiply(t, my.scores, q, other, x.width);
        for (int i = 0; i < EACH; i++) {
          const int64_t row = T::rowOf(t, i);
          float high = -INFINITY;
          for (int j = 0; j < EACH; j++) {
            const int64_t column = T::columnOf(t, j);
            float& score = my.scores[i][j];
            score *= x.scale;
            if (column >= keys || (x.causal && key + column > query + row + ahead)) score = -INFINITY;
            else if (row < queries) score += biasAt(x, head, query + row, key + column);
            if (score > high) high = score;
          }
          highs[row * SIDE + t % SIDE] = high;
        }
      });
      block.phase([&](int t) {
        State& my = own.of(t);
        T::read(t, other, x.v + keyHead * x.vHead + key * x.vStep, x.vStep, keys, x.valueWidth);
        for (int i = 0; i < EACH; i++) {
          const int row = T::rowOf(t, i);
          float high = my.largest[i], total = 0.0f;
          for (int k = 0; k < SIDE; k++)
            if (highs[row * SIDE + k] > high) high = highs[row * SIDE + k];
          // Where every key is hidden by -infinity so far, differences would be NaN.
          const float shift = high == -INFINITY ? 0.0f : high;
          my.factor[i] = expf(my.largest[i] - shift);
          my.largest[i] = high;
          for (int j = 0; j < EACH; j++) total += my.scores[i][j] = expf(my.scores[i][j] - shift);
          totals[row * SIDE + t % SIDE] = total;
        }
        T::put(t, weights, my.scores);
      });
      block.phase([&](int t) {
        State& my = own.of(t);
        for (int i = 0; i < EACH; i++) {
          float total = 0.0f;
          for (int k = 0; k < SIDE; k++) total += totals[T::rowOf(t, i) * SIDE + k];
          my.sum[i] = my.sum[i] * my.factor[i] + total;
          for (float& sum : my.sums[i]) sum *= my.factor[i];
        }
        T::template accumulate<false>(t, my.sums, weights, other, x.valueWidth);
      });
    }
    block.phase([&](int t) {
      State& my = own.of(t);
      for (int i = 0; i < EACH; i++) {
        const int64_t row = T::rowOf(t, i);
        for (float& sum : my.sums[i]) sum /= my.sum[i];
        if (t % SIDE == 0 && row < queries) x.logSums[head * x.queries + query + row] = my.largest[i] + logf(my.sum[i]);
      }
      T::write(t, my.sums, x.out + head * x.outHead + query * x.outStep, x.outStep, queries, x.valueWidth);
    });
  }
};

}  // namespace

extern "C" Failure isoflop_attention(const AttentionCall& call, void* stream) {
  return withTiles(call, [&](auto tiles) {
    using F = Forward<decltype(tiles)>;
    return forBlocks(static_cast<size_t>(call.heads * ((call.queries + F::TILE - 1) / F::TILE)), F::sharedBytes(call), F{call}, stream);
  });
}

}  // namespace isoflop::kernels
