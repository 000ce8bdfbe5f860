// From the number of an element type to the type.
#pragma once
#include "kernels.h"
#include "scalar.h"

namespace isoflop::kernels {

constexpr Failure NO_SUCH_TYPE = "no kernel for this element type";

// body(T{}) with the type of that number.
template <class Body>
Failure withType(int type, const Body& body) {
  switch (type) {
    case F32: return body(float{});
    case F64: return body(double{});
    case F16: return body(Half{});
    case BF16: return body(Brain{});
    case I8: return body(int8_t{});
    case U8: return body(uint8_t{});
    case I32: return body(int32_t{});
    case I64: return body(int64_t{});
    case U32: return body(uint32_t{});
    case U64: return body(uint64_t{});
    case BOOLEAN: return body(Bool{});
    default: return NO_SUCH_TYPE;
  }
}

// As unsigned numbers of so many bytes: for what only moves elements.
template <class Body>
Failure withSize(size_t bytes, const Body& body) {
  switch (bytes) {
    case 1: return body(uint8_t{});
    case 2: return body(uint16_t{});
    case 4: return body(uint32_t{});
    case 8: return body(uint64_t{});
    default: return NO_SUCH_TYPE;
  }
}

}  // namespace isoflop::kernels
