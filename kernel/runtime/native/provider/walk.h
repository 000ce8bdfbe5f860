// Walks of kernels through shapes: broadcasting, and axes joined where all values go through them in equal steps.
#pragma once
#include "deviceCall.h"
#include "kernels/kernels.h"

namespace isoflop {

// Steps along the axes of a tensor whose elements lie in order.
Shape stepsInOrder(const Shape& shape);
// Steps of a value of `shape` along the axes of `space`, 0 where it is repeated. Throws OpError where the shapes do not fit.
Shape broadcastSteps(const Shape& shape, const Shape& space);
// The shape that both are stretched to. Throws OpError where there is none.
Shape broadcast(const Shape& a, const Shape& b);

struct Walk {
  Shape sizes;
  std::vector<Shape> steps;  // of each value
};

// The same walk over as few axes as possible. Throws OpError where they are still too many.
kernels::Space folded(const Walk& walk, std::vector<kernels::Steps*> steps);

// A kernel's call over `space` with operands stretched to it and a result in order.
kernels::MapCall mapOver(const Shape& space, const std::vector<Tensor>& operands, void* result);

// Copies elements from one place to another, each with its steps over `sizes`.
void moveElements(const DeviceCall& call, size_t elementBytes, const Shape& sizes, const void* from, const Shape& fromSteps, void* to, const Shape& toSteps);

}  // namespace isoflop
