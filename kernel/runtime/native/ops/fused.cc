// Runs fused programs tile by tile: a tile is small enough that all its intermediate values stay in the first-level cache.
#include "fused.h"

#include <algorithm>

#include "alignedMemory.h"

namespace isoflop {
namespace {

// Elements of a tile. Where rows are reduced it grows to a whole row.
constexpr size_t TILE = 1024;
// Elements times instructions below which another thread is not worth its start.
constexpr size_t WORK_PER_PIECE = size_t{1} << 17;
constexpr size_t MAX_PIECES = 64;

// What a program works on in one call.
struct Bound {
  const FusedProgram& program;
  const TileKernels& kernels;
  std::vector<const void*> inputs;
  std::vector<float*> outputs;
};

// A part of the iteration space: whole rows, or a piece of one.
struct Tile {
  size_t row, rows, column, columns;
};

size_t rounded(size_t count) { return (count + 15) / 16 * 16; }

class TileRun {
 public:
  TileRun(const Bound& bound, size_t tileRows, size_t tileColumns) : bound_(bound), program_(bound.program), at_(program_.values()), rowOffsets_(program_.inputs.size()) {
    const size_t tile = rounded(tileRows * tileColumns);
    size_t size = program_.fullRegisters * tile + program_.rowRegisters * rounded(tileRows) + program_.scalarRegisters * 16;
    for (const Input& input : program_.inputs)
      if (input.elementType == BOOL) size += tile;
    memory_ = alignedMemory<float>(size + 16);
    float* next = memory_.get();
    const auto take = [&](size_t count) {
      float* taken = next;
      next += count;
      return taken;
    };
    for (size_t i = 0; i < program_.fullRegisters; i++) at_[program_.firstFull() + i] = take(tile);
    for (size_t i = 0; i < program_.rowRegisters; i++) at_[program_.firstRow() + i] = take(rounded(tileRows));
    for (size_t i = 0; i < program_.scalarRegisters; i++) at_[program_.firstScalar() + i] = take(16);
    for (size_t i = 0; i < program_.constants.size(); i++) at_[program_.firstConstant() + i] = const_cast<float*>(&program_.constants[i]);
    for (size_t i = 0; i < program_.inputs.size(); i++) {
      if (program_.inputs[i].elementType == BOOL) flags_.push_back({i, take(tile)});
      if (program_.inputs[i].extent == Extent::STRIDED) rowOffsets_[i].resize(tileRows);
    }
  }

  void run(const Tile& tile) {
    place(tile);
    for (const Instruction& instruction : program_.instructions) {
      if (instruction.reduces()) reduce(instruction, tile);
      else apply(instruction, tile);
    }
  }

 private:
  struct Flags {
    size_t input;
    float* numbers;
  };

  // Points every value at its part for this tile.
  void place(const Tile& tile) {
    for (size_t i = 0; i < program_.inputs.size(); i++) {
      const Input& input = program_.inputs[i];
      size_t offset = 0;
      if (input.extent == Extent::FULL) offset = tile.row * program_.columns + tile.column;
      if (input.extent == Extent::ROW) offset = tile.row;
      if (input.extent == Extent::STRIDED) {
        offset = input.innerStride == 1 ? tile.column : 0;
        for (size_t r = 0; r < tile.rows; r++) rowOffsets_[i][r] = rowOffset(input, tile.row + r);
      }
      if (input.elementType != BOOL) at_[i] = const_cast<float*>(static_cast<const float*>(bound_.inputs[i])) + offset;
    }
    for (const Flags& flags : flags_) convert(flags, tile);
    for (size_t i = 0; i < program_.outputs.size(); i++) {
      const Extent extent = program_.outputs[i].extent;
      const size_t offset = extent == Extent::FULL ? tile.row * program_.columns + tile.column : extent == Extent::ROW ? tile.row : 0;
      at_[program_.firstOutput() + i] = bound_.outputs[i] + offset;
    }
  }

  size_t rowOffset(const Input& input, size_t row) const {
    size_t offset = 0;
    for (size_t axis = program_.outer.size(); axis-- > 0;) {
      const size_t size = program_.outer[axis];
      offset += row % size * static_cast<size_t>(input.outerStrides[axis]);
      row /= size;
    }
    return offset;
  }

  // Flags as 0 and 1. Repeated ones are written out, so that they are then as those of FULL extent.
  void convert(const Flags& flags, const Tile& tile) {
    const Input& input = program_.inputs[flags.input];
    const auto* bytes = static_cast<const uint8_t*>(bound_.inputs[flags.input]);
    at_[flags.input] = flags.numbers;
    if (input.extent == Extent::STRIDED) {
      for (size_t r = 0; r < tile.rows; r++) {
        const uint8_t* from = bytes + rowOffsets_[flags.input][r] + (input.innerStride == 1 ? tile.column : 0);
        for (size_t c = 0; c < tile.columns; c++) flags.numbers[r * tile.columns + c] = from[input.innerStride == 1 ? c : 0] != 0 ? 1.0f : 0.0f;
      }
      return;
    }
    const size_t count = input.extent == Extent::FULL ? tile.rows * tile.columns : input.extent == Extent::ROW ? tile.rows : 1;
    const uint8_t* from = bytes + (input.extent == Extent::FULL ? tile.row * program_.columns + tile.column : input.extent == Extent::ROW ? tile.row : 0);
    for (size_t i = 0; i < count; i++) flags.numbers[i] = from[i] != 0 ? 1.0f : 0.0f;
  }

  Extent extentInTile(size_t value) const {
    const Extent extent = program_.extentOf(value);
    const bool writtenOut = extent == Extent::STRIDED && program_.inputs[value].elementType == BOOL;
    return writtenOut ? Extent::FULL : extent;
  }

  void apply(const Instruction& instruction, const Tile& tile) {
    const Extent result = program_.extentOf(static_cast<size_t>(instruction.result));
    const auto& variants = bound_.kernels.pointwise[instruction.opcode];
    float* d = at_[static_cast<size_t>(instruction.result)];
    const float* operands[3];
    int single = 0;
    bool byRow = false;
    Extent extents[3];
    for (int k = 0; k < 3; k++) {
      const auto value = static_cast<size_t>(instruction.operands[k]);
      operands[k] = at_[value];
      extents[k] = extentInTile(value);
      if (extents[k] == Extent::SCALAR) single |= 1 << k;
      if (result == Extent::FULL && (extents[k] == Extent::ROW || extents[k] == Extent::STRIDED)) byRow = true;
    }
    if (result != Extent::FULL) return variants[single](d, operands[0], operands[1], operands[2], result == Extent::ROW ? tile.rows : 1);
    if (!byRow) return variants[single](d, operands[0], operands[1], operands[2], tile.rows * tile.columns);
    for (int k = 0; k < 3; k++) {
      const bool sameInRow = extents[k] == Extent::ROW || (extents[k] == Extent::STRIDED && program_.inputs[static_cast<size_t>(instruction.operands[k])].innerStride == 0);
      if (sameInRow) single |= 1 << k;
    }
    for (size_t r = 0; r < tile.rows; r++) {
      const float* here[3];
      for (int k = 0; k < 3; k++) {
        size_t offset = 0;
        if (extents[k] == Extent::FULL) offset = r * tile.columns;
        if (extents[k] == Extent::ROW) offset = r;
        if (extents[k] == Extent::STRIDED) offset = rowOffsets_[static_cast<size_t>(instruction.operands[k])][r];
        here[k] = operands[k] + offset;
      }
      variants[single](d + r * tile.columns, here[0], here[1], here[2], tile.columns);
    }
  }

  void reduce(const Instruction& instruction, const Tile& tile) {
    const Reducing kernel = bound_.kernels.reducing[instruction.opcode - POINTWISE_COUNT];
    float* d = at_[static_cast<size_t>(instruction.result)];
    const float* a = at_[static_cast<size_t>(instruction.operands[0])];
    for (size_t r = 0; r < tile.rows; r++) d[r] = kernel(a + r * tile.columns, tile.columns);
  }

  const Bound& bound_;
  const FusedProgram& program_;
  std::vector<float*> at_;                       // where each value lies, by its number
  std::vector<std::vector<size_t>> rowOffsets_;  // of STRIDED inputs, for each row of the tile
  std::vector<Flags> flags_;
  AlignedMemory<float> memory_;
};

}  // namespace

void Fused::compute(const Call& call) const {
  Bound bound{program_, tileKernels(), {}, {}};
  if (call.inputs() != program_.inputs.size() || call.outputs() != program_.outputs.size()) throw OpError("the program is for " + std::to_string(program_.inputs.size()) + " operands and " + std::to_string(program_.outputs.size()) + " results");
  for (size_t i = 0; i < program_.inputs.size(); i++) {
    const Operand operand = call.input(i);
    const Input& expected = program_.inputs[i];
    if (operand.type != expected.elementType || operand.count != expected.count) throw OpError("operand " + std::to_string(i) + " is not as the program says: " + std::to_string(operand.count) + " elements, " + std::to_string(expected.count) + " expected");
    bound.inputs.push_back(operand.data);
  }
  for (size_t i = 0; i < program_.outputs.size(); i++) bound.outputs.push_back(call.output<float>(i, program_.outputs[i].shape));
  const size_t total = program_.rows * program_.columns;
  if (total == 0) return;

  const bool wholeRows = program_.reduces || program_.columns <= TILE;
  const size_t tileColumns = wholeRows ? program_.columns : TILE;
  const size_t tileRows = wholeRows ? std::max<size_t>(1, TILE / program_.columns) : 1;
  const size_t across = (program_.columns + tileColumns - 1) / tileColumns;
  const size_t tiles = (program_.rows + tileRows - 1) / tileRows * across;
  const size_t work = total * std::max<size_t>(1, program_.instructions.size());
  const size_t pieces = std::clamp<size_t>(work / WORK_PER_PIECE, 1, std::min(tiles, MAX_PIECES));

  call.parallel(pieces, [&](size_t piece) {
    TileRun run(bound, tileRows, tileColumns);
    for (size_t t = tiles * piece / pieces; t < tiles * (piece + 1) / pieces; t++) {
      call.stopIfAsked();
      const size_t row = t / across * tileRows, column = t % across * tileColumns;
      run.run({row, std::min(tileRows, program_.rows - row), column, std::min(tileColumns, program_.columns - column)});
    }
  });
}

}  // namespace isoflop
