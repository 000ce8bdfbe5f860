// Working memory of kernels, aligned for whole vectors. Elements are unspecified: setting them would cost as much as using them.
#pragma once
#include <cstddef>
#include <memory>
#include <new>

namespace isoflop {

constexpr size_t ALIGNMENT = 64;

struct ReleaseAligned {
  void operator()(void* memory) const { ::operator delete(memory, std::align_val_t{ALIGNMENT}); }
};
template <class T>
using AlignedMemory = std::unique_ptr<T, ReleaseAligned>;

template <class T>
AlignedMemory<T> alignedMemory(size_t count) {
  return AlignedMemory<T>(static_cast<T*>(::operator new(count * sizeof(T), std::align_val_t{ALIGNMENT})));
}

}  // namespace isoflop
