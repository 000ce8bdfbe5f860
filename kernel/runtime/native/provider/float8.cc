#include "float8.h"

#include <algorithm>
#include <cstdlib>

namespace isoflop::device {
namespace {

using kernels::Float8Call;
using kernels::ProductCall;

constexpr int64_t LEAST = 16;      // of each size of a product
constexpr int64_t ALIGNMENT = 16;  // of rows, as tensor cores read them
constexpr size_t PIECE = 256;      // alignment of each part of the scratch memory

size_t whole(size_t bytes) { return (bytes + PIECE - 1) / PIECE * PIECE; }
int64_t widthOf(const ProductCall& call) { return (call.k + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT; }

// One that is repeated over the batch is packed once.
int64_t matrices(int64_t batch, int64_t step) { return step == 0 ? 1 : batch; }
size_t bytesOfA(const ProductCall& call) { return whole(static_cast<size_t>(matrices(call.batch, call.aBatch) * call.m * widthOf(call))); }
size_t bytesOfB(const ProductCall& call) { return whole(static_cast<size_t>(matrices(call.batch, call.bBatch) * call.n * widthOf(call))); }
constexpr size_t SCALE_BYTES = PIECE;
size_t partsBytes() { return whole(kernels::FLOAT8_PARTS * sizeof(float)); }

}  // namespace

const std::string& wantedProducts() {
  static const std::string& wanted = *new std::string([] {
    const char* wish = std::getenv("ISOFLOP_PRODUCTS");
    return wish == nullptr ? "float32" : wish;
  }());
  return wanted;
}

bool takesFloat8(const ProductCall& call) {
  static const bool asked = wantedProducts() == "float8";
  return asked && call.type == kernels::F32 && std::min({call.m, call.n, call.k}) >= LEAST;
}

size_t float8ScratchBytes(const ProductCall& call) { return bytesOfA(call) + bytesOfB(call) + 2 * SCALE_BYTES + partsBytes(); }

Failure packFloat8(const ProductCall& call, void* scratch, kernels::Float8Product* packed) {
  auto* next = static_cast<char*>(scratch);
  const auto take = [&](size_t bytes) {
    char* taken = next;
    next += bytes;
    return taken;
  };
  const int64_t width = widthOf(call);
  auto* a = reinterpret_cast<uint8_t*>(take(bytesOfA(call)));
  auto* b = reinterpret_cast<uint8_t*>(take(bytesOfB(call)));
  auto* aScale = reinterpret_cast<float*>(take(SCALE_BYTES));
  auto* bScale = reinterpret_cast<float*>(take(SCALE_BYTES));
  auto* parts = reinterpret_cast<float*>(take(partsBytes()));
  const int64_t aCount = matrices(call.batch, call.aBatch), bCount = matrices(call.batch, call.bBatch);
  const Float8Call first{static_cast<const float*>(call.a), aCount, call.m, call.k, width, call.aBatch, call.aRow, call.aColumn, a, aScale, parts};
  const Float8Call second{static_cast<const float*>(call.b), bCount, call.n, call.k, width, call.bBatch, call.bColumn, call.bRow, b, bScale, parts};
  for (const Float8Call& operand : {first, second})
    if (const Failure failure = kernels::isoflop_to_float8(operand, stream())) return failure;
  *packed = {call.m, call.n, width, call.batch, aCount == 1 ? 0 : call.m * width, bCount == 1 ? 0 : call.n * width, call.cBatch, a, b, aScale, bScale, static_cast<float*>(call.c), call.alpha, call.beta};
  return nullptr;
}

}  // namespace isoflop::device
