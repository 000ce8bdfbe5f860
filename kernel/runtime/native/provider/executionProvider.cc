#include "executionProvider.h"

#include <cstdlib>
#include <vector>

#include "deviceCall.h"
#include "memory.h"
#include "recordings.h"

namespace isoflop {
namespace {

// Runs with this number are neither recorded nor replayed; onnxruntime knows it too.
constexpr int NOT_RECORDED = -1;

Status* statusOf(device::Failure failure) { return failure == nullptr ? nullptr : api->CreateStatus(FAIL, failure); }

struct OwnEp : Ep {
  OwnEp(const KernelRegistry* kernels, bool replaying) : Ep{}, registry(kernels), replays(replaying) {
    version = PROVIDER_ABI_VERSION;
    GetName = [](const Ep*) { return device::PROVIDER; };
    GetKernelRegistry = [](Ep* ep, const KernelRegistry** out) -> Status* {
      *out = self(ep).registry;
      return nullptr;
    };
    GetCapability = claim;
    CreateAllocator = [](Ep* ep, const MemoryInfo*, Allocator** out) -> Status* {
      *out = makeAllocator(self(ep).pool, Owner::PROGRAMS);
      return nullptr;
    };
    CreateSyncStreamForDevice = [](Ep*, const MemoryDevice*, SyncStreamImpl** out) -> Status* {
      *out = makeStream();
      return nullptr;
    };
    GetDefaultMemoryDevice = [](const Ep*, const MemoryDevice** out) -> Status* {
      *out = epApi->MemoryInfo_GetMemoryDevice(deviceMemory);
      return nullptr;
    };
    IsConcurrentRunSupported = [](Ep*, bool* out) -> Status* {
      *out = false;
      return nullptr;
    };
    Sync = [](Ep*) { return statusOf(device::synchronize()); };
    OnRunStart = [](Ep* ep, const RunOptions* options) -> Status* {
      OwnEp& own = self(ep);
      const int id = numberOf(options);
      if (!own.replays || id == NOT_RECORDED || own.recordings.has(id)) return nullptr;
      return statusOf(own.recordings.begin());
    };
    OnRunEnd = [](Ep* ep, const RunOptions* options, bool) -> Status* {
      OwnEp& own = self(ep);
      return own.recordings.recording() ? statusOf(own.recordings.end(numberOf(options))) : nullptr;
    };
    IsGraphCaptureEnabled = [](const Ep* ep) { return static_cast<const OwnEp*>(ep)->replays; };
    IsGraphCaptured = [](const Ep* ep, int id) { return static_cast<const OwnEp*>(ep)->recordings.has(id); };
    ReplayGraph = [](Ep* ep, int id) { return statusOf(self(ep).recordings.replay(id)); };
    GetGraphCaptureNodeAssignmentPolicy = [](const Ep*) { return 0; };  // every node must be ours
    ReleaseCapturedGraph = [](Ep* ep, int id) -> Status* {
      self(ep).recordings.release(id);
      return nullptr;
    };
  }

  static OwnEp& self(Ep* ep) { return *static_cast<OwnEp*>(ep); }

  // Sessions record only what they are told to: without a number nothing is.
  static int numberOf(const RunOptions* options) {
    const char* number = options == nullptr ? nullptr : providerApi->GetRunConfigEntry(options, "gpu_graph_id");
    return number == nullptr ? NOT_RECORDED : std::atoi(number);
  }

  static Status* claim(Ep*, const Graph* graph, EpGraphSupportInfo* info) {
    size_t count;
    if (Status* status = providerApi->Graph_GetNumNodes(graph, &count)) return status;
    std::vector<const Node*> nodes(count);
    if (Status* status = providerApi->Graph_GetNodes(graph, nodes.data(), count)) return status;
    for (const Node* node : nodes) {
      const KernelDef* definition = nullptr;
      if (Status* status = epApi->EpGraphSupportInfo_LookUpKernel(info, node, &definition)) return status;
      if (definition == nullptr) continue;
      if (Status* status = epApi->EpGraphSupportInfo_AddSingleNode(info, node)) return status;
    }
    return nullptr;
  }

  const KernelRegistry* registry;
  bool replays;
  Recordings recordings;
  // Sessions without recordings share; nobody owns the shared pool.
  std::shared_ptr<Pool> pool = replays ? std::make_shared<Pool>() : std::shared_ptr<Pool>(&Pool::shared(), [](Pool*) {});
};

}  // namespace

Ep* makeExecutionProvider(const KernelRegistry* registry, bool replays) { return new OwnEp(registry, replays); }
void releaseExecutionProvider(Ep* ep) { delete static_cast<OwnEp*>(ep); }

}  // namespace isoflop
