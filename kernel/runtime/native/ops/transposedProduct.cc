// Blocks of the result, each with its operands copied into panels as the tiles read them (Goto & van de Geijn 2008). Both operands lie as
// the tiles want them already, so copies are of whole vectors; onnxruntime's Gemm transposes the first one element by element.
#include "transposedProduct.h"

#include <algorithm>

#include "alignedMemory.h"
#include "productKernels.h"
#include "rounding.h"

namespace isoflop {
namespace {

// Rows and columns of a block of the result, and terms of its sums that are added up in one go: panels stay in the second-level cache.
constexpr size_t BLOCK = 256;
// Where there are few blocks they are halved, so that all threads get one.
constexpr size_t FEW_BLOCKS = 4;
constexpr size_t TERMS = 256;

}  // namespace

void TransposedProduct::compute(const Call& call) const {
  const Operand a = call.input(0), b = call.input(1);
  expect(a.rank() == 2 && b.rank() == 2, "operands are not matrices");
  expect(a.size(0) == b.size(0), "operands differ in rows");
  const size_t terms = a.size(0), m = a.size(1), n = b.size(1);
  const float* left = a.as<float>();
  const float* right = b.as<float>();
  float* result = call.output<float>(0, {a.shape[1], b.shape[1]});
  if (m == 0 || n == 0) return;
  const ProductKernels& kernels = productKernels();
  const size_t side = quotient(m, BLOCK) * quotient(n, BLOCK) < FEW_BLOCKS ? BLOCK / 2 : BLOCK;
  const size_t down = quotient(m, side), across = quotient(n, side);
  call.parallel(down * across, [&](size_t piece) {
    const size_t row = piece / across * side, column = piece % across * side;
    const size_t rows = std::min(side, m - row), columns = std::min(side, n - column);
    const auto leftPanels = alignedMemory<float>(rounded(side, kernels.rows) * TERMS), rightPanels = alignedMemory<float>(rounded(side, kernels.columns) * TERMS);
    float* block = result + row * n + column;
    if (terms == 0)
      for (size_t i = 0; i < rows; i++) std::fill_n(block + i * n, columns, 0.0f);
    for (size_t term = 0; term < terms; term += TERMS) {
      call.stopIfAsked();
      const size_t here = std::min(TERMS, terms - term);
      kernels.packRows(leftPanels.get(), left + term * m + row, m, here, rows);
      kernels.packColumns(rightPanels.get(), right + term * n + column, n, here, columns);
      for (size_t j = 0; j < columns; j += kernels.columns)
        for (size_t i = 0; i < rows; i += kernels.rows)
          kernels.multiply({std::min(kernels.rows, rows - i), std::min(kernels.columns, columns - j), here, leftPanels.get() + i * here, 1, kernels.rows, rightPanels.get() + j * here, kernels.columns, block + i * n + j, n, term > 0});
    }
    if (alpha_ != 1.0f)
      for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < columns; j++) block[i * n + j] *= alpha_;
  });
}

}  // namespace isoflop
