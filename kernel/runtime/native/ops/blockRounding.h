// The small floating format and the blocks that operators round to.
#pragma once
#include "call.h"
#include "floatFormat.h"

namespace isoflop {

// What the attributes `format` and `block` say.
struct BlockRounding {
  explicit BlockRounding(const Attributes& attributes);
  FloatFormat format;
  size_t block;
};

}  // namespace isoflop
