#include "fusedTile.h"

namespace isoflop {
namespace {

size_t rounded(size_t count) { return (count + 15) / 16 * 16; }

// Flags that repeat are written out for each tile, so that they are then as those of FULL extent.
Extent extentInTile(const FusedProgram& program, size_t value) {
  const Extent extent = program.extentOf(value);
  return extent == Extent::STRIDED && program.inputs[value].elementType == BOOL ? Extent::FULL : extent;
}

// Where element (row, column) of a value that is not STRIDED lies.
size_t offsetIn(const FusedProgram& program, Extent extent, const Tile& tile) {
  return extent == Extent::FULL ? tile.row * program.columns + tile.column : extent == Extent::ROW ? tile.row : 0;
}

Step::Move moveOf(const FusedProgram& program, size_t value) {
  switch (extentInTile(program, value)) {
    case Extent::SCALAR: return Step::Move::STAYS;
    case Extent::FULL: return Step::Move::BY_COLUMNS;
    case Extent::ROW: return Step::Move::BY_ONE;
    default: return Step::Move::BY_OFFSETS;
  }
}

}  // namespace

std::vector<Step> decode(const FusedProgram& program) {
  const TileKernels& kernels = tileKernels();
  std::vector<Step> steps;
  for (const Instruction& instruction : program.instructions) {
    Step step;
    step.result = static_cast<size_t>(instruction.result);
    const Extent result = program.extentOf(step.result);
    step.over = result == Extent::FULL ? Step::Over::ELEMENTS : result == Extent::ROW ? Step::Over::ROWS : Step::Over::ONCE;
    for (int k = 0; k < 3; k++) {
      step.operands[k] = static_cast<size_t>(instruction.operands[k]);
      step.moves[k] = moveOf(program, step.operands[k]);
      const bool byRow = step.moves[k] == Step::Move::BY_ONE || step.moves[k] == Step::Move::BY_OFFSETS;
      if (result == Extent::FULL && byRow) step.over = Step::Over::EACH_ROW;
    }
    // Which operands are a single number for each call of the kernel: bit k for operand k.
    int single = 0;
    for (int k = 0; k < 3; k++) {
      const Step::Move move = step.moves[k];
      const bool sameInRow = move == Step::Move::BY_ONE || (move == Step::Move::BY_OFFSETS && program.inputs[step.operands[k]].innerStride == 0);
      if (move == Step::Move::STAYS || (step.over == Step::Over::EACH_ROW && sameInRow)) single |= 1 << k;
    }
    if (instruction.reduces()) {
      step.over = Step::Over::REDUCTION;
      step.reducing = kernels.reducing[instruction.opcode - POINTWISE_COUNT];
    } else {
      step.kernel = kernels.pointwise[instruction.opcode][single];
    }
    steps.push_back(step);
  }
  return steps;
}

TileRun::TileRun(const FusedProgram& program, const std::vector<Step>& steps, const Bound& bound, size_t tileRows, size_t tileColumns)
    : program_(program), steps_(steps), bound_(bound), at_(program.values()), rowOffsets_(program.inputs.size()) {
  const size_t tile = rounded(tileRows * tileColumns);
  size_t size = program.fullRegisters * tile + program.rowRegisters * rounded(tileRows) + program.scalarRegisters * 16;
  for (const Input& input : program.inputs)
    if (input.elementType == BOOL) size += tile;
  for (const bool streamed : bound.streamed)
    if (streamed) size += tile;
  memory_ = alignedMemory<float>(size + 16);
  float* next = memory_.get();
  const auto take = [&](size_t count) {
    float* taken = next;
    next += count;
    return taken;
  };
  for (size_t i = 0; i < program.fullRegisters; i++) at_[program.firstFull() + i] = take(tile);
  for (size_t i = 0; i < program.rowRegisters; i++) at_[program.firstRow() + i] = take(rounded(tileRows));
  for (size_t i = 0; i < program.scalarRegisters; i++) at_[program.firstScalar() + i] = take(16);
  for (size_t i = 0; i < program.constants.size(); i++) at_[program.firstConstant() + i] = const_cast<float*>(&program.constants[i]);
  for (size_t i = 0; i < program.inputs.size(); i++) {
    if (program.inputs[i].elementType == BOOL) flags_.push_back({i, take(tile)});
    if (program.inputs[i].extent == Extent::STRIDED) rowOffsets_[i].resize(tileRows);
  }
  for (size_t i = 0; i < bound.streamed.size(); i++)
    if (bound.streamed[i]) streamed_.push_back({i, take(tile)});
}

void TileRun::run(const Tile& tile) {
  place(tile);
  const size_t elements = tile.rows * tile.columns;
  for (const Step& step : steps_) {
    float* d = at_[step.result];
    const float* a = at_[step.operands[0]];
    switch (step.over) {
      case Step::Over::REDUCTION:
        for (size_t r = 0; r < tile.rows; r++) d[r] = step.reducing(a + r * tile.columns, tile.columns);
        break;
      case Step::Over::EACH_ROW: eachRow(step, tile); break;
      default: step.kernel(d, a, at_[step.operands[1]], at_[step.operands[2]], step.over == Step::Over::ELEMENTS ? elements : step.over == Step::Over::ROWS ? tile.rows : 1);
    }
  }
  for (const Copy& output : streamed_) tileKernels().stream(bound_.outputs[output.index] + offsetIn(program_, Extent::FULL, tile), output.numbers, elements);
}

// Points every value at its part for this tile.
void TileRun::place(const Tile& tile) {
  for (size_t i = 0; i < program_.inputs.size(); i++) {
    const Input& input = program_.inputs[i];
    size_t offset = offsetIn(program_, input.extent, tile);
    if (input.extent == Extent::STRIDED) {
      offset = input.innerStride == 1 ? tile.column : 0;
      for (size_t r = 0; r < tile.rows; r++) rowOffsets_[i][r] = rowOffset(input, tile.row + r);
    }
    if (input.elementType != BOOL) at_[i] = const_cast<float*>(static_cast<const float*>(bound_.inputs[i])) + offset;
  }
  for (const Copy& flags : flags_) convert(flags, tile);
  for (size_t i = 0; i < program_.outputs.size(); i++) at_[program_.firstOutput() + i] = bound_.outputs[i] + offsetIn(program_, program_.outputs[i].extent, tile);
  for (const Copy& output : streamed_) at_[program_.firstOutput() + output.index] = output.numbers;
}

size_t TileRun::rowOffset(const Input& input, size_t row) const {
  size_t offset = 0;
  for (size_t axis = program_.outer.size(); axis-- > 0;) {
    const size_t size = program_.outer[axis];
    offset += row % size * static_cast<size_t>(input.outerStrides[axis]);
    row /= size;
  }
  return offset;
}

// Flags as 0 and 1.
void TileRun::convert(const Copy& flags, const Tile& tile) {
  const Input& input = program_.inputs[flags.index];
  const auto* bytes = static_cast<const uint8_t*>(bound_.inputs[flags.index]);
  at_[flags.index] = flags.numbers;
  if (input.extent == Extent::STRIDED) {
    for (size_t r = 0; r < tile.rows; r++) {
      const uint8_t* from = bytes + rowOffsets_[flags.index][r] + (input.innerStride == 1 ? tile.column : 0);
      for (size_t c = 0; c < tile.columns; c++) flags.numbers[r * tile.columns + c] = from[input.innerStride == 1 ? c : 0] != 0 ? 1.0f : 0.0f;
    }
    return;
  }
  const size_t count = input.extent == Extent::FULL ? tile.rows * tile.columns : input.extent == Extent::ROW ? tile.rows : 1;
  const uint8_t* from = bytes + offsetIn(program_, input.extent, tile);
  for (size_t i = 0; i < count; i++) flags.numbers[i] = from[i] != 0 ? 1.0f : 0.0f;
}

void TileRun::eachRow(const Step& step, const Tile& tile) {
  for (size_t r = 0; r < tile.rows; r++) {
    const float* here[3];
    for (int k = 0; k < 3; k++) {
      size_t offset = 0;
      if (step.moves[k] == Step::Move::BY_COLUMNS) offset = r * tile.columns;
      if (step.moves[k] == Step::Move::BY_ONE) offset = r;
      if (step.moves[k] == Step::Move::BY_OFFSETS) offset = rowOffsets_[step.operands[k]][r];
      here[k] = at_[step.operands[k]] + offset;
    }
    step.kernel(at_[step.result] + r * tile.columns, here[0], here[1], here[2], tile.columns);
  }
}

}  // namespace isoflop
