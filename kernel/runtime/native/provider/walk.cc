#include "walk.h"

#include <algorithm>

namespace isoflop {

Shape stepsInOrder(const Shape& shape) {
  Shape steps(shape.size());
  int64_t step = 1;
  for (size_t axis = shape.size(); axis-- > 0;) {
    steps[axis] = step;
    step *= shape[axis];
  }
  return steps;
}

Shape broadcastSteps(const Shape& shape, const Shape& space) {
  if (shape.size() > space.size()) throw OpError("an operand has more axes than the result");
  const size_t missing = space.size() - shape.size();
  Shape steps(space.size(), 0);
  const Shape own = stepsInOrder(shape);
  for (size_t axis = 0; axis < shape.size(); axis++) {
    if (shape[axis] == space[missing + axis]) steps[missing + axis] = own[axis];
    else if (shape[axis] != 1) throw OpError("operands of sizes " + std::to_string(shape[axis]) + " and " + std::to_string(space[missing + axis]) + " do not fit");
  }
  return steps;
}

Shape broadcast(const Shape& a, const Shape& b) {
  Shape shape(std::max(a.size(), b.size()));
  for (size_t i = 1; i <= shape.size(); i++) {
    const int64_t x = i <= a.size() ? a[a.size() - i] : 1, y = i <= b.size() ? b[b.size() - i] : 1;
    if (x != y && x != 1 && y != 1) throw OpError("operands of sizes " + std::to_string(x) + " and " + std::to_string(y) + " do not fit");
    shape[shape.size() - i] = x == 1 ? y : x;
  }
  return shape;
}

kernels::Space folded(const Walk& walk, std::vector<kernels::Steps*> steps) {
  Shape sizes;
  std::vector<Shape> kept(walk.steps.size());
  for (size_t axis = 0; axis < walk.sizes.size(); axis++) {
    const int64_t size = walk.sizes[axis];
    if (size == 1) continue;
    bool joins = !sizes.empty();
    for (size_t k = 0; joins && k < kept.size(); k++) joins = kept[k].back() == walk.steps[k][axis] * size;
    if (joins) sizes.back() *= size;
    else sizes.push_back(size);
    for (size_t k = 0; k < kept.size(); k++) {
      if (joins) kept[k].back() = walk.steps[k][axis];
      else kept[k].push_back(walk.steps[k][axis]);
    }
  }
  if (sizes.size() > kernels::MAX_AXES) throw OpError("more than " + std::to_string(kernels::MAX_AXES) + " axes that cannot be joined");
  kernels::Space space;
  space.axes = static_cast<int>(sizes.size());
  std::copy(sizes.begin(), sizes.end(), space.sizes);
  for (size_t k = 0; k < steps.size(); k++) std::copy(kept[k].begin(), kept[k].end(), steps[k]->along);
  return space;
}

kernels::MapCall mapOver(const Shape& space, const std::vector<Tensor>& operands, void* result) {
  kernels::MapCall call;
  Walk walk{space, {stepsInOrder(space)}};
  std::vector<kernels::Steps*> steps{&call.resultSteps};
  for (size_t k = 0; k < operands.size(); k++) {
    call.operands[k] = operands[k].data;
    walk.steps.push_back(broadcastSteps(operands[k].shape, space));
    steps.push_back(&call.steps[k]);
  }
  call.result = result;
  call.space = folded(walk, steps);
  return call;
}

void moveElements(const DeviceCall& call, size_t elementBytes, const Shape& sizes, const void* from, const Shape& fromSteps, void* to, const Shape& toSteps) {
  kernels::MapCall map;
  map.operands[0] = from;
  map.result = to;
  map.space = folded({sizes, {fromSteps, toSteps}}, {&map.steps[0], &map.resultSteps});
  require(kernels::isoflop_copy(elementBytes, map, call.stream()));
}

}  // namespace isoflop
