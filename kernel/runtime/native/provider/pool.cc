#include "pool.h"

#include "device.h"
#include "statistics.h"

namespace isoflop {
namespace {

constexpr size_t GRANULE = 512;
// A free block serves a smaller request if at most a quarter of it is left over: steps ask for the same sizes again and again.
constexpr size_t WASTE_DIVISOR = 4;

size_t rounded(size_t bytes) { return (bytes + GRANULE - 1) / GRANULE * GRANULE; }

}  // namespace

Pool& Pool::shared() {
  // Never destroyed: the device's library may be gone when the process ends.
  static Pool& pool = *new Pool;
  return pool;
}

Pool::~Pool() {
  trim();
  for (const auto& [memory, use] : inUse_) {
    device::release(memory);
    statistics.bytesReserved -= static_cast<int64_t>(use.bytes);
    end(use);
  }
}

void Pool::end(const Use& use) {
  statistics.bytesInUse -= static_cast<int64_t>(use.bytes);
  if (use.owner == Owner::PROGRAMS) statistics.programBytesInUse -= static_cast<int64_t>(use.bytes);
}

void* Pool::take(size_t bytes, Owner owner) {
  if (bytes == 0 || bytes > SIZE_MAX / 2) return nullptr;
  const size_t size = rounded(bytes);
  const std::lock_guard<std::mutex> lock(mutex_);
  void* memory = nullptr;
  size_t got = size;
  const auto found = free_.lower_bound(size);
  if (found != free_.end() && found->first - size <= size / WASTE_DIVISOR) {
    memory = found->second;
    got = found->first;
    free_.erase(found);
  } else {
    memory = device::allocate(size);
    if (memory == nullptr) {
      trimLocked();
      memory = device::allocate(size);
    }
    if (memory == nullptr) return nullptr;
    statistics.deviceAllocations++;
    if (owner == Owner::PROGRAMS) statistics.programExtensions++;
    statistics.bytesReserved += static_cast<int64_t>(size);
  }
  inUse_[memory] = {got, owner};
  statistics.allocations++;
  raise(statistics.peakBytes, statistics.bytesInUse += static_cast<int64_t>(got));
  if (owner == Owner::PROGRAMS) {
    statistics.programAllocations++;
    raise(statistics.programPeakBytes, statistics.programBytesInUse += static_cast<int64_t>(got));
  }
  return memory;
}

void Pool::give(void* memory) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto found = inUse_.find(memory);
  if (found == inUse_.end()) return;
  end(found->second);
  free_.emplace(found->second.bytes, memory);
  inUse_.erase(found);
}

void Pool::trim() {
  const std::lock_guard<std::mutex> lock(mutex_);
  trimLocked();
}

void Pool::trimLocked() {
  if (!free_.empty()) device::synchronize();  // work under way may still use them
  for (const auto& [bytes, memory] : free_) {
    device::release(memory);
    statistics.bytesReserved -= static_cast<int64_t>(bytes);
  }
  free_.clear();
}

}  // namespace isoflop
