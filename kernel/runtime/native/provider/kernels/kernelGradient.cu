// Gradient of a convolution's kernel as a product whose operands are gathered into tiles: the gradients of a result's channel with the patches
// of a channel and tap, summed over images and places. The sums are made in parts, which a second pass adds up.
#include "convolutionWindows.h"
#include "ownKernels.h"

namespace isoflop::kernels {
namespace {

using T = ConvolutionTiles;
constexpr int TILE = TileOf<T>::TILE;
constexpr int DEPTH = CONVOLUTION_DEPTH;
// Blocks that keep a GPU busy, and the least that is worth a block.
constexpr int64_t ENOUGH_BLOCKS = 512;
constexpr int64_t LEAST_DEPTH = 16 * DEPTH;

struct Sizes {
  ISOFLOP_BOTH explicit Sizes(const ConvolutionCall& x) : taps(volume(x.taps, x.axes)), places(volume(x.to, x.axes)), columns(x.channels * taps), depths(x.batch * places), across(tilesOver(columns)), down(tilesOver(x.results)), elements(x.groups * x.results * columns) {}
  int64_t taps, places;
  int64_t columns, depths;  // of a group's product
  int64_t across, down;     // tiles
  int64_t elements;         // of the gradient
};

struct KernelGradient {
  KernelGradientCall given;

  static constexpr size_t SHARED_BYTES = static_cast<size_t>(2 * TILE * (DEPTH | 1)) * sizeof(float);

  ISOFLOP_DEVICE void operator()(const Block& block, int64_t index) const {
    const ConvolutionCall& x = given.of;
    const Sizes sizes(x);
    const int64_t column = index % sizes.across * TILE, row = index / sizes.across % sizes.down * TILE, group = index / sizes.across / sizes.down % x.groups, part = index / sizes.across / sizes.down / x.groups;
    const int64_t first = sizes.depths * part / given.count, end = sizes.depths * (part + 1) / given.count;
    float* const slopes = block.shared;
    float* const patches = slopes + TILE * T::apart(DEPTH);
    Own<T::Sums> own;
    block.phase([&](int t) { own.of(t) = {}; });
    for (int64_t depth = first; depth < end; depth += DEPTH) {
      block.phase([&](int t) {
        for (int i = t; i < TILE * DEPTH; i += BLOCK_THREADS) {
          // Neighbours read neighbours, along places.
          const int64_t at = depth + i % DEPTH, result = row + i / DEPTH, patch = column + i / DEPTH;
          const int to = i / DEPTH * T::apart(DEPTH) + i % DEPTH;
          slopes[to] = at < end && result < x.results ? given.g[((at / sizes.places * x.groups + group) * x.results + result) * sizes.places + at % sizes.places] : 0.0f;
          patches[to] = at < end && patch < sizes.columns ? patchAt(x, group, at, patch, sizes.taps, sizes.places) : 0.0f;
        }
      });
      block.phase([&](int t) { T::addProducts(t, own.of(t).square, slopes, patches, DEPTH); });
    }
    float* const result = given.count == 1 ? x.result : given.parts + part * sizes.elements;
    block.phase([&](int t) {
      for (int i = 0; i < T::EACH; i++) {
        for (int j = 0; j < T::EACH; j++) {
          const int64_t channel = row + T::rowOf(t, i), patch = column + T::columnOf(t, j);
          if (channel < x.results && patch < sizes.columns) result[(group * x.results + channel) * sizes.columns + patch] = own.of(t).square[i][j];
        }
      }
    });
  }
};

struct AddParts {
  const float* parts;
  float* result;
  size_t count, elements;
  ISOFLOP_BOTH void operator()(size_t i) const {
    float sum = 0.0f;
    for (size_t part = 0; part < count; part++) sum += parts[part * elements + i];
    result[i] = sum;
  }
};

}  // namespace

extern "C" {

int64_t isoflop_kernel_gradient_parts(const ConvolutionCall& call) {
  const Sizes sizes(call);
  const int64_t tiles = sizes.across * sizes.down * call.groups, most = sizes.depths / LEAST_DEPTH;
  const int64_t wanted = tiles == 0 ? 1 : least(ENOUGH_BLOCKS / tiles, most);
  return wanted < 1 ? 1 : wanted;
}

Failure isoflop_kernel_gradient(const KernelGradientCall& call, void* stream) {
  const Sizes sizes(call.of);
  if (Failure failure = forBlocks(static_cast<size_t>(sizes.across * sizes.down * call.of.groups * call.count), KernelGradient::SHARED_BYTES, KernelGradient{call}, stream)) return failure;
  if (call.count == 1) return nullptr;
  return forEach(static_cast<size_t>(sizes.elements), AddParts{call.parts, call.of.result, static_cast<size_t>(call.count), static_cast<size_t>(sizes.elements)}, stream);
}
}

}  // namespace isoflop::kernels
