// Random numbers on the device: isoflop.PhiloxBits, PhiloxUniform, PhiloxNormal, BoxMuller and NearestNormal.
#include "../../ops/philox.h"

#include "../kernels/ownKernels.h"
#include "../registry.h"

namespace isoflop {
namespace {

using kernels::RandomCall;

// A kernel that fills `count` elements from the key.
Body stream(const NodeAttributes& attributes, kernels::Failure (*run)(const RandomCall&, void*), int bits, float shift) {
  const int64_t count = attributes.own().integer("count", 0, MAX_ELEMENTS);
  return [=](const DeviceCall& call) {
    const Tensor key = call.input(0);
    require(run({keyOf(key), call.output(0, {count}), static_cast<size_t>(count), bits, shift}, call.stream()));
  };
}

void boxMuller(const DeviceCall& call) {
  const Tensor words = call.input(0);
  expect(words.rank() == 2 && words.size(1) == 2, "words are [N, 2]");
  require(kernels::isoflop_box_muller(words.as<int64_t>(), call.output<float>(0, {static_cast<int64_t>(words.count)}), words.count / 2, call.stream()));
}

void nearestNormal(const DeviceCall& call, size_t candidates) {
  const Tensor points = call.input(0), key = call.input(1);
  expect(points.rank() == 2, "points are [B, D]");
  require(kernels::isoflop_nearest_normal({points.as<float>(), keyOf(key), call.output<float>(0, points.shape), points.size(0), points.size(1), candidates}, call.stream()));
}

}  // namespace

void addRandom(Entries& entries) {
  entries.push_back(ownEntry("PhiloxBits", [](const NodeAttributes& attributes) { return stream(attributes, kernels::isoflop_philox_bits, 32, 0.0f); }));
  entries.push_back(ownEntry("PhiloxUniform", [](const NodeAttributes& attributes) { return stream(attributes, kernels::isoflop_philox_uniform, static_cast<int>(attributes.own().integer("bits", 1, 24)), attributes.own().flag("half") ? 0.5f : 0.0f); }));
  entries.push_back(ownEntry("PhiloxNormal", [](const NodeAttributes& attributes) { return stream(attributes, kernels::isoflop_philox_normal, 32, 0.0f); }));
  entries.push_back(ownEntry("BoxMuller", plain(boxMuller)));
  entries.push_back(ownEntry("NearestNormal", [](const NodeAttributes& attributes) -> Body {
    return [candidates = static_cast<size_t>(attributes.own().integer("candidates", 1, MAX_CANDIDATES))](const DeviceCall& call) { nearestNormal(call, candidates); };
  }));
}

}  // namespace isoflop
