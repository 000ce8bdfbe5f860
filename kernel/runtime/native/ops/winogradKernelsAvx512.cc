// The kernels of winogradKernels.h; the build sets the instruction set.
#define ISOFLOP_VARIANT winogradKernelsAvx512
#define LANES 16
#include "winogradKernels.inc"
