// Gradients of attention (Dao et al. 2022, algorithm 4): weights are computed again from the saved logarithms of their sums. One kernel
// for keys and values, one for queries: each result has one writer, so that sums come out the same every time.
#include "attentionTiles.h"

namespace isoflop::kernels {
namespace {

// rowsum(g out), the mean of the gradients over the weights: of each query.
struct Means {
  AttentionGradientCall given;
  ISOFLOP_BOTH void operator()(size_t i) const {
    const AttentionCall& x = given.of;
    const auto row = static_cast<int64_t>(i);
    const int64_t at = row / x.queries * x.outHead + row % x.queries * x.outStep;
    float sum = 0.0f;
    for (int64_t d = 0; d < x.valueWidth; d++) sum += x.out[at + d] * given.g[at + d];
    given.means[i] = sum;
  }
};

struct Place {
  int64_t head, query, queries, key, keys;
};

template <class T>
struct Shared {
  static constexpr int TILE = TileOf<T>::TILE, EACH = T::EACH;
  float *q, *g, *k, *v, *scores;

  static size_t bytes(const AttentionCall& x) { return static_cast<size_t>(TILE * (2 * (T::apart(x.width) + T::apart(x.valueWidth)) + T::SCORES_APART)) * sizeof(float); }
  ISOFLOP_DEVICE Shared(const AttentionCall& x, float* memory) : q(memory), g(q + TILE * T::apart(x.width)), k(g + TILE * T::apart(x.valueWidth)), v(k + TILE * T::apart(x.width)), scores(v + TILE * T::apart(x.valueWidth)) {}

  ISOFLOP_DEVICE void readQueries(const AttentionGradientCall& given, int thread, const Place& at) const {
    const AttentionCall& x = given.of;
    T::read(thread, q, x.q + at.head * x.qHead + at.query * x.qStep, x.qStep, at.queries, x.width);
    T::read(thread, g, given.g + at.head * x.outHead + at.query * x.outStep, x.outStep, at.queries, x.valueWidth);
  }
  ISOFLOP_DEVICE void readKeys(const AttentionCall& x, int thread, const Place& at) const {
    const int64_t head = at.head / x.group;
    T::read(thread, k, x.k + head * x.kHead + at.key * x.kStep, x.kStep, at.keys, x.width);
    T::read(thread, v, x.v + head * x.vHead + at.key * x.vStep, x.vStep, at.keys, x.valueWidth);
  }

  // Weights of the tile, and gradients of its scores with the scale in them; 0 where there is no query, or no key to be seen.
  ISOFLOP_DEVICE void compute(const AttentionGradientCall& given, int thread, const Place& at, typename T::Square& weights, typename T::Square& slopes) const {
    const AttentionCall& x = given.of;
    T::multiply(thread, weights, q, k, x.width);
    T::multiply(thread, slopes, g, v, x.valueWidth);
    for (int i = 0; i < EACH; i++) {
      const int64_t row = T::rowOf(thread, i), place = at.head * x.queries + at.query + row;
      const bool there = row < at.queries;
      const float logSum = there ? x.logSums[place] : 0.0f, mean = there ? given.means[place] : 0.0f;
      for (int j = 0; j < EACH; j++) {
        const int64_t column = T::columnOf(thread, j);
        const bool seen = there && column < at.keys && !(x.causal && at.key + column > at.query + row + x.keys - x.queries);
        weights[i][j] = seen ? expf(x.scale * weights[i][j] + biasAt(x, at.head, at.query + row, at.key + column) - logSum) : 0.0f;
        slopes[i][j] = seen ? x.scale * weights[i][j] * (slopes[i][j] - mean) : 0.0f;
      }
    }
  }
};

// A tile of keys of one head, over all queries that share it.
template <class T>
struct KeyGradients {
  static constexpr int TILE = TileOf<T>::TILE;
  struct State {
    typename T::Square weights, slopes;
    typename T::Rows keys, values;
  };
  AttentionGradientCall given;

  ISOFLOP_DEVICE void operator()(const Block& block, int64_t index) const {
    const AttentionCall& x = given.of;
    const int64_t tiles = (x.keys + TILE - 1) / TILE, keyHead = index / tiles, key = index % tiles * TILE, keys = least(TILE, x.keys - key);
    const Shared<T> shared(x, block.shared);
    Own<State> own;
    block.phase([&](int t) {
      shared.readKeys(x, t, {keyHead * x.group, 0, 0, key, keys});
      T::clear(own.of(t).keys);
      T::clear(own.of(t).values);
    });
    // The first query that sees one of these keys.
    const int64_t hidden = x.causal ? key - (x.keys - x.queries) : 0, first = hidden > 0 ? hidden / TILE * TILE : 0;
    for (int64_t head = keyHead * x.group; head < (keyHead + 1) * x.group; head++) {
      for (int64_t query = first; query < x.queries; query += TILE) {
        const Place place{head, query, least(TILE, x.queries - query), key, keys};
        block.phase([&](int t) { shared.readQueries(given, t, place); });
        block.phase([&](int t) {
          State& my = own.of(t);
          shared.compute(given, t, place, my.weights, my.slopes);
          T::put(t, shared.scores, my.weights);
        });
        block.phase([&](int t) { T::template accumulate<true>(t, own.of(t).values, shared.scores, shared.g, x.valueWidth); });
        block.phase([&](int t) { T::put(t, shared.scores, own.of(t).slopes); });
        block.phase([&](int t) { T::template accumulate<true>(t, own.of(t).keys, shared.scores, shared.q, x.width); });
      }
    }
    block.phase([&](int t) {
      T::write(t, own.of(t).keys, given.dk + keyHead * x.kHead + key * x.kStep, x.kStep, keys, x.width);
      T::write(t, own.of(t).values, given.dv + keyHead * x.vHead + key * x.vStep, x.vStep, keys, x.valueWidth);
    });
  }
};

// A tile of queries of one head, over all keys.
template <class T>
struct QueryGradients {
  static constexpr int TILE = TileOf<T>::TILE;
  struct State {
    typename T::Square weights, slopes;
    typename T::Rows queries;
  };
  AttentionGradientCall given;

  ISOFLOP_DEVICE void operator()(const Block& block, int64_t index) const {
    const AttentionCall& x = given.of;
    const int64_t tiles = (x.queries + TILE - 1) / TILE, head = index / tiles, query = index % tiles * TILE, queries = least(TILE, x.queries - query);
    const int64_t seen = x.causal ? least(x.keys, query + queries + x.keys - x.queries) : x.keys;
    const Shared<T> shared(x, block.shared);
    Own<State> own;
    block.phase([&](int t) {
      shared.readQueries(given, t, {head, query, queries, 0, 0});
      T::clear(own.of(t).queries);
    });
    for (int64_t key = 0; key < seen; key += TILE) {
      const Place place{head, query, queries, key, least(TILE, seen - key)};
      block.phase([&](int t) { shared.readKeys(x, t, place); });
      block.phase([&](int t) {
        State& my = own.of(t);
        shared.compute(given, t, place, my.weights, my.slopes);
        T::put(t, shared.scores, my.slopes);
      });
      block.phase([&](int t) { T::template accumulate<false>(t, own.of(t).queries, shared.scores, shared.k, x.width); });
    }
    block.phase([&](int t) { T::write(t, own.of(t).queries, given.dq + head * x.qHead + query * x.qStep, x.qStep, queries, x.width); });
  }
};

}  // namespace

extern "C" Failure isoflop_attention_gradient(const AttentionGradientCall& call, void* stream) {
  const AttentionCall& x = call.of;
  if (Failure failure = forEach(static_cast<size_t>(x.heads * x.queries), Means{call}, stream)) return failure;
  return withTiles(x, [&](auto tiles) {
    using T = decltype(tiles);
    constexpr int64_t TILE = TileOf<T>::TILE;
    const size_t bytes = Shared<T>::bytes(x);
    if (Failure failure = forBlocks(static_cast<size_t>(x.heads / x.group * ((x.keys + TILE - 1) / TILE)), bytes, KeyGradients<T>{call}, stream)) return failure;
    return forBlocks(static_cast<size_t>(x.heads * ((x.queries + TILE - 1) / TILE)), bytes, QueryGradients<T>{call}, stream);
  });
}

}  // namespace isoflop::kernels
