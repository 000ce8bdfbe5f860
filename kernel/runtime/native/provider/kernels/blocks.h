// Kernels whose threads share memory and wait for each other: written in phases, each of which ends when all threads have done it.
// On the host a phase is done for one thread after the other, so that the same code runs where there is no GPU.
#pragma once
#include <cmath>

#include "launch.h"
#if !defined(__CUDACC__)
#include <vector>
#endif

namespace isoflop::kernels {

constexpr int BLOCK_THREADS = 256;
// The least that every GPU from compute capability 8.0 on lets one block have.
constexpr size_t MAX_SHARED_BYTES = 99 * 1024;

#if defined(__CUDACC__)

// What each thread keeps for itself from phase to phase.
template <class T>
struct Own {
  T value;
  __device__ T& of(int) { return value; }
};

struct Block {
  float* shared;
  template <class Body>
  __device__ void phase(const Body& body) const {
    body(static_cast<int>(threadIdx.x));
    __syncthreads();
  }
};

extern __shared__ float blockMemory[];

template <class F>
__global__ void __launch_bounds__(BLOCK_THREADS) everyBlock(F f) {
  f(Block{blockMemory}, static_cast<int64_t>(blockIdx.x));
}

// f(block, i) for i in [0, blocks), each with so many bytes of shared memory.
template <class F>
Failure forBlocks(size_t blocks, size_t sharedBytes, const F& f, void* stream) {
  if (blocks == 0) return nullptr;
  if (blocks > 0x7fffffff) return "too many blocks for one kernel";
  const cudaError_t error = cudaFuncSetAttribute(everyBlock<F>, cudaFuncAttributeMaxDynamicSharedMemorySize, static_cast<int>(sharedBytes));
  if (error != cudaSuccess) return cudaGetErrorString(error);
  everyBlock<<<static_cast<unsigned>(blocks), BLOCK_THREADS, sharedBytes, static_cast<cudaStream_t>(stream)>>>(f);
  return launched();
}

#else

template <class T>
struct Own {
  std::vector<T> values = std::vector<T>(BLOCK_THREADS);
  T& of(int thread) { return values[static_cast<size_t>(thread)]; }
};

struct Block {
  float* shared;
  template <class Body>
  void phase(const Body& body) const {
    for (int thread = 0; thread < BLOCK_THREADS; thread++) body(thread);
  }
};

template <class F>
Failure forBlocks(size_t blocks, size_t sharedBytes, const F& f, void* stream) {
  simulated::submit(stream, [=] {
    for (size_t i = 0; i < blocks; i++) {
      // Of each block its own, so that what it did not write is found.
      std::vector<float> memory(sharedBytes / sizeof(float), NAN);
      f(Block{memory.data()}, static_cast<int64_t>(i));
    }
  });
  return nullptr;
}

#endif

}  // namespace isoflop::kernels
