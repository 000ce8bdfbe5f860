// Reading of fused programs. The text may come from any model file, so nothing in it is believed.
#include "fusedProgram.h"

#include <charconv>
#include <cstring>

#include "call.h"

namespace isoflop {
namespace {

constexpr int64_t FORMAT = 1;
constexpr int64_t MAX_LIST = 4096;
constexpr int64_t MAX_SIZE = int64_t{1} << 40;

class Reader {
 public:
  explicit Reader(const std::string& text) : at_(text.data()), end_(text.data() + text.size()) {}

  int64_t next(int64_t low, int64_t high) {
    while (at_ < end_ && *at_ == ' ') at_++;
    int64_t number = 0;
    const auto [after, error] = std::from_chars(at_, end_, number);
    if (error != std::errc() || after == at_) throw OpError("the program ends too early");
    if (number < low || number > high) throw OpError("the program holds " + std::to_string(number) + " where " + std::to_string(low) + " to " + std::to_string(high) + " is possible");
    at_ = after;
    return number;
  }
  size_t length() { return static_cast<size_t>(next(0, MAX_LIST)); }
  size_t size() { return static_cast<size_t>(next(0, MAX_SIZE)); }
  Extent extent(Extent last) { return static_cast<Extent>(next(0, static_cast<int>(last))); }

 private:
  const char* at_;
  const char* end_;
};

size_t product(size_t a, size_t b) {
  size_t result;
  if (__builtin_mul_overflow(a, b, &result) || result > static_cast<size_t>(MAX_SIZE)) throw OpError("the program's iteration space is too large");
  return result;
}

}  // namespace

FusedProgram::FusedProgram(const std::string& text) {
  Reader reader(text);
  reader.next(FORMAT, FORMAT);
  columns = reader.size();
  outer.resize(reader.length());
  for (size_t& size : outer) rows = product(rows, size = reader.size());
  const size_t total = product(rows, columns);

  inputs.resize(reader.length());
  for (Input& input : inputs) {
    input.elementType = static_cast<int>(reader.next(FLOAT, BOOL));
    if (input.elementType != FLOAT && input.elementType != BOOL) throw OpError("operands are float32 or bool");
    input.count = reader.size();
    input.extent = reader.extent(Extent::STRIDED);
    if (input.extent != Extent::STRIDED) {
      const size_t needed = input.extent == Extent::FULL ? total : input.extent == Extent::ROW ? rows : 1;
      if (input.count != needed) throw OpError("an operand has " + std::to_string(input.count) + " elements where " + std::to_string(needed) + " are read");
      continue;
    }
    input.innerStride = reader.next(0, 1);
    size_t last = input.innerStride == 1 && columns > 0 ? columns - 1 : 0;
    for (size_t size : outer) {
      const size_t stride = reader.size();
      input.outerStrides.push_back(static_cast<int64_t>(stride));
      if (size > 0) last += product(stride, size - 1);
    }
    if (total > 0 && last >= input.count) throw OpError("an operand is read beyond its end");
  }

  constants.resize(reader.length());
  for (float& constant : constants) {
    const auto bits = static_cast<uint32_t>(reader.next(0, 0xffffffffll));
    std::memcpy(&constant, &bits, sizeof constant);
  }
  fullRegisters = reader.length();
  rowRegisters = reader.length();
  scalarRegisters = reader.length();

  outputs.resize(reader.length());
  for (Output& output : outputs) {
    output.extent = reader.extent(Extent::ROW);
    output.shape.resize(reader.length());
    size_t count = 1;
    for (int64_t& size : output.shape) count = product(count, static_cast<size_t>(size = static_cast<int64_t>(reader.size())));
    if (count != (output.extent == Extent::FULL ? total : output.extent == Extent::ROW ? rows : 1)) throw OpError("a result's shape is not that of the iteration space");
  }

  instructions.resize(reader.length());
  const auto lastValue = static_cast<int64_t>(values()) - 1;
  for (Instruction& instruction : instructions) {
    instruction.opcode = static_cast<int>(reader.next(0, OPCODE_COUNT - 1));
    instruction.result = static_cast<int>(reader.next(static_cast<int64_t>(firstFull()), lastValue));
    for (int& operand : instruction.operands) operand = static_cast<int>(reader.next(0, lastValue));
    reduces = reduces || instruction.reduces();
  }
  verify();
}

Extent FusedProgram::extentOf(size_t value) const {
  if (value < firstConstant()) return inputs[value].extent;
  if (value < firstFull()) return Extent::SCALAR;
  if (value < firstRow()) return Extent::FULL;
  if (value < firstScalar()) return Extent::ROW;
  if (value < firstOutput()) return Extent::SCALAR;
  return outputs[value - firstOutput()].extent;
}

void FusedProgram::verify() const {
  for (const Instruction& instruction : instructions) {
    const Extent result = extentOf(static_cast<size_t>(instruction.result));
    if (instruction.reduces()) {
      if (result != Extent::ROW || extentOf(static_cast<size_t>(instruction.operands[0])) != Extent::FULL) throw OpError("a reduction goes from elements to rows");
      continue;
    }
    for (const int operand : instruction.operands) {
      const Extent extent = extentOf(static_cast<size_t>(operand));
      const bool fits = result == Extent::FULL || extent == Extent::SCALAR || (result == Extent::ROW && extent == Extent::ROW);
      if (!fits) throw OpError("an operand varies more than the result");
    }
  }
}

}  // namespace isoflop
