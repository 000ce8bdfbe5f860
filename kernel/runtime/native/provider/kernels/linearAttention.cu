// Causal linear attention in chunks (Hua et al. 2022, section 3.2): products within a chunk, and a state that goes from one to the next.
#include "blocks.h"
#include "ownKernels.h"

namespace isoflop::kernels {
namespace {

// Positions of a chunk, and columns of the values that a block has.
constexpr int64_t CHUNK = 32, STRIP = 32;
// Rows lie apart by an odd number of elements: columns of them are in different banks.
constexpr int64_t STRIP_APART = STRIP + 1, CHUNK_APART = CHUNK + 1;

ISOFLOP_BOTH inline int64_t apart(int64_t width) { return width | 1; }
ISOFLOP_BOTH inline int64_t stripsOf(const LinearAttentionCall& call) { return (call.depth + STRIP - 1) / STRIP; }

struct Scan {
  LinearAttentionCall call;

  static size_t sharedBytes(const LinearAttentionCall& call) { return static_cast<size_t>(2 * CHUNK * apart(call.width) + call.width * STRIP_APART + CHUNK * (STRIP_APART + CHUNK_APART)) * sizeof(float); }

  // One strip of one head.
  ISOFLOP_DEVICE void operator()(const Block& block, int64_t index) const {
    const int64_t strips = stripsOf(call), head = index / strips, column = index % strips * STRIP, columns = call.depth - column < STRIP ? call.depth - column : STRIP;
    const int64_t width = call.width, step = apart(width), chunks = (call.length + CHUNK - 1) / CHUNK;
    float* const q = block.shared;
    float* const k = q + CHUNK * step;
    float* const v = k + CHUNK * step;
    float* const scores = v + CHUNK * STRIP_APART;
    float* const state = scores + CHUNK * CHUNK_APART;
    block.phase([&](int t) {
      for (int64_t i = t; i < width * STRIP_APART; i += BLOCK_THREADS) state[i] = 0.0f;
    });
    for (int64_t done = 0; done < chunks; done++) {
      const int64_t first = (call.reverse ? chunks - 1 - done : done) * CHUNK, here = call.length - first < CHUNK ? call.length - first : CHUNK;
      block.phase([&](int t) {
        const int64_t row = head * call.length + first;
        for (int64_t i = t; i < CHUNK * width; i += BLOCK_THREADS) {
          const int64_t p = i / width, d = i % width;
          q[p * step + d] = p < here ? call.q[(row + p) * width + d] : 0.0f;
          k[p * step + d] = p < here ? call.k[(row + p) * width + d] : 0.0f;
        }
        for (int64_t i = t; i < CHUNK * STRIP; i += BLOCK_THREADS) {
          const int64_t p = i / STRIP, c = i % STRIP;
          v[p * STRIP_APART + c] = p < here && c < columns ? call.v[(row + p) * call.depth + column + c] : 0.0f;
        }
      });
      block.phase([&](int t) {
        for (int64_t i = t; i < CHUNK * CHUNK; i += BLOCK_THREADS) {
          const int64_t to = i / CHUNK, from = i % CHUNK;
          float sum = 0.0f;
          if (call.reverse ? from >= to : from <= to)
            for (int64_t d = 0; d < width; d++) sum += q[to * step + d] * k[from * step + d];
          scores[to * CHUNK_APART + from] = sum;
        }
      });
      block.phase([&](int t) {
        for (int64_t i = t; i < here * STRIP; i += BLOCK_THREADS) {
          const int64_t p = i / STRIP, c = i % STRIP;
          if (c >= columns) continue;
          float sum = 0.0f;
          for (int64_t d = 0; d < width; d++) sum += q[p * step + d] * state[d * STRIP_APART + c];
          for (int64_t from = 0; from < CHUNK; from++) sum += scores[p * CHUNK_APART + from] * v[from * STRIP_APART + c];
          call.result[(head * call.length + first + p) * call.depth + column + c] = sum;
        }
      });
      block.phase([&](int t) {
        for (int64_t i = t; i < width * STRIP; i += BLOCK_THREADS) {
          const int64_t d = i / STRIP, c = i % STRIP;
          float sum = state[d * STRIP_APART + c];
          for (int64_t p = 0; p < CHUNK; p++) sum += k[p * step + d] * v[p * STRIP_APART + c];
          state[d * STRIP_APART + c] = sum;
        }
      });
    }
  }
};

}  // namespace

extern "C" Failure isoflop_linear_attention(const LinearAttentionCall& call, void* stream) {
  if (call.width > MAX_LINEAR_ATTENTION_WIDTH) return "linear attention over rows so wide has no kernel";
  return forBlocks(static_cast<size_t>(call.heads * stripsOf(call)), Scan::sharedBytes(call), Scan{call}, stream);
}

}  // namespace isoflop::kernels
