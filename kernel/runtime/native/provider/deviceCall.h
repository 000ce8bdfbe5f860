// One call of a kernel: its operands, results and scratch memory; and what kernels are made from.
#pragma once
#include <functional>
#include <string>
#include <vector>

#include "../ops/call.h"
#include "device.h"
#include "providerAbi.h"

namespace isoflop {

extern const ProviderApi* providerApi;
extern const EpApi* epApi;
extern MemoryInfo* deviceMemory;

// Looks up the functions of onnxruntime's interface; false where it is older than all that we know.
bool useInterface(const ApiBase* base);

inline size_t elementsOf(const Shape& shape) {
  size_t count = 1;
  for (const int64_t size : shape) count *= static_cast<size_t>(size);
  return count;
}

inline void require(device::Failure failure) {
  if (failure != nullptr) throw OpError(failure);
}

struct Tensor {
  const void* data = nullptr;
  int type = 0;
  Shape shape;
  size_t count = 1;

  int64_t rank() const { return static_cast<int64_t>(shape.size()); }
  size_t bytesPerElement() const;
  // The elements. Throws OpError where they are of another type.
  template <class T>
  const T* as() const {
    expect(type == elementType<T>(), "an operand has another element type than the operator takes");
    return static_cast<const T*>(data);
  }
  size_t size(size_t axis) const { return static_cast<size_t>(shape.at(axis)); }
  // An axis counted from either end. Throws OpError where there is none.
  size_t axis(int64_t number) const;
};

// A random key's two words, which are read on the device. Throws OpError for another operand.
inline const int64_t* keyOf(const Tensor& key) {
  expect(key.shape == Shape{2}, "a key has two words");
  return key.as<int64_t>();
}

class DeviceCall {
 public:
  explicit DeviceCall(KernelContext* context) : context_(context), stream_(device::stream()), memory_(deviceMemory) {}
  // Of an operator in another provider's session: in its stream, with scratch where its first operand lies.
  static DeviceCall within(KernelContext* context);

  size_t inputs() const;
  // Throws OpError where it is left out.
  Tensor input(size_t i) const;
  bool has(size_t i) const;
  // Whole numbers of an operand that lies in host memory.
  std::vector<int64_t> integers(size_t i) const;
  void* output(size_t i, const Shape& shape) const;
  template <class T>
  T* output(size_t i, const Shape& shape) const {
    return static_cast<T*>(output(i, shape));
  }

  // Device memory until `body` returns; what is put into the stream meanwhile may use it.
  void withScratch(size_t bytes, const std::function<void(void*)>& body) const;

  KernelContext* context() const { return context_; }
  void* stream() const { return stream_; }

 private:
  DeviceCall(KernelContext* context, void* stream, const MemoryInfo* memory) : context_(context), stream_(stream), memory_(memory) {}

  KernelContext* context_;
  void* stream_;
  const MemoryInfo* memory_;
};

// NodeAttributes of a node, while its kernel is made.
class NodeAttributes {
 public:
  explicit NodeAttributes(const KernelInfo* info) : info_(info) {}
  int64_t integer(const char* name, int64_t otherwise) const;
  float number(const char* name, float otherwise) const;
  std::vector<int64_t> integers(const char* name) const;
  bool has(const char* name) const;
  std::string text(const char* name) const { return own().text(name); }
  // As our operators read them: one that is missing is an error.
  Attributes own() const { return Attributes(info_); }

 private:
  const KernelInfo* info_;
};

using Body = std::function<void(const DeviceCall&)>;

}  // namespace isoflop
