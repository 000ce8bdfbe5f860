// A convolution as products of the kernel with the image's windows. onnxruntime's own takes each image for itself, which leaves too few
// columns for a product where images are small and channels many.
#include <cstring>

#include "alignedMemory.h"
#include "productKernels.h"
#include "rounding.h"
#include "winograd.h"

namespace isoflop {
namespace {

// Windows of a block stay in the second-level cache.
constexpr size_t WINDOW_ELEMENTS = 80 * 1024;
constexpr size_t MOST_PIXELS = 256;
// Where there are few blocks the channels of the result are parted, too.
constexpr size_t WANTED_PIECES = 4;
constexpr size_t LEAST_CHANNELS = 48;

// [C, O, taps] as [O, C, taps] with the taps from last to first.
void reverse(const Call& call, float* to, const float* w, size_t channels, size_t results, size_t taps) {
  call.parallel(results, [&](size_t o) {
    float* row = to + o * channels * taps;
    for (size_t c = 0; c < channels; c++) {
      const float* from = w + (c * results + o) * taps;
      for (size_t tap = taps; tap > 0; tap--) *row++ = from[tap - 1];
    }
  });
}

}  // namespace

ImageConvolution::ImageConvolution(const Attributes& attributes) : convolution_(attributes), reversed_(attributes.flag("reversed")) {
  expect(convolution_.groups == 1, "there is one group");
}

void ImageConvolution::compute(const Call& call) const {
  const Operand x = call.input(0), w = call.input(1);
  const Convolution::Axis &down = convolution_.rows, &across = convolution_.columns;
  const float* image = x.as<float>();
  const float* weights = w.as<float>();
  const WindowSizes sizes = {x.rank() > 0 ? x.size(0) : 0, convolution_.height(x), convolution_.width(x), down.windows(convolution_.height(x)), across.windows(convolution_.width(x))};
  expect(convolution_.height(w) == down.kernel && convolution_.width(w) == across.kernel, "the kernel has another size than the attribute says");
  const size_t channels = x.size(1), results = w.size(reversed_ ? 1 : 0), taps = convolution_.taps(), terms = channels * taps;
  expect(w.size(reversed_ ? 0 : 1) == channels, "the kernel is for another number of channels");
  float* result = call.output<float>(0, convolution_.shape(sizes.images, results, sizes.outHeight, sizes.outWidth));
  const size_t pixels = sizes.outPixels();
  if (terms == 0) std::fill_n(result, sizes.images * results * pixels, 0.0f);
  if (terms == 0 || results == 0) return;
  if (winogradFits(convolution_, sizes, channels, results)) return winogradConvolution(call, convolution_, sizes, result, image, weights, channels, results, reversed_);

  const auto turned = alignedMemory<float>(reversed_ ? results * terms : 0);
  if (reversed_) reverse(call, turned.get(), weights, channels, results, taps);
  const float* kernel = reversed_ ? turned.get() : weights;
  const ProductKernels& kernels = productKernels();
  const auto blocks = sizes.blocks(std::clamp(WINDOW_ELEMENTS / terms / kernels.columns * kernels.columns, kernels.columns, MOST_PIXELS));
  const size_t parts = blocks.size() >= WANTED_PIECES ? 1 : std::clamp<size_t>(results / LEAST_CHANNELS, 1, WANTED_PIECES);
  call.parallel(blocks.size() * parts, [&](size_t piece) {
    const PixelBlock& block = blocks[piece / parts];
    const size_t first = results * (piece % parts) / parts, count = results * (piece % parts + 1) / parts - first;
    const size_t pitch = rounded(block.count(), kernels.columns);
    const auto windows = alignedMemory<float>(terms * pitch);
    writeWindows(windows.get(), pitch, convolution_, sizes, block, image + block.image * channels * sizes.height * sizes.width, channels, channels * sizes.height * sizes.width);
    float* to = result + (block.image * results + first) * pixels + block.row * sizes.outWidth + block.column;
    const auto product = [&](float* c, size_t cRow) { kernels.multiply({count, block.count(), terms, kernel + first * terms, terms, 1, windows.get(), pitch, c, cRow, false}); };
    if (block.images == 1) return product(to, pixels);
    const auto mixed = alignedMemory<float>(count * pitch);
    product(mixed.get(), pitch);
    for (size_t i = 0; i < block.images; i++)
      for (size_t o = 0; o < count; o++) std::memcpy(to + (i * results + o) * pixels, mixed.get() + o * pitch + i * pixels, pixels * sizeof(float));
  });
}

}  // namespace isoflop
