// Sums of rows by index, and of squares over many tensors: in the same order every time.
#include "ownKernels.h"

namespace isoflop::kernels {
namespace {

// Where a row belongs; behind all, and the fault told, where its index is outside.
ISOFLOP_BOTH inline int64_t placeOf(const RowSumsCall& call, size_t n) {
  const int64_t index = wholeAt(call.indices, call.indexType, n);
  return index >= 0 && index < static_cast<int64_t>(call.results) ? index : static_cast<int64_t>(call.results);
}

// Rows by their places: each counts those before it, so that equals stay in order.
struct Sort {
  RowSumsCall call;
  ISOFLOP_BOTH void operator()(size_t n) const {
    const int64_t place = placeOf(call, n);
    if (place == static_cast<int64_t>(call.results)) *call.fault = 1;
    size_t rank = 0;
    for (size_t m = 0; m < call.count; m++) {
      const int64_t other = placeOf(call, m);
      rank += other < place || (other == place && m < n);
    }
    call.order[rank] = static_cast<int64_t>(n);
    call.sorted[rank] = place;
  }
};

struct RowSums {
  RowSumsCall call;
  ISOFLOP_BOTH void operator()(size_t i) const {
    const auto place = static_cast<int64_t>(i / call.width);
    // The first row that belongs here, or where it would be.
    size_t low = 0, high = call.count;
    while (low < high) {
      const size_t middle = (low + high) / 2;
      if (call.sorted[middle] < place) low = middle + 1;
      else high = middle;
    }
    float sum = 0.0f;
    for (; low < call.count && call.sorted[low] == place; low++) sum += call.rows[static_cast<size_t>(call.order[low]) * call.width + i % call.width];
    call.result[i] = sum;
  }
};

struct Squares {
  SquaresCall call;
  template <class L>
  ISOFLOP_BOTH void operator()(const L& lanes, size_t piece) const {
    int tensor = 0;
    while (piece >= call.firstPiece[tensor + 1]) tensor++;
    const size_t from = (piece - call.firstPiece[tensor]) * SQUARED_PIECE, count = call.counts[tensor], to = from + SQUARED_PIECE < count ? from + SQUARED_PIECE : count;
    const float* x = call.from[tensor];
    double sum = 0;
    for (size_t i = from + lanes.index; i < to; i += lanes.count) sum += static_cast<double>(x[i]) * x[i];
    sum = lanes.joined(sum, Plus{});
    if (lanes.index == 0) call.parts[piece] = sum;
  }
};

struct Total {
  const double* parts;
  size_t count;
  float* result;
  template <class L>
  ISOFLOP_BOTH void operator()(const L& lanes, size_t) const {
    double sum = 0;
    for (size_t i = lanes.index; i < count; i += lanes.count) sum += parts[i];
    sum = lanes.joined(sum, Plus{});
    if (lanes.index == 0) *result = static_cast<float>(sum);
  }
};

}  // namespace

extern "C" {

Failure isoflop_row_sums(const RowSumsCall& call, void* stream) {
  if (Failure failure = forEach(call.count, Sort{call}, stream)) return failure;
  return forEach(call.results * call.width, RowSums{call}, stream);
}
Failure isoflop_squares(const SquaresCall& call, void* stream) { return forRows(call.firstPiece[call.tensors], Squares{call}, stream); }
Failure isoflop_total(const double* parts, size_t count, float* result, void* stream) { return forRows(1, Total{parts, count, result}, stream); }
}

}  // namespace isoflop::kernels
