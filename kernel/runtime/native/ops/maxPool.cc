#include "maxPool.h"

#include "rounding.h"

namespace isoflop {
namespace {

constexpr size_t ELEMENTS_PER_PIECE = size_t{1} << 14;

size_t sizeOf(const Attributes& attributes) { return static_cast<size_t>(attributes.integer("size", 1, MAX_POOLED)); }

// Rows of windows of all images and channels, parted among threads.
struct Windows {
  Windows(const Operand& x, size_t size) : size(size) {
    expect(x.rank() == 4, "images are [N, C, H, W]");
    expect(x.size(2) % size == 0 && x.size(3) % size == 0, "the images do not part into windows");
    height = x.size(2) / size, columns = x.size(3) / size, width = x.size(3);
    rows = x.size(0) * x.size(1) * height;
  }
  size_t size, height, columns, width, rows;

  template <class Body>
  void forEachRow(const Call& call, const Body& body) const {
    const size_t each = std::max<size_t>(1, ELEMENTS_PER_PIECE / std::max<size_t>(1, size * width));
    call.parallel(quotient(rows, each), [&](size_t piece) {
      for (size_t row = piece * each; row < std::min(rows, (piece + 1) * each); row++) body(row);
    });
  }
};

// NaN is the largest of all. No branch: pixels are in no order that could be foreseen.
inline float larger(float a, float b) { return static_cast<bool>((b > a) | (b != b)) ? b : a; }

// Windows of 2 x 2, the most usual: without inner loops.
void shareOfFour(float* to, const float* from, const float* largest, const float* g, size_t columns, size_t width) {
  for (size_t i = 0; i < columns; i++) {
    const size_t at = 2 * i;
    const float a = from[at] == largest[i], b = from[at + 1] == largest[i], c = from[width + at] == largest[i], d = from[width + at + 1] == largest[i];
    const float share = g[i] / (a + b + c + d);
    to[at] = a * share, to[at + 1] = b * share, to[width + at] = c * share, to[width + at + 1] = d * share;
  }
}

}  // namespace

MaxPool::MaxPool(const Attributes& attributes) : size_(sizeOf(attributes)) {}

void MaxPool::compute(const Call& call) const {
  const Operand x = call.input(0);
  const float* from = x.as<float>();
  const Windows windows(x, size_);
  float* to = call.output<float>(0, {x.shape[0], x.shape[1], static_cast<int64_t>(windows.height), static_cast<int64_t>(windows.columns)});
  windows.forEachRow(call, [&](size_t row) {
    const float* pixels = from + row * size_ * windows.width;
    float* out = to + row * windows.columns;
    // A piece of the row at a time: first down its columns, then along it.
    float most[MAX_POOLED];
    const size_t each = MAX_POOLED / size_;
    for (size_t first = 0; first < windows.columns; first += each) {
      const size_t count = std::min(each, windows.columns - first), width = count * size_;
      const float* piece = pixels + first * size_;
      for (size_t x = 0; x < width; x++) most[x] = piece[x];
      for (size_t y = 1; y < size_; y++)
        for (size_t x = 0; x < width; x++) most[x] = larger(most[x], piece[y * windows.width + x]);
      for (size_t i = 0; i < count; i++) {
        out[first + i] = most[i * size_];
        for (size_t t = 1; t < size_; t++) out[first + i] = larger(out[first + i], most[i * size_ + t]);
      }
    }
  });
}

MaxPoolGradient::MaxPoolGradient(const Attributes& attributes) : size_(sizeOf(attributes)) {}

void MaxPoolGradient::compute(const Call& call) const {
  const Operand x = call.input(0), y = call.input(1), slope = call.input(2);
  const float *from = x.as<float>(), *largest = y.as<float>(), *g = slope.as<float>();
  const Windows windows(x, size_);
  expect(y.count == windows.rows * windows.columns && slope.count == y.count, "there is not one pixel and one gradient for each window");
  float* to = call.output<float>(0, x.shape);
  windows.forEachRow(call, [&](size_t row) {
    const size_t at = row * size_ * windows.width;
    const float *pixels = from + at, *most = largest + row * windows.columns, *slopes = g + row * windows.columns;
    float* out = to + at;
    if (size_ == 2) return shareOfFour(out, pixels, most, slopes, windows.columns, windows.width);
    for (size_t i = 0; i < windows.columns; i++) {
      const size_t corner = i * size_;
      float count = 0;
      for (size_t r = 0; r < size_; r++)
        for (size_t t = 0; t < size_; t++) count += pixels[corner + r * windows.width + t] == most[i];
      const float share = slopes[i] / count;
      for (size_t r = 0; r < size_; r++)
        for (size_t t = 0; t < size_; t++) out[corner + r * windows.width + t] = (pixels[corner + r * windows.width + t] == most[i] ? 1.0f : 0.0f) * share;
    }
  });
}

}  // namespace isoflop
