// The domain "isoflop" in onnxruntime.
#pragma once
#include <mutex>
#include <vector>

#include "call.h"

namespace isoflop {

// A set of operators. A session takes one domain of a name; it lives as long as the process, and so must the operators.
class Domain {
 public:
  // Adds it to a session; made of `operators` in the first call. Safe at any moment, by any thread.
  Status* add(SessionOptions* options, const ApiBase* base, const std::vector<const CustomOp*>& operators);

 private:
  std::mutex mutex_;
  CustomOpDomain* made_ = nullptr;
};

}  // namespace isoflop
