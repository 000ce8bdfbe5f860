// The domain "isoflop" of onnxruntime, with all operators of the library.
#pragma once
#include "call.h"

namespace isoflop {

// Adds the domain to sessions made with `options`. May be called by several threads at once.
Status* addDomain(SessionOptions* options, const ApiBase* base, const std::vector<const CustomOp*>& operators);

}  // namespace isoflop
