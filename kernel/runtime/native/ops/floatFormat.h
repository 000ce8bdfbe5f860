// A small floating format (kernel/numerics/floatFormats.ts).
#pragma once

namespace isoflop {

struct FloatFormat {
  int mantissaBits;
  int minExponent;  // of the smallest normal number
  int maxExponent;  // of the largest number
  float max;
};

}  // namespace isoflop
