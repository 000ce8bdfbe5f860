// Runs a fused program over tiles: parts of its iteration space so small that all values of a part stay in the first-level cache.
#pragma once
#include <vector>

#include "alignedMemory.h"
#include "fusedProgram.h"
#include "ortAbi.h"

namespace isoflop {

// A part of the iteration space: whole rows, or a piece of one.
struct Tile {
  size_t row, rows, column, columns;
};

// Where operands and results of one call lie.
struct Bound {
  std::vector<const void*> inputs;
  std::vector<float*> outputs;
  // Of each result: whether it goes past the caches, since nobody reads it before they hold other things.
  std::vector<bool> streamed;
};

// An instruction, decoded once for all tiles.
struct Step {
  enum class Over { ELEMENTS, ROWS, ONCE, EACH_ROW, REDUCTION };
  // How an operand moves from row to row (of EACH_ROW).
  enum class Move { STAYS, BY_COLUMNS, BY_ONE, BY_OFFSETS };

  Over over;
  Pointwise kernel = nullptr;
  Reducing reducing = nullptr;
  size_t result;
  size_t operands[3];
  Move moves[3] = {};
};
std::vector<Step> decode(const FusedProgram& program);

class TileRun {
 public:
  TileRun(const FusedProgram& program, const std::vector<Step>& steps, const Bound& bound, size_t tileRows, size_t tileColumns);
  void run(const Tile& tile);

 private:
  // Values of a tile that do not lie where the caller's memory is.
  struct Copy {
    size_t index;  // of the input or output
    float* numbers;
  };

  void place(const Tile& tile);
  size_t rowOffset(const Input& input, size_t row) const;
  void convert(const Copy& flags, const Tile& tile);
  void eachRow(const Step& step, const Tile& tile);

  const FusedProgram& program_;
  const std::vector<Step>& steps_;
  const Bound& bound_;
  std::vector<float*> at_;                       // where each value lies, by its number
  std::vector<std::vector<size_t>> rowOffsets_;  // of STRIDED inputs, for each row of the tile
  std::vector<Copy> flags_;                      // inputs of BOOL, as numbers
  std::vector<Copy> streamed_;                   // outputs that go past the caches
  AlignedMemory<float> memory_;
};

}  // namespace isoflop
