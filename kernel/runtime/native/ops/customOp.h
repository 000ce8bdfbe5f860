// From a class with a static description to the struct that onnxruntime calls.
#pragma once
#include <exception>
#include <new>
#include <stdexcept>
#include <string>
#include <vector>

#include "ortAbi.h"

namespace isoflop {

// The table; set when the library registers its operators.
extern const Api* api;

// What an operator throws for operands or attributes that make no sense.
struct OpError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct StatusError {
  Status* status;
};
inline void check(Status* status) {
  if (status != nullptr) throw StatusError{status};
}

// An operand: its elements lie in order.
struct Operand {
  const void* data = nullptr;
  ElementType type = UNDEFINED;
  std::vector<int64_t> shape;
  size_t count = 1;
};

// Operands, results and threads of one call.
class Call {
 public:
  explicit Call(KernelContext* context) : context_(context) {}

  size_t inputs() const {
    size_t count;
    check(api->KernelContext_GetInputCount(context_, &count));
    return count;
  }
  size_t outputs() const {
    size_t count;
    check(api->KernelContext_GetOutputCount(context_, &count));
    return count;
  }

  Operand input(size_t i) const {
    const Value* value;
    check(api->KernelContext_GetInput(context_, i, &value));
    if (value == nullptr) throw OpError("operand " + std::to_string(i) + " is missing");
    Operand operand;
    TypeAndShape* info;
    check(api->GetTensorTypeAndShape(value, &info));
    size_t rank = 0;
    Status* status = api->GetTensorElementType(info, &operand.type);
    if (status == nullptr) status = api->GetDimensionsCount(info, &rank);
    operand.shape.resize(rank);
    if (status == nullptr && rank > 0) status = api->GetDimensions(info, operand.shape.data(), rank);
    api->ReleaseTensorTypeAndShapeInfo(info);
    check(status);
    for (int64_t size : operand.shape) operand.count *= static_cast<size_t>(size);
    void* data;
    check(api->GetTensorMutableData(const_cast<Value*>(value), &data));
    operand.data = data;
    return operand;
  }

  float* output(size_t i, const std::vector<int64_t>& shape) const {
    Value* value;
    check(api->KernelContext_GetOutput(context_, i, shape.data(), shape.size(), &value));
    void* data;
    check(api->GetTensorMutableData(value, &data));
    return static_cast<float*>(data);
  }

  // body(i) for i in [0, pieces), on the session's threads. What a piece throws is thrown here.
  template <class Body>
  void parallel(size_t pieces, const Body& body) const {
    if (pieces == 1) body(size_t{0});
    if (pieces <= 1) return;
    struct Shared {
      const Body* body;
      const char* failure;
    } shared{&body, nullptr};
    check(api->KernelContext_ParallelFor(
        context_,
        [](void* user, size_t index) {
          auto& work = *static_cast<Shared*>(user);
          try {
            (*work.body)(index);
          } catch (const std::bad_alloc&) {
            work.failure = "out of memory";
          } catch (...) {
            work.failure = "a piece of the work failed";
          }
        },
        pieces, 0, &shared));
    if (shared.failure != nullptr) throw OpError(shared.failure);
  }

 private:
  KernelContext* context_;
};

inline std::string textAttribute(const KernelInfo* info, const char* name) {
  size_t size = 0;
  // Asked without room it says how much it needs, and fails.
  Status* status = api->KernelInfoGetAttribute_string(info, name, nullptr, &size);
  if (status != nullptr) api->ReleaseStatus(status);
  if (size == 0) throw OpError(std::string("the attribute ") + name + " is missing");
  std::string text(size, '\0');
  check(api->KernelInfoGetAttribute_string(info, name, text.data(), &size));
  text.resize(size > 0 ? size - 1 : 0);  // ends with a zero
  return text;
}

// Describes kernel class K to onnxruntime. K has NAME, a constructor from KernelInfo*, and compute(const Call&).
// Operands are one variadic list of any types, results one of float32: K looks at them itself.
template <class K>
struct VariadicOp : CustomOp {
  VariadicOp() : CustomOp{} {
    version = ABI_VERSION;
    GetName = [](const CustomOp*) { return K::NAME; };
    GetExecutionProviderType = [](const CustomOp*) -> const char* { return nullptr; };
    GetInputTypeCount = GetOutputTypeCount = [](const CustomOp*) -> size_t { return 1; };
    GetInputType = [](const CustomOp*, size_t) { return UNDEFINED; };
    GetOutputType = [](const CustomOp*, size_t) { return FLOAT; };
    GetInputCharacteristic = GetOutputCharacteristic = [](const CustomOp*, size_t) { return VARIADIC; };
    GetInputMemoryType = [](const CustomOp*, size_t) { return 0; };
    GetVariadicInputMinArity = GetVariadicOutputMinArity = [](const CustomOp*) { return 1; };
    GetVariadicInputHomogeneity = [](const CustomOp*) { return 0; };
    GetVariadicOutputHomogeneity = [](const CustomOp*) { return 1; };
    CreateKernelV2 = [](const CustomOp*, const void*, const KernelInfo* info, void** kernel) { return guarded([&] { *kernel = new K(info); }); };
    KernelComputeV2 = [](void* kernel, KernelContext* context) { return guarded([&] { static_cast<K*>(kernel)->compute(Call(context)); }); };
    KernelDestroy = [](void* kernel) { delete static_cast<K*>(kernel); };
    GetStartVersion = [](const CustomOp*) { return 1; };
    GetEndVersion = [](const CustomOp*) { return 0x7fffffff; };
    GetMayInplace = GetAliasMap = [](int**, int**) -> size_t { return 0; };
    ReleaseMayInplace = ReleaseAliasMap = [](int*, int*) {};
  }

 private:
  // Exceptions must not cross into C.
  template <class Body>
  static Status* guarded(const Body& body) {
    try {
      body();
      return nullptr;
    } catch (const StatusError& error) {
      return error.status;
    } catch (const std::bad_alloc&) {
      return api->CreateStatus(FAIL, "out of memory");
    } catch (const std::exception& error) {
      return api->CreateStatus(INVALID_ARGUMENT, (std::string("isoflop.") + K::NAME + ": " + error.what()).c_str());
    }
  }
};

}  // namespace isoflop
