// Loops of the random, rounding, rotation, scan and assignment operators, compiled for several instruction sets. Pure functions over spans.
#pragma once
#include <cstddef>
#include <cstdint>

#include "floatFormat.h"
#include "instructionSet.h"

namespace isoflop {

// Columns of a state, and positions, that one sweep of a scan handles.
constexpr size_t SCAN_COLUMNS = 32;
constexpr size_t SCAN_POSITIONS = 4;

// What columns are reached from: a row at the end of a path of `length`, with reduced costs (costs - rowPrice) - prices. Costs that are not
// finite are read as `forbidden`.
struct Reach {
  const float* costs;
  const double* prices;
  double length;
  double rowPrice;
  double forbidden;
};

struct NumericKernels {
  // The four words of each block from `first` on: words[4 i + lane]. Philox4x32-10 with counter (block, 0).
  void (*philox)(uint32_t* words, uint64_t first, size_t blocks, const uint32_t key[2]);
  // cosines[i] and sines[i] of 2 pi (words[2 i + 1] >> 8) / 2^24, and radii[i] = ((words[2 i] >> 8) + 1/2) / 2^24.
  void (*turns)(float* cosines, float* sines, float* radii, const uint32_t* words, size_t pairs);
  // The largest bit pattern of |x|: 0x7f800000 or more where there is infinity or NaN.
  uint32_t (*largestBits)(const float* x, size_t count);
  // d[i] = x[i] rounded to the format at the scale; with words (or nullptr) stochastically, by their upper 24 bits.
  void (*round)(float* d, const float* x, const uint32_t* words, float scale, size_t count, const FloatFormat& format);
  // The Walsh-Hadamard transform of x[0..size), times `factor`. size is a power of two.
  void (*hadamard)(float* x, size_t size, float factor);
  // For SCAN_POSITIONS positions in turn: state[i] += keys[p][i] * values[p], out[p] = sum of queries[p][i] * state[i]. Rows of SCAN_COLUMNS.
  void (*scan)(float* state, float* out, const float* const* queries, const float* const* keys, const float* values, size_t width);
  float (*dot)(const float* a, const float* b, size_t count);
  // |n|^2 - 2 <n, x>.
  float (*relativeDistance)(const float* n, const float* x, size_t count);
  // d[i] += a[i] * factor.
  void (*accumulate)(float* d, const float* a, float factor, size_t count);
  // Where the way by `reach` to an open column (shut[j] = 0, not infinity) is shorter than distance[j], takes it, with before[j] = at. Returns the
  // first open column that is nearest; there is one.
  size_t (*relax)(double* distance, int64_t* before, const double* shut, int64_t at, const Reach& reach, size_t count);
};

const NumericKernels& numericKernelsBase();
#if defined(__x86_64__)
const NumericKernels& numericKernelsAvx2();
const NumericKernels& numericKernelsAvx512();
#endif

// The best that this processor has.
inline const NumericKernels& numericKernels() { return ISOFLOP_VARIANT_OF(numericKernels); }

}  // namespace isoflop
