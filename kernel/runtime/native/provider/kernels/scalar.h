// Element types and what is done with single elements, on both sides.
#pragma once
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <type_traits>

#include "launch.h"

namespace isoflop::kernels {

// Half types are stored as their bits and computed in float.
struct Half {
  uint16_t bits;
};
struct Brain {
  uint16_t bits;
};
struct Bool {
  uint8_t value;
};

template <class To, class From>
ISOFLOP_BOTH inline To bitsAs(From from) {
  static_assert(sizeof(To) == sizeof(From));
  To to;
  memcpy(&to, &from, sizeof to);
  return to;
}

ISOFLOP_BOTH inline float toFloat(Brain x) { return bitsAs<float>(static_cast<uint32_t>(x.bits) << 16); }
ISOFLOP_BOTH inline Brain toBrain(float x) {
  const auto bits = bitsAs<uint32_t>(x);
  if (x != x) return {0x7fc0};
  return {static_cast<uint16_t>((bits + 0x7fff + ((bits >> 16) & 1)) >> 16)};
}
ISOFLOP_BOTH inline float toFloat(Half x) {
  const uint32_t sign = static_cast<uint32_t>(x.bits & 0x8000) << 16;
  const uint32_t exponent = (x.bits >> 10) & 31, fraction = x.bits & 0x3ff;
  if (exponent == 31) return bitsAs<float>(sign | 0x7f800000 | (fraction << 13));
  if (exponent == 0) return bitsAs<float>(sign | bitsAs<uint32_t>(static_cast<float>(fraction) * 5.9604644775390625e-8f));  // 2^-24
  return bitsAs<float>(sign | ((exponent + 112) << 23) | (fraction << 13));
}
// Rounds to nearest even; below the normal numbers the addition of 0.5 rounds at the right place.
ISOFLOP_BOTH inline Half toHalf(float x) {
  const auto bits = bitsAs<uint32_t>(x);
  const auto sign = static_cast<uint16_t>((bits >> 16) & 0x8000);
  const uint32_t size = bits & 0x7fffffff;
  if (size > 0x7f800000) return {static_cast<uint16_t>(sign | 0x7e00)};
  if (size >= 0x477ff000) return {static_cast<uint16_t>(sign | 0x7c00)};
  if (size < 0x38800000) return {static_cast<uint16_t>(sign | (bitsAs<uint32_t>(bitsAs<float>(size) + 0.5f) - 0x3f000000))};
  return {static_cast<uint16_t>(sign | ((size - 0x38000000 + 0xfff + ((size >> 13) & 1)) >> 13))};
}

// What T is computed in.
template <class T>
struct ComputeType {
  using type = T;
};
template <>
struct ComputeType<Half> {
  using type = float;
};
template <>
struct ComputeType<Brain> {
  using type = float;
};
template <>
struct ComputeType<Bool> {
  using type = int32_t;
};
template <class T>
using Compute = typename ComputeType<T>::type;

template <class T>
ISOFLOP_BOTH inline Compute<T> load(const T* from, size_t i) {
  if constexpr (std::is_same_v<T, Half> || std::is_same_v<T, Brain>) return toFloat(from[i]);
  else if constexpr (std::is_same_v<T, Bool>) return from[i].value != 0;
  else return from[i];
}
template <class T>
ISOFLOP_BOTH inline void store(T* to, size_t i, Compute<T> x) {
  if constexpr (std::is_same_v<T, Half>) to[i] = toHalf(x);
  else if constexpr (std::is_same_v<T, Brain>) to[i] = toBrain(x);
  else if constexpr (std::is_same_v<T, Bool>) to[i].value = x != 0;
  else to[i] = x;
}

// From one type of numbers to another, as ONNX's Cast: towards zero; what does not fit gives the nearest that does.
template <class To, class From>
ISOFLOP_BOTH inline To converted(From x) {
  if constexpr (std::is_integral_v<To> && std::is_floating_point_v<From>) {
    if (x != x) return 0;
    // The largest value as a float may be one too many: it is compared from below.
    if (x >= static_cast<From>(std::numeric_limits<To>::max())) return std::numeric_limits<To>::max();
    if (x <= static_cast<From>(std::numeric_limits<To>::min())) return std::numeric_limits<To>::min();
  }
  return static_cast<To>(x);
}

}  // namespace isoflop::kernels
