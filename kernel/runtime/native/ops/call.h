// Operands, results, attributes and threads of one call of an operator.
#pragma once
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
inline void expect(bool condition, const char* message) {
  if (!condition) throw OpError(message);
}

// What ends an operator whose run is to stop.
struct Stopped {};

// While it lives, operators that this thread runs end when *flag is no longer 0.
class Stoppable {
 public:
  explicit Stoppable(const int32_t* flag);
  ~Stoppable();
  Stoppable(const Stoppable&) = delete;

 private:
  const int32_t* before_;
};

struct StatusError {
  Status* status;
};
inline void check(Status* status) {
  if (status != nullptr) throw StatusError{status};
}

// The most elements that an attribute may ask for: sizes made of them do not overflow.
constexpr int64_t MAX_ELEMENTS = int64_t{1} << 40;

using Shape = std::vector<int64_t>;
std::string show(const Shape& shape);

// The element type of a C++ type.
template <class T>
constexpr ElementType elementType();
template <>
constexpr ElementType elementType<float>() { return FLOAT; }
template <>
constexpr ElementType elementType<uint8_t>() { return UINT8; }
template <>
constexpr ElementType elementType<int8_t>() { return INT8; }
template <>
constexpr ElementType elementType<int32_t>() { return INT32; }
template <>
constexpr ElementType elementType<int64_t>() { return INT64; }
template <>
constexpr ElementType elementType<bool>() { return BOOL; }

// An operand: its elements lie in order.
struct Operand {
  const void* data = nullptr;
  ElementType type = UNDEFINED;
  Shape shape;
  size_t count = 1;

  bool given() const { return type != UNDEFINED; }
  size_t rank() const { return shape.size(); }
  // The size of an axis.
  size_t size(size_t axis) const { return static_cast<size_t>(shape.at(axis)); }
  template <class T>
  const T* as() const {
    expect(type == elementType<T>(), "an operand has another element type than the operator takes");
    return static_cast<const T*>(data);
  }
};

class Call {
 public:
  explicit Call(KernelContext* context);

  size_t inputs() const;
  size_t outputs() const;
  // The operand; one that is left out is not `given`.
  Operand optional(size_t i) const;
  // Throws OpError where it is left out.
  Operand input(size_t i) const;

  // Memory of result i, whose element type is that of the operator's description. nullptr where nobody wants an optional one.
  template <class T>
  T* output(size_t i, const Shape& shape) const {
    return static_cast<T*>(outputMemory(i, shape));
  }

  // Throws Stopped where the run is to stop. Pieces of more than some milliseconds ask now and then; `parallel` asks before each.
  void stopIfAsked() const {
    if (stop_ != nullptr && __atomic_load_n(stop_, __ATOMIC_RELAXED) != 0) throw Stopped();
  }

  // body(i) for i in [0, pieces), on the session's threads. A piece that throws makes this throw.
  template <class Body>
  void parallel(size_t pieces, const Body& body) const {
    if (pieces == 1) {
      stopIfAsked();
      body(size_t{0});
    } else if (pieces > 1) {
      runParallel(pieces, [](const void* user, size_t index) { (*static_cast<const Body*>(user))(index); }, &body);
    }
  }

 private:
  void* outputMemory(size_t i, const Shape& shape) const;
  void runParallel(size_t pieces, void (*body)(const void*, size_t), const void* user) const;

  KernelContext* context_;
  const int32_t* stop_;
};

// Attributes of a node. A missing one without a default is an error.
class Attributes {
 public:
  explicit Attributes(const KernelInfo* info) : info_(info) {}

  std::string text(const char* name) const;
  double number(const char* name) const;
  // Within [low, high].
  int64_t integer(const char* name, int64_t low, int64_t high) const;
  // `count` whole numbers, parted by spaces in a text, within [low, high].
  std::vector<size_t> sizes(const char* name, size_t count, size_t low, size_t high) const;
  bool flag(const char* name) const { return integer(name, 0, 1) == 1; }

 private:
  const KernelInfo* info_;
};

}  // namespace isoflop
