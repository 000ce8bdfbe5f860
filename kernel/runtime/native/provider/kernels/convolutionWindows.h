// Where convolutions read: what a tap of the kernel meets at a place of the result.
#pragma once
#include "kernels.h"
#include "tiles.h"

namespace isoflop::kernels {

constexpr int CONVOLUTION_DEPTH = 16;  // of tiles, along what is summed
using ConvolutionTiles = Tiles<64, 4>;

ISOFLOP_BOTH inline int64_t volume(const int64_t* sizes, int axes) {
  int64_t count = 1;
  for (int axis = 0; axis < axes; axis++) count *= sizes[axis];
  return count;
}
ISOFLOP_BOTH inline int64_t tilesOver(int64_t count) { return (count + TileOf<ConvolutionTiles>::TILE - 1) / TileOf<ConvolutionTiles>::TILE; }

// The element of the operand at channel and tap `depth` (channel x taps) for place `column` (image x places) of the result: 0 beyond the operand's ends.
ISOFLOP_DEVICE inline float patchAt(const ConvolutionCall& x, int64_t group, int64_t column, int64_t depth, int64_t taps, int64_t places) {
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

}  // namespace isoflop::kernels
