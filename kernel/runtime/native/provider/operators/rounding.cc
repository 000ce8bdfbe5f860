// Few bits on the device: isoflop.BlockScales, RoundScaled, QuantizeBlocks and Hadamard.
#include "../../ops/blockRounding.h"

#include <cmath>

#include "../kernels/ownKernels.h"
#include "../registry.h"

namespace isoflop {
namespace {

using kernels::RoundCall;

// x as blocks, all of one size; scales, key and result are still to be said.
RoundCall blocksOf(const Tensor& x, const BlockRounding& rounding) {
  expect(x.rank() >= 1 && x.size(x.shape.size() - 1) % rounding.block == 0, "the last axis does not part into blocks");
  return {x.as<float>(), nullptr, nullptr, nullptr, x.count, rounding.block, rounding.format};
}

Shape scaleShape(const Tensor& x, const BlockRounding& rounding) {
  Shape shape = x.shape;
  shape.back() /= static_cast<int64_t>(rounding.block);
  return shape;
}

// The key of stochastic rounding, nullptr where it is left out.
const int64_t* keyAt(const DeviceCall& call, size_t i) { return call.has(i) ? keyOf(call.input(i)) : nullptr; }

void blockScales(const DeviceCall& call, const BlockRounding& rounding) {
  const Tensor x = call.input(0);
  RoundCall kernel = blocksOf(x, rounding);
  kernel.result = call.output<float>(0, scaleShape(x, rounding));
  require(kernels::isoflop_block_scales(kernel, call.stream()));
}

void roundScaled(const DeviceCall& call, const BlockRounding& rounding) {
  const Tensor x = call.input(0), scales = call.input(1);
  RoundCall kernel = blocksOf(x, rounding);
  expect(scales.shape == scaleShape(x, rounding), "there is not one scale for each block");
  kernel.scales = scales.as<float>();
  kernel.key = keyAt(call, 2);
  kernel.result = call.output<float>(0, x.shape);
  require(kernels::isoflop_round_scaled(kernel, call.stream()));
}

void quantizeBlocks(const DeviceCall& call, const BlockRounding& rounding) {
  const Tensor x = call.input(0);
  RoundCall kernel = blocksOf(x, rounding);
  kernel.key = keyAt(call, 1);
  float* result = call.output<float>(0, x.shape);
  call.withScratch(x.count / rounding.block * sizeof(float), [&](void* scales) {
    kernel.result = static_cast<float*>(scales);
    require(kernels::isoflop_block_scales(kernel, call.stream()));
    kernel.scales = static_cast<const float*>(scales);
    kernel.result = result;
    require(kernels::isoflop_round_scaled(kernel, call.stream()));
  });
}

void hadamard(const DeviceCall& call, size_t block) {
  const Tensor x = call.input(0);
  expect(x.rank() >= 1 && x.size(x.shape.size() - 1) % block == 0, "the last axis does not part into blocks");
  require(kernels::isoflop_hadamard(x.as<float>(), call.output<float>(0, x.shape), x.count, block, 1.0f / std::sqrt(static_cast<float>(block)), call.stream()));
}

std::function<Body(const NodeAttributes&)> with(void (*run)(const DeviceCall&, const BlockRounding&)) {
  return [=](const NodeAttributes& attributes) -> Body {
    return [=, rounding = BlockRounding(attributes.own())](const DeviceCall& call) { run(call, rounding); };
  };
}

}  // namespace

void addRounding(Entries& entries) {
  entries.push_back(ownEntry("BlockScales", with(blockScales)));
  entries.push_back(ownEntry("RoundScaled", with(roundScaled)));
  entries.push_back(ownEntry("QuantizeBlocks", with(quantizeBlocks)));
  entries.push_back(ownEntry("Hadamard", [](const NodeAttributes& attributes) -> Body {
    const auto block = static_cast<size_t>(attributes.own().integer("block", 1, kernels::MAX_HADAMARD));
    expect((block & (block - 1)) == 0, "the block is no power of two");
    return [=](const DeviceCall& call) { hadamard(call, block); };
  }));
}

}  // namespace isoflop
