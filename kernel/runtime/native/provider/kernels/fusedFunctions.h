// What the instructions of a fused program compute, of operands a, b and c: as code for the interpreter (fused.cu), and as text for
// programs that are compiled at run time (../fusedSource.cc). One for each of ISOFLOP_POINTWISE (../../ops/tileKernels.h).
#pragma once

#define ISOFLOP_FUSED_FUNCTIONS(X)                              \
  X(Copy, a)                                                    \
  X(Neg, -a)                                                    \
  X(Abs, fabsf(a))                                              \
  X(Sign, a > 0 ? 1.0f : a < 0 ? -1.0f : a == 0 ? 0.0f : a)     \
  X(Exp, expf(a))                                               \
  X(Log, logf(a))                                               \
  X(Sqrt, sqrtf(a))                                             \
  X(Reciprocal, 1.0f / a)                                       \
  X(Tanh, tanhf(a))                                             \
  X(Sigmoid, 1.0f / (1.0f + expf(-a)))                          \
  X(Erf, erff(a))                                               \
  X(Floor, floorf(a))                                           \
  X(Ceil, ceilf(a))                                             \
  X(Round, rintf(a))                                            \
  X(Not, a == 0.0f ? 1.0f : 0.0f)                               \
  X(IsNaN, a != a ? 1.0f : 0.0f)                                \
  X(Square, a * a)                                              \
  X(Add, a + b)                                                 \
  X(Sub, a - b)                                                 \
  X(Mul, a * b)                                                 \
  X(Div, a / b)                                                 \
  X(Max, a > b || a != a ? a : b)                               \
  X(Min, a < b || a != a ? a : b)                               \
  X(Equal, a == b ? 1.0f : 0.0f)                                \
  X(Less, a < b ? 1.0f : 0.0f)                                  \
  X(LessEqual, a <= b ? 1.0f : 0.0f)                            \
  X(And, a * b)                                                 \
  X(Or, a + b > 0.0f ? 1.0f : 0.0f)                             \
  X(Xor, a != b ? 1.0f : 0.0f)                                  \
  X(Where, a != 0.0f ? b : c)                                   \
  X(MulAdd, a * b + c)
