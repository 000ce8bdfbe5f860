// Runs a fused program, one row or a piece of one at a time: each lane has its columns, through all instructions.
#include "../../ops/fusedProgram.h"
#include "fusedFunctions.h"
#include "kernels.h"
#include "scalar.h"

namespace isoflop::kernels {
namespace {

#define X(name, value) \
  ISOFLOP_BOTH inline float apply##name([[maybe_unused]] float a, [[maybe_unused]] float b, [[maybe_unused]] float c) { return value; }
ISOFLOP_FUSED_FUNCTIONS(X)
#undef X

ISOFLOP_BOTH inline float apply(int opcode, float a, float b, float c) {
  switch (opcode) {
#define X(name, arity) \
  case isoflop::name: return apply##name(a, b, c);
    ISOFLOP_POINTWISE(X)
#undef X
    default: return a;
  }
}

struct JoinRow {
  int opcode;
  ISOFLOP_BOTH float operator()(float a, float b) const { return opcode == ReduceSum ? a + b : opcode == ReduceMax ? applyMax(a, b, 0) : applyMin(a, b, 0); }
};

constexpr int SCALAR = static_cast<int>(Extent::SCALAR), FULL = static_cast<int>(Extent::FULL), ROW = static_cast<int>(Extent::ROW);

// A value in one piece of a row.
struct Here {
  float* floats;
  const uint8_t* bytes;  // of flags
  int64_t step;
  ISOFLOP_BOTH float at(size_t column) const { return bytes != nullptr ? (bytes[static_cast<int64_t>(column) * step] != 0 ? 1.0f : 0.0f) : floats[static_cast<int64_t>(column) * step]; }
};

struct Fused {
  FusedCall call;

  ISOFLOP_BOTH Here find(int value, size_t row, size_t column, float* scratch) const {
    const FusedValue& described = call.values[value];
    const int64_t step = described.extent == FULL ? 1 : described.extent == SCALAR || described.extent == ROW ? 0 : described.innerStep;
    if (described.place >= 0) return {scratch + described.place, nullptr, step};
    int64_t offset = described.offset + static_cast<int64_t>(column) * step;
    if (described.extent == FULL) offset += static_cast<int64_t>(row * call.columns);
    else if (described.extent == ROW) offset += static_cast<int64_t>(row);
    else if (described.extent != SCALAR) {
      Steps steps;
      for (int axis = 0; axis < MAX_AXES; axis++) steps.along[axis] = described.outerSteps[axis];
      offset += offsetOf(row, call.outer, steps);
    }
    void* address = call.addresses[-1 - described.place];
    if (described.flags != 0) return {nullptr, static_cast<const uint8_t*>(address) + offset, step};
    return {static_cast<float*>(address) + offset, nullptr, step};
  }

  template <class L>
  ISOFLOP_BOTH void operator()(const L& lanes, size_t item) const {
    const size_t pieces = (call.columns + call.piece - 1) / call.piece;
    const size_t row = item / pieces, first = item % pieces * call.piece;
    const size_t columns = call.columns - first < call.piece ? call.columns - first : call.piece;
    float* scratch = call.scratch + item % call.slots * call.slotFloats;
    for (int k = 0; k < call.count; k++) {
      const FusedInstruction& instruction = call.instructions[k];
      const Here result = find(instruction.result, row, first, scratch);
      const Here a = find(instruction.operands[0], row, first, scratch);
      if (instruction.opcode >= POINTWISE_COUNT) {
        const JoinRow join{instruction.opcode};
        float total = instruction.opcode == ReduceSum ? 0.0f : instruction.opcode == ReduceMax ? -INFINITY : INFINITY;
        for (size_t column = lanes.index; column < columns; column += lanes.count) total = join(total, a.at(column));
        *result.floats = lanes.joined(total, join);
        continue;
      }
      const Here b = find(instruction.operands[1], row, first, scratch), c = find(instruction.operands[2], row, first, scratch);
      if (result.step == 0) {
        // One number for the row, which other lanes may still read in its old place.
        const float value = apply(instruction.opcode, a.at(0), b.at(0), c.at(0));
        lanes.wait();
        if (lanes.index == 0) *result.floats = value;
        lanes.wait();
      } else {
        for (size_t column = lanes.index; column < columns; column += lanes.count) result.floats[column] = apply(instruction.opcode, a.at(column), b.at(column), c.at(column));
      }
    }
  }
};

}  // namespace

extern "C" Failure isoflop_fused(const FusedCall& call, void* stream) {
  const size_t pieces = (call.columns + call.piece - 1) / call.piece;
  return forRows(call.rows * pieces, Fused{call}, stream, call.slots);
}

}  // namespace isoflop::kernels
