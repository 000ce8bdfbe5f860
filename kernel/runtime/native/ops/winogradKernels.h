// The small transforms of Winograd's convolution F(2 x 2, 3 x 3) (Lavin and Gray 2016), for many channels at a time: an output tile of 2 x 2
// pixels from 16 products instead of 36. Sixteen values stand in 16 rows, `step` elements apart; channels lie in order.
#pragma once
#include <cstddef>

#include "instructionSet.h"

namespace isoflop {

constexpr size_t WINOGRAD_VALUES = 16, WINOGRAD_TAPS = 9;

struct WinogradKernels {
  // B' d B of 4 x 4 pixels, each a pointer to its channels.
  void (*image)(float* to, size_t step, const float* const pixels[WINOGRAD_VALUES], size_t channels);
  // A g A' of the gradients of 2 x 2 pixels.
  void (*slope)(float* to, size_t step, const float* const pixels[4], size_t channels);
  // A' m A: 2 x 2 pixels.
  void (*result)(float* const pixels[4], const float* from, size_t step, size_t channels);
  // G w G' of 3 x 3 taps, which stand in 9 rows.
  void (*kernel)(float* to, size_t step, const float* taps, size_t tapStep, size_t count);
  // G' u G: 3 x 3 taps.
  void (*taps)(float* taps, size_t tapStep, const float* from, size_t step, size_t count);
};

const WinogradKernels& winogradKernelsBase();
const WinogradKernels& winogradKernelsAvx2();
const WinogradKernels& winogradKernelsAvx512();

// Those for the instruction set in use.
inline const WinogradKernels& winogradKernels() { return ISOFLOP_VARIANT_OF(winogradKernels); }

}  // namespace isoflop
