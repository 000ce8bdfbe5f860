// Entry of the operator library: domain "isoflop", loaded by onnxruntime's own convention for libraries of operators.
#include "fused.h"
#include "tileKernels.h"

namespace isoflop {

const Api* api = nullptr;

const TileKernels& tileKernels() {
#if defined(__x86_64__)
  static const TileKernels& best = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512bw") ? tileKernelsAvx512()
                                   : __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")                                                                                         ? tileKernelsAvx2()
                                                                                                                                                                                             : tileKernelsBase();
  return best;
#else
  return tileKernelsBase();
#endif
}

}  // namespace isoflop

extern "C" {

#define ISOFLOP_EXPORT __attribute__((visibility("default")))

// Adds the operators to a session. Called for each session; the operators live as long as the process.
ISOFLOP_EXPORT isoflop::Status* RegisterCustomOps(isoflop::SessionOptions* options, const isoflop::ApiBase* base) {
  using namespace isoflop;
  static const void* const* table = base->GetApi(ABI_VERSION);
  if (table == nullptr) return nullptr;  // older than all that we know: the operators stay unknown to it
  static const Api slots(table);
  api = &slots;
  static CustomOpDomain* domain = nullptr;
  if (domain == nullptr) {
    CustomOpDomain* made;
    static VariadicOp<Fused> fused;
    if (Status* status = slots.CreateCustomOpDomain("isoflop", &made)) return status;
    if (Status* status = slots.CustomOpDomain_Add(made, &fused)) return status;
    domain = made;
  }
  return slots.AddCustomOpDomain(options, domain);
}

// The instruction set in use and the opcodes of fused programs, by number: the graph compiler checks that it speaks the same language.
ISOFLOP_EXPORT const char* IsoflopDescribe() {
  using namespace isoflop;
  static const std::string text = [] {
    const TileKernels& kernels = tileKernels();
    std::string all = "portable";
#if defined(__x86_64__)
    if (&kernels == &tileKernelsAvx512()) all = "avx512";
    if (&kernels == &tileKernelsAvx2()) all = "avx2";
#endif
#define X(name, ...) all += " " #name;
    ISOFLOP_POINTWISE(X)
    ISOFLOP_REDUCING(X)
#undef X
    return all;
  }();
  return text.c_str();
}

}
