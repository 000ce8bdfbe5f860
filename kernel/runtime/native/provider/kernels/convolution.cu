// Convolution as a product whose operands are gathered into tiles: weights [results, channels x taps] with patches of the operand, one
// column for each place of the result. A transposed one reads where the plain one would have written.
#include "kernels.h"
#include "tiles.h"

namespace isoflop::kernels {
namespace {

constexpr int DEPTH = 16;  // of tiles, along channels and taps
using T = Tiles<64, 4>;
constexpr int TILE = TileOf<T>::TILE;

ISOFLOP_BOTH inline int64_t volume(const int64_t* sizes, int axes) {
  int64_t count = 1;
  for (int axis = 0; axis < axes; axis++) count *= sizes[axis];
  return count;
}
ISOFLOP_BOTH inline int64_t pieces(int64_t count) { return (count + TILE - 1) / TILE; }

struct Convolution {
  ConvolutionCall x;

  static constexpr size_t SHARED_BYTES = static_cast<size_t>(2 * TILE * (DEPTH | 1)) * sizeof(float);

  // The weight of a result's channel for a channel and tap of the operand.
  ISOFLOP_DEVICE float weight(int64_t group, int64_t result, int64_t depth, int64_t taps) const {
    const int64_t channel = depth / taps, tap = depth % taps;
    return x.transposed ? x.weights[((group * x.channels + channel) * x.results + result) * taps + tap] : x.weights[((group * x.results + result) * x.channels + channel) * taps + tap];
  }

  // What that weight is multiplied by, for one place of the result: 0 beyond the operand's ends.
  ISOFLOP_DEVICE float patch(int64_t group, int64_t column, int64_t depth, int64_t taps, int64_t places) const {
    const int64_t channel = depth / taps, batch = column / places;
    int64_t place = column % places, tap = depth % taps, offset = 0, step = 1;
    for (int axis = x.axes - 1; axis >= 0; axis--) {
      const int64_t to = place % x.to[axis], behind = tap % x.taps[axis] * x.dilations[axis];
      place /= x.to[axis];
      tap /= x.taps[axis];
      int64_t from = x.transposed ? to + x.pads[axis] - behind : to * x.strides[axis] - x.pads[axis] + behind;
      if (x.transposed) {
        if (from < 0 || from % x.strides[axis] != 0) return 0.0f;
        from /= x.strides[axis];
      }
      if (from < 0 || from >= x.from[axis]) return 0.0f;
      offset += from * step;
      step *= x.from[axis];
    }
    return x.operand[((batch * x.groups + group) * x.channels + channel) * step + offset];
  }

  ISOFLOP_DEVICE void operator()(const Block& block, int64_t index) const {
    const int64_t taps = volume(x.taps, x.axes), places = volume(x.to, x.axes), depths = x.channels * taps, columns = x.batch * places;
    const int64_t across = pieces(columns), down = pieces(x.results);
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
          patches[i % TILE * T::apart(DEPTH) + i / TILE] = place < columns && patchDepth < depths ? patch(group, place, patchDepth, taps, places) : 0.0f;
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
  const int64_t blocks = pieces(call.batch * volume(call.to, call.axes)) * pieces(call.results) * call.groups;
  return forBlocks(static_cast<size_t>(blocks), Convolution::SHARED_BYTES, Convolution{call}, stream);
}

}  // namespace isoflop::kernels
