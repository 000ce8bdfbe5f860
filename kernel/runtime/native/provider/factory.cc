// The library's entry: onnxruntime asks it for execution providers, our own executor for what it found and counted.
#include <memory>
#include <string>

#include "deviceCall.h"
#include "executionProvider.h"
#include "memory.h"
#include "registry.h"
#include "statistics.h"
#include "transfer.h"

namespace isoflop {

const ProviderApi* providerApi = nullptr;
const EpApi* epApi = nullptr;
MemoryInfo* deviceMemory = nullptr;
Statistics statistics;

namespace {

constexpr size_t ALIGNMENT = 256;
constexpr const char* REPLAY_OPTION = "isoflop.replay";
// Our own operators come as custom ones (customOperators.cc), as with another provider.
constexpr const char* CUSTOM_OPTION = "isoflop.custom";

struct Factory : EpFactory {
  Factory() : EpFactory{}, registry(makeRegistry(true)), standard(makeRegistry(false)) {
    version = PROVIDER_ABI_VERSION;
    GetName = [](const EpFactory*) { return device::PROVIDER; };
    GetVendor = [](const EpFactory*) { return "IsoFLOP"; };
    GetVendorId = [](const EpFactory*) { return VENDOR; };
    GetVersion = [](const EpFactory*) { return "1.0.0"; };
    GetSupportedDevices = offer;
    CreateEp = [](EpFactory* factory, const HardwareDevice* const*, const KeyValuePairs* const*, size_t, const SessionOptions* options, const Logger*, Ep** out) -> Status* {
      const auto& self = *static_cast<Factory*>(factory);
      *out = makeExecutionProvider(isSet(options, CUSTOM_OPTION) ? self.standard : self.registry, isSet(options, REPLAY_OPTION));
      return nullptr;
    };
    ReleaseEp = [](EpFactory*, Ep* ep) { releaseExecutionProvider(ep); };
    CreateAllocator = [](EpFactory*, const MemoryInfo*, const KeyValuePairs*, Allocator** out) -> Status* {
      *out = makeAllocator(std::shared_ptr<Pool>(&Pool::shared(), [](Pool*) {}), Owner::TENSORS);
      return nullptr;
    };
    ReleaseAllocator = [](EpFactory*, Allocator* allocator) { releaseAllocator(allocator); };
    CreateDataTransfer = [](EpFactory*, DataTransfer** out) -> Status* {
      *out = makeTransfer();
      return nullptr;
    };
    IsStreamAware = [](const EpFactory*) { return true; };
    CreateSyncStreamForDevice = [](EpFactory*, const MemoryDevice*, const KeyValuePairs*, SyncStreamImpl** out) -> Status* {
      *out = makeStream();
      return nullptr;
    };
    GetNumCustomOpDomains = [](EpFactory*, size_t* count) -> Status* {
      *count = 0;
      return nullptr;
    };
  }

  // The devices that onnxruntime knows come from folders that containers often lack. So ours is found through its driver and
  // stands beside the processor, which is always there.
  static Status* offer(EpFactory* factory, const HardwareDevice* const* hardware, size_t count, EpDevice** out, size_t most, size_t* found) {
    *found = 0;
    if (!device::problem().empty()) return nullptr;
    for (size_t i = 0; i < count && *found < most; i++) {
      if (providerApi->HardwareDevice_Type(hardware[i]) != CPU_HARDWARE) continue;
      EpDevice* made;
      if (Status* status = epApi->CreateEpDevice(factory, hardware[i], nullptr, nullptr, &made)) return status;
      if (Status* status = epApi->EpDevice_AddAllocatorInfo(made, deviceMemory)) return status;
      out[(*found)++] = made;
      break;
    }
    return nullptr;
  }

  static bool isSet(const SessionOptions* options, const char* option) {
    char value[8] = "";
    size_t size = sizeof value;
    if (Status* status = providerApi->GetSessionConfigEntry(options, option, value, &size)) api->ReleaseStatus(status);
    return std::string(value) == "1";
  }

  KernelRegistry *registry, *standard;
};

}  // namespace

bool useInterface(const ApiBase* base) {
  static const void* const* table = base->GetApi(PROVIDER_ABI_VERSION);
  if (table == nullptr) return false;
  // They live as long as the process: kernels and sessions keep pointers to them.
  static const Api& slots = *new Api(table);
  static const ProviderApi& more = *new ProviderApi(table);
  static const EpApi& ep = *new EpApi(more.GetEpApi());
  api = &slots;
  providerApi = &more;
  epApi = &ep;
  return true;
}

}  // namespace isoflop

extern "C" {

#define ISOFLOP_EXPORT __attribute__((visibility("default")))

ISOFLOP_EXPORT isoflop::Status* CreateEpFactories(const char*, const isoflop::ApiBase* base, const isoflop::Logger*, isoflop::EpFactory** out, size_t most, size_t* count) {
  using namespace isoflop;
  *count = 0;
  if (!useInterface(base) || most == 0) return nullptr;  // older than all that we know: no provider is offered
  try {
    if (deviceMemory == nullptr) check(providerApi->CreateMemoryInfo_V2(device::PROVIDER, GPU_MEMORY, VENDOR, 0, DEVICE_MEMORY, ALIGNMENT, DEVICE_ALLOCATOR, &deviceMemory));
    out[0] = new Factory;
    *count = 1;
    return nullptr;
  } catch (const StatusError& error) {
    return error.status;
  } catch (const std::exception& error) {
    return api->CreateStatus(FAIL, error.what());
  }
}

ISOFLOP_EXPORT isoflop::Status* ReleaseEpFactory(isoflop::EpFactory* factory) {
  using namespace isoflop;
  auto* own = static_cast<Factory*>(factory);
  epApi->ReleaseKernelRegistry(own->registry);
  epApi->ReleaseKernelRegistry(own->standard);
  delete own;
  return nullptr;
}

// The provider's name, what the device is, why there is none, and what was not found beside it: lines of text.
ISOFLOP_EXPORT const char* IsoflopDeviceDescribe() {
  using namespace isoflop;
  static const std::string& text = *new std::string(std::string(device::PROVIDER) + "\n" + device::description() + "\n" + device::problem() + "\n" + device::lacking());
  return text.c_str();
}

// Names of the statistics, parted by spaces, and their values in that order.
ISOFLOP_EXPORT const char* IsoflopStatisticsNames() {
#define X(name) #name " "
  return ISOFLOP_STATISTICS(X);
#undef X
}
ISOFLOP_EXPORT void IsoflopStatistics(int64_t* out) {
  using namespace isoflop;
  size_t next = 0;
#define X(name) out[next++] = statistics.name.load();
  ISOFLOP_STATISTICS(X)
#undef X
}
// Free and total bytes of the device.
ISOFLOP_EXPORT void IsoflopDeviceMemory(int64_t* out) {
  const isoflop::device::Memory found = isoflop::device::memory();
  out[0] = static_cast<int64_t>(found.freeBytes);
  out[1] = static_cast<int64_t>(found.totalBytes);
}
// Peak memory counts anew from here.
ISOFLOP_EXPORT void IsoflopResetPeak() {
  using namespace isoflop;
  statistics.peakBytes = statistics.bytesInUse.load();
  statistics.programPeakBytes = statistics.programBytesInUse.load();
}
ISOFLOP_EXPORT const char* IsoflopSynchronize() { return isoflop::device::synchronize(); }

}
