// Our operators in sessions of another execution provider for the same GPU, as Microsoft's for CUDA: custom operators that name it. It looks kernels
// up by node, so that it claims theirs, and gives them its stream and its memory.
#include "../ops/allOperators.h"
#include "registry.h"
#include "statistics.h"
#include "transfer.h"

namespace isoflop {
namespace {

// Whose operators they are. One for each process: onnxruntime keeps the domain.
std::string& provider() {
  static std::string& name = *new std::string;
  return name;
}

const Entry* kernelOf(const char* operatorName) {
  for (const Entry& entry : allKernels())
    if (entry.domain == std::string(OWN) && entry.name == std::string(operatorName)) return &entry;
  return nullptr;
}

// K on the device of that provider.
template <class K>
struct DeviceOperator : Described<K> {
  DeviceOperator() {
    this->GetExecutionProviderType = [](const CustomOp*) { return provider().c_str(); };
    this->CreateKernelV2 = [](const CustomOp*, const void*, const KernelInfo* info, void** kernel) {
      return guarded(K::NAME, [&] { *kernel = new Body(kernelOf(K::NAME)->make(NodeAttributes(info))); });
    };
    this->KernelComputeV2 = [](void* kernel, KernelContext* context) {
      return guarded(K::NAME, [&] {
        (*static_cast<const Body*>(kernel))(DeviceCall::within(context));
        statistics.kernels++;
      });
    };
    this->KernelDestroy = [](void* kernel) { delete static_cast<Body*>(kernel); };
  }
};

template <class K>
void add(std::vector<const CustomOp*>& to) {
  static const DeviceOperator<K> op;
  if (kernelOf(K::NAME) != nullptr) to.push_back(&op);
}

const std::vector<const CustomOp*>& operators() {
  static const std::vector<const CustomOp*>& all = *[] {
    auto* made = new std::vector<const CustomOp*>;
#define X(name) add<name>(*made);
    ISOFLOP_OPERATORS(X)
#undef X
    return made;
  }();
  return all;
}

}  // namespace
}  // namespace isoflop

extern "C" {

// Our operators for the execution provider of that name, the same in all calls: how many, and where they stand. 0 for another one, and where onnxruntime is older than
// all that we know.
__attribute__((visibility("default"))) size_t IsoflopOperatorsFor(const isoflop::ApiBase* base, const char* provider, const isoflop::CustomOp* const** out) {
  using namespace isoflop;
  if (isoflop::provider().empty()) isoflop::provider() = provider;
  if (isoflop::provider() != provider || !useInterface(base)) return 0;
  *out = operators().data();
  return operators().size();
}

// What is wrong with an index that a kernel met since this was asked last, after all work given so far; nullptr where nothing is.
__attribute__((visibility("default"))) const char* IsoflopFault() { return isoflop::fault(); }

}
