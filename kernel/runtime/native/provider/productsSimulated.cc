// Products on the simulated device.
#include "products.h"

namespace isoflop::device {

size_t productScratchBytes() { return 0; }
Failure product(const kernels::ProductCall& call, void*) { return kernels::isoflop_product(call, stream()); }

}  // namespace isoflop::device
