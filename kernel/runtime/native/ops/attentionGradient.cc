// Gradients of attention (Dao et al. 2022, algorithm 4): tiles of weights are computed again from the saved logarithms of their sums.
#include <algorithm>

#include "attentionHeads.h"

namespace isoflop {
namespace {

struct Given {
  Operand out, logSums, g;
  Heads heads;  // of `out` and `g`
};

// Working memory of one piece: everything that belongs to one head of keys.
class Backward {
 public:
  Backward(const Call& call, const AttentionOperands& x, const Given& given)
      : call_(call), x_(x), given_(given), blocks_((x.q.length + QUERIES - 1) / QUERIES), keys_(x.k.length, x.k.width), values_(x.v.length, x.v.width), queries_(x.q.length, x.q.width), slopes_(x.q.length, x.v.width), dKeys_(KEYS, x.k.width), dValues_(KEYS, x.v.width), dQueries_(x.q.length, x.q.width), queryColumns_(alignedMemory<float>(blocks_ * QUERIES * x.q.width)), slopeColumns_(alignedMemory<float>(blocks_ * QUERIES * x.v.width)), logSums_(alignedMemory<float>(blocks_ * QUERIES)), means_(alignedMemory<float>(blocks_ * QUERIES)), weights_(alignedMemory<float>(KEYS * QUERIES)), gradients_(alignedMemory<float>(KEYS * QUERIES)) {}

  void run(size_t keyHead, float* dq, float* dk, float* dv) {
    keyRows_ = keys_.read(x_.key.as<float>(), x_.k, keyHead, 0, x_.k.length);
    valueRows_ = values_.read(x_.value.as<float>(), x_.v, keyHead, 0, x_.v.length);
    for (size_t member = 0; member < x_.group; member++) {
      const size_t head = keyHead * x_.group + member;
      prepare(head);
      for (size_t key = 0; key < x_.k.length; key += KEYS) {
        call_.stopIfAsked();
        const size_t keys = std::min(KEYS, x_.k.length - key);
        clear(dKeys_.data(), keys * x_.k.width);
        clear(dValues_.data(), keys * x_.v.width);
        for (size_t query = 0; query < x_.q.length; query += QUERIES) {
          const size_t queries = std::min(QUERIES, x_.q.length - query);
          if (key < x_.keysSeen(query, queries)) tile({head, query, queries, key, keys});
        }
        write(dKeys_.data(), dk, x_.k, {keyHead, key, keys, member > 0});
        write(dValues_.data(), dv, x_.v, {keyHead, key, keys, member > 0});
      }
      write(dQueries_.data(), dq, x_.q, {head, 0, x_.q.length, false});
    }
  }

 private:
  struct Target {
    size_t head, first, count;
    bool accumulate;
  };

  static void clear(float* data, size_t count) { std::fill_n(data, count, 0.0f); }

  // Rows of one query head and of its gradient, also transposed; means over the weights, rowsum(g out).
  void prepare(size_t head) {
    const size_t length = x_.q.length, width = x_.v.width;
    queryRows_ = queries_.read(x_.query.as<float>(), x_.q, head, 0, length);
    slopeRows_ = slopes_.read(given_.g.as<float>(), given_.heads, head, 0, length);
    clear(dQueries_.data(), length * x_.q.width);
    for (size_t block = 0; block < blocks_; block++) {
      const size_t query = block * QUERIES, queries = std::min(QUERIES, length - query);
      if (queries < QUERIES) {
        clear(queryColumns(query), QUERIES * x_.q.width);
        clear(slopeColumns(query), QUERIES * width);
        clear(logSums_.get() + query, QUERIES);
        clear(means_.get() + query, QUERIES);
      }
      productKernels().transpose(queryColumns(query), QUERIES, queryRows_ + query * x_.q.width, x_.q.width, queries, x_.q.width, x_.settings.scale);
      productKernels().transpose(slopeColumns(query), QUERIES, slopeRows_ + query * width, width, queries, width, 1.0f);
    }
    const float* out = given_.out.as<float>() + head * given_.heads.head;
    for (size_t t = 0; t < length; t++) {
      float sum = 0;
      for (size_t d = 0; d < width; d++) sum += out[t * given_.heads.step + d] * slopeRows_[t * width + d];
      means_.get()[t] = sum;
      logSums_.get()[t] = given_.logSums.as<float>()[head * length + t];
    }
  }

  void tile(const AttentionOperands::Place& place) {
    const auto [head, query, queries, key, keys] = place;
    const size_t width = x_.q.width, valueWidth = x_.v.width;
    float* weights = weights_.get();
    float* gradients = gradients_.get();
    x_.scores(weights, keyRows_ + key * width, queryColumns(query), place);
    attentionKernels().weights(weights, keys, logSums_.get() + query);
    x_.hide(weights, place, 0.0f);
    const auto multiply = productKernels().multiply;
    multiply({keys, QUERIES, valueWidth, valueRows_ + key * valueWidth, valueWidth, 1, slopeColumns(query), QUERIES, gradients, QUERIES, false});
    multiply({keys, valueWidth, queries, weights, QUERIES, 1, slopeRows_ + query * valueWidth, valueWidth, dValues_.data(), valueWidth, true});
    attentionKernels().slopes(gradients, weights, keys, means_.get() + query, x_.settings.scale);
    multiply({keys, width, queries, gradients, QUERIES, 1, queryRows_ + query * width, width, dKeys_.data(), width, true});
    multiply({queries, width, keys, gradients, 1, QUERIES, keyRows_ + key * width, width, dQueries_.data() + query * width, width, true});
  }

  static void write(const float* rows, float* to, const Heads& heads, const Target& target) {
    for (size_t t = 0; t < target.count; t++) {
      float* row = to + target.head * heads.head + (target.first + t) * heads.step;
      for (size_t d = 0; d < heads.width; d++) row[d] = target.accumulate ? row[d] + rows[t * heads.width + d] : rows[t * heads.width + d];
    }
  }

  float* queryColumns(size_t query) { return queryColumns_.get() + query * x_.q.width; }
  float* slopeColumns(size_t query) { return slopeColumns_.get() + query * x_.v.width; }

  const Call& call_;
  const AttentionOperands& x_;
  const Given& given_;
  size_t blocks_;
  HeadRows keys_, values_, queries_, slopes_, dKeys_, dValues_, dQueries_;
  AlignedMemory<float> queryColumns_, slopeColumns_, logSums_, means_, weights_, gradients_;
  const float* keyRows_ = nullptr;
  const float* valueRows_ = nullptr;
  const float* queryRows_ = nullptr;
  const float* slopeRows_ = nullptr;
};

}  // namespace

void AttentionGradient::compute(const Call& call) const {
  const AttentionOperands x(call, settings_, 6);
  const Operand out = call.input(3);
  const Given given{out, call.input(4), call.input(5), Heads(out, settings_.timeFirst)};
  expect(given.heads.count == x.q.count && given.heads.length == x.q.length && given.heads.width == x.v.width, "the result of attention has another shape");
  expect(given.g.shape == out.shape, "the gradient has another shape than the result");
  expect(given.logSums.count == x.q.count * x.q.length, "there is not one sum for each query");
  float* dq = call.output<float>(0, x.q.shape);
  float* dk = call.output<float>(1, x.k.shape);
  float* dv = call.output<float>(2, x.v.shape);
  call.parallel(x.k.count, [&](size_t head) { Backward(call, x, given).run(head, dq, dk, dv); });
}

}  // namespace isoflop
