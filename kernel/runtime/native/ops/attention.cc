#include "attention.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "attentionHeads.h"

namespace isoflop {
namespace {

// Pieces of work per head of keys where heads are few: each copies keys and values once more.
constexpr size_t WANTED_PIECES = 8;

// Working memory of one piece.
class Forward {
 public:
  Forward(const Call& call, const AttentionOperands& x, float* out, float* logSums)
      : call_(call), x_(x), out_(out), logSums_(logSums), keys_(x.k.length, x.k.width), values_(x.v.length, x.v.width), queries_(QUERIES, x.q.width), columns_(alignedMemory<float>(x.q.width * QUERIES)), tile_(alignedMemory<float>(KEYS * QUERIES)), sums_(alignedMemory<float>(QUERIES * x.v.width)) {
    std::fill_n(tile_.get(), KEYS * QUERIES, 0.0f);
  }

  // Queries from `first` up to `end` of the heads that share `keyHead`.
  void run(size_t keyHead, size_t first, size_t end) {
    const size_t seen = x_.keysSeen(first, end - first);
    keyRows_ = keys_.read(x_.key.as<float>(), x_.k, keyHead, 0, seen);
    valueRows_ = values_.read(x_.value.as<float>(), x_.v, keyHead, 0, seen);
    for (size_t head = keyHead * x_.group; head < (keyHead + 1) * x_.group; head++)
      for (size_t query = first; query < end; query += QUERIES) block(head, query, std::min(QUERIES, end - query));
  }

 private:
  void block(size_t head, size_t query, size_t queries) {
    call_.stopIfAsked();
    const AttentionKernels& kernels = attentionKernels();
    const size_t width = x_.v.width;
    const float* rows = queries_.read(x_.query.as<float>(), x_.q, head, query, queries);
    if (queries < QUERIES) std::fill_n(columns_.get(), x_.q.width * QUERIES, 0.0f);
    productKernels().transpose(columns_.get(), QUERIES, rows, x_.q.width, queries, x_.q.width, x_.settings.scale);
    float largest[QUERIES], sum[QUERIES] = {}, factor[QUERIES];
    std::fill_n(largest, QUERIES, -std::numeric_limits<float>::infinity());
    float* sums = sums_.get();
    const size_t seen = x_.keysSeen(query, queries);
    for (size_t key = 0; key < seen; key += KEYS) {
      const AttentionOperands::Place place{head, query, queries, key, std::min(KEYS, seen - key)};
      x_.scores(tile_.get(), keyRows_ + key * x_.k.width, columns_.get(), place);
      x_.hide(tile_.get(), place, -std::numeric_limits<float>::infinity());
      kernels.advance(tile_.get(), place.keys, largest, sum, factor);
      if (key > 0)
        for (size_t q = 0; q < queries; q++)
          for (size_t d = 0; d < width; d++) sums[q * width + d] *= factor[q];
      productKernels().multiply({queries, width, place.keys, tile_.get(), 1, QUERIES, valueRows_ + key * width, width, sums, width, key > 0});
    }
    for (size_t q = 0; q < queries; q++) {
      float* to = out_ + head * outHead() + (query + q) * outStep();
      for (size_t d = 0; d < width; d++) to[d] = sums[q * width + d] / sum[q];
      logSums_[head * x_.q.length + query + q] = largest[q] + std::log(sum[q]);
    }
  }

  size_t outHead() const { return x_.settings.timeFirst ? x_.v.width : x_.q.length * x_.v.width; }
  size_t outStep() const { return x_.settings.timeFirst ? x_.q.count * x_.v.width : x_.v.width; }

  const Call& call_;
  const AttentionOperands& x_;
  float* out_;
  float* logSums_;
  HeadRows keys_, values_, queries_;
  AlignedMemory<float> columns_, tile_, sums_;
  const float* keyRows_ = nullptr;
  const float* valueRows_ = nullptr;
};

}  // namespace

void Attention::compute(const Call& call) const {
  const AttentionOperands x(call, settings_, 3);
  Shape shape = x.q.shape;
  shape[2] = x.v.shape[2];
  float* out = call.output<float>(0, shape);
  float* logSums = call.output<float>(1, {static_cast<int64_t>(x.q.count), static_cast<int64_t>(x.q.length)});
  // Few heads: their queries are parted too.
  const size_t blocks = (x.q.length + QUERIES - 1) / QUERIES;
  const size_t parts = std::min(std::max<size_t>(blocks, 1), (WANTED_PIECES + x.k.count - 1) / x.k.count);
  const size_t partQueries = (blocks + parts - 1) / parts * QUERIES;
  call.parallel(x.k.count * parts, [&](size_t piece) {
    const size_t first = std::min(x.q.length, piece % parts * partQueries), end = std::min(x.q.length, first + partQueries);
    if (first < end) Forward(call, x, out, logSums).run(piece / parts, first, end);
  });
}

}  // namespace isoflop
