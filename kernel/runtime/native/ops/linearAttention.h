// Causal linear attention as a scan: the sum of k v' over positions is kept, and each query reads it (Katharopoulos et al. 2020, eq. 16 to 20).
#pragma once
#include "customOp.h"

namespace isoflop {

// (q [..., T, D], k [..., T, D], v [..., T, E]) -> out_i = sum over j <= i of <q_i, k_j> v_j; with `reverse` over j >= i. [..., T, E].
class LinearAttention {
 public:
  static constexpr const char* NAME = "LinearAttention";
  static constexpr Port INPUTS[] = {{FLOAT}, {FLOAT}, {FLOAT}};
  static constexpr Port OUTPUTS[] = {{FLOAT}};
  explicit LinearAttention(const Attributes& attributes) : reverse_(attributes.flag("reverse")) {}
  void compute(const Call& call) const;

 private:
  bool reverse_;
};

}  // namespace isoflop
