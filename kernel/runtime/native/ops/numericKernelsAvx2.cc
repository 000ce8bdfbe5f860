// The kernels of numericKernels.h; the build sets the instruction set.
#define ISOFLOP_VARIANT numericKernelsAvx2
#include "numericKernels.inc"
