// Asks the processor what it has.
#include "instructionSet.h"

#include <cstdlib>
#include <cstring>

namespace isoflop {
namespace {

InstructionSet detect() {
#if defined(__x86_64__)
  const char* wish = std::getenv("ISOFLOP_INSTRUCTIONS");
  const auto unwanted = [&](const char* better) { return wish != nullptr && std::strcmp(wish, better) != 0; };
  const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  const bool avx512 = avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512bw");
  if (avx512 && !unwanted("avx512")) return InstructionSet::AVX512;
  if (avx2 && (wish == nullptr || std::strcmp(wish, "portable") != 0)) return InstructionSet::AVX2;
#endif
  return InstructionSet::PORTABLE;
}

}  // namespace

InstructionSet instructionSet() {
  static const InstructionSet best = detect();
  return best;
}

}  // namespace isoflop
