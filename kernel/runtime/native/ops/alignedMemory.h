// Working memory of kernels, aligned for whole vectors. Elements are unspecified: setting them would cost as much as using them.
#pragma once
#include <cstddef>
#include <memory>

namespace isoflop {

// Large pieces that were given back are taken again: memory fresh from the system costs more than what kernels do with it.
// Throws std::bad_alloc.
void* takeAligned(size_t bytes);
void giveAligned(void* memory, size_t bytes) noexcept;

struct ReleaseAligned {
  size_t bytes = 0;
  void operator()(void* memory) const { giveAligned(memory, bytes); }
};
template <class T>
using AlignedMemory = std::unique_ptr<T, ReleaseAligned>;

template <class T>
AlignedMemory<T> alignedMemory(size_t count) {
  return AlignedMemory<T>(static_cast<T*>(takeAligned(count * sizeof(T))), ReleaseAligned{count * sizeof(T)});
}

}  // namespace isoflop
