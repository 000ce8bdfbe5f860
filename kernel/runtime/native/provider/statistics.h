// What the provider counts, for the user and for tests.
#pragma once
#include <atomic>
#include <cstdint>

namespace isoflop {

// name, in the order in which IsoflopStatistics gives them. Those of programs are parts of the others: what is not tensors' buffers.
#define ISOFLOP_STATISTICS(X)                                                                                    \
  X(bytesInUse) X(peakBytes) X(bytesReserved) X(allocations) X(deviceAllocations) X(copiesToDevice)              \
  X(bytesToDevice) X(copiesToHost) X(bytesToHost) X(copiesOnDevice) X(kernels) X(recordings) X(replays)          \
  X(programBytesInUse) X(programPeakBytes) X(programAllocations) X(programExtensions)

struct Statistics {
#define X(name) std::atomic<int64_t> name{0};
  ISOFLOP_STATISTICS(X)
#undef X
};

extern Statistics statistics;

// `peak` is at least `now`.
inline void raise(std::atomic<int64_t>& peak, int64_t now) {
  for (int64_t known = peak; now > known && !peak.compare_exchange_weak(known, now);) {
  }
}

}  // namespace isoflop
