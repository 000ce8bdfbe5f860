// Mixtures of experts by index, as ../../ops/routing.cc.
#include "ownKernels.h"

namespace isoflop::kernels {
namespace {

constexpr int64_t NOWHERE = -1;

// Row of the flat buffers of choice c; NOWHERE where it is dropped.
ISOFLOP_BOTH inline int64_t rowOf(const RoutingCall& call, size_t c) {
  const int64_t e = call.experts[c], s = call.slots[c];
  const bool inside = e >= 0 && e < static_cast<int64_t>(call.buffers) && s >= 0 && s < static_cast<int64_t>(call.capacity);
  return inside ? e * static_cast<int64_t>(call.capacity) + s : NOWHERE;
}

// Of choices that share a place the last is taken.
ISOFLOP_BOTH inline void raise(int64_t* to, int64_t x) {
#if defined(__CUDA_ARCH__)
  atomicMax(reinterpret_cast<long long*>(to), static_cast<long long>(x));
#else
  if (x > *to) *to = x;
#endif
}

struct Empty {
  RoutingCall call;
  ISOFLOP_BOTH void operator()(size_t row) const { call.choices[row] = NOWHERE; }
};
struct Place {
  RoutingCall call;
  ISOFLOP_BOTH void operator()(size_t c) const {
    const int64_t row = rowOf(call, c);
    if (row != NOWHERE) raise(call.choices + row, static_cast<int64_t>(c));
  }
};
struct Dispatch {
  RoutingCall call;
  ISOFLOP_BOTH void operator()(size_t i) const {
    const int64_t choice = call.choices[i / call.width];
    if (choice == NOWHERE) call.result[i] = 0.0f;
    else call.result[i] = call.weights[choice] * call.x[static_cast<size_t>(choice) / call.perToken * call.width + i % call.width];
  }
};

struct Combine {
  RoutingCall call;
  ISOFLOP_BOTH void operator()(size_t i) const {
    const size_t token = i / call.width, column = i % call.width;
    float sum = 0.0f;
    for (size_t c = token * call.perToken; c < (token + 1) * call.perToken; c++) {
      const int64_t row = rowOf(call, c);
      if (row != NOWHERE) sum += call.weights[c] * call.y[static_cast<size_t>(row) * call.width + column];
    }
    call.result[i] = sum;
  }
};

struct Products {
  RoutingCall call;
  template <class L>
  ISOFLOP_BOTH void operator()(const L& lanes, size_t c) const {
    const int64_t row = rowOf(call, c);
    float sum = 0.0f;
    if (row != NOWHERE) {
      const float *x = call.x + c / call.perToken * call.width, *y = call.y + static_cast<size_t>(row) * call.width;
      for (size_t i = lanes.index; i < call.width; i += lanes.count) sum += x[i] * y[i];
    }
    sum = lanes.joined(sum, Plus{});
    if (lanes.index == 0) call.result[c] = sum;
  }
};

// Slots are running numbers: pieces of the choices are counted, the counts added up before each piece, and each piece numbered from there.
constexpr size_t PIECE = 64;

size_t piecesOf(const SlotsCall& call) { return quotient(call.tokens * call.perToken, PIECE); }

// Choices in the order in which they take places: all first ones, then all second ones. body(expert, where the choice stands).
template <class Body>
ISOFLOP_BOTH void eachOf(const SlotsCall& call, size_t piece, const Body& body) {
  const size_t total = call.tokens * call.perToken, end = (piece + 1) * PIECE < total ? (piece + 1) * PIECE : total;
  for (size_t i = piece * PIECE; i < end; i++) {
    const size_t at = i % call.tokens * call.perToken + i / call.tokens;
    body(call.experts[at], at);
  }
}
ISOFLOP_BOTH inline bool known(const SlotsCall& call, int64_t expert) { return expert >= 0 && expert < static_cast<int64_t>(call.buffers); }

struct Count {
  SlotsCall call;
  ISOFLOP_BOTH void operator()(size_t piece) const {
    int64_t* counts = call.counts + piece * call.buffers;
    for (size_t e = 0; e < call.buffers; e++) counts[e] = 0;
    eachOf(call, piece, [&](int64_t expert, size_t) {
      if (known(call, expert)) counts[expert]++;
    });
  }
};
struct Before {
  SlotsCall call;
  size_t pieces;
  ISOFLOP_BOTH void operator()(size_t expert) const {
    int64_t total = 0;
    for (size_t piece = 0; piece < pieces; piece++) {
      int64_t& count = call.counts[piece * call.buffers + expert];
      const int64_t here = count;
      count = total;
      total += here;
    }
  }
};
struct Number {
  SlotsCall call;
  ISOFLOP_BOTH void operator()(size_t piece) const {
    int64_t* counts = call.counts + piece * call.buffers;
    // As in the decomposition, where no expert's count holds one that is unknown.
    eachOf(call, piece, [&](int64_t expert, size_t at) { call.slots[at] = known(call, expert) ? counts[expert]++ : 0; });
  }
};

}  // namespace

extern "C" {

size_t isoflop_expert_slots_scratch(const SlotsCall& call) { return piecesOf(call) * call.buffers * sizeof(int64_t); }
Failure isoflop_expert_slots(const SlotsCall& call, void* stream) {
  const size_t pieces = piecesOf(call);
  if (Failure failure = forEach(pieces, Count{call}, stream)) return failure;
  if (Failure failure = forEach(call.buffers, Before{call, pieces}, stream)) return failure;
  return forEach(pieces, Number{call}, stream);
}

Failure isoflop_moe_dispatch(const RoutingCall& call, void* stream) {
  const size_t rows = call.buffers * call.capacity;
  if (Failure failure = forEach(rows, Empty{call}, stream)) return failure;
  if (Failure failure = forEach(call.tokens * call.perToken, Place{call}, stream)) return failure;
  return forEach(rows * call.width, Dispatch{call}, stream);
}
Failure isoflop_moe_combine(const RoutingCall& call, void* stream) { return forEach(call.tokens * call.width, Combine{call}, stream); }
Failure isoflop_moe_products(const RoutingCall& call, void* stream) { return forRows(call.tokens * call.perToken, Products{call}, stream); }
}

}  // namespace isoflop::kernels
