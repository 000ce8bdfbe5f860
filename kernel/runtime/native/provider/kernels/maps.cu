// Pointwise kernels: arithmetic, comparison, choice, conversion, and all movement of elements that steps can describe.
#include "dispatch.h"
#include "functions.h"

namespace isoflop::kernels {
namespace {

template <class T>
struct Map {
  Elementwise operation;
  MapCall call;
  ISOFLOP_BOTH void operator()(size_t i) const {
    const auto x = load(static_cast<const T*>(call.operands[0]), static_cast<size_t>(offsetOf(i, call.space, call.steps[0])));
    auto* result = static_cast<T*>(call.result);
    const auto at = static_cast<size_t>(offsetOf(i, call.space, call.resultSteps));
    if (!takesTwo(operation)) return store(result, at, ofOne(operation, x));
    const auto y = load(static_cast<const T*>(call.operands[1]), static_cast<size_t>(offsetOf(i, call.space, call.steps[1])));
    store(result, at, ofTwo(operation, x, y));
  }
};

template <class T>
struct Compare {
  Comparison operation;
  MapCall call;
  ISOFLOP_BOTH void operator()(size_t i) const {
    const auto x = load(static_cast<const T*>(call.operands[0]), static_cast<size_t>(offsetOf(i, call.space, call.steps[0])));
    bool holds = x != x;
    if (operation != Comparison::IS_NAN) {
      const auto y = load(static_cast<const T*>(call.operands[1]), static_cast<size_t>(offsetOf(i, call.space, call.steps[1])));
      holds = operation == Comparison::EQUAL ? x == y : operation == Comparison::LESS ? x < y : x <= y;
    }
    static_cast<uint8_t*>(call.result)[offsetOf(i, call.space, call.resultSteps)] = holds;
  }
};

struct Connect {
  Logic operation;
  MapCall call;
  ISOFLOP_BOTH bool operand(int k, size_t i) const { return static_cast<const uint8_t*>(call.operands[k])[offsetOf(i, call.space, call.steps[k])] != 0; }
  ISOFLOP_BOTH void operator()(size_t i) const {
    const bool x = operand(0, i);
    const bool y = operation == Logic::NOT ? true : operand(1, i);
    const bool holds = operation == Logic::AND ? x && y : operation == Logic::OR ? x || y : x != y;
    static_cast<uint8_t*>(call.result)[offsetOf(i, call.space, call.resultSteps)] = holds;
  }
};

template <class T>
struct Copy {
  MapCall call;
  ISOFLOP_BOTH void operator()(size_t i) const { static_cast<T*>(call.result)[offsetOf(i, call.space, call.resultSteps)] = static_cast<const T*>(call.operands[0])[offsetOf(i, call.space, call.steps[0])]; }
};

template <class T>
struct Choose {
  MapCall call;
  ISOFLOP_BOTH void operator()(size_t i) const {
    const int chosen = static_cast<const uint8_t*>(call.operands[0])[offsetOf(i, call.space, call.steps[0])] != 0 ? 1 : 2;
    static_cast<T*>(call.result)[offsetOf(i, call.space, call.resultSteps)] = static_cast<const T*>(call.operands[chosen])[offsetOf(i, call.space, call.steps[chosen])];
  }
};

template <class T>
struct Fill {
  T value;
  T* result;
  ISOFLOP_BOTH void operator()(size_t i) const { result[i] = value; }
};

template <class From, class To>
struct Convert {
  MapCall call;
  ISOFLOP_BOTH void operator()(size_t i) const {
    const auto x = load(static_cast<const From*>(call.operands[0]), static_cast<size_t>(offsetOf(i, call.space, call.steps[0])));
    const auto at = static_cast<size_t>(offsetOf(i, call.space, call.resultSteps));
    if constexpr (std::is_same_v<To, Bool>) static_cast<Bool*>(call.result)[at].value = x != 0;
    else store(static_cast<To*>(call.result), at, converted<Compute<To>>(x));
  }
};

}  // namespace

extern "C" {

Failure isoflop_elementwise(Elementwise operation, int type, const MapCall& call, void* stream) {
  return withType(type, [&](auto of) -> Failure {
    using T = decltype(of);
    if constexpr (std::is_same_v<T, Bool>) return NO_SUCH_TYPE;
    else return forEach(elements(call.space), Map<T>{operation, call}, stream);
  });
}

Failure isoflop_compare(Comparison operation, int type, const MapCall& call, void* stream) {
  return withType(type, [&](auto of) { return forEach(elements(call.space), Compare<decltype(of)>{operation, call}, stream); });
}

Failure isoflop_logic(Logic operation, const MapCall& call, void* stream) { return forEach(elements(call.space), Connect{operation, call}, stream); }

Failure isoflop_copy(size_t elementBytes, const MapCall& call, void* stream) {
  return withSize(elementBytes, [&](auto of) { return forEach(elements(call.space), Copy<decltype(of)>{call}, stream); });
}

Failure isoflop_where(size_t elementBytes, const MapCall& call, void* stream) {
  return withSize(elementBytes, [&](auto of) { return forEach(elements(call.space), Choose<decltype(of)>{call}, stream); });
}

Failure isoflop_cast(int from, int to, const MapCall& call, void* stream) {
  return withType(from, [&](auto a) {
    return withType(to, [&](auto b) { return forEach(elements(call.space), Convert<decltype(a), decltype(b)>{call}, stream); });
  });
}

Failure isoflop_fill(size_t elementBytes, uint64_t bits, void* result, size_t count, void* stream) {
  return withSize(elementBytes, [&](auto of) {
    using T = decltype(of);
    return forEach(count, Fill<T>{static_cast<T>(bits), static_cast<T*>(result)}, stream);
  });
}

}

}  // namespace isoflop::kernels
