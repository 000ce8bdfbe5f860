// Entry of the operator library: domain "isoflop", loaded by onnxruntime's own convention for libraries of operators.
#include "allOperators.h"
#include "domain.h"
#include "instructionSet.h"
#include "tileKernels.h"

namespace isoflop {

namespace {

const std::vector<const CustomOp*>& operators() {
#define X(name) describe<name>(),
  static const std::vector<const CustomOp*> all = {ISOFLOP_OPERATORS(X)};
#undef X
  return all;
}

}  // namespace

}  // namespace isoflop

extern "C" {

#define ISOFLOP_EXPORT __attribute__((visibility("default")))

// Adds the operators to a session. Called for each session, by any thread; the operators live as long as the process.
ISOFLOP_EXPORT isoflop::Status* RegisterCustomOps(isoflop::SessionOptions* options, const isoflop::ApiBase* base) {
  static isoflop::Domain domain;
  return domain.add(options, base, isoflop::operators());
}

// The same with `count` operators more, for another execution provider: the same in all calls.
ISOFLOP_EXPORT isoflop::Status* IsoflopRegisterWith(isoflop::SessionOptions* options, const isoflop::ApiBase* base, const isoflop::CustomOp* const* more, size_t count) {
  static isoflop::Domain domain;
  std::vector<const isoflop::CustomOp*> all = isoflop::operators();
  all.insert(all.end(), more, more + count);
  return domain.add(options, base, all);
}

// Runs a program of a session that has the operators; those under way end when *stop is no longer 0, and the run fails.
ISOFLOP_EXPORT isoflop::Status* IsoflopRun(isoflop::Session* session, const isoflop::RunOptions* options, const isoflop::IoBinding* binding, const int32_t* stop) {
  const isoflop::Stoppable running(stop);
  return isoflop::api->RunWithBinding(session, options, binding);
}

// Three lines: the instruction set in use, the operators, and the opcodes of fused programs by number. The graph compiler checks that
// it speaks the same language.
ISOFLOP_EXPORT const char* IsoflopDescribe() {
  using namespace isoflop;
  static const std::string text = [] {
    std::string all = instructionSet() == InstructionSet::AVX512 ? "avx512" : instructionSet() == InstructionSet::AVX2 ? "avx2" : "portable";
    all += "\n";
    for (const CustomOp* op : operators()) all += std::string(op->GetName(op)) + " ";
    all += "\n";
#define X(name, ...) all += #name " ";
    ISOFLOP_POINTWISE(X)
    ISOFLOP_REDUCING(X)
#undef X
    return all;
  }();
  return text.c_str();
}

}
