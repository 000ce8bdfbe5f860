// Functions of one and two numbers, by the number of the operation. The choice is the same for all threads, so it costs little.
#pragma once
#include "kernels.h"
#include "scalar.h"

namespace isoflop::kernels {

template <class C>
ISOFLOP_BOTH inline C ofOne(Elementwise operation, C x) {
  switch (operation) {
    case Elementwise::NEG:
      if constexpr (std::is_integral_v<C>) return static_cast<C>(0 - static_cast<std::make_unsigned_t<C>>(x));
      else return -x;
    case Elementwise::ABS:
      if constexpr (std::is_integral_v<C>) return x < C{0} ? static_cast<C>(0 - static_cast<std::make_unsigned_t<C>>(x)) : x;
      else return fabs(x);
    case Elementwise::SIGN:
      return x > C{0} ? C{1} : x < C{0} ? static_cast<C>(-1) : x == C{0} ? C{0} : x;
    default: break;
  }
  if constexpr (std::is_floating_point_v<C>) {
    switch (operation) {
      case Elementwise::EXP: return exp(x);
      case Elementwise::LOG: return log(x);
      case Elementwise::SQRT: return sqrt(x);
      case Elementwise::RECIPROCAL: return C{1} / x;
      case Elementwise::SIN: return sin(x);
      case Elementwise::COS: return cos(x);
      case Elementwise::TANH: return tanh(x);
      case Elementwise::SIGMOID: return C{1} / (C{1} + exp(-x));
      case Elementwise::ERF: return erf(x);
      case Elementwise::FLOOR: return floor(x);
      case Elementwise::CEIL: return ceil(x);
      case Elementwise::ROUND: return rint(x);
      case Elementwise::GELU: return C(0.5) * x * (C{1} + erf(x * C(0.70710678118654752)));
      case Elementwise::SILU: return x / (C{1} + exp(-x));
      default: break;
    }
  }
  return x;
}

// Whole numbers wrap around; division by 0 gives 0 and never stops the device.
template <class C>
ISOFLOP_BOTH inline C ofTwo(Elementwise operation, C x, C y) {
  if constexpr (std::is_integral_v<C>) {
    using U = std::make_unsigned_t<C>;
    using Wide = std::conditional_t<(sizeof(U) < sizeof(unsigned)), unsigned, U>;  // small types would be promoted to int
    const Wide a = static_cast<U>(x), b = static_cast<U>(y);
    constexpr Wide BITS = sizeof(C) * 8;
    switch (operation) {
      case Elementwise::ADD: return static_cast<C>(a + b);
      case Elementwise::SUB: return static_cast<C>(a - b);
      case Elementwise::MUL: return static_cast<C>(a * b);
      case Elementwise::DIV: return y == C{0} ? C{0} : std::is_signed_v<C> && y == static_cast<C>(-1) ? static_cast<C>(Wide{0} - a) : static_cast<C>(x / y);
      case Elementwise::MOD: {
        if (y == C{0} || (std::is_signed_v<C> && y == static_cast<C>(-1))) return C{0};
        const C rest = static_cast<C>(x % y);
        if constexpr (std::is_signed_v<C>) return rest != C{0} && ((rest < C{0}) != (y < C{0})) ? static_cast<C>(rest + y) : rest;
        else return rest;
      }
      case Elementwise::POW: {
        if constexpr (std::is_signed_v<C>)
          if (y < C{0}) return x == C{1} ? C{1} : C{0};
        C result{1};
        for (Wide power = b, base = a; power > 0; power >>= 1, base = static_cast<U>(base * base))
          if (power & 1) result = static_cast<C>(static_cast<Wide>(static_cast<U>(result)) * base);
        return result;
      }
      case Elementwise::MAX: return x > y ? x : y;
      case Elementwise::MIN: return x < y ? x : y;
      case Elementwise::BIT_AND: return static_cast<C>(a & b);
      case Elementwise::BIT_OR: return static_cast<C>(a | b);
      case Elementwise::BIT_XOR: return static_cast<C>(a ^ b);
      case Elementwise::SHIFT_LEFT: return b >= BITS ? C{0} : static_cast<C>(a << b);
      case Elementwise::SHIFT_RIGHT: return b >= BITS ? C{0} : static_cast<C>(a >> b);
      default: return x;
    }
  } else {
    switch (operation) {
      case Elementwise::ADD: return x + y;
      case Elementwise::SUB: return x - y;
      case Elementwise::MUL: return x * y;
      case Elementwise::DIV: return x / y;
      case Elementwise::POW: return pow(x, y);
      case Elementwise::MOD: return fmod(x, y);
      case Elementwise::MAX: return x != x || x > y ? x : y;  // NaN stays
      case Elementwise::MIN: return x != x || x < y ? x : y;
      default: return x;
    }
  }
}

constexpr bool takesTwo(Elementwise operation) { return operation >= Elementwise::ADD; }

}  // namespace isoflop::kernels
