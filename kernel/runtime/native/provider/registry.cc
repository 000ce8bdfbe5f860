#include "registry.h"

#include <memory>

#include "statistics.h"

namespace isoflop {
namespace {

// Above every version of the standard operators that there is: shapes of operands and attributes are checked by the kernels.
constexpr int LAST_VERSION = 100;

struct Kernel : KernelImpl {
  Kernel(const Entry& of, Body what) : KernelImpl{}, entry(of), body(std::move(what)) {
    version = PROVIDER_ABI_VERSION;
    Compute = [](KernelImpl* impl, KernelContext* context) -> Status* {
      const auto& self = *static_cast<Kernel*>(impl);
      try {
        self.body(DeviceCall(context));
        statistics.kernels++;
        return nullptr;
      } catch (const StatusError& error) {
        return error.status;
      } catch (const std::exception& error) {
        return api->CreateStatus(FAIL, (std::string(self.entry.name) + " on " + device::PROVIDER + ": " + error.what()).c_str());
      }
    };
    Release = [](KernelImpl* impl) { delete static_cast<Kernel*>(impl); };
  }

  const Entry& entry;
  Body body;
};

Status* make(void* state, const KernelInfo* info, KernelImpl** kernel) {
  const auto& entry = *static_cast<const Entry*>(state);
  try {
    *kernel = new Kernel(entry, entry.make(NodeAttributes(info)));
    return nullptr;
  } catch (const StatusError& error) {
    return error.status;
  } catch (const std::exception& error) {
    return api->CreateStatus(INVALID_ARGUMENT, (std::string(entry.name) + " on " + device::PROVIDER + ": " + error.what()).c_str());
  }
}

void add(KernelRegistry* registry, const Entry& entry) {
  KernelDefBuilder* builder;
  check(epApi->CreateKernelDefBuilder(&builder));
  const std::unique_ptr<KernelDefBuilder, void (*)(KernelDefBuilder*)> release(builder, epApi->ReleaseKernelDefBuilder);
  check(epApi->KernelDefBuilder_SetOperatorType(builder, entry.name));
  check(epApi->KernelDefBuilder_SetDomain(builder, entry.domain));
  check(epApi->KernelDefBuilder_SetSinceVersion(builder, 1, LAST_VERSION));
  check(epApi->KernelDefBuilder_SetExecutionProvider(builder, device::PROVIDER));
  for (const auto& [name, types] : entry.types) {
    std::vector<const DataType*> list;
    for (const int type : types) {
      const DataType* known;
      check(epApi->GetTensorDataType(static_cast<ElementType>(type), &known));
      list.push_back(known);
    }
    check(epApi->KernelDefBuilder_AddTypeConstraint(builder, name, list.data(), list.size()));
  }
  for (const int i : entry.hostInputs) check(epApi->KernelDefBuilder_SetInputMemType(builder, static_cast<size_t>(i), ON_HOST_INPUT));
  for (const int i : entry.hostOutputs) check(epApi->KernelDefBuilder_SetOutputMemType(builder, static_cast<size_t>(i), ON_HOST_OUTPUT));
  const int first = 0;
  if (entry.reuse == Entry::SAME_MEMORY) check(epApi->KernelDefBuilder_AddInputOutputAliases(builder, &first, &first, 1));
  if (entry.reuse == Entry::MAY_OVERWRITE) check(epApi->KernelDefBuilder_AddInputOutputMutableAliases(builder, &first, &first, 1));
  KernelDef* definition;
  check(epApi->KernelDefBuilder_Build(builder, &definition));
  const std::unique_ptr<KernelDef, void (*)(KernelDef*)> releaseDefinition(definition, epApi->ReleaseKernelDef);
  check(epApi->KernelRegistry_AddKernel(registry, definition, entry.create == nullptr ? make : entry.create, const_cast<Entry*>(&entry)));
}

}  // namespace

const Entries& allKernels() {
  static const Entries& entries = *[] {
    auto* all = new Entries;
    addElementwise(*all);
    addMovement(*all);
    addReductions(*all);
    addIndexing(*all);
    addProducts(*all);
    addConvolutions(*all);
    addFused(*all);
    addAttention(*all);
    addRandom(*all);
    addRounding(*all);
    addRouting(*all);
    addSums(*all);
    addImages(*all);
    addSequences(*all);
    addControl(*all);
    addCopies(*all);
    return all;
  }();
  return entries;
}

KernelRegistry* makeRegistry(bool withOwn) {
  KernelRegistry* registry;
  check(epApi->CreateKernelRegistry(&registry));
  for (const Entry& entry : allKernels())
    if (withOwn || entry.domain != std::string(OWN)) add(registry, entry);
  return registry;
}

}  // namespace isoflop
