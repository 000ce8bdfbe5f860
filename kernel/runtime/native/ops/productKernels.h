// Products of small matrices that lie in the cache, the building block of attention and of weight gradients.
#pragma once
#include <cstddef>

#include "instructionSet.h"

namespace isoflop {

// c (+)= a b with c [m, n], a [m, k], b [k, n]. Elements of a are found at i aRow + p aStep, so either may be transposed; rows of b and c
// lie in order. Reads of b go up to `padding` elements beyond the end of its rows, of whole tiles: memory must be there, its content does not matter.
struct Product {
  size_t m, n, k;
  const float* a;
  size_t aRow, aStep;
  const float* b;
  size_t bRow;
  float* c;
  size_t cRow;
  bool accumulate;
};

struct ProductKernels {
  // Size of a tile: products of whole tiles are fastest.
  size_t rows, columns;
  void (*multiply)(const Product&);
  // `columns` columns of `terms` rows as panels [terms, rows or columns of a tile]; what is missing in the last one is zero.
  void (*packRows)(float* to, const float* from, size_t fromRow, size_t terms, size_t columns);
  void (*packColumns)(float* to, const float* from, size_t fromRow, size_t terms, size_t columns);
  // to[j toRow + i] = factor from[i fromRow + j] for i < rows and j < columns.
  void (*transpose)(float* to, size_t toRow, const float* from, size_t fromRow, size_t rows, size_t columns, float factor);
};

// Most columns of a tile.
constexpr size_t MAX_TILE_COLUMNS = 32;

const ProductKernels& productKernelsBase();
const ProductKernels& productKernelsAvx2();
const ProductKernels& productKernelsAvx512();

// Those for the instruction set in use.
inline const ProductKernels& productKernels() { return ISOFLOP_VARIANT_OF(productKernels); }

}  // namespace isoflop
