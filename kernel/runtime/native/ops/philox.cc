#include "philox.h"

#include <algorithm>
#include <cstring>
#include <limits>

#include "alignedMemory.h"
#include "numericKernels.h"
#include "tileKernels.h"

namespace isoflop {
namespace {

// Elements made at a time, a multiple of those of a block, that stay in the first-level cache.
constexpr size_t CHUNK = 1024;
constexpr size_t ELEMENTS_PER_PIECE = size_t{1} << 15;
constexpr size_t MAX_PIECES = 64;
constexpr size_t BLOCK = 4;

// body(first, count) over parts of [0, count) that begin at whole chunks.
template <class Body>
void inChunks(const Call& call, size_t count, const Body& body) {
  const size_t chunks = (count + CHUNK - 1) / CHUNK;
  const size_t pieces = std::min({std::max<size_t>(1, count / ELEMENTS_PER_PIECE), MAX_PIECES, std::max<size_t>(1, chunks)});
  call.parallel(pieces, [&](size_t piece) {
    for (size_t chunk = chunks * piece / pieces; chunk < chunks * (piece + 1) / pieces; chunk++) {
      call.stopIfAsked();
      body(chunk * CHUNK, std::min(CHUNK, count - chunk * CHUNK));
    }
  });
}

// Box-Muller: d[2 i] and d[2 i + 1] of words[2 i] (radius) and words[2 i + 1] (angle). At most CHUNK words.
void boxMuller(float* d, const uint32_t* words, size_t pairs) {
  float cosines[CHUNK / 2], sines[CHUNK / 2], radii[CHUNK / 2];
  numericKernels().turns(cosines, sines, radii, words, pairs);
  const TileKernels& tile = tileKernels();
  const float minusTwo = -2.0f;
  tile.pointwise[Log][0](radii, radii, radii, radii, pairs);
  tile.pointwise[Mul][2](radii, radii, &minusTwo, &minusTwo, pairs);
  tile.pointwise[Sqrt][0](radii, radii, radii, radii, pairs);
  for (size_t i = 0; i < pairs; i++) {
    d[2 * i] = radii[i] * cosines[i];
    d[2 * i + 1] = radii[i] * sines[i];
  }
}

// Normal numbers first, first + 1, ... of a stream; `first` is even. At most CHUNK of them.
void normals(float* d, uint64_t first, size_t count, const Key& key) {
  uint32_t words[CHUNK];
  streamWords(words, first, (count + 1) / 2 * 2, key);
  boxMuller(d, words, count / 2);
  if (count % 2 == 0) return;
  float last[2];
  boxMuller(last, words + count - 1, 1);
  d[count - 1] = last[0];
}

// The same from any position.
void normalsAt(float* d, uint64_t first, size_t count, const Key& key) {
  float edge[2];
  if (first % 2 == 1 && count > 0) {
    normals(edge, first - 1, 2, key);
    *d++ = edge[1];
    first++, count--;
  }
  for (size_t done = 0; done < count; done += CHUNK) normals(d + done, first + done, std::min(CHUNK, count - done), key);
}

}  // namespace

Key::Key(const Operand& operand) {
  expect(operand.shape == Shape{2}, "a key has two words");
  const int64_t* given = operand.as<int64_t>();
  for (int i = 0; i < 2; i++) words[i] = static_cast<uint32_t>(static_cast<uint64_t>(given[i]));
}

void streamWords(uint32_t* words, uint64_t first, size_t count, const Key& key) {
  const NumericKernels& kernels = numericKernels();
  uint32_t edge[BLOCK];
  const auto part = [&](uint64_t block, size_t from, size_t to) {
    kernels.philox(edge, block, 1, key.words);
    for (size_t lane = from; lane < to; lane++) *words++ = edge[lane];
    first += to - from, count -= to - from;
  };
  if (first % BLOCK != 0 && count > 0) part(first / BLOCK, first % BLOCK, std::min<size_t>(BLOCK, first % BLOCK + count));
  const size_t blocks = count / BLOCK;
  kernels.philox(words, first / BLOCK, blocks, key.words);
  words += blocks * BLOCK, first += blocks * BLOCK, count -= blocks * BLOCK;
  if (count > 0) part(first / BLOCK, 0, count);
}

PhiloxBits::PhiloxBits(const Attributes& attributes) : count_(attributes.integer("count", 0, MAX_ELEMENTS)) {}

void PhiloxBits::compute(const Call& call) const {
  const Key key(call.input(0));
  int64_t* result = call.output<int64_t>(0, {count_});
  inChunks(call, static_cast<size_t>(count_), [&](size_t first, size_t count) {
    uint32_t words[CHUNK];
    streamWords(words, first, count, key);
    for (size_t i = 0; i < count; i++) result[first + i] = words[i];
  });
}

PhiloxUniform::PhiloxUniform(const Attributes& attributes) : count_(attributes.integer("count", 0, MAX_ELEMENTS)), bits_(attributes.integer("bits", 1, 24)), half_(attributes.flag("half")) {}

void PhiloxUniform::compute(const Call& call) const {
  const Key key(call.input(0));
  float* result = call.output<float>(0, {count_});
  const int dropped = static_cast<int>(32 - bits_);
  const float step = 1.0f / static_cast<float>(1 << bits_), shift = half_ ? 0.5f : 0.0f;
  inChunks(call, static_cast<size_t>(count_), [&](size_t first, size_t count) {
    uint32_t words[CHUNK];
    streamWords(words, first, count, key);
    for (size_t i = 0; i < count; i++) result[first + i] = (static_cast<float>(static_cast<int32_t>(words[i] >> dropped)) + shift) * step;
  });
}

PhiloxNormal::PhiloxNormal(const Attributes& attributes) : count_(attributes.integer("count", 0, MAX_ELEMENTS)) {}

void PhiloxNormal::compute(const Call& call) const {
  const Key key(call.input(0));
  float* result = call.output<float>(0, {count_});
  inChunks(call, static_cast<size_t>(count_), [&](size_t first, size_t count) { normals(result + first, first, count, key); });
}

void BoxMuller::compute(const Call& call) const {
  const Operand pairs = call.input(0);
  expect(pairs.rank() == 2 && pairs.size(1) == 2, "words are [N, 2]");
  const int64_t* given = pairs.as<int64_t>();
  float* result = call.output<float>(0, {static_cast<int64_t>(pairs.count)});
  inChunks(call, pairs.count, [&](size_t first, size_t count) {
    uint32_t words[CHUNK];
    for (size_t i = 0; i < count; i++) words[i] = static_cast<uint32_t>(static_cast<uint64_t>(given[first + i]));
    boxMuller(result + first, words, count / 2);
  });
}

NearestNormal::NearestNormal(const Attributes& attributes) : candidates_(attributes.integer("candidates", 1, MAX_CANDIDATES)) {}

void NearestNormal::compute(const Call& call) const {
  const Operand points = call.input(0);
  const Key key(call.input(1));
  expect(points.rank() == 2, "points are [B, D]");
  const float* x = points.as<float>();
  const size_t rows = points.size(0), width = points.size(1), candidates = static_cast<size_t>(candidates_);
  float* result = call.output<float>(0, points.shape);
  const size_t pieces = std::clamp<size_t>(rows * width * candidates / ELEMENTS_PER_PIECE, 1, std::max<size_t>(1, std::min(rows, MAX_PIECES)));
  call.parallel(pieces, [&](size_t piece) {
    const auto memory = alignedMemory<float>(width);
    for (size_t row = rows * piece / pieces; row < rows * (piece + 1) / pieces; row++) {
      float nearest = std::numeric_limits<float>::infinity();
      float* best = result + row * width;
      for (size_t j = 0; j < candidates; j++) {
        call.stopIfAsked();
        // The first goes where the result is, which also holds it when no distance is a number.
        float* draw = j == 0 ? best : memory.get();
        normalsAt(draw, (uint64_t{row} * candidates + j) * width, width, key);
        const float distance = numericKernels().relativeDistance(draw, x + row * width, width);
        if (!(distance < nearest)) continue;
        nearest = distance;
        if (j > 0) std::memcpy(best, draw, width * sizeof(float));
      }
    }
  });
}

}  // namespace isoflop
