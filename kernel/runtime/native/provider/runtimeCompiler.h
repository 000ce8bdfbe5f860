// Kernels that are compiled while programs run: compilerNvrtc.cc for an NVIDIA GPU, compilerSimulated.cc by the system's compiler.
// compiledKernels.cc keeps what was compiled.
#pragma once
#include <string>

#include "device.h"
#include "fusedSource.h"

namespace isoflop::device {

constexpr const char* COMPILED = "compiled";
constexpr const char* INTERPRETED = "interpreted";
// What ISOFLOP_FUSED asks for: one of the two; `otherwise` where it asks for nothing.
std::string fusedWish(const char* otherwise);

// In which language sources are to be written.
extern const FusedTarget TARGET;
// Why nothing is compiled here; empty where it is.
std::string compilerProblem();
// Compiler and architecture: what a binary depends on beside its source.
std::string compilerIdentity();
// The binary of a source. Throws OpError with the compiler's words.
std::string compileSource(const std::string& source);

struct CompiledKernel;  // lives as long as the process
// Throws OpError.
CompiledKernel* loadBinary(const std::string& binary);
// Puts it into a stream, with a copy of the struct that it takes.
Failure launch(CompiledKernel* kernel, size_t blocks, const void* argument, size_t bytes, void* stream);

// The kernel of a source, compiled where neither this process nor the folder of kernels has it. Throws OpError.
CompiledKernel* compiledKernel(const std::string& source);

}  // namespace isoflop::device
