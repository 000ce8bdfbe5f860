// Products of matrices, one thread for each element: right, and slow on a GPU, where cuBLASLt is used if it is there.
#include "dispatch.h"

namespace isoflop::kernels {
namespace {

template <class T>
struct Product {
  ProductCall call;
  ISOFLOP_BOTH void operator()(size_t i) const {
    const auto at = static_cast<int64_t>(i);
    const int64_t column = at % call.n, row = at / call.n % call.m, batch = at / call.n / call.m;
    const T* a = static_cast<const T*>(call.a) + batch * call.aBatch + row * call.aRow;
    const T* b = static_cast<const T*>(call.b) + batch * call.bBatch + column * call.bColumn;
    T* c = static_cast<T*>(call.c) + batch * call.cBatch + row * call.n + column;
    Compute<T> sum{0};
    for (int64_t l = 0; l < call.k; l++) sum += load(a, static_cast<size_t>(l * call.aColumn)) * load(b, static_cast<size_t>(l * call.bRow));
    sum *= static_cast<Compute<T>>(call.alpha);
    store(c, 0, call.beta == 0 ? sum : sum + static_cast<Compute<T>>(call.beta) * load(c, 0));
  }
};

}  // namespace

extern "C" Failure isoflop_product(const ProductCall& call, void* stream) {
  const auto count = static_cast<size_t>(call.m * call.n * call.batch);
  switch (call.type) {
    case F32: return forEach(count, Product<float>{call}, stream);
    case F64: return forEach(count, Product<double>{call}, stream);
    case F16: return forEach(count, Product<Half>{call}, stream);
    case BF16: return forEach(count, Product<Brain>{call}, stream);
    default: return NO_SUCH_TYPE;
  }
}

}  // namespace isoflop::kernels
