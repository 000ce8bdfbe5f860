// Products of matrices by the fastest means that the device has.
#pragma once
#include "kernels/kernels.h"

namespace isoflop::device {

// Scratch memory that a product may use, in bytes.
size_t productScratchBytes(const kernels::ProductCall& call);
// c = alpha a b + beta c. By a vendor's library where it was found, else by a kernel of our own.
Failure product(const kernels::ProductCall& call, void* scratch);

}  // namespace isoflop::device
