// The simulated device. Its memory is the host's, so that every kernel can run and be checked without a GPU.
#include <unistd.h>

#include <cstdlib>
#include <cstring>

#include "device.h"
#include "simulatedStream.h"

namespace isoflop::device {
namespace {

constexpr size_t ALIGNMENT = 256;
// As on a real device memory is short at some point: requests above this fail.
constexpr size_t MAX_BLOCK_BYTES = size_t{1} << 34;

simulated::Stream only;
int fault = 0;
Recording* current = nullptr;

}  // namespace

struct Recording {
  std::vector<std::function<void()>> work;
};

const char* const PROVIDER = "IsoflopSimulated";
std::string description() { return "host memory standing for a device's, one thread"; }
std::string problem() { return ""; }
std::string lacking() { return ""; }

void* allocate(size_t bytes) { return bytes > MAX_BLOCK_BYTES ? nullptr : std::aligned_alloc(ALIGNMENT, (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT); }
void release(void* memory) { std::free(memory); }
Memory memory() {
  const auto page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  return {static_cast<size_t>(sysconf(_SC_AVPHYS_PAGES)) * page, static_cast<size_t>(sysconf(_SC_PHYS_PAGES)) * page};
}

Failure copy(void* to, const void* from, size_t bytes, Way way) {
  if (way == Way::ON_DEVICE) simulated::submit(&only, [=] { std::memmove(to, from, bytes); });
  else if (only.recording != nullptr) return "a copy between host and device cannot be recorded";
  else std::memcpy(to, from, bytes);
  return nullptr;
}
Failure synchronize() { return nullptr; }
void* stream() { return &only; }

Failure beginRecording() {
  current = new Recording;
  only.recording = &current->work;
  return nullptr;
}
Failure endRecording(Recording** recording) {
  *recording = current;
  current = nullptr;
  only.recording = nullptr;
  return nullptr;
}
Failure replay(Recording* recording) {
  for (const auto& work : recording->work) work();
  return nullptr;
}
void discard(Recording* recording) { delete recording; }

int* faultWord() { return &fault; }

}  // namespace isoflop::device
