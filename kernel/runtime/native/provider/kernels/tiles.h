// Tiles of rows in shared memory, and products between them.
//
// A tile is TILE rows. The threads of a block stand in a square of SIDE x SIDE: thread (y, x) has rows y, y + SIDE, ... and columns
// x, x + SIDE, ... of every product, so that neighbours read neighbours.
#pragma once
#include <cmath>

#include "blocks.h"
#include "space.h"

namespace isoflop::kernels {

constexpr int SIDE = 16;
static_assert(SIDE * SIDE == BLOCK_THREADS, "one thread for each place of the square");

ISOFLOP_BOTH inline int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }

template <int TILE, int COLUMNS>
struct Tiles {
  static constexpr int EACH = TILE / SIDE;  // rows of a thread
  // Rows lie apart by an odd number of elements: columns of them are in different banks.
  ISOFLOP_BOTH static int apart(int64_t width) { return static_cast<int>(width | 1); }
  static constexpr int SCORES_APART = TILE + 1;
  ISOFLOP_BOTH static int rowOf(int thread, int i) { return thread / SIDE + SIDE * i; }
  ISOFLOP_BOTH static int columnOf(int thread, int i) { return thread % SIDE + SIDE * i; }

  using Square = float[EACH][EACH];
  struct Sums {
    Square square;
  };
  using Rows = float[EACH][COLUMNS];

  // `count` rows of `width`, the rest zeros.
  ISOFLOP_DEVICE static void read(int thread, float* to, const float* from, int64_t step, int64_t count, int64_t width) {
    const int all = TILE * static_cast<int>(width), wide = static_cast<int>(width);
    for (int i = thread; i < all; i += BLOCK_THREADS) {
      const int row = i / wide, column = i % wide;
      to[row * apart(width) + column] = row < count ? from[row * step + column] : 0.0f;
    }
  }

  // square[i][j] = row i of a times row j of b, of this thread.
  ISOFLOP_DEVICE static void multiply(int thread, Square& square, const float* a, const float* b, int64_t width) {
    for (int i = 0; i < EACH; i++)
      for (int j = 0; j < EACH; j++) square[i][j] = 0.0f;
    addProducts(thread, square, a, b, width);
  }
  ISOFLOP_DEVICE static void addProducts(int thread, Square& square, const float* a, const float* b, int64_t width) {
    const int step = apart(width);
    for (int d = 0; d < width; d++) {
      float left[EACH], right[EACH];
#pragma unroll
      for (int i = 0; i < EACH; i++) left[i] = a[rowOf(thread, i) * step + d];
#pragma unroll
      for (int j = 0; j < EACH; j++) right[j] = b[columnOf(thread, j) * step + d];
#pragma unroll
      for (int i = 0; i < EACH; i++)
#pragma unroll
        for (int j = 0; j < EACH; j++) square[i][j] += left[i] * right[j];
    }
  }

  ISOFLOP_DEVICE static void put(int thread, float* scores, const Square& square) {
    for (int i = 0; i < EACH; i++)
      for (int j = 0; j < EACH; j++) scores[rowOf(thread, i) * SCORES_APART + columnOf(thread, j)] = square[i][j];
  }

  // rows[i][c] += sum over t of scores(row i, t) times b[t][column c]; the scores' rows are their columns where TRANSPOSED.
  template <bool TRANSPOSED>
  ISOFLOP_DEVICE static void accumulate(int thread, Rows& rows, const float* scores, const float* b, int64_t width) {
    const int step = apart(width);
    for (int t = 0; t < TILE; t++) {
      float left[EACH];
#pragma unroll
      for (int i = 0; i < EACH; i++) left[i] = TRANSPOSED ? scores[t * SCORES_APART + rowOf(thread, i)] : scores[rowOf(thread, i) * SCORES_APART + t];
#pragma unroll
      for (int c = 0; c < COLUMNS; c++) {
        if (columnOf(thread, c) >= width) break;
        const float right = b[t * step + columnOf(thread, c)];
#pragma unroll
        for (int i = 0; i < EACH; i++) rows[i][c] += left[i] * right;
      }
    }
  }

  ISOFLOP_DEVICE static void clear(Rows& rows) {
    for (int i = 0; i < EACH; i++)
      for (int c = 0; c < COLUMNS; c++) rows[i][c] = 0.0f;
  }

  // Rows of this thread, up to `count` of them, to where they belong.
  ISOFLOP_DEVICE static void write(int thread, const Rows& rows, float* to, int64_t step, int64_t count, int64_t width) {
    for (int i = 0; i < EACH; i++) {
      if (rowOf(thread, i) >= count) continue;
      for (int c = 0; c < COLUMNS && columnOf(thread, c) < width; c++) to[rowOf(thread, i) * step + columnOf(thread, c)] = rows[i][c];
    }
  }
};

template <class T>
struct TileOf;
template <int ROWS, int COLUMNS>
struct TileOf<Tiles<ROWS, COLUMNS>> {
  static constexpr int TILE = ROWS;
};

}  // namespace isoflop::kernels
