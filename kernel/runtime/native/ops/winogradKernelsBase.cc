// The kernels of winogradKernels.h; the build sets the instruction set.
#define ISOFLOP_VARIANT winogradKernelsBase
#define LANES 4
#include "winogradKernels.inc"
