// Codes of locality-sensitive hashing, and numbering of equal keys: as ../../ops/hashing.cc.
#include "ownKernels.h"
#include "scalar.h"

namespace isoflop::kernels {
namespace {

struct Code {
  const float* x;
  int64_t* codes;
  size_t width;
  ISOFLOP_BOTH void operator()(size_t row) const {
    const float* from = x + row * width;
    size_t at = 0;
    for (size_t j = 1; j < width; j++)
      if (fabsf(from[j]) > fabsf(from[at])) at = j;
    codes[row] = static_cast<int64_t>(2 * at) + (from[at] < 0.0f ? 1 : 0);
  }
};

// Whether a key is the first of its equals.
struct Begins {
  const int64_t* keys;
  uint8_t* begins;
  ISOFLOP_BOTH void operator()(size_t i) const {
    size_t j = 0;
    while (j < i && keys[j] != keys[i]) j++;
    begins[i] = j == i;
  }
};
// How many distinct keys are smaller. No sorting, no order of threads.
struct Number {
  const int64_t* keys;
  const uint8_t* begins;
  int64_t* ids;
  size_t count;
  ISOFLOP_BOTH void operator()(size_t i) const {
    int64_t smaller = 0;
    for (size_t j = 0; j < count; j++) smaller += begins[j] != 0 && keys[j] < keys[i];
    ids[i] = smaller;
  }
};

}  // namespace

extern "C" {

Failure isoflop_cross_polytope(const float* x, int64_t* codes, size_t rows, size_t width, void* stream) { return forEach(rows, Code{x, codes, width}, stream); }

Failure isoflop_bucket_ids(const int64_t* keys, int64_t* ids, uint8_t* begins, size_t count, void* stream) {
  if (Failure failure = forEach(count, Begins{keys, begins}, stream)) return failure;
  return forEach(count, Number{keys, begins, ids, count}, stream);
}
}

}  // namespace isoflop::kernels
