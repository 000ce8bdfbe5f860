#include "winograd.h"

#include <algorithm>

#include "productKernels.h"
#include "winogradKernels.h"

namespace isoflop {
namespace {

constexpr size_t LEAST_CHANNELS = 16, LEAST_TILES_IN_ALL = 32;
// Transformed pixels of a block stay in the second-level cache, beside the products of some results.
constexpr size_t BLOCK_ELEMENTS = 8192, PRODUCT_ELEMENTS = 2048;
constexpr size_t LEAST_TILES = 16, MOST_TILES = 128;
constexpr size_t WANTED_PIECES = 4;
constexpr size_t PIXELS_PER_PIECE = 256;
// Channels whose taps are read together.
constexpr size_t TOGETHER = 64;

// Which of the 16 values is that of the same taps from last to first.
constexpr size_t reversedValue(size_t value) {
  constexpr size_t OTHER[] = {3, 1, 2, 0};
  return 4 * OTHER[value / 4] + OTHER[value % 4];
}

// The transformed kernel in panels: [16, panels, channels, panel], results beyond the last are zero. With `reversed`, w is [C, O, 3, 3].
AlignedMemory<float> transformKernel(const Call& call, const float* w, size_t channels, size_t results, bool reversed) {
  const size_t panel = productKernels().columns, panels = quotient(results, panel), step = panels * channels * panel;
  auto made = alignedMemory<float>(WINOGRAD_VALUES * step);
  call.parallel(panels, [&](size_t p) {
    const size_t first = p * panel, count = std::min(panel, results - first);
    const auto memory = alignedMemory<float>(TOGETHER * WINOGRAD_TAPS * panel);
    float* taps = memory.get();
    // Results beyond the last take part in products that nobody reads; they must be numbers.
    std::fill_n(taps, TOGETHER * WINOGRAD_TAPS * panel, 0.0f);
    for (size_t c = 0; c < channels; c += TOGETHER) {
      const size_t held = std::min(TOGETHER, channels - c);
      if (reversed)
        for (size_t i = 0; i < held; i++) productKernels().transpose(taps + i * WINOGRAD_TAPS * panel, panel, w + ((c + i) * results + first) * WINOGRAD_TAPS, WINOGRAD_TAPS, count, WINOGRAD_TAPS, 1.0f);
      else productKernels().transpose(taps, panel, w + (first * channels + c) * WINOGRAD_TAPS, channels * WINOGRAD_TAPS, count, held * WINOGRAD_TAPS, 1.0f);
      for (size_t i = 0; i < held; i++) winogradKernels().kernel(made.get() + (p * channels + c + i) * panel, step, taps + i * WINOGRAD_TAPS * panel, panel, panel);
    }
  });
  return made;
}

// Where the pixels of a block's result stand until they are put in order: channels last, whole tiles.
struct Patch {
  Patch(const WinogradTiles& tiles, const PixelBlock& block) : block(block), rows(std::min(2 * block.rows, tiles.sizes.outHeight - 2 * block.row)), columns(std::min(2 * block.columns, tiles.sizes.outWidth - 2 * block.column)) {}
  const PixelBlock& block;
  // Of each image.
  size_t rows, columns;
  size_t pixels() const { return rows * columns; }

  // Into the planes of results first ... first + count - 1.
  void write(float* result, const float* from, const WinogradTiles& tiles, size_t results, size_t first, size_t count) const {
    const size_t plane = tiles.sizes.outPixels(), width = tiles.sizes.outWidth;
    for (size_t i = 0; i < block.images; i++) {
      float* to = result + ((block.image + i) * results + first) * plane + 2 * block.row * width + 2 * block.column;
      const float* own = from + i * pixels() * count;
      if (columns == width) productKernels().transpose(to, plane, own, count, pixels(), count, 1.0f);
      else
        for (size_t y = 0; y < rows; y++) productKernels().transpose(to + y * width, plane, own + y * columns * count, count, columns, count, 1.0f);
    }
  }
};

}  // namespace

bool winogradFits(const Convolution& convolution, const WindowSizes& sizes, size_t channels, size_t results) {
  const auto plain = [](const Convolution::Axis& axis) { return axis.kernel == 3 && axis.stride == 1 && axis.dilation == 1; };
  return convolution.axes == 2 && convolution.groups == 1 && plain(convolution.rows) && plain(convolution.columns) && channels >= LEAST_CHANNELS && results >= LEAST_CHANNELS &&
         WinogradTiles(convolution, sizes).count() >= LEAST_TILES_IN_ALL;
}

AlignedMemory<float> channelsLast(const Call& call, const float* x, size_t images, size_t channels, size_t pixels) {
  auto last = alignedMemory<float>(images * channels * pixels);
  const size_t pieces = quotient(pixels, PIXELS_PER_PIECE);
  call.parallel(images * pieces, [&](size_t piece) {
    const size_t image = piece / pieces, first = piece % pieces * PIXELS_PER_PIECE;
    productKernels().transpose(last.get() + (image * pixels + first) * channels, channels, x + image * channels * pixels + first, pixels, channels, std::min(PIXELS_PER_PIECE, pixels - first), 1.0f);
  });
  return last;
}

void WinogradTiles::transformImage(float* to, size_t step, const PixelBlock& block, const float* last, size_t channels, const float* zero) const {
  forEachTile(block, [&](size_t at, size_t image, size_t row, size_t column) {
    const float* pixels[WINOGRAD_VALUES];
    for (size_t i = 0; i < 4; i++)
      for (size_t j = 0; j < 4; j++) {
        // Beyond the image's edge the numbers wrap around and are larger than its size.
        const size_t y = 2 * row + i - before[0], x = 2 * column + j - before[1];
        pixels[4 * i + j] = y < sizes.height && x < sizes.width ? last + ((image * sizes.height + y) * sizes.width + x) * channels : zero;
      }
    winogradKernels().image(to + at * channels, step, pixels, channels);
  });
}

void winogradConvolution(const Call& call, const Convolution& convolution, const WindowSizes& sizes, float* result, const float* x, const float* w, size_t channels, size_t results, bool reversed) {
  const WinogradTiles tiles(convolution, sizes);
  const size_t panel = productKernels().columns, panels = quotient(results, panel);
  const auto kernel = transformKernel(call, w, channels, results, reversed);
  const auto last = channelsLast(call, x, sizes.images, channels, sizes.height * sizes.width);
  const std::vector<float> zero(channels);

  const auto blocks = tiles.grid.blocks(std::clamp(BLOCK_ELEMENTS / channels, LEAST_TILES, MOST_TILES));
  const size_t parts = blocks.size() >= WANTED_PIECES ? 1 : std::min(panels, quotient(WANTED_PIECES, blocks.size()));
  call.parallel(blocks.size() * parts, [&](size_t piece) {
    const PixelBlock& block = blocks[piece / parts];
    const size_t firstPanel = panels * (piece % parts) / parts, endPanel = panels * (piece % parts + 1) / parts, count = block.count();
    const auto image = alignedMemory<float>(WINOGRAD_VALUES * count * channels);
    tiles.transformImage(image.get(), count * channels, block, last.get(), channels, zero.data());

    const Patch patch(tiles, block);
    const size_t together = std::clamp<size_t>(PRODUCT_ELEMENTS / count / panel, 1, endPanel - firstPanel);
    const auto products = alignedMemory<float>(WINOGRAD_VALUES * count * together * panel), pixels = alignedMemory<float>((block.images * patch.pixels() + 1) * together * panel);
    for (size_t p = firstPanel; p < endPanel; p += together) {
      call.stopIfAsked();
      const size_t held = std::min(together, endPanel - p), wide = held * panel, first = p * panel, wanted = std::min(wide, results - first);
      for (size_t value = 0; value < WINOGRAD_VALUES; value++)
        for (size_t q = 0; q < held; q++)
          productKernels().multiply({count, panel, channels, image.get() + value * count * channels, channels, 1, kernel.get() + ((reversed ? reversedValue(value) : value) * panels + p + q) * channels * panel, panel, products.get() + value * count * wide + q * panel, wide, false});
      tiles.forEachTile(block, [&](size_t at, size_t i, size_t row, size_t column) {
        const size_t y = 2 * (row - block.row), t = 2 * (column - block.column);
        float* to[4];
        // A tile may reach beyond the result; what lies there goes behind the last pixel.
        for (size_t k = 0; k < 4; k++) to[k] = pixels.get() + (y + k / 2 < patch.rows && t + k % 2 < patch.columns ? (i - block.image) * patch.pixels() + (y + k / 2) * patch.columns + t + k % 2 : block.images * patch.pixels()) * wanted;
        winogradKernels().result(to, products.get() + at * wide, count * wide, wanted);
      });
      patch.write(result, pixels.get(), tiles, results, first, wanted);
    }
  });
}

}  // namespace isoflop
