#include "memory.h"

#include <string>

#include "deviceCall.h"
#include "statistics.h"

namespace isoflop {
namespace {

struct PoolAllocator : Allocator {
  PoolAllocator(std::shared_ptr<Pool> from, Owner whose) : Allocator{}, pool(std::move(from)), owner(whose) {
    version = PROVIDER_ABI_VERSION;
    Alloc = Reserve = [](Allocator* self, size_t bytes) { return static_cast<PoolAllocator*>(self)->take(bytes); };
    AllocOnStream = [](Allocator* self, size_t bytes, SyncStream*) { return static_cast<PoolAllocator*>(self)->take(bytes); };
    Free = [](Allocator* self, void* memory) { static_cast<PoolAllocator*>(self)->pool->give(memory); };
    Info = [](const Allocator*) -> const MemoryInfo* { return deviceMemory; };
    Shrink = [](Allocator* self) -> Status* {
      static_cast<PoolAllocator*>(self)->pool->trim();
      return nullptr;
    };
    GetStats = [](const Allocator*, KeyValuePairs** out) -> Status* {
      providerApi->CreateKeyValuePairs(out);
#define X(name) providerApi->AddKeyValuePair(*out, #name, std::to_string(statistics.name.load()).c_str());
      ISOFLOP_STATISTICS(X)
#undef X
      return nullptr;
    };
  }

  void* take(size_t bytes) { return pool->take(bytes, owner); }

  std::shared_ptr<Pool> pool;
  Owner owner;
};

// With one stream there is nothing to wait for.
struct Notification : SyncNotification {
  Notification() : SyncNotification{} {
    version = PROVIDER_ABI_VERSION;
    Release = [](SyncNotification* self) { delete static_cast<Notification*>(self); };
    Activate = WaitOnHost = [](SyncNotification*) -> Status* { return nullptr; };
    WaitOnDevice = [](SyncNotification*, SyncStream*) -> Status* { return nullptr; };
  }
};

struct OwnStream : SyncStreamImpl {
  OwnStream() : SyncStreamImpl{} {
    version = PROVIDER_ABI_VERSION;
    Release = [](SyncStreamImpl* self) { delete static_cast<OwnStream*>(self); };
    GetHandle = [](SyncStreamImpl*) { return device::stream(); };
    CreateNotification = [](SyncStreamImpl*, SyncNotification** out) -> Status* {
      *out = new Notification;
      return nullptr;
    };
    // Work stays in order without waiting: who reads a result waits then.
    Flush = OnSessionRunEnd = [](SyncStreamImpl*) -> Status* { return nullptr; };
  }
};

}  // namespace

Allocator* makeAllocator(std::shared_ptr<Pool> pool, Owner owner) { return new PoolAllocator(std::move(pool), owner); }
void releaseAllocator(Allocator* allocator) { delete static_cast<PoolAllocator*>(allocator); }
SyncStreamImpl* makeStream() { return new OwnStream; }

}  // namespace isoflop
