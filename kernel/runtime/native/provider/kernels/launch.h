// How kernels are run: written once, compiled by nvcc for a GPU and by the system's compiler for the simulated device.
//
// forEach: f(i) for i in [0, n), in any order. forRows: f(lanes, row), where the lanes of a row work together.
#pragma once
#include <cstddef>

#include "../device.h"
#if !defined(__CUDACC__)
#include "../simulatedStream.h"
#endif

#if defined(__CUDACC__)
#define ISOFLOP_BOTH __host__ __device__
#define ISOFLOP_DEVICE __device__
#else
#define ISOFLOP_BOTH
#define ISOFLOP_DEVICE
#endif

namespace isoflop::kernels {

using device::Failure;

#if defined(__CUDACC__)

constexpr int THREADS = 256;
constexpr size_t MAX_BLOCKS = 1 << 16;

// The threads of a block, working on one row.
struct Lanes {
  size_t index, count;

  __device__ void wait() const { __syncthreads(); }

  // x of all lanes joined; the same in each lane.
  template <class T, class Join>
  __device__ T joined(T x, const Join& join) const {
    __shared__ T parts[32];
    for (int step = 16; step > 0; step /= 2) x = join(x, __shfl_xor_sync(~0u, x, step));
    if (index % 32 == 0) parts[index / 32] = x;
    __syncthreads();
    x = parts[0];
    for (size_t warp = 1; warp < count / 32; warp++) x = join(x, parts[warp]);
    __syncthreads();
    return x;
  }
};

template <class F>
__global__ void everyElement(size_t n, F f) {
  for (size_t i = blockIdx.x * size_t{THREADS} + threadIdx.x; i < n; i += size_t{THREADS} * gridDim.x) f(i);
}

template <class F>
__global__ void everyRow(size_t rows, F f) {
  const Lanes lanes{threadIdx.x, THREADS};
  for (size_t row = blockIdx.x; row < rows; row += gridDim.x) {
    f(lanes, row);
    __syncthreads();
  }
}

inline Failure launched() {
  const cudaError_t error = cudaGetLastError();
  return error == cudaSuccess ? nullptr : cudaGetErrorString(error);
}

template <class F>
Failure forEach(size_t n, const F& f, void* stream) {
  if (n == 0) return nullptr;
  const size_t blocks = (n + THREADS - 1) / THREADS;
  everyElement<<<static_cast<unsigned>(blocks < MAX_BLOCKS ? blocks : MAX_BLOCKS), THREADS, 0, static_cast<cudaStream_t>(stream)>>>(n, f);
  return launched();
}

template <class F>
Failure forRows(size_t rows, const F& f, void* stream, size_t mostBlocks = MAX_BLOCKS) {
  if (rows == 0) return nullptr;
  everyRow<<<static_cast<unsigned>(rows < mostBlocks ? rows : mostBlocks), THREADS, 0, static_cast<cudaStream_t>(stream)>>>(rows, f);
  return launched();
}

#else

// One lane for each row.
struct Lanes {
  size_t index = 0, count = 1;
  void wait() const {}
  template <class T, class Join>
  T joined(T x, const Join&) const {
    return x;
  }
};

template <class F>
Failure forEach(size_t n, const F& f, void* stream) {
  simulated::submit(stream, [n, f] {
    for (size_t i = 0; i < n; i++) f(i);
  });
  return nullptr;
}

template <class F>
Failure forRows(size_t rows, const F& f, void* stream, size_t = 0) {
  simulated::submit(stream, [rows, f] {
    for (size_t row = 0; row < rows; row++) f(Lanes{}, row);
  });
  return nullptr;
}

#endif

// What lanes have, added up: for `joined`.
struct Plus {
  template <class T>
  ISOFLOP_BOTH T operator()(T a, T b) const {
    return a + b;
  }
};

// The largest that lanes have; NaN where one has it.
struct Largest {
  template <class T>
  ISOFLOP_BOTH T operator()(T a, T b) const {
    return b > a || b != b ? b : a;
  }
};

// What is written for lanes, done by one thread.
struct Alone {
  static constexpr size_t index = 0, count = 1;
  template <class T, class Join>
  ISOFLOP_BOTH T joined(T x, const Join&) const {
    return x;
  }
};
// forEach(rows, ByItself<F>{f}): short rows have a thread each.
template <class F>
struct ByItself {
  F f;
  ISOFLOP_BOTH void operator()(size_t row) const { f(Alone{}, row); }
};

}  // namespace isoflop::kernels
