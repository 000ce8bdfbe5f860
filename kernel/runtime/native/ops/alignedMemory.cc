#include "alignedMemory.h"

#include <mutex>
#include <new>
#include <vector>

namespace isoflop {
namespace {

constexpr std::align_val_t ALIGNMENT{64};
// Pieces from here on are kept, those of a power of two together; what is larger than the last is not.
constexpr size_t SMALLEST = size_t{1} << 16;
constexpr size_t CLASSES = 10;
// Of all that is kept.
constexpr size_t MOST_KEPT = size_t{64} << 20;

#ifdef __SANITIZE_ADDRESS__
// Each piece of its own, so that the sanitizer sees its ends.
constexpr bool KEEPS = false;
#else
constexpr bool KEEPS = true;
#endif

// The class of a size; CLASSES where such pieces are not kept.
size_t classOf(size_t bytes) {
  if (!KEEPS || bytes < SMALLEST) return CLASSES;
  size_t i = 0;
  while (i < CLASSES && (SMALLEST << i) < bytes) i++;
  return i;
}

struct Kept {
  std::mutex mutex;
  std::vector<void*> pieces[CLASSES];
  size_t bytes = 0;
};

// Lives as long as the process: threads of onnxruntime may outlast static objects.
Kept& kept() {
  static Kept* all = new Kept();
  return *all;
}

}  // namespace

void* takeAligned(size_t bytes) {
  const size_t at = classOf(bytes);
  if (at == CLASSES) return ::operator new(bytes, ALIGNMENT);
  {
    Kept& all = kept();
    const std::lock_guard lock(all.mutex);
    if (!all.pieces[at].empty()) {
      void* memory = all.pieces[at].back();
      all.pieces[at].pop_back();
      all.bytes -= SMALLEST << at;
      return memory;
    }
  }
  return ::operator new(SMALLEST << at, ALIGNMENT);
}

void giveAligned(void* memory, size_t bytes) noexcept {
  const size_t at = classOf(bytes);
  if (at < CLASSES) {
    Kept& all = kept();
    const std::lock_guard lock(all.mutex);
    if (all.bytes + (SMALLEST << at) <= MOST_KEPT) {
      try {
        all.pieces[at].push_back(memory);
        all.bytes += SMALLEST << at;
        return;
      } catch (const std::bad_alloc&) {
        // It is given back to the system.
      }
    }
  }
  ::operator delete(memory, ALIGNMENT);
}

}  // namespace isoflop
