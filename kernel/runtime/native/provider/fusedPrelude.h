// What generated sources are preceded by. They say how work is parted; the rest of the text is the same for GPU and host, so that
// what is compiled for a GPU is checked by running it on the host.
//   EACH_ELEMENT(i, n)  EACH_ROW(row, rows)   loops over this thread's elements, or its group's rows
//   LANE, LANE_COUNT                          the thread within the group that shares a row
//   joined<f>(x)                              x of all lanes joined by f; the same in each
#pragma once

namespace isoflop {

// The text that follows defines ADDRESSES, LANES (1, 32 or 256 threads share a row) and Index before it.
constexpr const char* CUDA_PRELUDE = R"(
struct Addresses { void* at[ADDRESSES]; };
#define DEVICE inline __device__
#define KERNEL extern "C" __global__ void __launch_bounds__(256) isoflop_fused(const Addresses given)
#define LOAD(address) __ldg(address)
#define BITS(word) __uint_as_float(word)
#define EACH_ELEMENT(i, n) for (Index i = blockIdx.x * 256u + threadIdx.x; i < (n); i += 256u * gridDim.x)
#define EACH_ROW(row, rows) for (Index row = blockIdx.x * (256u / LANES) + threadIdx.x / LANES; row < (rows); row += gridDim.x * (256u / LANES))
#define LANE (threadIdx.x % LANES)
#define LANE_COUNT LANES
#define INFINITE __int_as_float(0x7f800000)
template <float JOIN(float, float)>
DEVICE float joined(float x) {
  if constexpr (LANES > 1)
    for (int step = 16; step > 0; step /= 2) x = JOIN(x, __shfl_xor_sync(~0u, x, step));
  if constexpr (LANES > 32) {
    __shared__ float parts[8];
    __syncthreads();
    if (threadIdx.x % 32 == 0) parts[threadIdx.x / 32] = x;
    __syncthreads();
    x = parts[0];
    for (int warp = 1; warp < 8; warp++) x = JOIN(x, parts[warp]);
  }
  return x;
}
)";

constexpr const char* HOST_PRELUDE = R"(
#include <math.h>
#include <string.h>
struct Addresses { void* at[ADDRESSES]; };
#define DEVICE static inline
#define KERNEL extern "C" __attribute__((visibility("default"))) void isoflop_fused(const Addresses& given)
#define LOAD(address) (*(address))
#define EACH_ELEMENT(i, n) for (Index i = 0; i < (n); i++)
#define EACH_ROW(row, rows) for (Index row = 0; row < (rows); row++)
#define LANE 0
#define LANE_COUNT 1
#define INFINITE INFINITY
DEVICE float BITS(unsigned word) { float x; memcpy(&x, &word, sizeof x); return x; }
template <float JOIN(float, float)>
DEVICE float joined(float x) { return x; }
)";

}  // namespace isoflop
