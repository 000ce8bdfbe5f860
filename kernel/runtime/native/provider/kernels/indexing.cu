// Kernels that find elements by indices held in memory. An index outside of its table reads and writes nothing, and is reported.
#include "dispatch.h"

namespace isoflop::kernels {
namespace {

// Place i of the indices; -1, and the fault told, where it is outside.
ISOFLOP_BOTH inline int64_t indexAt(const IndexedCall& call, size_t i) {
  int64_t index = wholeAt(call.indices, call.indexType, i);
  if (index < 0) index += static_cast<int64_t>(call.size);
  if (index >= 0 && index < static_cast<int64_t>(call.size)) return index;
  if (call.fault != nullptr) *call.fault = 1;
  return -1;
}

template <class T>
struct Gather {
  IndexedCall call;
  ISOFLOP_BOTH void operator()(size_t i) const {
    const size_t inner = i % call.inner, place = i / call.inner % call.count, outer = i / call.inner / call.count;
    const int64_t index = indexAt(call, place);
    static_cast<T*>(call.result)[i] = index < 0 ? T{0} : static_cast<const T*>(call.table)[(outer * call.size + static_cast<size_t>(index)) * call.inner + inner];
  }
};

template <class T>
struct GatherElements {
  IndexedCall call;
  ISOFLOP_BOTH void operator()(size_t i) const {
    const size_t inner = i % call.inner, outer = i / call.inner / call.count;
    const int64_t index = indexAt(call, i);
    static_cast<T*>(call.result)[i] = index < 0 ? T{0} : static_cast<const T*>(call.table)[(outer * call.size + static_cast<size_t>(index)) * call.inner + inner];
  }
};

ISOFLOP_BOTH inline void addInto(float* to, float x) {
#if defined(__CUDA_ARCH__)
  atomicAdd(to, x);
#else
  *to += x;
#endif
}
ISOFLOP_BOTH inline void addInto(double* to, double x) {
#if defined(__CUDA_ARCH__)
  atomicAdd(to, x);
#else
  *to += x;
#endif
}
ISOFLOP_BOTH inline void addInto(int32_t* to, int32_t x) {
#if defined(__CUDA_ARCH__)
  atomicAdd(to, x);
#else
  *to = static_cast<int32_t>(static_cast<uint32_t>(*to) + static_cast<uint32_t>(x));
#endif
}
ISOFLOP_BOTH inline void addInto(int64_t* to, int64_t x) {
#if defined(__CUDA_ARCH__)
  atomicAdd(reinterpret_cast<unsigned long long*>(to), static_cast<unsigned long long>(x));
#else
  *to = static_cast<int64_t>(static_cast<uint64_t>(*to) + static_cast<uint64_t>(x));
#endif
}

template <class T>
struct ScatterAdd {
  IndexedCall call;
  ISOFLOP_BOTH void operator()(size_t i) const {
    const size_t inner = i % call.inner, outer = i / call.inner / call.count;
    const int64_t index = indexAt(call, i);
    if (index >= 0) addInto(static_cast<T*>(call.result) + (outer * call.size + static_cast<size_t>(index)) * call.inner + inner, static_cast<const T*>(call.table)[i]);
  }
};

template <class T>
struct OneHot {
  IndexedCall call;
  T off, on;
  ISOFLOP_BOTH void operator()(size_t i) const {
    const size_t inner = i % call.inner, place = i / call.inner % call.size, outer = i / call.inner / call.size;
    const int64_t index = indexAt(call, outer * call.inner + inner);
    static_cast<T*>(call.result)[i] = index == static_cast<int64_t>(place) ? on : off;
  }
};

}  // namespace

extern "C" {

Failure isoflop_gather(size_t elementBytes, const IndexedCall& call, void* stream) {
  return withSize(elementBytes, [&](auto of) { return forEach(call.outer * call.count * call.inner, Gather<decltype(of)>{call}, stream); });
}

Failure isoflop_gather_elements(size_t elementBytes, const IndexedCall& call, void* stream) {
  return withSize(elementBytes, [&](auto of) { return forEach(call.outer * call.count * call.inner, GatherElements<decltype(of)>{call}, stream); });
}

Failure isoflop_scatter_add(int type, const IndexedCall& call, void* stream) {
  const size_t count = call.outer * call.count * call.inner;
  switch (type) {
    case F32: return forEach(count, ScatterAdd<float>{call}, stream);
    case F64: return forEach(count, ScatterAdd<double>{call}, stream);
    case I32: return forEach(count, ScatterAdd<int32_t>{call}, stream);
    case I64: return forEach(count, ScatterAdd<int64_t>{call}, stream);
    default: return NO_SUCH_TYPE;
  }
}

Failure isoflop_one_hot(size_t elementBytes, uint64_t off, uint64_t on, const IndexedCall& call, void* stream) {
  IndexedCall quiet = call;
  quiet.fault = nullptr;  // an index outside is allowed here
  return withSize(elementBytes, [&](auto of) {
    using T = decltype(of);
    return forEach(call.outer * call.size * call.inner, OneHot<T>{quiet, static_cast<T>(off), static_cast<T>(on)}, stream);
  });
}

}

}  // namespace isoflop::kernels
