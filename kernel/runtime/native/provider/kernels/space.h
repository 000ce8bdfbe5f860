// Spaces of several axes, and how values lie in them.
#pragma once
#include <cstdint>

#include "launch.h"

namespace isoflop::kernels {

constexpr int MAX_AXES = 8;

// Sizes of the axes, the last the fastest.
struct Space {
  int axes = 0;
  int64_t sizes[MAX_AXES] = {};
};

// Steps of a value along the axes of a space, in elements: 0 where it is repeated, negative where it runs backwards.
struct Steps {
  int64_t along[MAX_AXES] = {};
};

// Where element i of the space lies.
ISOFLOP_BOTH inline int64_t offsetOf(size_t i, const Space& space, const Steps& steps) {
  auto rest = static_cast<int64_t>(i);
  int64_t offset = 0;
  for (int axis = space.axes - 1; axis > 0; axis--) {
    const int64_t size = space.sizes[axis];
    const int64_t next = rest / size;
    offset += (rest - next * size) * steps.along[axis];
    rest = next;
  }
  return space.axes == 0 ? 0 : offset + rest * steps.along[0];
}

inline size_t elements(const Space& space) {
  size_t count = 1;
  for (int axis = 0; axis < space.axes; axis++) count *= static_cast<size_t>(space.sizes[axis]);
  return count;
}

}  // namespace isoflop::kernels
