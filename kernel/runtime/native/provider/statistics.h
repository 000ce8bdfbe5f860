// What the provider counts, for the user and for tests.
#pragma once
#include <atomic>
#include <cstdint>

namespace isoflop {

// name, in the order in which IsoflopStatistics gives them.
#define ISOFLOP_STATISTICS(X)                                                                                    \
  X(bytesInUse) X(peakBytes) X(bytesReserved) X(allocations) X(deviceAllocations) X(copiesToDevice)              \
  X(bytesToDevice) X(copiesToHost) X(bytesToHost) X(copiesOnDevice) X(kernels) X(recordings) X(replays)

struct Statistics {
#define X(name) std::atomic<int64_t> name{0};
  ISOFLOP_STATISTICS(X)
#undef X
};

extern Statistics statistics;

}  // namespace isoflop
