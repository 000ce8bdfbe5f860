// The kernels of attentionKernels.h; the build sets the instruction set.
#define ISOFLOP_VARIANT attentionKernelsAvx512
#include "attentionKernels.inc"
