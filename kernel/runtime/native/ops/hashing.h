// Codes of locality-sensitive hashing (Andoni et al. 2015), and numbering of equal keys.
#pragma once
#include "customOp.h"

namespace isoflop {

// (x [..., D]) -> 2 j + s: j the first place of the largest |x|, s = 1 where x_j < 0. int64 [...].
class CrossPolytopeCode {
 public:
  static constexpr const char* NAME = "CrossPolytopeCode";
  static constexpr Port INPUTS[] = {{FLOAT}};
  static constexpr Port OUTPUTS[] = {{INT64}};
  explicit CrossPolytopeCode(const Attributes&) {}
  void compute(const Call& call) const;
};

// (keys [N]) -> the number of each key among the distinct ones in ascending order. int64 [N].
class BucketIds {
 public:
  static constexpr const char* NAME = "BucketIds";
  static constexpr Port INPUTS[] = {{INT64}};
  static constexpr Port OUTPUTS[] = {{INT64}};
  explicit BucketIds(const Attributes&) {}
  void compute(const Call& call) const;
};

}  // namespace isoflop
