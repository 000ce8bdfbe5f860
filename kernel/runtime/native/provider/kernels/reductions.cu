// Sums, products and extremes over axes; softmax along rows; running sums.
#include "dispatch.h"
#include "functions.h"

namespace isoflop::kernels {
namespace {

// Long columns are cut into parts, so that enough threads have work; a second pass joins the parts.
constexpr size_t ENOUGH_RESULTS = 1 << 14;
constexpr size_t PART_LENGTH = 128;
constexpr size_t MAX_PARTS = 256;

template <class C>
struct Join {
  Reduction operation;
  ISOFLOP_BOTH C operator()(C a, C b) const {
    switch (operation) {
      case Reduction::SUM: return ofTwo(Elementwise::ADD, a, b);
      case Reduction::PROD: return ofTwo(Elementwise::MUL, a, b);
      case Reduction::MAX: return ofTwo(Elementwise::MAX, a, b);
      default: return ofTwo(Elementwise::MIN, a, b);
    }
  }
};

// What joining starts from.
template <class C>
ISOFLOP_BOTH C neutral(Reduction operation) {
  using Limits = std::numeric_limits<C>;
  switch (operation) {
    case Reduction::SUM: return C{0};
    case Reduction::PROD: return C{1};
    case Reduction::MAX: return Limits::has_infinity ? -Limits::infinity() : Limits::lowest();
    default: return Limits::has_infinity ? Limits::infinity() : Limits::max();
  }
}

// Result r of part p: rows are numbered p * results + r, so that neighbours read neighbours.
template <class T, class Out>
struct Reduce {
  using C = Compute<T>;
  Reduction operation;
  ReduceCall call;
  size_t results, length, partLength;

  template <class L>
  ISOFLOP_BOTH void operator()(const L& lanes, size_t row) const {
    const size_t r = row % results, from = row / results * partLength;
    const size_t to = from + partLength < length ? from + partLength : length;
    const auto* operand = static_cast<const T*>(call.operand) + offsetOf(r, call.kept, call.keptSteps);
    const Join<C> join{operation};
    C total = neutral<C>(operation);
    for (size_t j = from + lanes.index; j < to; j += lanes.count) total = join(total, load(operand, static_cast<size_t>(offsetOf(j, call.reduced, call.reducedSteps))));
    total = lanes.joined(total, join);
    if (lanes.index == 0) store(static_cast<Out*>(call.result), row, static_cast<Compute<Out>>(total));
  }
};

size_t partsOf(const ReduceCall& call) {
  const size_t results = elements(call.kept), length = elements(call.reduced);
  if (call.rows || results >= ENOUGH_RESULTS || length < 2 * PART_LENGTH) return 1;
  const size_t parts = length / PART_LENGTH;
  return parts < MAX_PARTS ? parts : MAX_PARTS;
}

template <class T, class Out>
Failure run(Reduction operation, const ReduceCall& call, size_t parts, void* stream) {
  const size_t results = elements(call.kept), length = elements(call.reduced);
  const Reduce<T, Out> reduce{operation, call, results, length, length == 0 ? 1 : (length + parts - 1) / parts};
  if (call.rows) return forRows(results * parts, reduce, stream);
  return forEach(results * parts, ByItself<Reduce<T, Out>>{reduce}, stream);
}

template <class T>
struct ArgMax {
  const T* operand;
  int64_t* result;
  size_t size, inner;
  ISOFLOP_BOTH void operator()(size_t i) const {
    const T* from = operand + i / inner * size * inner + i % inner;
    size_t best = 0;
    for (size_t j = 1; j < size; j++)
      if (load(from, j * inner) > load(from, best * inner)) best = j;
    result[i] = static_cast<int64_t>(best);
  }
};

template <class T>
struct CumulativeSum {
  const T* operand;
  T* result;
  size_t size, inner;
  bool exclusive, reverse;
  ISOFLOP_BOTH void operator()(size_t i) const {
    const size_t first = i / inner * size * inner + i % inner;
    Compute<T> total{0};
    for (size_t j = 0; j < size; j++) {
      const size_t at = first + (reverse ? size - 1 - j : j) * inner;
      const auto x = load(operand, at);
      if (exclusive) store(result, at, total);
      total = ofTwo(Elementwise::ADD, total, x);
      if (!exclusive) store(result, at, total);
    }
  }
};

template <class T>
struct Softmax {
  bool logarithm;
  RowsCall call;
  template <class L>
  ISOFLOP_BOTH void operator()(const L& lanes, size_t row) const {
    using C = Compute<T>;
    const T* x = static_cast<const T*>(call.operand) + row * call.columns;
    T* y = static_cast<T*>(call.result) + row * call.columns;
    C largest = -std::numeric_limits<C>::infinity();
    for (size_t c = lanes.index; c < call.columns; c += lanes.count) largest = Join<C>{Reduction::MAX}(largest, load(x, c));
    largest = lanes.joined(largest, Join<C>{Reduction::MAX});
    C sum{0};
    for (size_t c = lanes.index; c < call.columns; c += lanes.count) sum += exp(load(x, c) - largest);
    sum = lanes.joined(sum, Join<C>{Reduction::SUM});
    for (size_t c = lanes.index; c < call.columns; c += lanes.count) {
      const C shifted = load(x, c) - largest;
      store(y, c, logarithm ? shifted - static_cast<C>(log(sum)) : static_cast<C>(exp(shifted)) / sum);
    }
  }
};

template <class Body>
Failure withNumber(int type, const Body& body) {
  return withType(type, [&](auto of) -> Failure {
    using T = decltype(of);
    if constexpr (std::is_same_v<T, Bool> || std::is_same_v<T, int8_t> || std::is_same_v<T, uint8_t>) return NO_SUCH_TYPE;
    else return body(of);
  });
}

}  // namespace

extern "C" {

size_t isoflop_reduce_scratch(const ReduceCall& call) {
  const size_t parts = partsOf(call);
  return parts == 1 ? 0 : parts * elements(call.kept) * sizeof(double);
}

Failure isoflop_reduce(Reduction operation, int type, const ReduceCall& call, void* scratch, void* stream) {
  return withNumber(type, [&](auto of) -> Failure {
    using T = decltype(of);
    const size_t parts = partsOf(call);
    if (parts == 1) return run<T, T>(operation, call, 1, stream);
    ReduceCall first = call, second;
    first.result = scratch;
    if (Failure failure = run<T, Compute<T>>(operation, first, parts, stream)) return failure;
    const auto results = static_cast<int64_t>(elements(call.kept));
    second.kept = {1, {results}};
    second.reduced = {1, {static_cast<int64_t>(parts)}};
    second.operand = scratch;
    second.result = call.result;
    second.keptSteps = {{1}};
    second.reducedSteps = {{results}};
    second.rows = false;
    return run<Compute<T>, T>(operation, second, 1, stream);
  });
}

Failure isoflop_arg_max(int type, const void* operand, int64_t* result, size_t outer, size_t size, size_t inner, void* stream) {
  return withNumber(type, [&](auto of) {
    using T = decltype(of);
    return forEach(outer * inner, ArgMax<T>{static_cast<const T*>(operand), result, size, inner}, stream);
  });
}

Failure isoflop_cumulative_sum(int type, const void* operand, void* result, size_t outer, size_t size, size_t inner, bool exclusive, bool reverse, void* stream) {
  return withNumber(type, [&](auto of) {
    using T = decltype(of);
    return forEach(outer * inner, CumulativeSum<T>{static_cast<const T*>(operand), static_cast<T*>(result), size, inner, exclusive, reverse}, stream);
  });
}

Failure isoflop_softmax(int type, bool logarithm, const RowsCall& call, void* stream) {
  return withType(type, [&](auto of) -> Failure {
    using T = decltype(of);
    if constexpr (!std::is_floating_point_v<Compute<T>>) return NO_SUCH_TYPE;
    else return forRows(call.rows, Softmax<T>{logarithm, call}, stream);
  });
}

}

}  // namespace isoflop::kernels
