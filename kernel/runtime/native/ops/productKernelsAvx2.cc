// The kernels of productKernels.h; the build sets the instruction set.
#define ISOFLOP_VARIANT productKernelsAvx2
#define LANES 8
#define TILE_ROWS 6
#include "productKernels.inc"
