// The gradient of the kernel of a Winograd convolution: for each of the 16 values one product of [channels, tiles] with [tiles, results].
#include <algorithm>

#include "productKernels.h"
#include "winograd.h"
#include "winogradKernels.h"

namespace isoflop {
namespace {

// Transformed pixels and gradients of all tiles that are taken at once.
constexpr size_t CHUNK_ELEMENTS = size_t{1} << 14;
constexpr size_t LEAST_TILES = 64;
constexpr size_t TILES_PER_PIECE = 64;
// Gradients of so many tiles stay in the first-level cache.
constexpr size_t TILES_PER_PRODUCT = 64;

// The transformed gradients of a block's tiles in panels: 16 rows of [panels, tiles of the chunk, panel]; `at` is the block's first tile there.
void transformSlopes(float* to, const WinogradTiles& tiles, const PixelBlock& block, size_t at, size_t chunk, const float* last, size_t results, const float* zero) {
  const size_t panel = productKernels().columns, panels = quotient(results, panel), step = panels * chunk * panel;
  tiles.forEachTile(block, [&](size_t tile, size_t image, size_t row, size_t column) {
    for (size_t p = 0; p < panels; p++) {
      const size_t first = p * panel, count = std::min(panel, results - first);
      const float* pixels[4];
      for (size_t k = 0; k < 4; k++) {
        const size_t y = 2 * row + k / 2, x = 2 * column + k % 2;
        pixels[k] = y < tiles.sizes.outHeight && x < tiles.sizes.outWidth ? last + ((image * tiles.sizes.outHeight + y) * tiles.sizes.outWidth + x) * results + first : zero;
      }
      winogradKernels().slope(to + (p * chunk + at + tile) * panel, step, pixels, count);
    }
  });
}

}  // namespace

void winogradKernelGradient(const Call& call, const Convolution& convolution, const WindowSizes& sizes, float* result, const float* x, const float* g, size_t channels, size_t results) {
  const WinogradTiles tiles(convolution, sizes);
  const size_t panel = productKernels().columns, panels = quotient(results, panel);
  const auto images = channelsLast(call, x, sizes.images, channels, sizes.height * sizes.width), slopes = channelsLast(call, g, sizes.images, results, sizes.outPixels());
  const size_t widest = std::max(channels, panels * panel);
  const std::vector<float> zero(widest);

  const auto blocks = tiles.grid.blocks(TILES_PER_PIECE);
  const size_t most = std::min(tiles.count(), std::max(LEAST_TILES, CHUNK_ELEMENTS / widest));
  const auto pixels = alignedMemory<float>(WINOGRAD_VALUES * most * channels), gradients = alignedMemory<float>(WINOGRAD_VALUES * most * panels * panel);
  // [16, panels, channels, panel]
  const size_t step = panels * channels * panel;
  const auto sums = alignedMemory<float>(WINOGRAD_VALUES * step);
  // What lies beyond the last result takes part in products that nobody reads; it must be numbers.
  if (results % panel != 0) std::fill_n(gradients.get(), WINOGRAD_VALUES * most * panels * panel, 0.0f);
  for (size_t begin = 0; begin < blocks.size();) {
    std::vector<size_t> first;
    size_t count = 0, end = begin;
    while (end < blocks.size() && (end == begin || count + blocks[end].count() <= most)) first.push_back(count), count += blocks[end++].count();
    call.parallel(end - begin, [&](size_t at) {
      const PixelBlock& block = blocks[begin + at];
      tiles.transformImage(pixels.get() + first[at] * channels, count * channels, block, images.get(), channels, zero.data());
      transformSlopes(gradients.get(), tiles, block, first[at], count, slopes.get(), results, zero.data());
    });
    call.parallel(WINOGRAD_VALUES * panels, [&](size_t piece) {
      const size_t value = piece / panels;
      const float *image = pixels.get() + value * count * channels, *slope = gradients.get() + piece * count * panel;
      for (size_t k = 0; k < count; k += TILES_PER_PRODUCT)
        productKernels().multiply({channels, panel, std::min(TILES_PER_PRODUCT, count - k), image + k * channels, 1, channels, slope + k * panel, panel, sums.get() + piece * channels * panel, panel, begin + k > 0});
    });
    begin = end;
  }

  call.parallel(panels, [&](size_t p) {
    const size_t held = std::min(panel, results - p * panel);
    float taps[WINOGRAD_TAPS * MAX_TILE_COLUMNS];
    for (size_t c = 0; c < channels; c++) {
      winogradKernels().taps(taps, MAX_TILE_COLUMNS, sums.get() + (p * channels + c) * panel, step, panel);
      for (size_t o = 0; o < held; o++)
        for (size_t k = 0; k < WINOGRAD_TAPS; k++) result[((p * panel + o) * channels + c) * WINOGRAD_TAPS + k] = taps[k * MAX_TILE_COLUMNS + o];
    }
  });
}

}  // namespace isoflop
