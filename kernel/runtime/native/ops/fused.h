// The operator Fused: many pointwise functions and row reductions in one pass over memory.
#pragma once
#include "customOp.h"
#include "fusedProgram.h"

namespace isoflop {

// Attribute `program`. Operands and results as it says.
class Fused {
 public:
  static constexpr const char* NAME = "Fused";
  static constexpr Port INPUTS[] = {{UNDEFINED, VARIADIC}};
  static constexpr Port OUTPUTS[] = {{FLOAT, VARIADIC}};
  explicit Fused(const Attributes& attributes) : program_(attributes.text("program")) {}
  void compute(const Call& call) const;

 private:
  FusedProgram program_;
};

}  // namespace isoflop
