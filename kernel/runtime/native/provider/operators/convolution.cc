// Conv and ConvTranspose over one to three axes.
#include "../kernels/kernels.h"
#include "../registry.h"

namespace isoflop {
namespace {

using kernels::ConvolutionCall;

struct Settings {
  Settings(const NodeAttributes& attributes, bool turned) : groups(attributes.integer("group", 1)), strides(attributes.integers("strides")), pads(attributes.integers("pads")), dilations(attributes.integers("dilations")), outputPads(attributes.integers("output_padding")), transposed(turned) {
    if (attributes.has("auto_pad") && attributes.text("auto_pad") != "NOTSET") throw OpError("only given pads have a kernel");
    if (!attributes.integers("output_shape").empty()) throw OpError("a given shape of the result has no kernel");
    for (const auto* steps : {&strides, &dilations})
      for (const int64_t step : *steps) expect(step > 0, "steps are above 0");
    expect(groups > 0, "there is no group");
  }

  // Attribute `values` at an axis, or what it is where it is left out.
  static int64_t at(const std::vector<int64_t>& values, size_t axis, int64_t otherwise) { return values.empty() ? otherwise : values[axis]; }
  void requireFor(size_t axes) const {
    const auto fits = [](const std::vector<int64_t>& values, size_t count) { return values.empty() || values.size() == count; };
    expect(fits(strides, axes) && fits(dilations, axes) && fits(outputPads, axes) && fits(pads, 2 * axes), "the attributes are for another number of axes");
  }

  int64_t groups;
  std::vector<int64_t> strides, pads, dilations, outputPads;
  bool transposed;
};

void convolve(const DeviceCall& call, const Settings& settings) {
  const Tensor x = call.input(0), w = call.input(1);
  expect(x.rank() >= 3 && x.rank() <= 2 + kernels::MAX_SPATIAL_AXES && w.rank() == x.rank(), "there is a kernel for one to three axes");
  const size_t axes = x.shape.size() - 2;
  settings.requireFor(axes);
  const int64_t groups = settings.groups, channels = x.shape[1] / groups;
  const int64_t results = settings.transposed ? w.shape[1] : w.shape[0] / groups;
  expect(x.shape[1] == channels * groups && (settings.transposed ? w.shape[0] == x.shape[1] : w.shape[1] == channels && w.shape[0] == results * groups), "channels of operand and weights do not fit");

  ConvolutionCall kernel{x.as<float>(), w.as<float>(), nullptr, nullptr, x.shape[0], groups, channels, results, static_cast<int>(axes), {}, {}, {}, {}, {}, {}, settings.transposed};
  Shape shape{x.shape[0], results * groups};
  for (size_t axis = 0; axis < axes; axis++) {
    const int64_t from = x.shape[2 + axis], taps = w.shape[2 + axis], stride = Settings::at(settings.strides, axis, 1), dilation = Settings::at(settings.dilations, axis, 1);
    const int64_t pad = Settings::at(settings.pads, axis, 0), pads = pad + Settings::at(settings.pads, axes + axis, 0), reach = dilation * (taps - 1) + 1;
    const int64_t room = from + pads - reach;
    const int64_t to = settings.transposed ? (from - 1) * stride + reach - pads + Settings::at(settings.outputPads, axis, 0) : room < 0 ? 0 : room / stride + 1;
    expect(to >= 0 && taps > 0, "there is no place for the result");
    kernel.from[axis] = from;
    kernel.to[axis] = to;
    kernel.taps[axis] = taps;
    kernel.strides[axis] = stride;
    kernel.pads[axis] = pad;
    kernel.dilations[axis] = dilation;
    shape.push_back(to);
  }
  if (call.has(2)) {
    const Tensor bias = call.input(2);
    expect(static_cast<int64_t>(bias.count) == results * groups, "there is not one bias for each channel");
    kernel.bias = bias.as<float>();
  }
  kernel.result = static_cast<float*>(call.output(0, shape));
  if (elementsOf(shape) > 0) require(kernels::isoflop_convolution(kernel, call.stream()));
}

}  // namespace

void addConvolutions(Entries& entries) {
  for (const bool transposed : {false, true})
    entries.push_back({transposed ? "ConvTranspose" : "Conv", {{"T", {FLOAT}}}, [=](const NodeAttributes& attributes) -> Body {
      return [settings = Settings(attributes, transposed)](const DeviceCall& call) { convolve(call, settings); };
    }});
}

}  // namespace isoflop
