// Convolution as a product whose operands are gathered into tiles: weights [results, channels x taps] with patches of the operand, one
// column for each place of the result. A transposed one reads where the plain one would have written.
#include "convolutionWindows.h"

namespace isoflop::kernels {
namespace {

using T = ConvolutionTiles;
constexpr int TILE = TileOf<T>::TILE;
constexpr int DEPTH = CONVOLUTION_DEPTH;

struct Convolution {
  ConvolutionCall x;

  static constexpr size_t SHARED_BYTES = static_cast<size_t>(2 * TILE * (DEPTH | 1)) * sizeof(float);

  // The weight of a result's channel for a channel and tap of the operand.
  ISOFLOP_DEVICE float weight(int64_t group, int64_t result, int64_t depth, int64_t taps) const {
    const int64_t channel = depth / taps, tap = depth % taps;
    return x.transposed ? x.weights[((group * x.channels + channel) * x.results + result) * taps + tap] : x.weights[((group * x.results + result) * x.channels + channel) * taps + tap];
  }

  ISOFLOP_DEVICE void operator()(const Block& block, int64_t index) const {
    const int64_t taps = volume(x.taps, x.axes), places = volume(x.to, x.axes), depths = x.channels * taps, columns = x.batch * places;
    const int64_t across = tilesOver(columns), down = tilesOver(x.results);
    const int64_t column = index % across * TILE, row = index / across % down * TILE, group = index / across / down;
    float* const weights = block.shared;
    float* const patches = weights + TILE * T::apart(DEPTH);
    Own<T::Sums> own;
    block.phase([&](int t) { own.of(t) = {}; });
    for (int64_t depth = 0; depth < depths; depth += DEPTH) {
      block.phase([&](int t) {
        for (int i = t; i < TILE * DEPTH; i += BLOCK_THREADS) {
          // Neighbours read neighbours: weights along their depth, patches along their places.
          const int64_t result = row + i / DEPTH, weightDepth = depth + i % DEPTH, place = column + i % TILE, patchDepth = depth + i / TILE;
          weights[i / DEPTH * T::apart(DEPTH) + i % DEPTH] = result < x.results && weightDepth < depths ? weight(group, result, weightDepth, taps) : 0.0f;
          patches[i % TILE * T::apart(DEPTH) + i / TILE] = place < columns && patchDepth < depths ? patchAt(x, group, place, patchDepth, taps, places) : 0.0f;
        }
      });
      block.phase([&](int t) { T::addProducts(t, own.of(t).square, weights, patches, DEPTH); });
    }
    block.phase([&](int t) {
      for (int i = 0; i < T::EACH; i++) {
        for (int j = 0; j < T::EACH; j++) {
          const int64_t result = row + T::rowOf(t, i), place = column + T::columnOf(t, j);
          if (result >= x.results || place >= columns) continue;
          const int64_t channel = group * x.results + result;
          x.result[(place / places * x.groups * x.results + channel) * places + place % places] = own.of(t).square[i][j] + (x.bias == nullptr ? 0.0f : x.bias[channel]);
        }
      }
    });
  }
};

}  // namespace

extern "C" Failure isoflop_convolution(const ConvolutionCall& call, void* stream) {
  const int64_t blocks = tilesOver(call.batch * volume(call.to, call.axes)) * tilesOver(call.results) * call.groups;
  return forBlocks(static_cast<size_t>(blocks), Convolution::SHARED_BYTES, Convolution{call}, stream);
}

}  // namespace isoflop::kernels
