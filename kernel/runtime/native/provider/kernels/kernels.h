// The kernels: plain C entry points over addresses of device memory and a stream. Each returns what went wrong, or nullptr.
// Nothing here knows of onnxruntime.
#pragma once
#include "space.h"

namespace isoflop::kernels {

// ONNX's numbers of element types.
enum Type : int { F32 = 1, U8 = 2, I8 = 3, I32 = 6, I64 = 7, BOOLEAN = 9, F16 = 10, F64 = 11, U32 = 12, U64 = 13, BF16 = 16 };

// Element i of whole numbers, I32 or I64.
ISOFLOP_BOTH inline int64_t wholeAt(const void* numbers, int type, size_t i) { return type == I64 ? static_cast<const int64_t*>(numbers)[i] : static_cast<const int32_t*>(numbers)[i]; }

enum class Elementwise : int {
  // One operand.
  NEG, ABS, SIGN, EXP, LOG, SQRT, RECIPROCAL, SIN, COS, TANH, SIGMOID, ERF, FLOOR, CEIL, ROUND, GELU, SILU,
  // Two.
  ADD, SUB, MUL, DIV, POW, MAX, MIN, MOD,
  // Of whole numbers.
  BIT_AND, BIT_OR, BIT_XOR, SHIFT_LEFT, SHIFT_RIGHT,
};
enum class Comparison : int { EQUAL, LESS, LESS_EQUAL, IS_NAN };
enum class Logic : int { NOT, AND, OR, XOR };

// result[i] = f(operands[i]...) over a space; operands and result lie in it as their steps say.
struct MapCall {
  Space space;
  const void* operands[3] = {};
  void* result = nullptr;
  Steps steps[3];
  Steps resultSteps;
};

struct ReduceCall {
  Space kept, reduced;
  const void* operand;
  void* result;  // in order
  Steps keptSteps, reducedSteps;
  bool rows;  // whether neighbours along the reduced axes lie side by side: lanes share a row then
};
enum class Reduction : int { SUM, MAX, MIN, PROD };

// In a table of [outer, size, inner] elements.
struct IndexedCall {
  const void* table;
  const void* indices;
  int indexType;  // I32 or I64
  void* result;
  size_t outer, size, inner, count;  // `count` indices
  int* fault;                        // set to 1 where an index is outside
};

// c = alpha a b: matrices of a batch, each with its steps. One of the two steps of a matrix is 1.
struct ProductCall {
  int type;
  int64_t m, n, k, batch;
  const void *a, *b;
  void* c;
  int64_t aRow, aColumn, aBatch, bRow, bColumn, bBatch, cBatch;  // c has rows of n
  float alpha, beta;                                             // beta c is added
};

// An operand of a product in eight bits (E4M3 of the OCP specification for FP8): element l of row r of matrix b becomes
// values[(b rows + r) width + l], rounded after division by *scale; behind `k` elements stand zeros.
struct Float8Call {
  const float* operand;
  int64_t batch, rows, k, width;
  int64_t batchStep, rowStep, step;
  uint8_t* values;
  float* scale;  // largest magnitude / 448, or 1 where that is no positive number
  float* parts;  // scratch of FLOAT8_PARTS
};
constexpr int64_t FLOAT8_PARTS = 256;
// c = alpha a b^T + beta c, with operands as Float8Call leaves them; a batch step of 0 repeats a matrix.
struct Float8Product {
  int64_t m, n, width, batch, aBatch, bBatch, cBatch;
  const uint8_t *a, *b;
  const float *aScale, *bScale;
  float* c;  // rows of n
  float alpha, beta;
};

struct RowsCall {
  const void* operand;
  void* result;
  size_t rows, columns;
};

// A fused program (../ops/fusedProgram.h) in the device's memory: tables, and where its operands and results are in this call.
struct FusedValue {
  int extent;             // of ../ops/fusedProgram.h
  int flags;              // 1: elements are bytes, 0 or not
  int64_t place;          // of a register: where it lies in the scratch memory; of others -1 - its address' number
  int64_t offset;         // from that address
  int64_t innerStep;      // of repeated operands
  int64_t outerSteps[MAX_AXES];
};
struct FusedInstruction {
  int opcode, result, operands[3];
};
constexpr int MAX_FUSED_ADDRESSES = 256;
struct FusedCall {
  const FusedValue* values;
  const FusedInstruction* instructions;
  int count;
  Space outer;               // its axes lie over the rows
  size_t rows, columns;
  size_t piece;              // columns worked on together: all where rows are reduced
  float* scratch;            // registers: `slots` times `slotFloats`
  size_t slots, slotFloats;
  void* addresses[MAX_FUSED_ADDRESSES];
};

// Heads of rows: element d of row t of head n lies at n xHead + t xStep + d. `group` heads of queries share one of keys.
struct AttentionCall {
  const float *q, *k, *v, *bias;  // bias: nullptr where there is none
  float *out, *logSums;           // logSums [heads, queries]
  int64_t heads, group, queries, keys, width, valueWidth;
  int64_t qHead, qStep, kHead, kStep, vHead, vStep, outHead, outStep;
  int64_t perBatch, biasSteps[4];  // heads of one example; steps along examples, heads, queries, keys
  float scale;
  bool causal;  // query i sees keys up to i + keys - queries
};
struct AttentionGradientCall {
  AttentionCall of;
  const float* g;  // lies as `out`
  float* means;    // scratch [heads, queries]
  float *dq, *dk, *dv;
};
constexpr int64_t MAX_ATTENTION_WIDTH = 256;

// Of one group after the other: weights are [M, C, taps], or [C, M, taps] where transposed.
constexpr int MAX_SPATIAL_AXES = 3;
struct ConvolutionCall {
  const float *operand, *weights, *bias;  // bias: nullptr where there is none
  float* result;
  int64_t batch, groups, channels, results;  // channels of operand and result, of a group
  int axes;
  int64_t from[MAX_SPATIAL_AXES], to[MAX_SPATIAL_AXES], taps[MAX_SPATIAL_AXES];  // sizes
  int64_t strides[MAX_SPATIAL_AXES], pads[MAX_SPATIAL_AXES], dilations[MAX_SPATIAL_AXES];
  bool transposed;
};

struct TopKCall {
  const void* operand;
  void* values;
  int64_t* indices;
  size_t outer, size, inner, k;
  bool largest;
};

extern "C" {
Failure isoflop_attention(const AttentionCall& call, void* stream);
Failure isoflop_attention_gradient(const AttentionGradientCall& call, void* stream);

Failure isoflop_elementwise(Elementwise operation, int type, const MapCall& call, void* stream);
Failure isoflop_compare(Comparison operation, int type, const MapCall& call, void* stream);
Failure isoflop_logic(Logic operation, const MapCall& call, void* stream);
Failure isoflop_copy(size_t elementBytes, const MapCall& call, void* stream);
Failure isoflop_cast(int from, int to, const MapCall& call, void* stream);
Failure isoflop_where(size_t elementBytes, const MapCall& call, void* stream);
// `bits` holds the element.
Failure isoflop_fill(size_t elementBytes, uint64_t bits, void* result, size_t count, void* stream);

// `scratch` has the size that isoflop_reduce_scratch gives.
Failure isoflop_reduce(Reduction operation, int type, const ReduceCall& call, void* scratch, void* stream);
size_t isoflop_reduce_scratch(const ReduceCall& call);
// First of the largest along [outer, size, inner]; int64.
Failure isoflop_arg_max(int type, const void* operand, int64_t* result, size_t outer, size_t size, size_t inner, void* stream);
Failure isoflop_cumulative_sum(int type, const void* operand, void* result, size_t outer, size_t size, size_t inner, bool exclusive, bool reverse, void* stream);
Failure isoflop_softmax(int type, bool logarithm, const RowsCall& call, void* stream);

// result[outer, count, inner].
Failure isoflop_gather(size_t elementBytes, const IndexedCall& call, void* stream);
// result[outer, count, inner] with indices of the same shape.
Failure isoflop_gather_elements(size_t elementBytes, const IndexedCall& call, void* stream);
// Adds `call.table` [outer, count, inner], with indices of the same shape, into result[outer, size, inner].
Failure isoflop_scatter_add(int type, const IndexedCall& call, void* stream);
// result[outer, size, inner] from indices [outer, inner]; an index outside gives no 1.
Failure isoflop_one_hot(size_t elementBytes, uint64_t off, uint64_t on, const IndexedCall& call, void* stream);

Failure isoflop_product(const ProductCall& call, void* stream);
Failure isoflop_to_float8(const Float8Call& call, void* stream);
Failure isoflop_float8_product(const Float8Product& call, void* stream);
Failure isoflop_convolution(const ConvolutionCall& call, void* stream);

// The k first of each row of [outer, size, inner] in order; of equals the first; NaN is before all numbers where `largest`, behind them else.
Failure isoflop_top_k(int type, const TopKCall& call, void* stream);

Failure isoflop_fused(const FusedCall& call, void* stream);
}

}  // namespace isoflop::kernels
