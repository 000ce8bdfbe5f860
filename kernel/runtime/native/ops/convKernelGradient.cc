// Gradient of a convolution's kernel: for each tap the product of the image, shifted to that tap, with the gradient of the result. The
// image is copied in bands of rows with its zeros around it, so that all taps read the same copy, each from another place on; for
// strides in several copies (phases), in each of which neighbours are a stride apart. Pixels between the end of a row
// of the result and the next one meet zeros.
#include <algorithm>
#include <cstring>

#include "alignedMemory.h"
#include "convolution.h"
#include "productKernels.h"

namespace isoflop {
namespace {

// Pixels of a band of the result: their gradients for a panel of channels stay in the first-level cache.
constexpr size_t BAND_PIXELS = 256;
// Where there are few panels the images are parted, too, and the parts added up.
constexpr size_t WANTED_PIECES = 8;
// Pixels of copies at once.
constexpr size_t MAX_COPIES = size_t{1} << 31;

size_t quotient(size_t a, size_t b) { return (a + b - 1) / b; }

// Sizes of one call.
struct Plan {
  Plan(const Convolution& convolution, const Operand& x, const Operand& g) : rows(convolution.rows), columns(convolution.columns), groups(convolution.groups) {
    const size_t rank = 2 + convolution.axes;
    expect(x.rank() == rank && g.rank() == rank, "images and gradients are [N, C, ...]");
    expect(x.size(0) == g.size(0), "there is not one gradient for each image");
    expect(x.size(1) % groups == 0 && g.size(1) % groups == 0, "channels do not part into groups");
    images = x.size(0), channels = x.size(1) / groups, results = g.size(1) / groups;
    height = rank == 4 ? x.size(2) : 1, width = x.size(rank - 1);
    outHeight = rank == 4 ? g.size(2) : 1, outWidth = g.size(rank - 1);
    if (x.count == 0 || g.count == 0) return;
    expect((outHeight - 1) * rows.stride + rows.span() <= height + rows.before + rows.behind && (outWidth - 1) * columns.stride + columns.span() <= width + columns.before + columns.behind, "the gradient is larger than the result");
    rowPitch = outWidth + (columns.span() - 1) / columns.stride;
    bandRows = std::min(outHeight, std::max<size_t>(1, BAND_PIXELS / rowPitch));
    bands = quotient(outHeight, bandRows);
    copiedRows = bandRows + (rows.span() - 1) / rows.stride;
    expect(copies() <= MAX_COPIES, "the image with its zeros is too large");
    panel = productKernels().columns;
    panels = quotient(results, panel);
    parts = std::clamp<size_t>(WANTED_PIECES / (groups * panels), 1, images * bands);
  }
  Convolution::Axis rows, columns;
  size_t groups, images, channels, results, height, width, outHeight, outWidth;
  // Of the copies: pixels of a row, rows of the result in a band, bands of an image, rows copied.
  size_t rowPitch = 1, bandRows = 1, bands = 1, copiedRows = 1;
  // Channels of the result are taken `panel` at a time; the work of a panel is done in `parts`.
  size_t panel = 1, panels = 1, parts = 1;

  size_t taps() const { return rows.kernel * columns.kernel; }
  // Of a phase and channel.
  size_t copied() const { return copiedRows * rowPitch; }
  size_t copies() const { return rows.phases() * columns.phases() * channels * copied(); }
  // Of the sums of one piece, [taps, channels, panel].
  size_t sums() const { return taps() * channels * panel; }
};

// The work of one part of the images for one panel of channels of the result.
class Piece {
 public:
  Piece(const Call& call, const Plan& plan, size_t group, size_t firstResult, float* sums)
      : call_(call), plan_(plan), group_(group), first_(firstResult), count_(std::min(plan.panel, plan.results - firstResult)), sums_(sums), copies_(alignedMemory<float>(plan.copies())), slopes_(alignedMemory<float>(plan.bandRows * plan.rowPitch * plan.panel)) {}

  // Bands are counted over all images.
  void run(const float* x, const float* g, size_t firstBand, size_t lastBand) {
    std::fill_n(slopes_.get(), plan_.bandRows * plan_.rowPitch * plan_.panel, 0.0f);
    for (size_t at = firstBand; at < lastBand; at++) {
      call_.stopIfAsked();
      const size_t image = at / plan_.bands, row = at % plan_.bands * plan_.bandRows, rows = std::min(plan_.bandRows, plan_.outHeight - row);
      copyImage(x + (image * plan_.groups + group_) * plan_.channels * plan_.height * plan_.width, row);
      copySlopes(g + ((image * plan_.groups + group_) * plan_.results + first_) * plan_.outHeight * plan_.outWidth, row, rows);
      multiply((rows - 1) * plan_.rowPitch + plan_.outWidth, at > firstBand);
    }
  }

 private:
  // Phases [phases of rows, phases of columns, C, copied rows, row pitch] of the rows that a band from row `row` of the result on reads.
  void copyImage(const float* x, size_t row) {
    const Convolution::Axis &rows = plan_.rows, &columns = plan_.columns;
    float* to = copies_.get();
    for (size_t phase = 0; phase < rows.phases() * columns.phases(); phase++)
      for (size_t c = 0; c < plan_.channels; c++)
        for (size_t r = 0; r < plan_.copiedRows; r++, to += plan_.rowPitch) {
          const size_t y = (row + r) * rows.stride + phase / columns.phases() - rows.before;  // wraps around above the image
          if (y < plan_.height) copyRow(to, x + (c * plan_.height + y) * plan_.width, phase % columns.phases());
          else std::fill_n(to, plan_.rowPitch, 0.0f);
        }
  }

  // Pixels `phase`, `phase` + stride, ... of a row with its zeros.
  void copyRow(float* to, const float* from, size_t phase) const {
    const size_t stride = plan_.columns.stride, before = plan_.columns.before;
    // The first that lies in the image, and the first behind it.
    const size_t start = std::min(plan_.rowPitch, phase < before ? quotient(before - phase, stride) : 0);
    const size_t end = std::clamp(plan_.width + before > phase ? quotient(plan_.width + before - phase, stride) : 0, start, plan_.rowPitch);
    std::fill(to, to + start, 0.0f);
    if (stride == 1) std::memcpy(to + start, from + (end > start ? start - before : 0), (end - start) * sizeof(float));
    else
      for (size_t i = start; i < end; i++) to[i] = from[i * stride + phase - before];
    std::fill(to + end, to + plan_.rowPitch, 0.0f);
  }

  // Gradients [pixels of the band, panel]; rows of pixels that the result does not have stay zero.
  void copySlopes(const float* g, size_t row, size_t rows) {
    for (size_t r = 0; r < rows; r++) productKernels().transpose(slopes_.get() + r * plan_.rowPitch * plan_.panel, plan_.panel, g + (row + r) * plan_.outWidth, plan_.outHeight * plan_.outWidth, count_, plan_.outWidth, 1.0f);
  }

  void multiply(size_t pixels, bool accumulate) {
    const Convolution::Axis &rows = plan_.rows, &columns = plan_.columns;
    for (size_t tap = 0; tap < plan_.taps(); tap++) {
      const size_t y = tap / columns.kernel * rows.dilation, x = tap % columns.kernel * columns.dilation;
      const float* phase = copies_.get() + (y % rows.stride * columns.phases() + x % columns.stride) * plan_.channels * plan_.copied();
      productKernels().multiply({plan_.channels, count_, pixels, phase + y / rows.stride * plan_.rowPitch + x / columns.stride, plan_.copied(), 1, slopes_.get(), plan_.panel, sums_ + tap * plan_.channels * plan_.panel, plan_.panel, accumulate});
    }
  }

  const Call& call_;
  const Plan& plan_;
  size_t group_, first_, count_;
  float* sums_;
  AlignedMemory<float> copies_, slopes_;
};

}  // namespace

void ConvKernelGradient::compute(const Call& call) const {
  const Operand x = call.input(0), g = call.input(1);
  const float *image = x.as<float>(), *slopes = g.as<float>();
  const Plan plan(convolution_, x, g);
  Shape shape = {g.shape[1], static_cast<int64_t>(plan.channels)};
  if (convolution_.axes == 2) shape.push_back(static_cast<int64_t>(plan.rows.kernel));
  shape.push_back(static_cast<int64_t>(plan.columns.kernel));
  float* result = call.output<float>(0, shape);
  if (x.count == 0 || g.count == 0) {
    std::fill_n(result, plan.groups * plan.results * plan.channels * plan.taps(), 0.0f);
    return;
  }
  const size_t units = plan.groups * plan.panels, bands = plan.images * plan.bands;
  const auto sums = alignedMemory<float>(units * plan.parts * plan.sums());
  call.parallel(units * plan.parts, [&](size_t piece) {
    const size_t unit = piece / plan.parts, part = piece % plan.parts;
    Piece(call, plan, unit / plan.panels, unit % plan.panels * plan.panel, sums.get() + piece * plan.sums()).run(image, slopes, bands * part / plan.parts, bands * (part + 1) / plan.parts);
  });
  call.parallel(units, [&](size_t unit) {
    const size_t first = unit % plan.panels * plan.panel, count = std::min(plan.panel, plan.results - first);
    float* total = sums.get() + unit * plan.parts * plan.sums();
    for (size_t part = 1; part < plan.parts; part++)
      for (size_t i = 0; i < plan.sums(); i++) total[i] += total[part * plan.sums() + i];
    float* to = result + (unit / plan.panels * plan.results + first) * plan.channels * plan.taps();
    for (size_t o = 0; o < count; o++)
      for (size_t c = 0; c < plan.channels; c++)
        for (size_t tap = 0; tap < plan.taps(); tap++) *to++ = total[(tap * plan.channels + c) * plan.panel + o];
  });
}

}  // namespace isoflop
