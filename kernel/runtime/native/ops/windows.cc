#include "windows.h"

#include <cstring>

#include "rounding.h"

namespace isoflop {
namespace {

// Where a tap's pixels lie in the image, along one axis: `size` of the result's pixels from `from` on, of which [first, last) see the image.
struct Reach {
  Reach(const Convolution::Axis& axis, size_t tap, size_t size, size_t from, size_t imageSize) {
    const size_t shift = tap * axis.dilation, before = axis.before;
    // Pixel i sees (from + i) stride + shift - before.
    const size_t lowest = from * axis.stride + shift;
    first = std::min(size, lowest < before ? quotient(before - lowest, axis.stride) : 0);
    last = std::clamp(imageSize + before > lowest ? quotient(imageSize + before - lowest, axis.stride) : 0, first, size);
    // Of the first one that sees it.
    start = first < last ? lowest + first * axis.stride - before : 0;
  }
  size_t first, last, start;
};

void fill(float* to, size_t count) {
  for (size_t i = 0; i < count; i++) to[i] = 0.0f;
}

void writeRow(float* to, const float* from, const Reach& reach, size_t columns, size_t stride) {
  fill(to, reach.first);
  if (stride == 1) std::memcpy(to + reach.first, from + reach.start, (reach.last - reach.first) * sizeof(float));
  else
    for (size_t i = reach.first; i < reach.last; i++) to[i] = from[reach.start + (i - reach.first) * stride];
  fill(to + reach.last, columns - reach.last);
}

// Of one channel and tap.
void writeTap(float* to, const float* image, const PixelBlock& block, const Reach& down, const Reach& across, const Convolution& convolution, size_t width) {
  const size_t columns = block.columns;
  fill(to, down.first * columns);
  fill(to + down.last * columns, (block.rows - down.last) * columns);
  if (down.first == down.last) return;
  const float* from = image + down.start * width;
  float* rows = to + down.first * columns;
  const size_t count = down.last - down.first;
  if (convolution.rows.stride == 1 && convolution.columns.stride == 1 && columns == width && across.first < across.last) {
    // The result is as wide as the image: what all rows see lies in one piece, but for the pixels beside the image.
    std::memcpy(rows + across.first, from + across.start, ((count - 1) * width + across.last - across.first) * sizeof(float));
    for (size_t r = 0; r < count; r++) {
      fill(rows + r * columns, across.first);
      fill(rows + r * columns + across.last, columns - across.last);
    }
    return;
  }
  for (size_t r = 0; r < count; r++) writeRow(rows + r * columns, from + r * convolution.rows.stride * width, across, columns, convolution.columns.stride);
}

}  // namespace

std::vector<PixelBlock> WindowSizes::blocks(size_t most) const {
  std::vector<PixelBlock> blocks;
  if (outPixels() == 0) return blocks;
  if (outPixels() <= most) {
    for (size_t image = 0; image < images;) {
      const size_t together = std::min(images - image, most / outPixels());
      blocks.push_back({image, together, 0, outHeight, 0, outWidth});
      image += together;
    }
    return blocks;
  }
  // Parts of equal size, but for the last one.
  const size_t rows = outWidth <= most ? quotient(outHeight, quotient(outHeight, most / outWidth)) : 1;
  const size_t columns = outWidth <= most ? outWidth : quotient(outWidth, quotient(outWidth, most));
  for (size_t image = 0; image < images; image++)
    for (size_t row = 0; row < outHeight; row += rows)
      for (size_t column = 0; column < outWidth; column += columns) blocks.push_back({image, 1, row, std::min(rows, outHeight - row), column, std::min(columns, outWidth - column)});
  return blocks;
}

void writeWindows(float* to, size_t pitch, const Convolution& convolution, const WindowSizes& sizes, const PixelBlock& block, const float* x, size_t channels, size_t imageStride) {
  const Convolution::Axis &rows = convolution.rows, &columns = convolution.columns;
  for (size_t i = 0; i < block.images; i++)
    for (size_t y = 0; y < rows.kernel; y++) {
      const Reach down(rows, y, block.rows, block.row, sizes.height);
      for (size_t t = 0; t < columns.kernel; t++) {
        const Reach across(columns, t, block.columns, block.column, sizes.width);
        float* row = to + (y * columns.kernel + t) * pitch + i * block.pixels();
        const float* image = x + i * imageStride;
        for (size_t c = 0; c < channels; c++, row += convolution.taps() * pitch, image += sizes.height * sizes.width) writeTap(row, image, block, down, across, convolution, sizes.width);
      }
    }
}

}  // namespace isoflop
