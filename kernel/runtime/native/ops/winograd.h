// Winograd's convolution F(2 x 2, 3 x 3) (Lavin and Gray 2016): of 3 x 3 taps at every pixel, from 4 / 9 of the products. Images are taken
// with channels last, in tiles of 2 x 2 pixels of the result, each from 4 x 4 of the image; each of the 16 values of a tile is one product
// of [tiles, channels] with [channels, results].
#pragma once
#include <vector>

#include "alignedMemory.h"
#include "rounding.h"
#include "windows.h"

namespace isoflop {

// Whether it may be used and pays: with few channels or few tiles the transforms cost more than the products that they save.
bool winogradFits(const Convolution& convolution, const WindowSizes& sizes, size_t channels, size_t results);

// Images [N, C, pixels] as [N, pixels, C].
AlignedMemory<float> channelsLast(const Call& call, const float* x, size_t images, size_t channels, size_t pixels);

// Tiles of a result, and the pixels under them.
struct WinogradTiles {
  WinogradTiles(const Convolution& convolution, const WindowSizes& sizes) : sizes(sizes), before{convolution.rows.before, convolution.columns.before}, grid{sizes.images, 0, 0, quotient(sizes.outHeight, 2), quotient(sizes.outWidth, 2)} {}
  WindowSizes sizes;
  size_t before[2];
  // Of tiles in place of pixels.
  WindowSizes grid;

  size_t count() const { return grid.images * grid.outPixels(); }

  // The transformed pixels of tiles of a block, 16 rows of [tiles, channels] at distances of `step`. `last` are all images, channels last; `zero` holds as many zeros.
  void transformImage(float* to, size_t step, const PixelBlock& block, const float* last, size_t channels, const float* zero) const;

  // body(tile in the block, image, row and column of the tile)
  template <class Body>
  void forEachTile(const PixelBlock& block, const Body& body) const {
    size_t at = 0;
    for (size_t i = 0; i < block.images; i++)
      for (size_t y = 0; y < block.rows; y++)
        for (size_t x = 0; x < block.columns; x++) body(at++, block.image + i, block.row + y, block.column + x);
  }
};

// x [N, C, H, W] and w [O, C, 3, 3], or with `reversed` [C, O, 3, 3] with the taps from last to first -> result [N, O, ...].
void winogradConvolution(const Call& call, const Convolution& convolution, const WindowSizes& sizes, float* result, const float* x, const float* w, size_t channels, size_t results, bool reversed);

// x [N, C, H, W] and the gradient g [N, O, ...] of the result -> the kernel's gradient [O, C, 3, 3].
void winogradKernelGradient(const Call& call, const Convolution& convolution, const WindowSizes& sizes, float* result, const float* x, const float* g, size_t channels, size_t results);

}  // namespace isoflop
