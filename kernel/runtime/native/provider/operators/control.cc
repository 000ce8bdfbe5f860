// Loop: onnxruntime runs the rounds, in which every operation is on the device; the number of the round goes there each time.
#include "../registry.h"

namespace isoflop {
namespace {

// Results of all rounds, one behind the other.
Status* concatenate(LoopHelper*, void*, const Value* const* parts, size_t count, void* out, size_t bytes) {
  auto* to = static_cast<char*>(out);
  const char* const end = to + bytes;
  for (size_t i = 0; i < count; i++) {
    const void* from;
    size_t size;
    if (Status* status = providerApi->GetTensorData(parts[i], &from)) return status;
    if (Status* status = providerApi->GetTensorSizeInBytes(parts[i], &size)) return status;
    if (size > static_cast<size_t>(end - to)) return api->CreateStatus(INVALID_ARGUMENT, "results of rounds are larger than all together");
    const device::Failure failure = size == 0 ? nullptr : device::copy(to, from, size, device::Way::ON_DEVICE);
    if (failure != nullptr) return api->CreateStatus(FAIL, failure);
    to += size;
  }
  return nullptr;
}

Status* makeLoop(void*, const KernelInfo* info, KernelImpl** kernel) {
  auto* helper = new LoopHelper{PROVIDER_ABI_VERSION, [](LoopHelper* self) { delete self; }, concatenate};
  return epApi->CreateLoopKernel(info, helper, kernel);
}

}  // namespace

void addControl(Entries& entries) {
  // How often, and whether at all, is decided on the host.
  entries.push_back({"Loop", {{"I", {INT64}}, {"B", BOOLS}, {"V", ALL_TYPES}}, nullptr, {0, 1}, Entry::FRESH, "", {}, makeLoop});
}

}  // namespace isoflop
