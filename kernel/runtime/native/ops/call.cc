// Calls into onnxruntime for call.h.
#include "call.h"

#include <atomic>
#include <new>
#include <sstream>

namespace isoflop {

const Api* api = nullptr;
namespace {

thread_local const int32_t* stopFlag = nullptr;

enum class Failure { NONE, STOPPED, MEMORY, OTHER };

// What the pieces of a call have in common; the failure is that of any piece.
struct Shared {
  const Call& call;
  void (*body)(const void*, size_t);
  const void* user;
  std::atomic<Failure> failure{Failure::NONE};
};

void runPiece(void* user, size_t index) {
  auto& shared = *static_cast<Shared*>(user);
  if (shared.failure != Failure::NONE) return;
  try {
    shared.call.stopIfAsked();
    shared.body(shared.user, index);
  } catch (const Stopped&) {
    shared.failure = Failure::STOPPED;
  } catch (const std::bad_alloc&) {
    shared.failure = Failure::MEMORY;
  } catch (...) {
    shared.failure = Failure::OTHER;
  }
}

}  // namespace

Stoppable::Stoppable(const int32_t* flag) : before_(stopFlag) { stopFlag = flag; }
Stoppable::~Stoppable() { stopFlag = before_; }

Call::Call(KernelContext* context) : context_(context), stop_(stopFlag) {}

std::string show(const Shape& shape) {
  std::string text = "[";
  for (size_t i = 0; i < shape.size(); i++) text += (i == 0 ? "" : ", ") + std::to_string(shape[i]);
  return text + "]";
}

size_t Call::inputs() const {
  size_t count;
  check(api->KernelContext_GetInputCount(context_, &count));
  return count;
}

size_t Call::outputs() const {
  size_t count;
  check(api->KernelContext_GetOutputCount(context_, &count));
  return count;
}

Operand Call::optional(size_t i) const {
  Operand operand;
  if (i >= inputs()) return operand;
  const Value* value = nullptr;
  check(api->KernelContext_GetInput(context_, i, &value));
  if (value == nullptr) return operand;
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

Operand Call::input(size_t i) const {
  Operand operand = optional(i);
  if (!operand.given()) throw OpError("operand " + std::to_string(i) + " is missing");
  return operand;
}

void* Call::outputMemory(size_t i, const Shape& shape) const {
  Value* value = nullptr;
  check(api->KernelContext_GetOutput(context_, i, shape.data(), shape.size(), &value));
  if (value == nullptr) return nullptr;
  void* data;
  check(api->GetTensorMutableData(value, &data));
  return data;
}

void Call::runParallel(size_t pieces, void (*body)(const void*, size_t), const void* user) const {
  Shared shared{*this, body, user};
  check(api->KernelContext_ParallelFor(context_, runPiece, pieces, 0, &shared));
  switch (shared.failure) {
    case Failure::NONE: return;
    case Failure::STOPPED: throw Stopped();
    case Failure::MEMORY: throw std::bad_alloc();
    case Failure::OTHER: throw OpError("a piece of the work failed");
  }
}

std::string Attributes::text(const char* name) const {
  size_t size = 0;
  // Asked without room it says how much it needs, and fails.
  Status* status = api->KernelInfoGetAttribute_string(info_, name, nullptr, &size);
  if (status != nullptr) api->ReleaseStatus(status);
  if (size == 0) throw OpError(std::string("the attribute ") + name + " is missing");
  std::string text(size, '\0');
  check(api->KernelInfoGetAttribute_string(info_, name, text.data(), &size));
  text.resize(size > 0 ? size - 1 : 0);  // ends with a zero
  return text;
}

std::vector<size_t> Attributes::sizes(const char* name, size_t count, size_t low, size_t high) const {
  std::istringstream text(this->text(name));
  std::vector<size_t> sizes;
  for (long long value; text >> value;) {
    if (value < 0 || static_cast<size_t>(value) < low || static_cast<size_t>(value) > high) throw OpError(std::string("the attribute ") + name + " has " + std::to_string(value) + " where " + std::to_string(low) + " to " + std::to_string(high) + " is possible");
    sizes.push_back(static_cast<size_t>(value));
  }
  if (!text.eof() || sizes.size() != count) throw OpError(std::string("the attribute ") + name + " is not a list of " + std::to_string(count) + " numbers");
  return sizes;
}

double Attributes::number(const char* name) const {
  float value;
  check(api->KernelInfoGetAttribute_float(info_, name, &value));
  return value;
}

int64_t Attributes::integer(const char* name, int64_t low, int64_t high) const {
  int64_t value;
  check(api->KernelInfoGetAttribute_int64(info_, name, &value));
  if (value < low || value > high) throw OpError(std::string("the attribute ") + name + " is " + std::to_string(value) + " where " + std::to_string(low) + " to " + std::to_string(high) + " is possible");
  return value;
}

}  // namespace isoflop
