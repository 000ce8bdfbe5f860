// The kernels of productKernels.h; the build sets the instruction set.
#define ISOFLOP_VARIANT productKernelsAvx512
#define LANES 16
#define TILE_ROWS 8
#include "productKernels.inc"
