// The kernels of productKernels.h; the build sets the instruction set.
#define ISOFLOP_VARIANT productKernelsBase
#define LANES 4
#define TILE_ROWS 4
#include "productKernels.inc"
