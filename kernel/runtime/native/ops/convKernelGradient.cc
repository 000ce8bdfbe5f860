// Gradient of a convolution's kernel: the products of the image's windows with the gradient of the result, added up over blocks of pixels.
#include "alignedMemory.h"
#include "productKernels.h"
#include "rounding.h"
#include "winograd.h"

namespace isoflop {
namespace {

// Pixels of a block: their gradients for a tile's channels stay in the first-level cache.
constexpr size_t BLOCK_PIXELS = 256;
// Rows of windows (channels x taps) that are made at once: they stay in the second-level cache.
constexpr size_t WINDOW_ROWS = 256;
// Where there are few such pieces the pixels are parted, too, and the parts added up.
constexpr size_t WANTED_PIECES = 8;

// Sizes of one call.
struct Plan {
  Plan(const Convolution& convolution, const Operand& x, const Operand& g) : groups(convolution.groups), taps(convolution.taps()), windows{x.rank() > 0 ? x.size(0) : 0, convolution.height(x), convolution.width(x), convolution.height(g), convolution.width(g)} {
    expect(x.size(0) == g.size(0), "there is not one gradient for each image");
    expect(x.size(1) % groups == 0 && g.size(1) % groups == 0, "channels do not part into groups");
    channels = x.size(1) / groups, results = g.size(1) / groups;
    if (x.count == 0 || g.count == 0) return;
    expect(windows.outHeight <= convolution.rows.windows(windows.height) && windows.outWidth <= convolution.columns.windows(windows.width), "the gradient is larger than the result");
    blocks = windows.blocks(BLOCK_PIXELS);
    for (const PixelBlock& block : blocks) widest = std::max(widest, block.count());
    panel = productKernels().columns;
    panels = quotient(results, panel);
    together = quotient(channels, quotient(channels, std::max<size_t>(1, WINDOW_ROWS / taps)));
    slices = quotient(channels, together);
    parts = std::clamp<size_t>(WANTED_PIECES / (groups * slices), 1, blocks.size());
  }
  size_t groups, taps;
  WindowSizes windows;
  // Of a group.
  size_t channels, results;
  std::vector<PixelBlock> blocks;
  size_t widest = 0;
  // Channels of the result are taken `panel` at a time.
  size_t panel = 1, panels = 1;
  // Channels of the image are taken `together`, in `slices`, each of which is done in `parts`.
  size_t together = 1, slices = 1, parts = 1;

  // Elements of the gradients of a block, [panels, pixels, panel].
  size_t slopes() const { return panels * widest * panel; }
  // Of the sums of one piece, [panels, channels together x taps, panel].
  size_t sums() const { return panels * together * taps * panel; }
};

// The gradients of a block of pixels in panels of channels, as products read them.
void packSlopes(float* to, const float* g, const Plan& plan, size_t group, const PixelBlock& block) {
  const size_t pixels = plan.windows.outPixels();
  for (size_t p = 0; p < plan.panels; p++, to += plan.widest * plan.panel) {
    const size_t first = p * plan.panel, count = std::min(plan.panel, plan.results - first);
    for (size_t i = 0; i < block.images; i++) {
      const float* from = g + (((block.image + i) * plan.groups + group) * plan.results + first) * pixels + block.row * plan.windows.outWidth + block.column;
      productKernels().transpose(to + i * block.pixels() * plan.panel, plan.panel, from, pixels, count, block.pixels(), 1.0f);
    }
  }
}

}  // namespace

void ConvKernelGradient::compute(const Call& call) const {
  const Operand x = call.input(0), g = call.input(1);
  const float *image = x.as<float>(), *gradient = g.as<float>();
  const Plan plan(convolution_, x, g);
  const size_t terms = plan.channels * plan.taps;
  float* result = call.output<float>(0, convolution_.shape(plan.groups * plan.results, plan.channels, convolution_.rows.kernel, convolution_.columns.kernel));
  if (x.count == 0 || g.count == 0) {
    std::fill_n(result, plan.groups * plan.results * terms, 0.0f);
    return;
  }
  if (winogradFits(convolution_, plan.windows, plan.channels, plan.results)) return winogradKernelGradient(call, convolution_, plan.windows, result, image, gradient, plan.channels, plan.results);
  const size_t blocks = plan.blocks.size(), imageSize = plan.windows.height * plan.windows.width;
  // Gradients are packed once for all slices; by the piece itself where there is one.
  const bool shared = plan.slices > 1;
  const auto slopes = alignedMemory<float>(shared ? plan.groups * blocks * plan.slopes() : 0);
  if (shared) call.parallel(plan.groups * blocks, [&](size_t at) { packSlopes(slopes.get() + at * plan.slopes(), gradient, plan, at / blocks, plan.blocks[at % blocks]); });

  const size_t pieces = plan.groups * plan.slices * plan.parts;
  const auto sums = alignedMemory<float>(pieces * plan.sums());
  call.parallel(pieces, [&](size_t piece) {
    const size_t group = piece / plan.parts / plan.slices, first = piece / plan.parts % plan.slices * plan.together, part = piece % plan.parts;
    const size_t count = std::min(plan.together, plan.channels - first), rows = count * plan.taps;
    const auto windows = alignedMemory<float>(rows * plan.widest), own = alignedMemory<float>(shared ? 0 : plan.slopes());
    float* to = sums.get() + piece * plan.sums();
    const size_t begin = blocks * part / plan.parts, end = blocks * (part + 1) / plan.parts;
    for (size_t at = begin; at < end; at++) {
      call.stopIfAsked();
      const PixelBlock& block = plan.blocks[at];
      writeWindows(windows.get(), plan.widest, convolution_, plan.windows, block, image + ((block.image * plan.groups + group) * plan.channels + first) * imageSize, count, plan.groups * plan.channels * imageSize);
      if (!shared) packSlopes(own.get(), gradient, plan, group, block);
      const float* packed = shared ? slopes.get() + (group * blocks + at) * plan.slopes() : own.get();
      for (size_t p = 0; p < plan.panels; p++)
        productKernels().multiply({rows, std::min(plan.panel, plan.results - p * plan.panel), block.count(), windows.get(), plan.widest, 1, packed + p * plan.widest * plan.panel, plan.panel, to + p * plan.together * plan.taps * plan.panel, plan.panel, at > begin});
    }
  });

  // Sums of a slice over its parts, and from [panels, channels x taps, panel] into [O, C, taps].
  call.parallel(plan.groups * plan.slices * plan.panels, [&](size_t at) {
    const size_t slice = at / plan.panels, p = at % plan.panels, first = slice % plan.slices * plan.together;
    const size_t rows = std::min(plan.together, plan.channels - first) * plan.taps, count = std::min(plan.panel, plan.results - p * plan.panel);
    float* total = sums.get() + slice * plan.parts * plan.sums() + p * plan.together * plan.taps * plan.panel;
    for (size_t part = 1; part < plan.parts; part++)
      for (size_t i = 0; i < rows * plan.panel; i++) total[i] += total[part * plan.sums() + i];
    productKernels().transpose(result + (slice / plan.slices * plan.results + p * plan.panel) * terms + first * plan.taps, terms, total, plan.panel, rows, count, 1.0f);
  });
}

}  // namespace isoflop
