// Kernels of our own operators (../../ops), as plain C entry points; attention and fused programs stand in kernels.h.
#pragma once
#include "../../ops/floatFormat.h"
#include "../../ops/rounding.h"
#include "kernels.h"

namespace isoflop::kernels {

// Streams of kernel/random/philox.ts; `key` [2] lies in the device's memory.
struct RandomCall {
  const int64_t* key;
  void* result;
  size_t count;
  int bits;     // of uniform numbers
  float shift;  // added before they are scaled
};
struct NearestCall {
  const float* points;
  const int64_t* key;
  float* result;
  size_t rows, width, candidates;
};

// Elements in blocks of a size, one scale for each; `key` is nullptr where rounding is to the nearest.
struct RoundCall {
  const float *x, *scales;
  const int64_t* key;
  float* result;
  size_t count, block;
  FloatFormat format;
};

// Choices of tokens: row (token, k) of experts and slots. Those outside of the buffers are dropped.
struct RoutingCall {
  const float *x, *y, *weights;  // x [tokens, width]; y [experts, capacity, width]
  const int64_t *experts, *slots;
  float* result;
  size_t tokens, perToken, width, buffers, capacity;  // `buffers` experts
  int64_t* choices;                                   // scratch of buffers * capacity, for dispatching
};
struct SlotsCall {
  const int64_t* experts;
  int64_t* slots;
  size_t tokens, perToken, buffers;
  int64_t* counts;  // scratch of isoflop_expert_slots_scratch
};

struct PoolCall {
  const float *x, *y, *g;
  float* result;
  size_t images, height, width, size;  // images with their channels; windows of size x size
};

struct CrossEntropyCall {
  const float *logits, *g;
  const void* targets;
  int targetType;  // I32 or I64
  float* result;
  size_t rows, columns;
  int* fault;  // set to 1 where a target is no class
};

// result[i] = the sum of the rows whose index is i, in their order.
struct RowSumsCall {
  const float* rows;
  const void* indices;
  int indexType;
  float* result;
  size_t count, width, results;
  int64_t *order, *sorted;  // scratch of `count` each
  int* fault;
};

// Sums of squares of up to so many tensors at a time.
constexpr int MAX_SQUARED = 128;
constexpr size_t SQUARED_PIECE = 4096;
struct SquaresCall {
  const float* from[MAX_SQUARED];
  size_t counts[MAX_SQUARED], firstPiece[MAX_SQUARED + 1];
  int tensors;
  double* parts;  // of this call's pieces
};

struct LinearAttentionCall {
  const float *q, *k, *v;
  float* result;
  int64_t heads, length, width, depth;
  bool reverse;
};
// As wide as queries and keys may be: their tiles fit into a block's memory.
constexpr int64_t MAX_LINEAR_ATTENTION_WIDTH = 224;

// Gradient of the weights of `of`, whose operand is the image; g lies as its result.
struct KernelGradientCall {
  ConvolutionCall of;
  const float* g;
  float* parts;  // scratch: `count` times the result; nullptr where there is one part
  int64_t count;
};

// Costs [problems, rows, columns], no more rows than columns.
struct AssignmentCall {
  const float* costs;
  int64_t* columnOf;  // [problems, rows]
  size_t problems, rows, columns;
  void* scratch;  // of isoflop_assignment_scratch bytes
};

extern "C" {
Failure isoflop_philox_bits(const RandomCall& call, void* stream);     // int64
Failure isoflop_philox_uniform(const RandomCall& call, void* stream);  // float
Failure isoflop_philox_normal(const RandomCall& call, void* stream);   // float
Failure isoflop_box_muller(const int64_t* words, float* result, size_t pairs, void* stream);
Failure isoflop_nearest_normal(const NearestCall& call, void* stream);

// `call.result` takes the scales.
Failure isoflop_block_scales(const RoundCall& call, void* stream);
Failure isoflop_round_scaled(const RoundCall& call, void* stream);
// Blocks of a power of two up to MAX_HADAMARD, each times `factor`.
Failure isoflop_hadamard(const float* x, float* result, size_t count, size_t block, float factor, void* stream);
constexpr size_t MAX_HADAMARD = 1024;

size_t isoflop_expert_slots_scratch(const SlotsCall& call);
Failure isoflop_expert_slots(const SlotsCall& call, void* stream);
Failure isoflop_moe_dispatch(const RoutingCall& call, void* stream);
Failure isoflop_moe_combine(const RoutingCall& call, void* stream);
Failure isoflop_moe_products(const RoutingCall& call, void* stream);

Failure isoflop_cross_polytope(const float* x, int64_t* codes, size_t rows, size_t width, void* stream);
// `begins`: scratch of `count`.
Failure isoflop_bucket_ids(const int64_t* keys, int64_t* ids, uint8_t* begins, size_t count, void* stream);

size_t isoflop_assignment_scratch(const AssignmentCall& call);
Failure isoflop_assignment(const AssignmentCall& call, void* stream);

Failure isoflop_max_pool(const PoolCall& call, void* stream);
Failure isoflop_max_pool_gradient(const PoolCall& call, void* stream);
Failure isoflop_cross_entropy(const CrossEntropyCall& call, void* stream);
Failure isoflop_cross_entropy_gradient(const CrossEntropyCall& call, void* stream);
Failure isoflop_row_sums(const RowSumsCall& call, void* stream);
Failure isoflop_squares(const SquaresCall& call, void* stream);
Failure isoflop_total(const double* parts, size_t count, float* result, void* stream);
Failure isoflop_linear_attention(const LinearAttentionCall& call, void* stream);

// How many parts the sums over pixels are made in, so that a GPU has enough blocks.
int64_t isoflop_kernel_gradient_parts(const ConvolutionCall& call);
Failure isoflop_kernel_gradient(const KernelGradientCall& call, void* stream);
}

}  // namespace isoflop::kernels
