// A fused program as source text, to be compiled at run time: its values become variables, its sizes constants.
#pragma once
#include <string>

#include "../ops/fusedProgram.h"

namespace isoflop {

constexpr size_t FUSED_THREADS = 256;  // of a block
constexpr const char* FUSED_KERNEL = "isoflop_fused";

// For an NVIDIA GPU (a kernel of that name), or for the host (a function that does what all blocks do).
enum class FusedTarget { CUDA, HOST };

struct FusedSource {
  std::string text;
  size_t blocks;  // to start; each takes further work while there is some
};

// The kernel takes one struct: addresses of operands, then of results.
// Throws OpError where the program reads a value before computing it, or leaves a result uncomputed.
FusedSource fusedSource(const FusedProgram& program, FusedTarget target);

}  // namespace isoflop
