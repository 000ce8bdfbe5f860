// Products on the simulated device.
#include "float8.h"
#include "products.h"

namespace isoflop::device {

size_t productScratchBytes(const kernels::ProductCall& call) { return takesFloat8(call) ? float8ScratchBytes(call) : 0; }

Failure product(const kernels::ProductCall& call, void* scratch) {
  if (!takesFloat8(call)) return kernels::isoflop_product(call, stream());
  kernels::Float8Product packed;
  if (const Failure failure = packFloat8(call, scratch, &packed)) return failure;
  return kernels::isoflop_float8_product(packed, stream());
}

}  // namespace isoflop::device
