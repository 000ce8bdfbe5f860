// The operator Fused: many pointwise functions and row reductions in one pass over memory.
#pragma once
#include <cstdint>

#include "customOp.h"
#include "fusedTile.h"

namespace isoflop {

// Attributes `program`, and `streamed`: bit i says that result i goes past the caches, since nobody reads it soon. Operands and results as
// the program says.
class Fused {
 public:
  static constexpr const char* NAME = "Fused";
  static constexpr Port INPUTS[] = {{UNDEFINED, VARIADIC}};
  static constexpr Port OUTPUTS[] = {{FLOAT, VARIADIC}};
  explicit Fused(const Attributes& attributes) : program_(attributes.text("program")), steps_(decode(program_)), streamed_(attributes.integer("streamed", 0, INT32_MAX)) {}
  void compute(const Call& call) const;

 private:
  FusedProgram program_;
  std::vector<Step> steps_;
  int64_t streamed_;
};

}  // namespace isoflop
