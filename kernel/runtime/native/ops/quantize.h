// Rounding to small floating formats with scales of blocks, and the rotation before it. Bit for bit as kernel/numerics/floatFormats.ts.
#pragma once
#include "blockRounding.h"
#include "customOp.h"
#include "numericKernels.h"

namespace isoflop {

// (x [..., D]) -> E8M0 scales [..., D / block]: 2^(floor(log2 max|x|) - exponent of the format's largest number); NaN for a block with NaN or infinity.
class BlockScales {
 public:
  static constexpr const char* NAME = "BlockScales";
  static constexpr Port INPUTS[] = {{FLOAT}};
  static constexpr Port OUTPUTS[] = {{FLOAT}};
  explicit BlockScales(const Attributes& attributes) : rounding_(attributes) {}
  void compute(const Call& call) const;

 private:
  BlockRounding rounding_;
};

// (x [..., D], scales [..., D / block], key [2] for stochastic rounding) -> x rounded at these scales.
class RoundScaled {
 public:
  static constexpr const char* NAME = "RoundScaled";
  static constexpr Port INPUTS[] = {{FLOAT}, {FLOAT}, {INT64, OPTIONAL}};
  static constexpr Port OUTPUTS[] = {{FLOAT}};
  explicit RoundScaled(const Attributes& attributes) : rounding_(attributes) {}
  void compute(const Call& call) const;

 private:
  BlockRounding rounding_;
};

// (x [..., D], key [2] for stochastic rounding) -> x rounded at its own E8M0 scales.
class QuantizeBlocks {
 public:
  static constexpr const char* NAME = "QuantizeBlocks";
  static constexpr Port INPUTS[] = {{FLOAT}, {INT64, OPTIONAL}};
  static constexpr Port OUTPUTS[] = {{FLOAT}};
  explicit QuantizeBlocks(const Attributes& attributes) : rounding_(attributes) {}
  void compute(const Call& call) const;

 private:
  BlockRounding rounding_;
};

// (x [..., D]) -> the Walsh-Hadamard transform of each block, over the square root of its size.
class Hadamard {
 public:
  static constexpr const char* NAME = "Hadamard";
  static constexpr Port INPUTS[] = {{FLOAT}};
  static constexpr Port OUTPUTS[] = {{FLOAT}};
  explicit Hadamard(const Attributes& attributes);
  void compute(const Call& call) const;

 private:
  size_t block_;
};

}  // namespace isoflop
