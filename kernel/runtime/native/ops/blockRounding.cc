#include "blockRounding.h"

namespace isoflop {
namespace {

FloatFormat formatOf(const std::string& name) {
  if (name == "e2m1") return {1, 0, 2, 6};
  if (name == "e2m3") return {3, 0, 2, 7.5f};
  if (name == "e3m2") return {2, -2, 4, 28};
  if (name == "e4m3") return {3, -6, 8, 448};
  if (name == "e5m2") return {2, -14, 15, 57344};
  throw OpError("no element format is called " + name);
}

}  // namespace

BlockRounding::BlockRounding(const Attributes& attributes) : format(formatOf(attributes.text("format"))), block(static_cast<size_t>(attributes.integer("block", 1, MAX_ELEMENTS))) {}

}  // namespace isoflop
