// What every operator is made of, and how it is described to onnxruntime.
//
// An operator is a class K in a file of its own (or of its family), named in the table of library.cc:
//   static constexpr const char* NAME            its name in the domain "isoflop"
//   static constexpr Port INPUTS[], OUTPUTS[]    element type (UNDEFINED: any, K looks at it) and arity of each; a VARIADIC one is last
//   explicit K(const Attributes&)                reads the node's attributes; throws OpError for those that make no sense
//   void compute(const Call&) const              reads operands, makes results, computes; throws OpError, never writes outside of them
// Operands come from any model file, so nothing about them is believed: shapes and types are compared (expect) before memory is touched.
// Types of results are those of OUTPUTS; their shapes are written into the model by the graph compiler (value_info), since onnxruntime
// infers none for operators of others. The graph compiler's side is kernel/onnx/ownOperators.ts.
#pragma once
#include <exception>
#include <iterator>
#include <new>
#include <string>

#include "call.h"

namespace isoflop {

struct Port {
  ElementType type = UNDEFINED;
  Arity arity = REQUIRED;
};

// Calls `body` for onnxruntime; what it throws becomes a status, since exceptions must not cross into C.
template <class Body>
Status* guarded(const char* name, const Body& body) {
  try {
    body();
    return nullptr;
  } catch (const StatusError& error) {
    return error.status;
  } catch (const Stopped&) {
    return api->CreateStatus(FAIL, "isoflop: interrupted");
  } catch (const std::bad_alloc&) {
    return api->CreateStatus(FAIL, "out of memory");
  } catch (const std::exception& error) {
    return api->CreateStatus(INVALID_ARGUMENT, (std::string("isoflop.") + name + ": " + error.what()).c_str());
  }
}

// K's name, operands and results, as onnxruntime asks for them. The kernel is still to be said.
template <class K>
struct Described : CustomOp {
  Described() : CustomOp{} {
    version = ABI_VERSION;
    GetName = [](const CustomOp*) { return K::NAME; };
    GetExecutionProviderType = [](const CustomOp*) -> const char* { return nullptr; };
    GetInputTypeCount = [](const CustomOp*) { return std::size(K::INPUTS); };
    GetOutputTypeCount = [](const CustomOp*) { return std::size(K::OUTPUTS); };
    GetInputType = [](const CustomOp*, size_t i) { return K::INPUTS[i].type; };
    GetOutputType = [](const CustomOp*, size_t i) { return K::OUTPUTS[i].type; };
    GetInputCharacteristic = [](const CustomOp*, size_t i) { return K::INPUTS[i].arity; };
    GetOutputCharacteristic = [](const CustomOp*, size_t i) { return K::OUTPUTS[i].arity; };
    GetInputMemoryType = [](const CustomOp*, size_t) { return 0; };
    GetVariadicInputMinArity = GetVariadicOutputMinArity = [](const CustomOp*) { return 1; };
    GetVariadicInputHomogeneity = [](const CustomOp*) { return std::end(K::INPUTS)[-1].type == UNDEFINED ? 0 : 1; };
    GetVariadicOutputHomogeneity = [](const CustomOp*) { return std::end(K::OUTPUTS)[-1].type == UNDEFINED ? 0 : 1; };
    GetStartVersion = [](const CustomOp*) { return 1; };
    GetEndVersion = [](const CustomOp*) { return 0x7fffffff; };
    GetMayInplace = GetAliasMap = [](int**, int**) -> size_t { return 0; };
    ReleaseMayInplace = ReleaseAliasMap = [](int*, int*) {};
  }
};

// K on the processor.
template <class K>
struct Operator : Described<K> {
  Operator() {
    this->CreateKernelV2 = [](const CustomOp*, const void*, const KernelInfo* info, void** kernel) { return guarded(K::NAME, [&] { *kernel = new K(Attributes(info)); }); };
    this->KernelComputeV2 = [](void* kernel, KernelContext* context) { return guarded(K::NAME, [&] { static_cast<const K*>(kernel)->compute(Call(context)); }); };
    this->KernelDestroy = [](void* kernel) { delete static_cast<K*>(kernel); };
  }
};

// The one description of K, for the table of operators.
template <class K>
const CustomOp* describe() {
  static const Operator<K> op;
  return &op;
}

}  // namespace isoflop
