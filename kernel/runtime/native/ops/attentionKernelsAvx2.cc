// The kernels of attentionKernels.h; the build sets the instruction set.
#define ISOFLOP_VARIANT attentionKernelsAvx2
#include "attentionKernels.inc"
