// The kernels of winogradKernels.h; the build sets the instruction set.
#define ISOFLOP_VARIANT winogradKernelsAvx2
#define LANES 8
#include "winogradKernels.inc"
