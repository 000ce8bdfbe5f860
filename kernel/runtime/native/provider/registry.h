// The table of the provider's kernels: for which operator, which element types, and how one is made from a node.
#pragma once
#include <initializer_list>
#include <utility>
#include <vector>

#include "deviceCall.h"

namespace isoflop {

using Types = std::vector<int>;

inline const Types FLOATS = {FLOAT, DOUBLE, FLOAT16, BFLOAT16};
inline const Types WHOLE = {INT8, UINT8, INT32, INT64, UINT32, UINT64};
inline const Types INDICES = {INT32, INT64};
inline const Types BOOLS = {BOOL};
inline const Types NUMBERS = {FLOAT, DOUBLE, FLOAT16, BFLOAT16, INT8, UINT8, INT32, INT64, UINT32, UINT64};
inline const Types ALL_TYPES = {FLOAT, DOUBLE, FLOAT16, BFLOAT16, INT8, UINT8, INT32, INT64, UINT32, UINT64, BOOL};
// For which sums and extremes have kernels.
inline const Types SUMMED = {FLOAT, DOUBLE, FLOAT16, BFLOAT16, INT32, INT64};

struct Entry {
  const char* name;
  // Names of the operator's type constraints, and the types that the kernel has.
  std::vector<std::pair<const char*, Types>> types;
  std::function<Body(const NodeAttributes&)> make;
  // Operands that lie in host memory: shapes, axes, bounds.
  std::vector<int> hostInputs = {};
  enum Reuse { FRESH, SAME_MEMORY, MAY_OVERWRITE } reuse = FRESH;  // of the first operand for the first result
  const char* domain = "";
  std::vector<int> hostOutputs = {};
  CreateKernel create = nullptr;  // makes the kernel itself, instead of `make`
};

using Entries = std::vector<Entry>;

constexpr const char* MICROSOFT = "com.microsoft";
constexpr const char* OWN = "isoflop";

// A kernel without attributes.
inline std::function<Body(const NodeAttributes&)> plain(Body body) {
  return [body = std::move(body)](const NodeAttributes&) { return body; };
}

// A kernel of an operator of our own (../ops). Its schema takes any types; the kernel says which it takes.
inline Entry ownEntry(const char* name, std::function<Body(const NodeAttributes&)> make) { return {name, {}, std::move(make), {}, Entry::FRESH, OWN}; }

// One list for each file of operators/.
void addElementwise(Entries& entries);
void addMovement(Entries& entries);
void addReductions(Entries& entries);
void addIndexing(Entries& entries);
void addProducts(Entries& entries);
void addConvolutions(Entries& entries);
void addFused(Entries& entries);
void addAttention(Entries& entries);
void addRandom(Entries& entries);
void addRounding(Entries& entries);
void addRouting(Entries& entries);
void addSums(Entries& entries);
void addImages(Entries& entries);
void addSequences(Entries& entries);
void addControl(Entries& entries);
void addCopies(Entries& entries);

// All kernels. They live as long as the process.
const Entries& allKernels();

// With those of our own operators, or without. Throws StatusError.
KernelRegistry* makeRegistry(bool withOwn);

}  // namespace isoflop
