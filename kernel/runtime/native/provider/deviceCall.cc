#include "deviceCall.h"

namespace isoflop {

size_t Tensor::bytesPerElement() const {
  switch (type) {
    case INT8: case UINT8: case BOOL: return 1;
    case FLOAT16: case BFLOAT16: return 2;
    case FLOAT: case INT32: case UINT32: return 4;
    default: return 8;
  }
}

size_t Tensor::axis(int64_t number) const {
  if (number < -rank() || number >= rank()) throw OpError("axis " + std::to_string(number) + " of an operand with " + std::to_string(rank()));
  return static_cast<size_t>(number < 0 ? number + rank() : number);
}

DeviceCall DeviceCall::within(KernelContext* context) {
  void* stream;
  check(providerApi->KernelContext_GetGPUComputeStream(context, &stream));
  const Value* first;
  check(api->KernelContext_GetInput(context, 0, &first));
  if (first == nullptr) throw OpError("operand 0 is missing");
  const MemoryInfo* memory;
  check(providerApi->GetTensorMemoryInfo(first, &memory));
  return DeviceCall(context, stream, memory);
}

size_t DeviceCall::inputs() const {
  size_t count;
  check(api->KernelContext_GetInputCount(context_, &count));
  return count;
}

bool DeviceCall::has(size_t i) const {
  if (i >= inputs()) return false;
  const Value* value;
  check(api->KernelContext_GetInput(context_, i, &value));
  return value != nullptr;
}

Tensor DeviceCall::input(size_t i) const {
  if (!has(i)) throw OpError("operand " + std::to_string(i) + " is missing");
  const Value* value;
  check(api->KernelContext_GetInput(context_, i, &value));
  Tensor tensor;
  ElementType type;
  const int64_t* sizes;
  size_t rank;
  check(providerApi->GetTensorElementTypeAndShapeDataReference(value, &type, &sizes, &rank));
  check(providerApi->GetTensorData(value, &tensor.data));
  tensor.type = type;
  tensor.shape.assign(sizes, sizes + rank);
  tensor.count = elementsOf(tensor.shape);
  return tensor;
}

std::vector<int64_t> DeviceCall::integers(size_t i) const {
  const Tensor tensor = input(i);
  if (tensor.type == INT64) return {static_cast<const int64_t*>(tensor.data), static_cast<const int64_t*>(tensor.data) + tensor.count};
  if (tensor.type == INT32) return {static_cast<const int32_t*>(tensor.data), static_cast<const int32_t*>(tensor.data) + tensor.count};
  throw OpError("operand " + std::to_string(i) + " is no list of whole numbers");
}

void* DeviceCall::output(size_t i, const Shape& shape) const {
  Value* value;
  check(api->KernelContext_GetOutput(context_, i, shape.data(), shape.size(), &value));
  if (value == nullptr) throw OpError("result " + std::to_string(i) + " is missing");
  void* data;
  check(api->GetTensorMutableData(value, &data));
  // onnxruntime makes a tensor without memory where an allocator has none.
  if (data == nullptr && elementsOf(shape) > 0) throw OpError("out of memory: " + std::to_string(elementsOf(shape)) + " elements for result " + std::to_string(i));
  return data;
}

void DeviceCall::withScratch(size_t bytes, const std::function<void(void*)>& body) const {
  if (bytes == 0) return body(nullptr);
  Allocator* allocator;
  check(providerApi->KernelContext_GetAllocator(context_, memory_, &allocator));
  void* memory = allocator->Alloc(allocator, bytes);
  struct Return {
    Allocator* allocator;
    void* memory;
    ~Return() {
      if (memory != nullptr) allocator->Free(allocator, memory);
      providerApi->ReleaseAllocator(allocator);
    }
  } whenDone{allocator, memory};
  if (memory == nullptr) throw OpError("out of memory: " + std::to_string(bytes) + " bytes of the device for scratch");
  body(memory);
}

int64_t NodeAttributes::integer(const char* name, int64_t otherwise) const {
  int64_t value = otherwise;
  if (Status* status = api->KernelInfoGetAttribute_int64(info_, name, &value)) {
    api->ReleaseStatus(status);
    return otherwise;
  }
  return value;
}

float NodeAttributes::number(const char* name, float otherwise) const {
  float value = otherwise;
  if (Status* status = api->KernelInfoGetAttribute_float(info_, name, &value)) {
    api->ReleaseStatus(status);
    return otherwise;
  }
  return value;
}

bool NodeAttributes::has(const char* name) const {
  size_t size = 0;
  Status* status = api->KernelInfoGetAttribute_string(info_, name, nullptr, &size);
  if (status != nullptr) api->ReleaseStatus(status);
  return size > 0;
}

std::vector<int64_t> NodeAttributes::integers(const char* name) const {
  size_t count = 0;
  // Asked without room it says how many there are, and fails.
  if (Status* status = providerApi->KernelInfoGetAttributeArray_int64(info_, name, nullptr, &count)) api->ReleaseStatus(status);
  std::vector<int64_t> values(count);
  if (count > 0) check(providerApi->KernelInfoGetAttributeArray_int64(info_, name, values.data(), &count));
  return values;
}

}  // namespace isoflop
