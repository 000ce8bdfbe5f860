// Mixtures of experts by index: places in the experts' buffers, and the three functions of kernel/graph/composites/routing.ts. A choice
// whose expert or slot lies outside of the buffer is dropped.
#pragma once
#include "customOp.h"

namespace isoflop {

constexpr int64_t MAX_EXPERTS = 1 << 24, MAX_CAPACITY = 1 << 30;

// (experts [N, K]) -> the running number of each choice among those of its expert, first choices first: int64 [N, K].
class ExpertSlots {
 public:
  static constexpr const char* NAME = "ExpertSlots";
  static constexpr Port INPUTS[] = {{INT64}};
  static constexpr Port OUTPUTS[] = {{INT64}};
  explicit ExpertSlots(const Attributes& attributes);
  void compute(const Call& call) const;

 private:
  size_t experts_;
};

// Shape of the experts' buffers: attributes `experts` and `capacity`.
struct Buffers {
  explicit Buffers(const Attributes& attributes) : experts(static_cast<size_t>(attributes.integer("experts", 1, MAX_EXPERTS))), capacity(static_cast<size_t>(attributes.integer("capacity", 1, MAX_CAPACITY))) {}
  size_t experts, capacity;
};

// (x [N, D], weights [N, K], experts [N, K], slots [N, K]) -> [E, C, D]: w x at its place, 0 elsewhere.
class MoeDispatch {
 public:
  static constexpr const char* NAME = "MoeDispatch";
  static constexpr Port INPUTS[] = {{FLOAT}, {FLOAT}, {INT64}, {INT64}};
  static constexpr Port OUTPUTS[] = {{FLOAT}};
  explicit MoeDispatch(const Attributes& attributes) : buffers_(attributes) {}
  void compute(const Call& call) const;

 private:
  Buffers buffers_;
};

// (y [E, C, D], weights [N, K], experts [N, K], slots [N, K]) -> [N, D]: the sum of w y over a token's choices.
class MoeCombine {
 public:
  static constexpr const char* NAME = "MoeCombine";
  static constexpr Port INPUTS[] = {{FLOAT}, {FLOAT}, {INT64}, {INT64}};
  static constexpr Port OUTPUTS[] = {{FLOAT}};
  explicit MoeCombine(const Attributes& attributes) : buffers_(attributes) {}
  void compute(const Call& call) const;

 private:
  Buffers buffers_;
};

// (x [N, D], y [E, C, D], experts [N, K], slots [N, K]) -> [N, K]: the product of a token's row with that at its place.
class MoeProducts {
 public:
  static constexpr const char* NAME = "MoeProducts";
  static constexpr Port INPUTS[] = {{FLOAT}, {FLOAT}, {INT64}, {INT64}};
  static constexpr Port OUTPUTS[] = {{FLOAT}};
  explicit MoeProducts(const Attributes& attributes) : buffers_(attributes) {}
  void compute(const Call& call) const;

 private:
  Buffers buffers_;
};

}  // namespace isoflop
