// Which of the compiled variants of a kernel this processor runs.
#pragma once

namespace isoflop {

enum class InstructionSet { PORTABLE, AVX2, AVX512 };

// The best that this processor has; ISOFLOP_INSTRUCTIONS ("portable", "avx2") asks for a lesser one. Decided at the first call.
InstructionSet instructionSet();

// Of `kernels`Base, `kernels`Avx2 and `kernels`Avx512 the one in use. Elsewhere than on x86 only the first is compiled.
#if defined(__x86_64__)
#define ISOFLOP_VARIANT_OF(kernels) (instructionSet() == InstructionSet::AVX512 ? kernels##Avx512() : instructionSet() == InstructionSet::AVX2 ? kernels##Avx2() : kernels##Base())
#else
#define ISOFLOP_VARIANT_OF(kernels) (kernels##Base())
#endif

}  // namespace isoflop
