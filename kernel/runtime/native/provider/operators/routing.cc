// Mixtures of experts on the device: isoflop.ExpertSlots, MoeDispatch, MoeCombine and MoeProducts.
#include "../../ops/routing.h"

#include "../kernels/ownKernels.h"
#include "../registry.h"

namespace isoflop {
namespace {

using kernels::RoutingCall;

// The choices of tokens, operands 2 and 3; the rest is still to be said.
RoutingCall choicesOf(const DeviceCall& call, const Buffers& buffers) {
  const Tensor experts = call.input(2), slots = call.input(3);
  expect(experts.rank() == 2 && slots.shape == experts.shape, "experts and slots are [N, K] both");
  RoutingCall to{};
  to.experts = experts.as<int64_t>();
  to.slots = slots.as<int64_t>();
  to.tokens = experts.size(0);
  to.perToken = experts.size(1);
  to.buffers = buffers.experts;
  to.capacity = buffers.capacity;
  return to;
}

// x [N, D] of the tokens.
void addTokens(RoutingCall& to, const Tensor& x) {
  expect(x.rank() == 2 && x.size(0) == to.tokens, "there is not one row for each token");
  to.x = x.as<float>();
  to.width = x.size(1);
}
// y [E, C, D].
void addRows(RoutingCall& to, const Tensor& y) {
  expect(y.rank() == 3 && y.size(0) == to.buffers && y.size(1) == to.capacity, "the experts' rows are [E, C, D]");
  to.y = y.as<float>();
  to.width = y.size(2);
}
void addWeights(RoutingCall& to, const DeviceCall& call) {
  const Tensor weights = call.input(1);
  expect(weights.shape == call.input(2).shape, "there is not one weight for each choice");
  to.weights = weights.as<float>();
}

void dispatch(const DeviceCall& call, const Buffers& buffers) {
  RoutingCall kernel = choicesOf(call, buffers);
  addTokens(kernel, call.input(0));
  addWeights(kernel, call);
  kernel.result = call.output<float>(0, {static_cast<int64_t>(buffers.experts), static_cast<int64_t>(buffers.capacity), static_cast<int64_t>(kernel.width)});
  call.withScratch(buffers.experts * buffers.capacity * sizeof(int64_t), [&](void* scratch) {
    kernel.choices = static_cast<int64_t*>(scratch);
    require(kernels::isoflop_moe_dispatch(kernel, call.stream()));
  });
}

void combine(const DeviceCall& call, const Buffers& buffers) {
  RoutingCall kernel = choicesOf(call, buffers);
  addRows(kernel, call.input(0));
  addWeights(kernel, call);
  kernel.result = call.output<float>(0, {static_cast<int64_t>(kernel.tokens), static_cast<int64_t>(kernel.width)});
  require(kernels::isoflop_moe_combine(kernel, call.stream()));
}

void products(const DeviceCall& call, const Buffers& buffers) {
  RoutingCall kernel = choicesOf(call, buffers);
  addTokens(kernel, call.input(0));
  const size_t width = kernel.width;
  addRows(kernel, call.input(1));
  expect(kernel.width == width, "tokens and the experts' rows have different widths");
  kernel.result = call.output<float>(0, call.input(2).shape);
  require(kernels::isoflop_moe_products(kernel, call.stream()));
}

void slots(const DeviceCall& call, size_t experts) {
  const Tensor chosen = call.input(0);
  expect(chosen.rank() == 2, "experts are [N, K]");
  kernels::SlotsCall kernel{chosen.as<int64_t>(), call.output<int64_t>(0, chosen.shape), chosen.size(0), chosen.size(1), experts, nullptr};
  if (chosen.count == 0) return;
  call.withScratch(kernels::isoflop_expert_slots_scratch(kernel), [&](void* scratch) {
    kernel.counts = static_cast<int64_t*>(scratch);
    require(kernels::isoflop_expert_slots(kernel, call.stream()));
  });
}

std::function<Body(const NodeAttributes&)> with(void (*run)(const DeviceCall&, const Buffers&)) {
  return [=](const NodeAttributes& attributes) -> Body {
    return [=, buffers = Buffers(attributes.own())](const DeviceCall& call) { run(call, buffers); };
  };
}

}  // namespace

void addRouting(Entries& entries) {
  entries.push_back(ownEntry("ExpertSlots", [](const NodeAttributes& attributes) -> Body {
    return [experts = static_cast<size_t>(attributes.own().integer("experts", 1, MAX_EXPERTS))](const DeviceCall& call) { slots(call, experts); };
  }));
  entries.push_back(ownEntry("MoeDispatch", with(dispatch)));
  entries.push_back(ownEntry("MoeCombine", with(combine)));
  entries.push_back(ownEntry("MoeProducts", with(products)));
}

}  // namespace isoflop
