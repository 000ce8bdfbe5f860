// Functions over runs of float32: what the instructions of a fused program do. Each is compiled for several instruction sets.
#pragma once
#include <cstddef>

#include "instructionSet.h"

namespace isoflop {

// name, number of operands. The order is part of the program format.
#define ISOFLOP_POINTWISE(X)                                                                                     \
  X(Copy, 1) X(Neg, 1) X(Abs, 1) X(Sign, 1) X(Exp, 1) X(Log, 1) X(Sqrt, 1) X(Reciprocal, 1) X(Tanh, 1)           \
  X(Sigmoid, 1) X(Erf, 1) X(Floor, 1) X(Ceil, 1) X(Round, 1) X(Not, 1) X(IsNaN, 1) X(Square, 1)                  \
  X(Add, 2) X(Sub, 2) X(Mul, 2) X(Div, 2) X(Max, 2) X(Min, 2) X(Equal, 2) X(Less, 2) X(LessEqual, 2) X(And, 2)   \
  X(Or, 2) X(Xor, 2) X(Where, 3) X(MulAdd, 3)
#define ISOFLOP_REDUCING(X) X(ReduceSum) X(ReduceMax) X(ReduceMin)

enum Opcode : int {
#define X(name, arity) name,
  ISOFLOP_POINTWISE(X)
#undef X
#define X(name) name,
      ISOFLOP_REDUCING(X)
#undef X
          OPCODE_COUNT
};
constexpr int POINTWISE_COUNT = ReduceSum;

// d[i] = op(a[i], b[i], c[i]) for i < n; d may be one of the operands.
using Pointwise = void (*)(float* d, const float* a, const float* b, const float* c, size_t n);
using Reducing = float (*)(const float* a, size_t n);

struct TileKernels {
  // By opcode, then by which operands are a single number each: bit 0 is a, bit 1 is b, bit 2 is c.
  Pointwise pointwise[POINTWISE_COUNT][8];
  Reducing reducing[OPCODE_COUNT - POINTWISE_COUNT];
  // Copies a[0..n) to d past the caches. After the last one `streamed` makes it visible to other threads.
  void (*stream)(float* d, const float* a, size_t n);
  void (*streamed)();
};

const TileKernels& tileKernelsBase();
const TileKernels& tileKernelsAvx2();
const TileKernels& tileKernelsAvx512();

// Those for the instruction set in use.
inline const TileKernels& tileKernels() { return ISOFLOP_VARIANT_OF(tileKernels); }

}  // namespace isoflop
