// The kernels of tileKernels.h; the build sets the instruction set.
#define ISOFLOP_VARIANT tileKernelsAvx2
#include "tileKernels.inc"
