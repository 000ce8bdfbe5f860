// The windows of a convolution laid out for products: for each channel and tap a row with the pixel that the tap sees for each pixel of
// the result (Chellapilla et al. 2006, "unrolling"), for a block of the result at a time, so that it stays in the cache.
#pragma once
#include <vector>

#include "convolution.h"

namespace isoflop {

// Pixels of the result that are computed together: several whole images, or whole rows of one, or a part of one row.
struct PixelBlock {
  size_t image, images;
  size_t row, rows;
  size_t column, columns;

  // Of each image.
  size_t pixels() const { return rows * columns; }
  size_t count() const { return images * pixels(); }
};

// Sizes of images and of the convolution's result over them.
struct WindowSizes {
  size_t images, height, width, outHeight, outWidth;

  size_t outPixels() const { return outHeight * outWidth; }
  // Blocks of at most `most` pixels that cover the result.
  std::vector<PixelBlock> blocks(size_t most) const;
};

// Writes the windows of a block: [channels x taps, pitch] with pitch >= block.count(). x holds the channels of the block's first image;
// those of the next image are `imageStride` elements further.
void writeWindows(float* to, size_t pitch, const Convolution& convolution, const WindowSizes& sizes, const PixelBlock& block, const float* x, size_t channels, size_t imageStride);

}  // namespace isoflop
