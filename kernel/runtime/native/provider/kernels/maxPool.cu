// The largest pixels of square windows that lie side by side, and their gradient: as ../../ops/maxPool.cc.
#include "ownKernels.h"
#include "scalar.h"

namespace isoflop::kernels {
namespace {

// body(offset of a pixel) for the pixels of a window.
template <class Body>
ISOFLOP_BOTH void eachPixel(const PoolCall& call, size_t window, const Body& body) {
  const size_t columns = call.width / call.size, row = window / columns;
  const size_t corner = row * call.size * call.width + window % columns * call.size;
  for (size_t y = 0; y < call.size; y++)
    for (size_t x = 0; x < call.size; x++) body(corner + y * call.width + x);
}

struct Pool {
  PoolCall call;
  ISOFLOP_BOTH void operator()(size_t window) const {
    float most = -INFINITY;
    eachPixel(call, window, [&](size_t at) {
      const float pixel = call.x[at];
      if (pixel > most || pixel != pixel) most = pixel;  // NaN is the largest of all, and stays
    });
    call.result[window] = most;
  }
};

// Equal pixels share the gradient.
struct Gradient {
  PoolCall call;
  ISOFLOP_BOTH void operator()(size_t window) const {
    const float most = call.y[window];
    float count = 0.0f;
    eachPixel(call, window, [&](size_t at) { count += call.x[at] == most ? 1.0f : 0.0f; });
    const float share = call.g[window] / count;
    eachPixel(call, window, [&](size_t at) { call.result[at] = (call.x[at] == most ? 1.0f : 0.0f) * share; });
  }
};

size_t windowsOf(const PoolCall& call) { return call.images * (call.height / call.size) * (call.width / call.size); }

}  // namespace

extern "C" {

// Images follow each other without a gap: rows of windows are counted through all of them.
Failure isoflop_max_pool(const PoolCall& call, void* stream) { return forEach(windowsOf(call), Pool{call}, stream); }
Failure isoflop_max_pool_gradient(const PoolCall& call, void* stream) { return forEach(windowsOf(call), Gradient{call}, stream); }
}

}  // namespace isoflop::kernels
