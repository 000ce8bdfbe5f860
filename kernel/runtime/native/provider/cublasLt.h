// The part of cuBLASLt that products use, declared by hand and opened at run time: CUDA's library of either major version.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>

namespace isoflop::device {

// Why products run by our own slow kernel; empty where the library was found.
std::string cublasLtProblem();

namespace lt {

using Status = int;  // 0: well
struct Handle;
struct Description;
struct Layout;
struct Preference;

enum DataType : int { R_32F = 0, R_64F = 1, R_16F = 2, R_16BF = 14, R_8F_E4M3 = 28 };
enum ComputeType : int { COMPUTE_32F = 68, COMPUTE_64F = 70, COMPUTE_32F_FAST_16BF = 75, COMPUTE_32F_FAST_TF32 = 77 };
enum Operation : int { AS_STORED = 0, TRANSPOSED = 1 };
enum DescriptionAttribute : int { TRANS_A = 3, TRANS_B = 4, A_SCALE = 17, B_SCALE = 18 };
enum LayoutAttribute : int { BATCH_COUNT = 5, BATCH_STEP = 6 };
enum PreferenceAttribute : int { MAX_WORKSPACE_BYTES = 1 };

struct Algorithm {
  uint64_t data[8];
};
struct Heuristic {
  Algorithm algorithm;
  size_t workspaceBytes;
  Status state;
  float waves;
  int reserved[4];
};
static_assert(sizeof(Heuristic) == 96, "cublasLtMatmulHeuristicResult_t");

#define ISOFLOP_CUBLASLT(X)                                                                                                \
  X(cublasLtCreate, (Handle**))                                                                                            \
  X(cublasLtMatmulDescCreate, (Description**, ComputeType, DataType scale))                                                \
  X(cublasLtMatmulDescDestroy, (Description*))                                                                             \
  X(cublasLtMatmulDescSetAttribute, (Description*, DescriptionAttribute, const void*, size_t))                             \
  X(cublasLtMatrixLayoutCreate, (Layout**, DataType, uint64_t rows, uint64_t columns, int64_t step))                       \
  X(cublasLtMatrixLayoutDestroy, (Layout*))                                                                                \
  X(cublasLtMatrixLayoutSetAttribute, (Layout*, LayoutAttribute, const void*, size_t))                                     \
  X(cublasLtMatmulPreferenceCreate, (Preference**))                                                                        \
  X(cublasLtMatmulPreferenceDestroy, (Preference*))                                                                        \
  X(cublasLtMatmulPreferenceSetAttribute, (Preference*, PreferenceAttribute, const void*, size_t))                         \
  X(cublasLtMatmulAlgoGetHeuristic, (Handle*, Description*, Layout* a, Layout* b, Layout* c, Layout* d, Preference*, int wanted, Heuristic*, int* found)) \
  X(cublasLtMatmul, (Handle*, Description*, const void* alpha, const void* a, Layout*, const void* b, Layout*, const void* beta, const void* c, Layout*, void* d, Layout*, const Algorithm*, void* workspace, size_t bytes, void* stream))

struct Functions {
#define X(name, arguments) Status(*name) arguments = nullptr;
  ISOFLOP_CUBLASLT(X)
#undef X
};

}  // namespace lt
}  // namespace isoflop::device
