// What the provider needs of a device. deviceSimulated.cc: host memory that onnxruntime is told is a device's, for tests
// on machines without one. deviceCuda.cu: an NVIDIA GPU. One of them is linked.
//
// All work goes through one stream, in order: memory that is given back may be used again by what comes after.
#pragma once
#include <cstddef>
#include <string>

namespace isoflop::device {

// What goes wrong, in words; nullptr where all is well.
using Failure = const char*;

// The execution provider's name.
extern const char* const PROVIDER;
// "NVIDIA H200, 139 GiB, driver …"; empty where there is no device.
std::string description();
// Why there is no device; empty where there is one.
std::string problem();
// Libraries opened at run time that were not found, and what that costs; empty where there are none.
std::string lacking();

void* allocate(size_t bytes);  // nullptr: there is not so much
void release(void* memory);
// Memory of the device as a whole, whoever uses it.
struct Memory {
  size_t freeBytes = 0, totalBytes = 0;
};
Memory memory();

enum class Way { TO_DEVICE, TO_HOST, ON_DEVICE };
// Copies in the order of the stream; TO_HOST has ended when it returns.
Failure copy(void* to, const void* from, size_t bytes, Way way);
// Waits for all work given so far.
Failure synchronize();
void* stream();

// Work recorded instead of done, to be done again and again in one call.
struct Recording;
Failure beginRecording();
Failure endRecording(Recording** recording);  // nullptr as result where it failed
Failure replay(Recording* recording);
void discard(Recording* recording);

// A number in the device's memory that kernels set where an index lies outside of its table.
int* faultWord();

}  // namespace isoflop::device
