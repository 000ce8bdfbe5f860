// Entry of the operator library: domain "isoflop", loaded by onnxruntime's own convention for libraries of operators.
#include "attention.h"
#include "convolution.h"
#include "crossEntropy.h"
#include "domain.h"
#include "fused.h"
#include "gatherGradient.h"
#include "hashing.h"
#include "instructionSet.h"
#include "linearAttention.h"
#include "maxPool.h"
#include "philox.h"
#include "quantize.h"
#include "routing.h"
#include "sumOfSquares.h"
#include "tileKernels.h"
#include "transposedProduct.h"

namespace isoflop {

namespace {

// Every operator of the library. A new one is a line here and one in kernel/onnx/ownOperators.ts.
const std::vector<const CustomOp*>& operators() {
  static const std::vector<const CustomOp*> all = {
      describe<Fused>(),
      describe<Attention>(),
      describe<AttentionGradient>(),
      describe<ImageConvolution>(),
      describe<ConvKernelGradient>(),
      describe<MaxPool>(),
      describe<MaxPoolGradient>(),
      describe<GatherGradient>(),
      describe<SumOfSquares>(),
      describe<SoftmaxCrossEntropy>(),
      describe<SoftmaxCrossEntropyGradient>(),
      describe<PhiloxBits>(),
      describe<PhiloxUniform>(),
      describe<PhiloxNormal>(),
      describe<BoxMuller>(),
      describe<NearestNormal>(),
      describe<BlockScales>(),
      describe<RoundScaled>(),
      describe<QuantizeBlocks>(),
      describe<Hadamard>(),
      describe<ExpertSlots>(),
      describe<MoeDispatch>(),
      describe<MoeCombine>(),
      describe<MoeProducts>(),
      describe<CrossPolytopeCode>(),
      describe<BucketIds>(),
      describe<LinearAttention>(),
      describe<TransposedProduct>(),
  };
  return all;
}

}  // namespace

}  // namespace isoflop

extern "C" {

#define ISOFLOP_EXPORT __attribute__((visibility("default")))

// Adds the operators to a session. Called for each session, by any thread; the operators live as long as the process.
ISOFLOP_EXPORT isoflop::Status* RegisterCustomOps(isoflop::SessionOptions* options, const isoflop::ApiBase* base) {
  return isoflop::addDomain(options, base, isoflop::operators());
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
