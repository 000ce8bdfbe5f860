// Whole parts of counts.
#pragma once
#include <cstddef>

namespace isoflop {

// Parts of `size` that hold `count`.
constexpr size_t quotient(size_t count, size_t size) { return (count + size - 1) / size; }

// The next multiple of `step`.
constexpr size_t rounded(size_t count, size_t step) { return quotient(count, step) * step; }

}  // namespace isoflop
