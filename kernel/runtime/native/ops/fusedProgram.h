// A fused program: instructions over rows of one iteration space, read from the text that the graph compiler wrote
// (kernel/onnx/fusedProgram.ts describes the format).
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "tileKernels.h"

namespace isoflop {

// How a value changes over the iteration space of rows x columns.
enum class Extent : int {
  SCALAR = 0,   // one number
  FULL = 1,     // one for each element
  ROW = 2,      // one for each row
  STRIDED = 3,  // repeated: found by strides over the outer axes
};

struct Value {
  Extent extent = Extent::SCALAR;
  // Of STRIDED: whether elements of a row lie side by side (1) or are all the same (0), and steps along the outer axes.
  int64_t innerStride = 0;
  std::vector<int64_t> outerStrides;
};

struct Input : Value {
  int elementType = 1;
  size_t count = 0;
};

struct Output {
  Extent extent = Extent::FULL;
  std::vector<int64_t> shape;
};

struct Instruction {
  int opcode;
  int result;
  int operands[3];
  bool reduces() const { return opcode >= POINTWISE_COUNT; }
};

struct FusedProgram {
  // Throws OpError for a text that is no program.
  explicit FusedProgram(const std::string& text);

  size_t columns = 1;
  size_t rows = 1;
  std::vector<size_t> outer;  // sizes of the outer axes; their product is `rows`
  std::vector<Input> inputs;
  std::vector<float> constants;
  size_t fullRegisters = 0, rowRegisters = 0, scalarRegisters = 0;
  std::vector<Output> outputs;
  std::vector<Instruction> instructions;
  bool reduces = false;

  // Values are numbered: inputs, constants, full registers, row registers, scalar registers, outputs.
  size_t firstConstant() const { return inputs.size(); }
  size_t firstFull() const { return firstConstant() + constants.size(); }
  size_t firstRow() const { return firstFull() + fullRegisters; }
  size_t firstScalar() const { return firstRow() + rowRegisters; }
  size_t firstOutput() const { return firstScalar() + scalarRegisters; }
  size_t values() const { return firstOutput() + outputs.size(); }
  Extent extentOf(size_t value) const;

 private:
  void verify() const;
};

}  // namespace isoflop
