// The first k in order: each element counts those before it. No sorting, no order of threads.
#include "dispatch.h"

namespace isoflop::kernels {
namespace {

template <class T>
struct TopK {
  TopKCall call;

  // Whether x at i stands before y at j.
  template <class C>
  ISOFLOP_BOTH bool before(C x, size_t i, C y, size_t j) const {
    const bool xIsNumber = x == x, yIsNumber = y == y;
    if (xIsNumber != yIsNumber) return yIsNumber == call.largest;
    if (xIsNumber && x != y) return (x > y) == call.largest;
    return i < j;
  }

  ISOFLOP_BOTH void operator()(size_t element) const {
    const size_t inner = element % call.inner, at = element / call.inner % call.size, outer = element / call.inner / call.size;
    const T* row = static_cast<const T*>(call.operand) + outer * call.size * call.inner + inner;
    const auto x = load(row, at * call.inner);
    size_t rank = 0;
    for (size_t i = 0; i < call.size && rank < call.k; i++) rank += before(load(row, i * call.inner), i, x, at);
    if (rank >= call.k) return;
    const size_t place = (outer * call.k + rank) * call.inner + inner;
    static_cast<T*>(call.values)[place] = row[at * call.inner];
    call.indices[place] = static_cast<int64_t>(at);
  }
};

}  // namespace

extern "C" Failure isoflop_top_k(int type, const TopKCall& call, void* stream) {
  return withType(type, [&](auto of) -> Failure {
    using T = decltype(of);
    if constexpr (std::is_same_v<T, Bool>) return NO_SUCH_TYPE;
    else return forEach(call.outer * call.size * call.inner, TopK<T>{call}, stream);
  });
}

}  // namespace isoflop::kernels
