// Kernels compiled at run time for an NVIDIA GPU: by NVRTC, and loaded by the driver. Both are opened when they are needed; their
// functions are declared here by hand.
#include <algorithm>
#include <vector>

#include "../ops/call.h"
#include "deviceCuda.h"
#include "openLibrary.h"
#include "runtimeCompiler.h"

namespace isoflop::device {
namespace {

using Result = int;  // 0 where all is well
struct Program;
struct Module;
struct Function;

#define ISOFLOP_NVRTC(X)                                                                                            \
  X(nvrtcVersion, (int* major, int* minor))                                                                         \
  X(nvrtcGetNumSupportedArchs, (int*))                                                                              \
  X(nvrtcGetSupportedArchs, (int*))                                                                                 \
  X(nvrtcCreateProgram, (Program**, const char* source, const char* name, int headers, const char* const* texts, const char* const* names)) \
  X(nvrtcDestroyProgram, (Program**))                                                                               \
  X(nvrtcCompileProgram, (Program*, int options, const char* const*))                                               \
  X(nvrtcGetProgramLogSize, (Program*, size_t*))                                                                    \
  X(nvrtcGetProgramLog, (Program*, char*))                                                                          \
  X(nvrtcGetCUBINSize, (Program*, size_t*))                                                                         \
  X(nvrtcGetCUBIN, (Program*, char*))                                                                               \
  X(nvrtcGetPTXSize, (Program*, size_t*))                                                                           \
  X(nvrtcGetPTX, (Program*, char*))

#define ISOFLOP_DRIVER(X)                                                                                           \
  X(cuModuleLoadData, (Module**, const void* image))                                                                \
  X(cuModuleGetFunction, (Function**, Module*, const char* name))                                                   \
  X(cuLaunchKernel, (Function*, unsigned gridX, unsigned gridY, unsigned gridZ, unsigned blockX, unsigned blockY, unsigned blockZ, unsigned sharedBytes, void* stream, void** arguments, void** extra))

struct Nvrtc : OpenLibrary {
#define X(name, arguments) Result(*name) arguments = nullptr;
  ISOFLOP_NVRTC(X)
#undef X
  std::vector<int> architectures;  // in rising order
  int major = 0, minor = 0;

  Nvrtc() : OpenLibrary({"libnvrtc.so.13", "libnvrtc.so.12"}) {
#define X(name, arguments) find(&name, #name);
    ISOFLOP_NVRTC(X)
#undef X
    if (!problem.empty()) return;
    int count = 0;
    if (nvrtcVersion(&major, &minor) == 0 && nvrtcGetNumSupportedArchs(&count) == 0) architectures.resize(static_cast<size_t>(count));
    if (count == 0 || nvrtcGetSupportedArchs(architectures.data()) != 0) problem = "NVRTC knows no architecture";
    std::sort(architectures.begin(), architectures.end());
  }
};

struct Driver : OpenLibrary {
#define X(name, arguments) Result(*name) arguments = nullptr;
  ISOFLOP_DRIVER(X)
#undef X
  Driver() : OpenLibrary({"libcuda.so.1"}) {
#define X(name, arguments) find(&name, #name);
    ISOFLOP_DRIVER(X)
#undef X
  }
};

// Never destroyed: the driver may be gone when the process ends.
const Nvrtc& nvrtc() {
  static const Nvrtc& only = *new Nvrtc;
  return only;
}
const Driver& driver() {
  static const Driver& only = *new Driver;
  return only;
}

// The newest architecture that NVRTC knows and the device runs; 0 where there is none.
int target() {
  const auto& known = nvrtc().architectures;
  const auto above = std::upper_bound(known.begin(), known.end(), architecture());
  return above == known.begin() ? 0 : above[-1];
}

std::string complaint(Program* program) {
  size_t size = 0;
  if (nvrtc().nvrtcGetProgramLogSize(program, &size) != 0 || size == 0) return "NVRTC says nothing";
  std::string log(size, '\0');
  nvrtc().nvrtcGetProgramLog(program, log.data());
  return log;
}

}  // namespace

const FusedTarget TARGET = FusedTarget::CUDA;

std::string compilerProblem() {
  if (fusedWish(COMPILED) == INTERPRETED) return "ISOFLOP_FUSED is interpreted";
  if (!nvrtc().problem.empty()) return "fused programs run slowly, since " + nvrtc().problem;
  if (!driver().problem.empty()) return "fused programs run slowly, since " + driver().problem;
  if (target() == 0) return "fused programs run slowly, since this NVRTC compiles for no GPU as old as this one";
  return "";
}

std::string compilerIdentity() { return "NVRTC " + std::to_string(nvrtc().major) + "." + std::to_string(nvrtc().minor) + " for " + std::to_string(architecture()); }

std::string compileSource(const std::string& source) {
  const Nvrtc& compiler = nvrtc();
  // A GPU that is newer than this NVRTC gets code that its driver compiles on.
  const bool exact = target() == architecture();
  const std::string architectureOption = (exact ? "--gpu-architecture=sm_" : "--gpu-architecture=compute_") + std::to_string(target());
  const char* options[] = {architectureOption.c_str(), "--std=c++17", "--no-source-include"};
  Program* program = nullptr;
  if (compiler.nvrtcCreateProgram(&program, source.c_str(), "fused.cu", 0, nullptr, nullptr) != 0) throw OpError("NVRTC does not start");
  std::string binary, problem;
  size_t size = 0;
  if (compiler.nvrtcCompileProgram(program, 3, options) != 0) problem = complaint(program);
  else if ((exact ? compiler.nvrtcGetCUBINSize : compiler.nvrtcGetPTXSize)(program, &size) != 0) problem = "NVRTC gives no code";
  else {
    binary.resize(size);
    if ((exact ? compiler.nvrtcGetCUBIN : compiler.nvrtcGetPTX)(program, binary.data()) != 0) problem = "NVRTC gives no code";
  }
  compiler.nvrtcDestroyProgram(&program);
  if (!problem.empty()) throw OpError("NVRTC does not compile a fused program (ISOFLOP_FUSED=interpreted runs it without): " + problem);
  return binary;
}

struct CompiledKernel {
  Function* function;
};

CompiledKernel* loadBinary(const std::string& binary) {
  stream();  // the calling thread may not have the device yet
  Module* module = nullptr;
  Function* function = nullptr;
  if (driver().cuModuleLoadData(&module, binary.data()) != 0 || driver().cuModuleGetFunction(&function, module, FUSED_KERNEL) != 0) throw OpError("the driver does not load a compiled program (ISOFLOP_FUSED=interpreted runs it without)");
  return new CompiledKernel{function};
}

Failure launch(CompiledKernel* kernel, size_t blocks, const void* argument, size_t, void* stream) {
  void* arguments[] = {const_cast<void*>(argument)};
  const Result result = driver().cuLaunchKernel(kernel->function, static_cast<unsigned>(blocks), 1, 1, static_cast<unsigned>(FUSED_THREADS), 1, 1, 0, stream, arguments, nullptr);
  return result == 0 ? nullptr : "a compiled program could not be started";
}

}  // namespace isoflop::device
