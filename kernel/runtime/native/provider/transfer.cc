#include "transfer.h"

#include "deviceCall.h"
#include "recordings.h"
#include "statistics.h"

namespace isoflop {
namespace {

bool onDevice(const MemoryDevice* device) { return epApi->MemoryDevice_GetDeviceType(device) == GPU_MEMORY && epApi->MemoryDevice_GetVendorId(device) == VENDOR; }
bool onHost(const MemoryDevice* device) { return epApi->MemoryDevice_GetDeviceType(device) == CPU_MEMORY; }

struct OwnTransfer : DataTransfer {
  OwnTransfer() : DataTransfer{} {
    version = PROVIDER_ABI_VERSION;
    Release = [](DataTransfer* self) { delete static_cast<OwnTransfer*>(self); };
    CanCopy = [](const DataTransfer*, const MemoryDevice* from, const MemoryDevice* to) { return (onDevice(from) && (onDevice(to) || onHost(to))) || (onHost(from) && onDevice(to)); };
    CopyTensors = [](DataTransfer*, const Value** from, Value** to, SyncStream**, size_t count) -> Status* {
      for (size_t i = 0; i < count; i++)
        if (Status* status = transfer(from[i], to[i])) return status;
      return nullptr;
    };
  }
};

}  // namespace

device::Failure fault() {
  int word = 0;
  if (device::Failure failure = device::copy(&word, device::faultWord(), sizeof word, device::Way::TO_HOST)) return failure;
  if (word == 0) return nullptr;
  const int none = 0;
  if (device::Failure failure = device::copy(device::faultWord(), &none, sizeof none, device::Way::TO_DEVICE)) return failure;
  return "an index is outside of its table, or a target is no class; what was computed since is not to be used";
}

Status* transfer(const Value* from, Value* to) {
  const void* source;
  void* target;
  size_t bytes, room;
  if (Status* status = providerApi->GetTensorData(from, &source)) return status;
  if (Status* status = api->GetTensorMutableData(to, &target)) return status;
  if (Status* status = providerApi->GetTensorSizeInBytes(from, &bytes)) return status;
  if (Status* status = providerApi->GetTensorSizeInBytes(to, &room)) return status;
  if (bytes > 0 && (source == nullptr || target == nullptr)) return api->CreateStatus(FAIL, "out of memory for a copy between host and device");
  if (bytes > room) return api->CreateStatus(INVALID_ARGUMENT, "a tensor is copied into a smaller one");
  const bool leaves = onDevice(epApi->Value_GetMemoryDevice(from)), arrives = onDevice(epApi->Value_GetMemoryDevice(to));
  const auto size = static_cast<int64_t>(bytes);
  const Undisturbed undisturbed;
  device::Failure failure = nullptr;
  if (leaves && arrives) {
    statistics.copiesOnDevice++;
    if (bytes > 0) failure = device::copy(target, source, bytes, device::Way::ON_DEVICE);
  } else if (arrives) {
    statistics.copiesToDevice++;
    statistics.bytesToDevice += size;
    if (bytes > 0) failure = device::copy(target, source, bytes, device::Way::TO_DEVICE);
  } else {
    statistics.copiesToHost++;
    statistics.bytesToHost += size;
    if (bytes > 0) failure = device::copy(target, source, bytes, device::Way::TO_HOST);
    if (failure == nullptr) failure = fault();
  }
  return failure == nullptr ? nullptr : api->CreateStatus(FAIL, failure);
}

DataTransfer* makeTransfer() { return new OwnTransfer; }

}  // namespace isoflop
