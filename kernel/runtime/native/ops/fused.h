// The operator Fused: many pointwise functions and row reductions in one pass over memory.
#pragma once
#include "customOp.h"
#include "fusedProgram.h"

namespace isoflop {

// Attribute `program`. Operands and results as it says.
class Fused {
 public:
  static constexpr const char* NAME = "Fused";
  explicit Fused(const KernelInfo* info) : program_(textAttribute(info, "program")) {}
  void compute(const Call& call) const;

 private:
  FusedProgram program_;
};

}  // namespace isoflop
