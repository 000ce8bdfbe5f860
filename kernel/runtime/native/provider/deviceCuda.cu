// An NVIDIA GPU, the first that the driver shows. Compiled with the runtime inside, this library loads where there is neither
// driver nor toolkit, and finds no device.
#include <cuda_runtime.h>

#include "cublasLt.h"
#include "device.h"
#include "deviceCuda.h"
#include "runtimeCompiler.h"

namespace isoflop::device {
namespace {

// Below Ampere there are no bfloat16 products.
constexpr int LEAST_MAJOR = 8;

Failure words(cudaError_t error) { return error == cudaSuccess ? nullptr : cudaGetErrorString(error); }

// The device in use, found once.
struct Found {
  std::string description, problem;
  cudaStream_t stream = nullptr;
  int* fault = nullptr;
  int architecture = 0;

  Found() {
    int count = 0, driver = 0, runtime = 0;
    cudaDriverGetVersion(&driver);
    cudaRuntimeGetVersion(&runtime);
    cudaError_t error = cudaGetDeviceCount(&count);
    if (driver == 0) {
      problem = "there is no NVIDIA driver (libcuda.so.1)";  // CUDA calls it too old
      return;
    }
    if (error != cudaSuccess || count == 0) {
      problem = error == cudaSuccess ? "no CUDA-capable device is detected" : cudaGetErrorString(error);
      return;
    }
    cudaDeviceProp properties;
    error = cudaGetDeviceProperties(&properties, 0);
    if (error == cudaSuccess && properties.major < LEAST_MAJOR) {
      problem = std::string(properties.name) + " has compute capability " + std::to_string(properties.major) + "." + std::to_string(properties.minor);
      return;
    }
    if (error == cudaSuccess) error = cudaSetDevice(0);
    if (error == cudaSuccess) error = cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking);
    if (error == cudaSuccess) error = cudaMalloc(reinterpret_cast<void**>(&fault), sizeof(int));
    if (error == cudaSuccess) error = cudaMemset(fault, 0, sizeof(int));
    if (error != cudaSuccess) {
      problem = cudaGetErrorString(error);
      return;
    }
    const auto version = [](int number) { return std::to_string(number / 1000) + "." + std::to_string(number % 1000 / 10); };
    architecture = properties.major * 10 + properties.minor;
    description = std::string(properties.name) + ", " + std::to_string(properties.totalGlobalMem >> 30) + " GiB, compute capability " + std::to_string(properties.major) + "." + std::to_string(properties.minor) + ", driver for CUDA " + version(driver) + ", built with " + version(runtime);
  }
};

Found& found() {
  // Never destroyed: the driver may be gone when the process ends.
  static Found& only = *new Found;
  return only;
}

// Threads that onnxruntime and koffi start have no device yet.
cudaStream_t current() {
  cudaSetDevice(0);
  return found().stream;
}

}  // namespace

struct Recording {
  cudaGraphExec_t graph;
};

const char* const PROVIDER = "IsoflopCuda";
std::string description() { return found().description; }
std::string problem() { return found().problem; }
int architecture() { return found().architecture; }
std::string lacking() {
  if (!problem().empty()) return "";
  const std::string products = cublasLtProblem(), compiler = compilerProblem();
  return products + (products.empty() || compiler.empty() ? "" : "; ") + compiler;
}

void* allocate(size_t bytes) {
  current();
  void* memory = nullptr;
  if (cudaMalloc(&memory, bytes) == cudaSuccess) return memory;
  cudaGetLastError();  // the failure is told by the result
  return nullptr;
}
void release(void* memory) { cudaFree(memory); }
Memory memory() {
  Memory found;
  if (problem().empty()) {
    current();
    cudaMemGetInfo(&found.freeBytes, &found.totalBytes);
  }
  return found;
}

Failure copy(void* to, const void* from, size_t bytes, Way way) {
  const cudaStream_t stream = current();
  const cudaMemcpyKind kind = way == Way::TO_DEVICE ? cudaMemcpyHostToDevice : way == Way::TO_HOST ? cudaMemcpyDeviceToHost : cudaMemcpyDeviceToDevice;
  const cudaError_t error = cudaMemcpyAsync(to, from, bytes, kind, stream);
  if (error != cudaSuccess || way == Way::ON_DEVICE) return words(error);
  // Memory of JavaScript may be moved or freed as soon as this returns.
  return words(cudaStreamSynchronize(stream));
}
Failure synchronize() { return words(cudaStreamSynchronize(current())); }
void* stream() { return current(); }

Failure beginRecording() { return words(cudaStreamBeginCapture(current(), cudaStreamCaptureModeRelaxed)); }
Failure endRecording(Recording** recording) {
  cudaGraph_t graph = nullptr;
  cudaError_t error = cudaStreamEndCapture(current(), &graph);
  if (error != cudaSuccess) return words(error);
  cudaGraphExec_t ready = nullptr;
  error = cudaGraphInstantiateWithFlags(&ready, graph, 0);
  cudaGraphDestroy(graph);
  if (error != cudaSuccess) return words(error);
  *recording = new Recording{ready};
  return nullptr;
}
Failure replay(Recording* recording) { return words(cudaGraphLaunch(recording->graph, current())); }
void discard(Recording* recording) {
  cudaGraphExecDestroy(recording->graph);
  delete recording;
}

int* faultWord() { return found().fault; }

}  // namespace isoflop::device
