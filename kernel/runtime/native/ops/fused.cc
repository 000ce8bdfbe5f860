#include "fused.h"

#include <algorithm>

namespace isoflop {
namespace {

// Elements of a tile. Where rows are reduced it grows to a whole row.
constexpr size_t TILE = 512;
// Of one whose results go past the caches: short enough that its loads are under way while the last tile is computed.
constexpr size_t STREAM_TILE = 128;
// Elements times instructions below which another thread is not worth its start.
constexpr size_t WORK_PER_PIECE = size_t{1} << 17;
constexpr size_t MAX_PIECES = 64;

}  // namespace

void Fused::compute(const Call& call) const {
  if (call.inputs() != program_.inputs.size() || call.outputs() != program_.outputs.size()) throw OpError("the program is for " + std::to_string(program_.inputs.size()) + " operands and " + std::to_string(program_.outputs.size()) + " results");
  const size_t total = program_.rows * program_.columns;
  Bound bound;
  for (size_t i = 0; i < program_.inputs.size(); i++) {
    const Operand operand = call.input(i);
    const Input& expected = program_.inputs[i];
    if (operand.type != expected.elementType || operand.count != expected.count) throw OpError("operand " + std::to_string(i) + " is not as the program says: " + std::to_string(operand.count) + " elements, " + std::to_string(expected.count) + " expected");
    bound.inputs.push_back(operand.data);
  }
  for (size_t i = 0; i < program_.outputs.size(); i++) {
    bound.outputs.push_back(call.output<float>(i, program_.outputs[i].shape));
    bound.streamed.push_back(i < 31 && (streamed_ >> i & 1) == 1 && program_.outputs[i].extent == Extent::FULL);
  }
  if (total == 0) return;

  const bool streams = std::find(bound.streamed.begin(), bound.streamed.end(), true) != bound.streamed.end();
  const size_t tile = streams ? STREAM_TILE : TILE;
  const bool wholeRows = program_.reduces || program_.columns <= tile;
  const size_t tileColumns = wholeRows ? program_.columns : tile;
  const size_t tileRows = wholeRows ? std::max<size_t>(1, tile / program_.columns) : 1;
  const size_t across = (program_.columns + tileColumns - 1) / tileColumns;
  const size_t tiles = (program_.rows + tileRows - 1) / tileRows * across;
  const size_t work = total * std::max<size_t>(1, program_.instructions.size());
  const size_t pieces = std::clamp<size_t>(work / WORK_PER_PIECE, 1, std::min(tiles, MAX_PIECES));

  call.parallel(pieces, [&](size_t piece) {
    TileRun run(program_, steps_, bound, tileRows, tileColumns);
    for (size_t t = tiles * piece / pieces; t < tiles * (piece + 1) / pieces; t++) {
      call.stopIfAsked();
      const size_t row = t / across * tileRows, column = t % across * tileColumns;
      run.run({row, std::min(tileRows, program_.rows - row), column, std::min(tileColumns, program_.columns - column)});
    }
    if (streams) tileKernels().streamed();
  });
}

}  // namespace isoflop
