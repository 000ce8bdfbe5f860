// Operands of float32 products in eight bits, where ISOFLOP_PRODUCTS=float8 asks for it: E4M3 with one scale for each operand, by which its
// largest magnitude becomes the largest number of the format. Where batches repeat along different axes, each part of an operand has its own.
#pragma once
#include <string>

#include "kernels/kernels.h"

namespace isoflop::device {

// In what float32 products are to be computed: ISOFLOP_PRODUCTS, read once.
const std::string& wantedProducts();

// Whether it is asked for, and the product large enough to gain by it.
bool takesFloat8(const kernels::ProductCall& call);
size_t float8ScratchBytes(const kernels::ProductCall& call);
// Packs both operands into `scratch`.
Failure packFloat8(const kernels::ProductCall& call, void* scratch, kernels::Float8Product* packed);

}  // namespace isoflop::device
